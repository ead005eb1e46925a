import { type ChildProcess, type ExecFileOptions, execFile, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { createTestDatabase } from './database.ts';
import { freePort } from './free-port.ts';

const COMMAND = new URL('../../src/bellhop.mjs', import.meta.url).pathname;

/** Bellhop as operators run it: a process of its own, from the bundle. */
export interface ServerProcess {
  url: string;
  child: ChildProcess;
  output: () => string;
  /** kill -9, and gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
}

/** Starts `bellhop serve` on a free port and waits until it, or the address that is said, answers that it is ready. What still runs at the test's end is ended. */
export async function startProcess(env: NodeJS.ProcessEnv, readyAt?: string): Promise<ServerProcess> {
  const port = await freePort();
  const child = spawn(process.execPath, [COMMAND, 'serve'], {
    env: { ...clean(process.env), PORT: String(port), LOG_LEVEL: 'warn', RATE_LIMIT_PER_MINUTE: '1000000', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    return exited;
  };
  onTestFinished(async () => void (await end('SIGTERM')));
  const url = `http://127.0.0.1:${port}`;
  await ready(readyAt ?? `${url}/readyz`, child, () => output);
  return {
    url,
    child,
    output: () => output,
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
  };
}

/** The environment of a server on an empty database of its own, with one agency and a token as the command line makes them. */
export async function startAgency(more: NodeJS.ProcessEnv = {}) {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const env = {
    DATABASE_URL: database.url,
    DATA_DIR: mkdtempSync(join(tmpdir(), 'bellhop-test-')),
    DEMO: 'off',
    WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
    ...more,
  };
  const { id } = await bellhop(['agency', 'create', '--name', 'Riad Tours'], env);
  const { token } = await bellhop(
    ['token', 'create', '--agency', String(id), '--name', 'test', '--abilities', '*'],
    env,
  );
  const ask = (url: string, path: string, body?: unknown) =>
    fetch(`${url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  return { env, token, ask, database };
}

/** Runs a command of the command line and reads its JSON. */
// biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for
export async function bellhop(args: string[], env: NodeJS.ProcessEnv, more: ExecFileOptions = {}): Promise<any> {
  const { stdout } = await promisify(execFile)(process.execPath, [COMMAND, ...args, '--json'], {
    env: { ...clean(process.env), ...env },
    maxBuffer: 64 * 1024 * 1024,
    ...more,
  });
  return JSON.parse(String(stdout));
}

async function ready(url: string, child: ChildProcess, output: () => string): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; ) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`The server ended: ${output()}`);
    const answered = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (answered) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`The server was not ready in 60 seconds: ${output()}`);
}

/** The environment without what would change a server under test. */
function clean(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { DATABASE_URL: _url, PORT: _port, DEMO: _demo, DATA_DIR: _dir, NODE_OPTIONS: _options, ...rest } = env;
  return rest;
}
