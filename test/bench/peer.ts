import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Bench, Helper } from './bench.ts';

const run = promisify(execFile);

const dist = fileURLToPath(new URL('.', import.meta.url));

/** A program that others have written, to be measured beside ours. */
export interface Peer {
  name: string;
  /** It is not among our dependencies, so these are installed at the first run, into a folder of its own. */
  packages: string[];
  /** What runs it, and is copied beside the packages that it imports. The first is the program. */
  files: string[];
  /** In that folder, where it wants another Node than ours. */
  node?: string;
}

/** Answers with a sentence where it can't be had: then the bench goes on without it. */
export async function startPeer(
  bench: Bench,
  { name, packages, files, node }: Peer,
  args: string[],
): Promise<Helper | string> {
  const folder = join(dist, '..', name.toLowerCase());
  try {
    if (!existsSync(join(folder, 'installed'))) await install(folder, packages);
    for (const file of files) copyFileSync(join(dist, file), join(folder, file));
    return await bench.helper(join(folder, files[0]!), args, { node: node && join(folder, node) });
  } catch (error) {
    return `${name} could not be measured: ${(error as Error).message.split('\n')[0]}`;
  }
}

async function install(folder: string, packages: string[]): Promise<void> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  await run('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', ...packages], {
    cwd: folder,
    timeout: 120_000,
    shell: process.platform === 'win32',
  });
  writeFileSync(join(folder, 'installed'), packages.join('\n'));
}
