// Builds a copy of the product and programs of our own beside it, apart from dist/, so that work on the sources can go on
// while they run.
import { spawn } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { build } from '../../src/build.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Builds the programs under their names into `<copy>/dist`, and runs the first of them with our arguments. `assets` are copied there too. */
export async function runBeside(name, programs, assets = []) {
  const home = join(root, 'node_modules/.cache', name);
  const dist = join(home, 'dist');
  await build();
  for (const folder of ['src', 'dist']) rmSync(join(home, folder), { recursive: true, force: true });
  mkdirSync(join(home, 'src'), { recursive: true });
  copyFileSync(join(root, 'src/bellhop.mjs'), join(home, 'src/bellhop.mjs'));
  cpSync(join(root, 'dist'), dist, { recursive: true });
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: programs,
    outdir: dist, // Beside the product's assets, where the code that migrates looks for them.
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    packages: 'external',
    sourcemap: 'linked',
    logLevel: 'error',
  });
  for (const asset of assets) copyFileSync(join(root, asset), join(dist, asset.split('/').at(-1)));

  const [first] = Object.keys(programs);
  const child = spawn(process.execPath, [join(dist, `${first}.js`), ...process.argv.slice(2)], { stdio: 'inherit' });
  // Ctrl-C reaches the child by itself; it ends what it has started, and then we end too.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.once('exit', (code) => {
    process.exitCode = code ?? 1;
  });
}
