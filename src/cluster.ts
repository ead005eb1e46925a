import cluster, { type Worker } from 'node:cluster';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { RateLimiterClusterMaster } from 'rate-limiter-flexible';
import type { Config } from './config.ts';
import type { Database } from './database/index.ts';
import { answerWorkers } from './telemetry/gather.ts';

export interface Workers {
  port: number;
  /** Tells the workers to take no new requests and to finish those in flight, and waits until all are gone. */
  close(): Promise<void>;
}

/** The primary's word to a worker. Signals won't do: a terminal's Ctrl-C reaches all processes at once. */
export const STOP = 'stop';

/** A worker needs ten seconds for its last requests and five for its connections at the most; then it is ended. */
const PATIENCE_MS = 20_000;
const SHORTEST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;
/** Deaths further apart than this are accidents of their own. */
const STEADY_MS = 60_000;

/**
 * The api in WORKERS processes on one port: this command again, in which `cluster.isWorker` says so. The primary accepts
 * the connections and deals them out in turn, counts the requests of all of them, and puts another in the place of a
 * worker that died. If the primary itself is killed, its workers lose their channel to it, and node ends them.
 */
export async function openWorkers(config: Config, database: Database, log: Logger): Promise<Workers> {
  new RateLimiterClusterMaster(); // From here on it answers what workers ask of the limits.
  answerWorkers(database.system);
  const port = config.port || (await freePort(config.host)); // Decided here, so that a later worker finds the same.
  if (config.port === 0) config.publicUrl = config.publicUrl.replace(/:0$/, `:${port}`);
  const stopping = new AbortController();
  let pauseMs = SHORTEST_PAUSE_MS;
  let lastDeath = Number.NEGATIVE_INFINITY;

  for (let i = 0; i < config.workers; i++) fork();
  try {
    await allListening(config.workers);
  } catch (error) {
    await close();
    throw error;
  }
  cluster.on('exit', replace);
  return { port, close };

  function fork(): void {
    const worker = cluster.fork({ PORT: String(port) });
    worker.on('error', (error) => log.debug({ err: error }, 'a worker ended before it heard its answer'));
  }

  async function replace(worker: Worker, code: number, signal: string): Promise<void> {
    if (stopping.signal.aborted) return;
    const now = performance.now();
    pauseMs = now - lastDeath > STEADY_MS ? SHORTEST_PAUSE_MS : Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    lastDeath = now;
    log.error({ worker: worker.process.pid, code, signal, pauseMs }, 'a worker died; another takes its place');
    await pause(pauseMs, undefined, { signal: stopping.signal }).catch(() => {});
    if (!stopping.signal.aborted) fork();
  }

  async function close(): Promise<void> {
    stopping.abort();
    const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker && !worker.isDead()) as Worker[];
    const gone = workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve)));
    for (const worker of workers) worker.send(STOP);
    const late = setTimeout(() => {
      log.warn('workers were still at work; ending them');
      for (const worker of workers) worker.process.kill('SIGKILL');
    }, PATIENCE_MS);
    await Promise.all(gone);
    clearTimeout(late);
  }
}

/**
 * What a worker runs with: the api alone. DATABASE_POOL is shared out, so that what a server takes of the database's
 * connections doesn't grow with its processes: PostgreSQL has 100 unless somebody said otherwise.
 */
export function workerConfig(config: Config): Config {
  const databasePool = Math.max(2, Math.ceil(config.databasePool / config.workers));
  return { ...config, workers: 1, roles: new Set(['api']), demo: false, databasePool };
}

/** One that ends before all have begun would end again: the settings are wrong, or the port is taken. */
function allListening(count: number): Promise<void> {
  let listening = 0;
  return new Promise((resolve, reject) => {
    cluster.on('listening', () => ++listening === count && resolve());
    cluster.once('exit', () => reject(new Error('A worker ended before all of them were ready. It said why above.')));
  });
}

async function freePort(host: string): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => probe.once('error', reject).listen(0, host, resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
