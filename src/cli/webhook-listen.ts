import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Io } from './answer.ts';
import type { Server } from './api.ts';
import { type Call, inWords, look, withForwarded } from './webhook-call.ts';
import { forward } from './webhook-forward.ts';
import { missedCalls, type Since } from './webhook-missed.ts';
import { register } from './webhook-register.ts';

export interface ListenCommand {
  port: number;
  /** Undefined when it comes from registering. */
  secret?: string;
  /** Register with `server` for as long as this listens. */
  register?: boolean;
  /** Needed to register, and to read what was missed. */
  server?: Server;
  /** What to be told of. */
  events: string[];
  /** Hand on what is verified to this address. */
  forward?: string;
  /** First tell what has happened since then. */
  since?: Since;
  json: boolean;
}

/**
 * `bellhop webhook listen`: a receiver that verifies each call as a customer's should, prints it, and answers 200, or 401
 * with the rule that failed. With an address to forward to, the answer is that program's. Listens on this machine only, until
 * `until`.
 */
export async function webhookListen(command: ListenCommand, io: Io, until: Promise<unknown>): Promise<void> {
  let secret = command.secret;
  const ended = new AbortController();
  const print = (call: Call) =>
    io.stdout.write(command.json ? `${JSON.stringify(call)}\n` : inWords(call, { pretty: io.stdout.isTTY === true }));
  const listener = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy()); // The caller hung up.
  });
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = request.method === 'POST' ? await bodyOf(request) : 'wrong method';
    if (typeof body === 'string') {
      const status = body === 'wrong method' ? 405 : 413;
      return response.writeHead(status, { connection: 'close' }).end(`${body}\n`);
    }
    const call = look(request.headers, body, secret ?? '');
    if (!call.verified || !command.forward) {
      print(call);
      return response
        .writeHead(call.verified ? 200 : 401)
        .end(call.verified ? '' : `${call.rule}: ${call.explanation}\n`);
    }
    const forwarded = await forward(command.forward, request.rawHeaders, body);
    print(withForwarded(call, forwarded));
    response.writeHead(forwarded.status ?? 502).end(forwarded.answer);
  };
  await new Promise<void>((resolve, reject) =>
    listener.once('error', reject).listen(command.port, '127.0.0.1', resolve),
  );
  const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/`;
  try {
    const registered = command.register ? await register(command.server!, command.events, url) : undefined;
    secret ??= registered?.secret;
    try {
      io.stderr.write(
        `Listening on ${url}${registered ? `, registered as webhook ${registered.id}` : ''}. Ctrl-C ends it.\n`,
      );
      // Registered first, so that nothing falls between what was missed and what is told from now on.
      const caughtUp = command.since
        ? catchUp({ ...command, secret: secret!, since: command.since, signal: ended.signal }, print, io)
        : undefined;
      await Promise.race([until, Promise.resolve(caughtUp).then(() => until)]);
    } finally {
      await registered?.remove();
    }
  } finally {
    ended.abort();
    listener.close();
    listener.closeAllConnections();
  }
}

/** Tells what was missed, oldest first, one after the other: whoever receives it may have to know the first for the second. */
async function catchUp(
  {
    server,
    since,
    events,
    secret,
    forward: address,
    signal,
  }: ListenCommand & { secret: string; since: Since; signal: AbortSignal },
  print: (call: Call) => void,
  io: Io,
): Promise<void> {
  let [count, refused, last] = [0, 0, 'after' in since ? since.after : since.since];
  for await (const { headers, body, cursor } of missedCalls(server!, { since, events, secret })) {
    if (signal.aborted) return;
    const call = { ...look(byName(headers), body, secret), cursor };
    if (address) {
      const forwarded = await forward(address, headers, body);
      print(withForwarded(call, forwarded));
      if (forwarded.status === null) {
        io.stderr.write(`Nothing answers at ${address}. Begin again with --since ${last} when it does.\n`);
        return;
      }
      if (forwarded.status < 200 || forwarded.status > 299) refused++;
    } else print(call);
    count++;
    last = cursor;
  }
  const not = refused > 0 ? `, ${refused} of them not answered 2xx` : '';
  io.stderr.write(`${count} missed events${not}. The next time begin with --since ${last}\n`);
}

function byName(rawHeaders: string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let place = 0; place < rawHeaders.length; place += 2)
    headers[rawHeaders[place]!.toLowerCase()] = rawHeaders[place + 1]!;
  return headers;
}

const LARGEST_BODY = 1024 * 1024;

async function bodyOf(request: IncomingMessage): Promise<Buffer | 'too large'> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > LARGEST_BODY) return 'too large';
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
