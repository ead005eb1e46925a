#!/usr/bin/env node
// `npm run gate` and `npm run release-contract`: Node 20 runs no TypeScript, so it is put together first. It works on the folder that it is run in.
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as esbuild from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
const outfile = join(root, 'node_modules/.cache/bellhop/gate.mjs');
await esbuild.build({
  absWorkingDir: root,
  entryPoints: ['test/gate/main.ts'],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  packages: 'external',
  logLevel: 'error',
});
await import(pathToFileURL(outfile).href);
