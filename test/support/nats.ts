import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free-port.ts';

/** A real NATS with JetStream, of one's own. */
export interface NatsServer {
  url: string;
  /** kill -9, and gone. */
  kill(): Promise<void>;
  /** On the same port, with what it had on disk. */
  start(): Promise<void>;
  /** Ends it and what it kept. */
  remove(): Promise<void>;
}

/** Where `nats-server` is, or why it can't be had here. */
export async function findNatsServer(): Promise<{ program: string } | { why: string }> {
  const folder = resolve('node_modules/.cache/bellhop/nats-server');
  try {
    const { stdout } = await promisify(execFile)(resolve('test/support/nats-server.sh'), [folder], { timeout: 90_000 });
    return { program: stdout.trim() };
  } catch (error) {
    return { why: (error as { stderr?: string }).stderr?.trim() || String(error) };
  }
}

export async function startNats(program: string, args: string[] = []): Promise<NatsServer> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'bellhop-nats-'));
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    const started = spawn(program, ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', folder, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child = started;
    let said = '';
    await new Promise<void>((ready, failed) => {
      started.stderr!.on('data', (chunk) => {
        said += chunk;
        if (said.includes('Server is ready')) ready();
      });
      started.once('error', failed);
      started.once('exit', () => failed(new Error(`nats-server ended: ${said}`)));
    });
  }

  async function kill(): Promise<void> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child!.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  await start();
  return {
    url: `nats://127.0.0.1:${port}`,
    start,
    kill,
    async remove() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
