// The load generator: a process of its own, so that the work of asking is not taken for the work of answering.
import { Client } from 'undici';
import { serveBench } from './helper.ts';

/** The requests that are asked in turn, by so many connections at a time, for so long. */
export interface Load {
  url: string;
  requests: Request[];
  connections: number;
  seconds: number;
}

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

serveBench<Load>({ port: 0 }, run);

async function run({ url, requests, connections, seconds }: Load): Promise<Loaded> {
  const latencies: number[] = [];
  const begun = performance.now();
  const until = begun + seconds * 1000;
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
  const took = (performance.now() - begun) / 1000;
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.floor((latencies.length - 1) * share)]!;
  return { answers: latencies.length, perSecond: latencies.length / took, p50: at(0.5), p99: at(0.99), body };
}

/** `dispatch` is the cheapest that undici offers. */
function answer(client: Client, request: Request): Promise<string> {
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
