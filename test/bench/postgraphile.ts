import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Bench, Helper } from './bench.ts';

const run = promisify(execFile);

const dist = fileURLToPath(new URL('.', import.meta.url));
const folder = join(dist, '../postgraphile');
const node24 = join(folder, 'node_modules/.bin/node');
/** PostGraphile asks for Node 22 or newer, so it brings its own; npm has that too. */
const PACKAGES = ['postgraphile@5.1.5', 'node@24.21.0'];

/**
 * The peer: PostGraphile 5 on Node 24. It is not among our dependencies, so it is installed at the first run into a
 * folder of its own. Answers with a sentence where that doesn't work: then the bench goes on without it.
 */
export async function startPostgraphile(bench: Bench, args: string[]): Promise<Helper | string> {
  try {
    if (!existsSync(node24)) await install();
    const script = join(folder, 'server.mjs');
    copyFileSync(join(dist, 'postgraphile-server.mjs'), script); // Beside the packages that it imports.
    return await bench.helper(script, args, { node: node24 });
  } catch (error) {
    return `PostGraphile could not be measured: ${(error as Error).message.split('\n')[0]}`;
  }
}

async function install(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  await run('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', ...PACKAGES], {
    cwd: folder,
    timeout: 120_000,
    shell: process.platform === 'win32',
  });
  await run(node24, ['--version']);
}
