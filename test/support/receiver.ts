import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

/** A call as it arrived. */
export interface Received {
  /** X-Event. */
  event: string;
  /** webhook-id: the event's id. */
  id: string;
  attempt: number;
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  /** The bytes that were signed. */
  body: Buffer;
  // biome-ignore lint/suspicious/noExplicitAny: a test knows what it sent for
  json: any;
  /** What Standard Webhooks' own library says. */
  signature: 'valid' | 'invalid' | 'unchecked';
  /** What `hash_hmac('sha256', $body, $secret)` says. */
  xSignature: 'valid' | 'invalid' | 'unchecked';
}

/** A status, or whatever a misbehaving receiver does with the response. */
export type Respond = number | ((call: Received, response: ServerResponse) => unknown);

export interface Receiver {
  url: string;
  /** All calls in the order of their arrival. */
  received: Received[];
  /** What the next calls are answered with. */
  respondWith(respond: Respond): void;
  /** For an endpoint whose secret is known only after it has been registered. */
  useSecret(secret: string): void;
  /** Resolves when this many calls have arrived. */
  arrived(count: number): Promise<void>;
  close(): Promise<void>;
}

/** A customer's server: it takes webhooks on 127.0.0.1, checks their signatures as a customer would, and remembers them. */
export async function startReceiver({
  secret,
  respond = 200,
}: {
  secret?: string;
  respond?: Respond;
} = {}): Promise<Receiver> {
  const received: Received[] = [];
  const waiting = new Set<() => void>();

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const { headers } = request;
    const call: Received = {
      event: String(headers['x-event']),
      id: String(headers['webhook-id']),
      attempt: Number(headers['x-attempt']),
      method: request.method!,
      path: request.url!,
      headers,
      body,
      json: parsed(body),
      signature: secret ? checkStandard(secret, headers, body) : 'unchecked',
      xSignature: secret ? checkPlain(secret, headers, body) : 'unchecked',
    };
    received.push(call);
    for (const wake of waiting) wake();
    if (typeof respond === 'number') response.writeHead(respond).end();
    else await respond(call, response);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    respondWith(next) {
      respond = next;
    },
    useSecret(next) {
      secret = next;
    },
    arrived(count) {
      return new Promise((resolve) => {
        const look = () => {
          if (received.length < count) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      });
    },
    async close() {
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await closed;
    },
  };
}

function checkStandard(secret: string, headers: IncomingHttpHeaders, body: Buffer): 'valid' | 'invalid' {
  try {
    new Webhook(secret).verify(body, headers as Record<string, string>);
    return 'valid';
  } catch {
    return 'invalid';
  }
}

function checkPlain(secret: string, headers: IncomingHttpHeaders, body: Buffer): 'valid' | 'invalid' {
  return headers['x-signature'] === createHmac('sha256', secret).update(body).digest('hex') ? 'valid' : 'invalid';
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
