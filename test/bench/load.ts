// The load generator: a process of its own, so that the work of asking is not taken for the work of answering.
import { setTimeout as pause } from 'node:timers/promises';
import { Client, type Dispatcher, Pool } from 'undici';
import { serveBench } from './helper.ts';

/** The requests that are asked in turn, for so long: by so many connections at a time, or so many a second. */
export type Load = { url: string; requests: Request[]; seconds: number } & (
  | { connections: number }
  | { askedPerSecond: number }
);

export interface Request {
  method: 'GET' | 'POST';
  path: string;
  headers: Record<string, string>;
  body?: string;
}

export interface Loaded {
  answers: number;
  perSecond: number;
  p50: number;
  p99: number;
  /** The last answer. */
  body: string;
}

serveBench<Load>({ port: 0 }, async (load): Promise<Loaded> => {
  const begun = performance.now();
  const { latencies, body } = await ('connections' in load ? askInTurn(load) : askByTheClock(load));
  const took = (performance.now() - begun) / 1000;
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.floor((latencies.length - 1) * share)]!;
  return { answers: latencies.length, perSecond: latencies.length / took, p50: at(0.5), p99: at(0.99), body };
});

interface Answered {
  latencies: number[];
  body: string;
}

/** Each connection asks again as soon as it has its answer: how much there can be. */
async function askInTurn({ url, requests, connections, seconds }: Load & { connections: number }): Promise<Answered> {
  const latencies: number[] = [];
  const until = performance.now() + seconds * 1000;
  let next = 0;
  let body = '';

  async function keepAsking(): Promise<void> {
    const client = new Client(url);
    try {
      do {
        const asked = performance.now();
        body = await answer(client, requests[next++ % requests.length]!);
        latencies.push(performance.now() - asked);
      } while (performance.now() < until);
    } finally {
      await client.close();
    }
  }

  await Promise.all(Array.from({ length: connections }, keepAsking));
  return { latencies, body };
}

/**
 * Asks when the clock says so, whether or not those before have been answered: how long somebody waits. It counts from when a
 * request was due, so that a server which stalls can't hide the requests that it has kept from being sent.
 */
async function askByTheClock(load: Load & { askedPerSecond: number }): Promise<Answered> {
  const { url, requests, seconds, askedPerSecond } = load;
  const pool = new Pool(url, { connections: MOST_CONNECTIONS });
  const pending: Promise<number>[] = [];
  const begun = performance.now();
  let body = '';

  async function ask(request: Request, due: number): Promise<number> {
    body = await answer(pool, request);
    return performance.now() - due;
  }

  for (let i = 0; i < seconds * askedPerSecond; i++) {
    const due = begun + (i * 1000) / askedPerSecond;
    const wait = due - performance.now();
    if (wait > 0) await pause(wait);
    pending.push(ask(requests[i % requests.length]!, due));
  }
  const latencies = await Promise.all(pending);
  await pool.close();
  return { latencies, body };
}

/** More than a steady load needs, unless the server stalls. */
const MOST_CONNECTIONS = 64;

/** `dispatch` is the cheapest that undici offers. */
function answer(client: Dispatcher, request: Request): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let status = 0;
    client.dispatch(request, {
      onRequestStart() {},
      onResponseStart(_controller, statusCode) {
        status = statusCode;
      },
      onResponseData(_controller, chunk) {
        chunks.push(chunk);
      },
      onResponseEnd() {
        const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
        if (status === 200) resolve(body.toString('latin1'));
        else reject(new Error(`${request.method} ${request.path} was answered with ${status}: ${body}`));
      },
      onResponseError(_controller, error) {
        reject(error);
      },
    });
  });
}
