import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

/** A call as a customer's server saw it. */
export interface Arrival {
  at: number;
  endpoint: number;
  eventId: string;
  deliveryId: string;
  attempt: number;
  digest: string;
  /** What it was answered with, whether or not the caller lived to read it. */
  status: number;
}

export interface ChaosReceiver {
  url(endpoint: number): string;
  useSecret(endpoint: number, secret: string): void;
  arrivals: Arrival[];
  /** Calls whose signature is wrong. */
  forged(): number;
  close(): Promise<void>;
}

/** One call in so many is refused at its first attempt, so that retries go through the kills as well. */
const REFUSED_ONE_IN = 50;
/** An answer takes up to this long, so that a kill finds calls under way. */
const LONGEST_ANSWER_MS = 120;

/** Customers' servers, one path each. They remember every call, with a digest of its bytes. */
export async function startReceiver(): Promise<ChaosReceiver> {
  const arrivals: Arrival[] = [];
  const verifiers = new Map<number, Webhook>();
  let forged = 0;

  const server = createServer((request, response) => {
    const at = Date.now();
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const endpoint = Number(request.url!.slice(1));
      const headers = request.headers as Record<string, string>;
      const eventId = headers['webhook-id']!;
      const attempt = Number(headers['x-attempt']);
      const lot = createHash('sha256').update(eventId).digest();
      const status = attempt === 1 && lot.readUInt16BE(0) % REFUSED_ONE_IN === 0 ? 503 : 204;
      const digest = createHash('sha256').update(body).digest('base64');
      arrivals.push({ at, endpoint, eventId, deliveryId: headers['x-delivery-id']!, attempt, digest, status });
      if (!isSigned(verifiers.get(endpoint), body, headers)) forged += 1;
      setTimeout(() => response.writeHead(status).end(), (lot[2]! / 256) * LONGEST_ANSWER_MS);
    });
    request.on('error', () => {}); // A relay that is killed while it sends.
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;

  return {
    url: (endpoint) => `http://127.0.0.1:${port}/${endpoint}`,
    useSecret: (endpoint, secret) => void verifiers.set(endpoint, new Webhook(secret)),
    arrivals,
    forged: () => forged,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function isSigned(verifier: Webhook | undefined, body: Buffer, headers: Record<string, string>): boolean {
  try {
    verifier!.verify(body, headers);
    return true;
  } catch {
    return false;
  }
}
