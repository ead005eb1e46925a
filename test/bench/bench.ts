import { type ChildProcess, fork, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { pino } from 'pino';
import { type EmbeddedServer, openEmbedded } from '../../src/database/embedded.ts';
import { migrate } from '../../src/database/migrate.ts';
import { freePort } from '../support/free-port.ts';

/** What a part of the bench starts: a database server, processes and folders, all of them gone when it closes. */
export interface Bench {
  /** A migrated database without rows, on an embedded server of our own. Answers with its owner's URL. */
  database(name: string): Promise<string>;
  /** A folder that PostgreSQL may enter. */
  folder(): string;
  /** Runs one of the bench's own programs, or one by its absolute path. */
  helper(script: string, args?: string[], options?: { node?: string }): Promise<Helper>;
  /** Runs `bellhop serve`, and waits until it is ready. */
  product(env: Record<string, string>): Promise<Product>;
  /** Starts `bellhop serve` and waits for nothing. */
  spawnProduct(env: Record<string, string>): Product;
  close(): Promise<void>;
}

/** A process of ours that answers one message with one. */
export interface Helper {
  pid: number;
  /** What it said when it was ready. */
  ready: { port: number };
  ask<Answer>(message: object): Promise<Answer>;
  stop(): Promise<void>;
}

export interface Product {
  pid: number;
  url: string;
  /** All that it has printed so far. */
  printed(): string;
  /** SIGTERM, and waits for its end. */
  stop(): Promise<void>;
}

/** The key that webhook secrets are sealed with in every product the bench starts. */
export const APP_KEY = randomBytes(32);

const dist = fileURLToPath(new URL('.', import.meta.url));

export function openBench(): Bench {
  const ends: (() => Promise<void> | void)[] = [];
  const log = pino({ level: 'warn' }, pino.destination(2));
  let server: Promise<EmbeddedServer> | undefined;

  const bench: Bench = {
    async database(name) {
      // The time of a commit is what latency is measured from.
      server ??= openEmbedded(bench.folder(), log, { track_commit_timestamp: 'on' });
      const { url, close } = await server;
      if (!ends.includes(close)) ends.push(close);
      await query(url, `create database ${name}`);
      const own = new URL(url);
      own.pathname = `/${name}`;
      await migrate(own.href, log);
      return own.href;
    },
    folder() {
      const folder = mkdtempSync(join(tmpdir(), 'bellhop-bench-'));
      chmodSync(folder, 0o755); // As root, PostgreSQL runs as another user, who has to enter.
      ends.push(() => rmSync(folder, { recursive: true, force: true }));
      return folder;
    },
    async helper(script, args = [], { node = process.execPath } = {}) {
      const file = resolve(dist, script);
      const child = fork(file, args, { execPath: node, silent: true });
      const printed = collect(child);
      const stop = () => end(child);
      ends.push(stop);
      const ready = await reply<{ port: number }>(child, printed);
      return {
        pid: child.pid!,
        ready,
        ask(message) {
          child.send(message);
          return reply(child, printed);
        },
        stop,
      };
    },
    async product(env) {
      const port = await freePort();
      const product = bench.spawnProduct({ PORT: String(port), ...env });
      for (const deadline = Date.now() + 20_000; Date.now() < deadline; await pause(25)) {
        const answer = await fetch(`${product.url}/readyz`).catch(() => undefined);
        if (answer?.ok) return product;
      }
      throw new Error(`The product was not ready within 20 seconds.\n${product.printed()}`);
    },
    spawnProduct(env) {
      const { PATH = '', HOME = '' } = process.env;
      const child = spawn(process.execPath, [join(dist, '../src/bellhop.mjs'), 'serve'], {
        env: { PATH, HOME, LOG_LEVEL: 'warn', APP_KEY: APP_KEY.toString('base64'), ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const printed = collect(child);
      const stop = () => end(child);
      ends.push(stop);
      return { pid: child.pid!, url: `http://127.0.0.1:${env.PORT}`, printed, stop };
    },
    async close() {
      for (const stop of ends.splice(0).reverse()) await stop();
    },
  };
  return bench;
}

/** Runs one statement, or several without values, on a connection of its own. */
export async function query(url: string, sql: string, values?: unknown[]) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await client.query(sql, values);
  } finally {
    await client.end();
  }
}

/** Milliseconds of processor time that a process has used so far, in all its threads. Only Linux tells. */
export function cpuMs(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10; // Ticks of a hundredth of a second.
  } catch {
    return Number.NaN;
  }
}

/** Keeps what a process prints, for the case that it fails. */
function collect({ stdout, stderr }: ChildProcess): () => string {
  let text = '';
  for (const stream of [stdout, stderr]) {
    stream!.on('data', (chunk) => {
      text += chunk;
    });
  }
  return () => text;
}

function reply<Answer>(child: ChildProcess, printed: () => string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const fell = () => reject(new Error(`A process of the bench ended: ${printed()}`));
    child.once('exit', fell);
    child.once('message', (message) => {
      child.off('exit', fell);
      const { error } = message as { error?: string };
      if (error) reject(new Error(error));
      else resolve(message as Answer);
    });
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const patience = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await ended;
  clearTimeout(patience);
}
