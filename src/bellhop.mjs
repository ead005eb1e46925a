#!/usr/bin/env node
// The `bellhop` command, and `npm start`. It runs dist/; where the sources are newer than that and the build tools are
// installed, it builds first, which takes half a second. In production there is nothing newer and nothing to build.
import cluster from 'node:cluster';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bundle = join(root, 'dist', 'start.mjs');

// A worker runs what its primary runs, even when somebody has edited a source since.
if (cluster.isPrimary && isStale()) {
  const { build } = await import('./build.mjs');
  if (!(await build()) && !existsSync(bundle)) {
    console.error(
      'dist/ has not been built, and the build tools are not installed.\nRun: npm ci --include=dev && npm run build',
    );
    process.exit(1);
  }
}
await import(pathToFileURL(bundle).href);

function isStale() {
  if (!existsSync(bundle)) return true;
  const built = statSync(bundle).mtimeMs;
  return ['src', 'prisma'].some((folder) => existsSync(join(root, folder)) && newest(join(root, folder)) > built);
}

function newest(folder) {
  let latest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    latest = Math.max(latest, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }
  return latest;
}
