import cluster, { type Worker } from 'node:cluster';
import type pg from 'pg';
import { AggregatorRegistry, collectDefaultMetrics, type MetricObject } from 'prom-client';
import { registry } from '../core/metrics.ts';
import { whatWaits } from './waiting.ts';

/** All that can be said: what this server's processes have counted, added up, and what waits in the database. */
export async function printMetrics(system: pg.Pool): Promise<string> {
  if (cluster.isWorker) return askPrimary();
  const counted = [await registry.getMetricsAsJSON(), ...(await ofWorkers())];
  const summed = AggregatorRegistry.aggregate(counted);
  return `${await summed.metrics()}\n${await whatWaits(system)}`;
}

/** Memory, processor time, the event loop's lag: of each process, from now on. Once in its life. */
export function watchProcess(): void {
  collectDefaultMetrics({ register: registry });
}

/** The two questions, and their answers: a worker asks for everything, the primary asks each worker for its own. */
type Message = { bellhop: 'metrics' | 'counted'; ask: number } | { bellhop: 'answer'; ask: number; value: unknown };

let asked = 0;
const waiting = new Map<string, (value: unknown) => void>();
const PATIENCE_MS = 2_000;

/** In the primary: answers workers that are scraped. */
export function answerWorkers(system: pg.Pool): void {
  cluster.on('message', (worker, message: Message) => {
    if (message?.bellhop === 'answer') waiting.get(`${worker.id} ${message.ask}`)?.(message.value);
    if (message?.bellhop !== 'metrics') return;
    const answer = (value: unknown) => send(worker, { bellhop: 'answer', ask: message.ask, value });
    printMetrics(system).then(answer, (error: Error) => answer({ failed: error.message }));
  });
}

/** In a worker: tells the primary what it has counted. */
export function answerPrimary(): void {
  process.on('message', async (message: Message) => {
    if (message?.bellhop === 'answer') waiting.get(`primary ${message.ask}`)?.(message.value);
    if (message?.bellhop !== 'counted') return;
    process.send!({ bellhop: 'answer', ask: message.ask, value: await registry.getMetricsAsJSON() } satisfies Message);
  });
}

async function askPrimary(): Promise<string> {
  const ask = ++asked;
  process.send!({ bellhop: 'metrics', ask } satisfies Message);
  const value = await answerTo(`primary ${ask}`, 2 * PATIENCE_MS);
  if (typeof value === 'string') return value;
  throw new Error((value as { failed?: string } | undefined)?.failed ?? 'The primary did not answer.');
}

/** One that is dying doesn't answer, and is left out. */
async function ofWorkers(): Promise<MetricObject[][]> {
  const ask = ++asked;
  const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker?.isConnected()) as Worker[];
  const counted = await Promise.all(
    workers.map((worker) => {
      send(worker, { bellhop: 'counted', ask });
      return answerTo(`${worker.id} ${ask}`, PATIENCE_MS) as Promise<MetricObject[] | undefined>;
    }),
  );
  return counted.filter((one) => one !== undefined);
}

function answerTo(key: string, patienceMs: number): Promise<unknown> {
  return new Promise((resolve) => {
    const done = (value: unknown) => {
      clearTimeout(timer);
      waiting.delete(key);
      resolve(value);
    };
    const timer = setTimeout(done, patienceMs);
    waiting.set(key, done);
  });
}

function send(worker: Worker, message: Message): void {
  if (worker.isConnected()) worker.send(message);
}
