import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { onTestFinished, vi } from 'vitest';
import { run } from '../../src/cli/main.ts';
import { createTestDatabase } from './database.ts';

export interface Ran {
  exitCode: number;
  stdout: string;
  stderr: string;
  /** stdout as the one JSON document that it must be. */
  // biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for
  json: any;
}

/** A machine with a terminal and a database of its own, on which `bellhop` is typed. */
export async function openTerminal() {
  const testDatabase = await createTestDatabase();
  const home = mkdtempSync(join(tmpdir(), 'bellhop-cli-'));
  vi.stubEnv('DATABASE_URL', testDatabase.url);
  vi.stubEnv('DATA_DIR', home);
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await testDatabase.drop();
  });
  return {
    databaseUrl: testDatabase.url,
    /** Writes a file and answers with its path. */
    file(name: string, content: string | Buffer): string {
      const path = join(home, name);
      writeFileSync(path, content);
      return path;
    },
    async bellhop(...argv: string[]): Promise<Ran> {
      return typed(argv);
    },
    /** The same with something piped in. */
    async piped(input: string, ...argv: string[]): Promise<Ran> {
      return typed(argv, input);
    },
  };
}

async function typed(argv: string[], input = ''): Promise<Ran> {
  const [stdout, stderr] = [collector(), collector()];
  const exitCode = await run(argv, { stdin: Readable.from([input]), stdout, stderr });
  return {
    exitCode,
    stdout: stdout.text(),
    stderr: stderr.text(),
    get json() {
      return JSON.parse(stdout.text());
    },
  };
}

/** A stream that keeps what is written, and says when something was. */
export function collector() {
  let text = '';
  const stream: Writable = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
      stream.emit('said');
    },
  });
  return Object.assign(stream, { text: () => text });
}
