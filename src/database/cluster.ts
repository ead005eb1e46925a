import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, linkSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { PostgresHome } from './postgres-home.ts';

const run = promisify(execFile);

/** One PostgreSQL data directory, and how to run a server on it. */
export interface Cluster {
  home: PostgresHome;
  /** DATA_DIR. */
  dir: string;
  data: string;
  password: string;
  settings: Record<string, string>;
}

/** What differs from PostgreSQL's defaults. It listens to this machine only, and to nobody without the password. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_buffers: '128MB',
  max_connections: '350',
  random_page_cost: '1.1',
  log_checkpoints: 'off',
  log_min_messages: 'log', // A refused statement is our business, not the server log's.
};

export function clusterUnder(dir: string, home: PostgresHome, settings: Record<string, string>): Cluster {
  return {
    home,
    dir,
    data: join(dir, 'postgres'),
    password: keptPassword(dir),
    settings: { ...SETTINGS, ...settings },
  };
}

export function urlOf(cluster: Cluster, port: number): string {
  return `postgresql://bellhop:${cluster.password}@127.0.0.1:${port}/postgres`;
}

/**
 * Makes the data directory elsewhere and then renames it: a half-made one never has the name, and of two processes that
 * make one at once the second finds the name taken and uses the first's.
 */
export async function makeData(cluster: Cluster): Promise<void> {
  const nest = mkdtempSync(join(cluster.dir, 'initdb-'));
  const made = join(nest, 'postgres');
  const passwordFile = join(nest, 'password');
  try {
    writeFileSync(passwordFile, `${cluster.password}\n`, { mode: 0o600 });
    const { user } = cluster.home;
    if (user) for (const path of [nest, passwordFile]) chownSync(path, user.uid, user.gid);
    await run(
      cluster.home.initdb,
      [
        `--pgdata=${made}`,
        '--username=bellhop',
        '--auth=scram-sha-256',
        `--pwfile=${passwordFile}`,
        // The built-in locale sorts and folds Unicode the same on every machine, whatever is installed there.
        ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
        '--no-instructions',
      ],
      { ...user, cwd: nest },
    );
    renameSync(made, cluster.data);
  } catch (error) {
    if (!isCode(error, 'ENOTEMPTY', 'EEXIST', 'EPERM')) {
      throw new Error(`PostgreSQL's data directory could not be made: ${whatItSaid(error)}`, { cause: error });
    }
  } finally {
    rmSync(nest, { recursive: true, force: true });
  }
}

/** Starts the server in a session of its own, so that a Ctrl-C meant for us doesn't end it before we are done with it. */
export async function startServer(cluster: Cluster): Promise<void> {
  const port = await freePort(lastPort(cluster.data)).catch(() => freePort());
  const settings = { ...cluster.settings, port: String(port) };
  const flags = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`);
  const log = join(cluster.data, 'server.log');
  try {
    await pgCtl(cluster, 'start', '-l', log, '-o', flags.join(' '));
  } catch (error) {
    const lines = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-4).join('\n  ');
    throw new Error(`The embedded PostgreSQL didn't start. ${log} ends with:\n  ${lines}`, { cause: error });
  }
}

/** Ends every connection and waits until all is on disk. */
export async function stopServer(cluster: Cluster): Promise<void> {
  await pgCtl(cluster, 'stop', '-m', 'fast');
}

/** The server that runs on a data directory: its port, and "starting", "ready" or "stopping". */
export function runningServer(data: string): { port: number; status: string } | undefined {
  const file = join(data, 'postmaster.pid');
  let lines: string[];
  try {
    lines = readFileSync(file, 'utf8').split('\n');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  const process = whatRuns(Number(lines[0]));
  // A killed server leaves its file. PostgreSQL sees to that, except when something else has the number now, as after
  // a container's restart, or when nobody has buried the dead.
  if (process === 'something else') rmSync(file, { force: true });
  if (process !== 'postgres') return undefined;
  return { port: Number(lines[3]), status: lines[7]?.trim() ?? 'starting' };
}

function whatRuns(pid: number): 'nothing' | 'postgres' | 'something else' {
  if (!pid) return 'nothing';
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (isCode(error, 'ESRCH')) return 'nothing';
  }
  try {
    const [, name, state] = /^\d+ \((.*)\) (\S)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return name === 'postgres' && state !== 'Z' ? 'postgres' : 'something else';
  } catch {
    return 'postgres'; // Only Linux tells us more.
  }
}

async function pgCtl(cluster: Cluster, ...command: string[]): Promise<void> {
  const args = [...command, '-s', '-w', '-t', '60', '-D', cluster.data];
  await run(cluster.home.pgCtl, args, { ...cluster.home.user, cwd: cluster.data });
}

/** Made once and kept. Linked into place whole, so that a process that starts at the same time reads all of it. */
function keptPassword(dir: string): string {
  const file = join(dir, 'postgres.password');
  const mine = `${file}.${process.pid}`;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
  }
  writeFileSync(mine, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  try {
    linkSync(mine, file);
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  } finally {
    rmSync(mine);
  }
  return readFileSync(file, 'utf8').trim();
}

/** Where it ran last, as PostgreSQL notes it: BI tools keep the port that they were given. Undefined before the first start. */
function lastPort(data: string): number | undefined {
  try {
    const [, port] = /"port=(\d+)"/.exec(readFileSync(join(data, 'postmaster.opts'), 'utf8')) ?? [];
    return port ? Number(port) : undefined;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** The port is free now; should somebody take it before PostgreSQL does, the start fails and is tried with another. */
async function freePort(wanted = 0): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(wanted, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function whatItSaid(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string };
  return stderr?.trim() || message;
}

function isCode(error: unknown, ...codes: string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? '');
}
