// A customer's server in a process of its own: it counts what arrives, and verifies one signature in twenty with the
// library of Standard Webhooks. All of them would take half of a core, which is the relay's in this bench.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { serveBench } from './helper.ts';

export type ReceiverAsked =
  | { begin: { expected: number; secrets: string[] } }
  | { wait: { milliseconds: number } }
  /** Answered with when each event came first. */
  | { times: true };

/** What has arrived since `begin`. */
export interface Arrivals {
  calls: number;
  /** Distinct webhook-ids. */
  events: number;
  verified: number;
  refused: number;
  /** From the first tenth of what was expected to the last, or until now. */
  seconds: number;
}

const ONE_IN = 20;

let expected = 0;
let verifiers: Webhook[] = [];
/** When each came first, in milliseconds of the epoch. */
let ids = new Map<string, number>();
let counts = { calls: 0, verified: 0, refused: 0 };
let tenthAt = 0;
let lastAt = 0;
let complete = () => {};

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    response.writeHead(204).end();
    note(request.url!, request.headers as Record<string, string>, chunks);
  });
});
server.keepAliveTimeout = 60_000;

function note(path: string, headers: Record<string, string>, chunks: Buffer[]): void {
  counts.calls += 1;
  const id = headers['webhook-id']!;
  if (!ids.has(id)) ids.set(id, performance.timeOrigin + performance.now());
  lastAt = performance.now();
  if (counts.calls === Math.ceil(expected / 10)) tenthAt = lastAt;
  if (counts.calls % ONE_IN === 0) {
    try {
      verifiers[Number(path.slice(1))]!.verify(Buffer.concat(chunks), headers);
      counts.verified += 1;
    } catch {
      counts.refused += 1;
    }
  }
  if (ids.size >= expected) complete();
}

async function answer(asked: ReceiverAsked): Promise<object> {
  if ('begin' in asked) {
    expected = asked.begin.expected;
    verifiers = asked.begin.secrets.map((secret) => new Webhook(secret));
    ids = new Map();
    counts = { calls: 0, verified: 0, refused: 0 };
    tenthAt = lastAt = performance.now();
    return {};
  }
  if ('times' in asked) return [...ids];
  if (ids.size < expected) {
    await new Promise<void>((resolve) => {
      complete = resolve;
      setTimeout(resolve, asked.wait.milliseconds);
    });
  }
  const arrivals: Arrivals = { ...counts, events: ids.size, seconds: (lastAt - tenthAt) / 1000 };
  return arrivals;
}

server.listen(0, '127.0.0.1', () => serveBench({ port: (server.address() as AddressInfo).port }, answer));
