#!/usr/bin/env node
// `npm run bench [reads|booking|relay|start|rates|calendar …] [--json]`. What is measured is a copy of the product, built now and kept
// apart with the bench's own programs, so that work on the sources can go on while it runs.
import { spawn } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { build } from '../../src/build.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const home = join(root, 'node_modules/.cache/bench');
const dist = join(home, 'dist');

await build();
for (const folder of ['src', 'dist']) rmSync(join(home, folder), { recursive: true, force: true });
mkdirSync(join(home, 'src'), { recursive: true });
copyFileSync(join(root, 'src/bellhop.mjs'), join(home, 'src/bellhop.mjs'));
cpSync(join(root, 'dist'), dist, { recursive: true });
await esbuild.build({
  absWorkingDir: root,
  entryPoints: ['run', 'load', 'limit-server', 'prisma-server', 'receiver', 'sender'].map((n) => `test/bench/${n}.ts`),
  outdir: dist, // Beside the product's assets, where the code that migrates looks for them.
  entryNames: 'bench-[name]',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  packages: 'external',
  sourcemap: 'linked',
  logLevel: 'error',
});
copyFileSync(join(root, 'test/bench/postgraphile-server.mjs'), join(dist, 'postgraphile-server.mjs'));

const child = spawn(process.execPath, [join(dist, 'bench-run.js'), ...process.argv.slice(2)], { stdio: 'inherit' });
// Ctrl-C reaches the child by itself; it ends what it has started, and then we end too.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.once('exit', (code) => {
  process.exitCode = code ?? 1;
});
