import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { verify } from '../relay/sign.ts';
import type { Io } from './answer.ts';
import { type Registration, register } from './webhook-register.ts';

export interface ListenCommand {
  port: number;
  /** Undefined when it comes from registering. */
  secret?: string;
  /** Where to register for as long as this listens. */
  registration?: Registration;
  json: boolean;
}

/**
 * `bellhop webhook listen`: a receiver that verifies each call as a customer's should, prints it, and answers 200, or 401
 * with the rule that failed. Listens on this machine only, until `until`.
 */
export async function webhookListen(command: ListenCommand, io: Io, until: Promise<unknown>): Promise<void> {
  let secret = command.secret;
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy()); // The caller hung up.
  });
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = request.method === 'POST' ? await bodyOf(request) : 'wrong method';
    if (typeof body === 'string') {
      const status = body === 'wrong method' ? 405 : 413;
      return response.writeHead(status, { connection: 'close' }).end(`${body}\n`);
    }
    const call = look(request, body, secret);
    io.stdout.write(command.json ? `${JSON.stringify(call)}\n` : inWords(call, io.stdout.isTTY === true));
    response.writeHead(call.verified ? 200 : 401).end(call.verified ? '' : `${call.rule}: ${call.explanation}\n`);
  };
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(command.port, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  try {
    const registered = command.registration && (await register(command.registration, url));
    secret ??= registered?.secret;
    io.stderr.write(
      `Listening on ${url}${registered ? `, registered as webhook ${registered.id}` : ''}. Ctrl-C ends it.\n`,
    );
    await until;
    await registered?.remove();
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

interface Call {
  time: string;
  event: string | null;
  id: string | null;
  attempt: number | null;
  verified: boolean;
  /** Which rule failed, when it isn't verified. */
  rule?: string;
  explanation?: string;
  body: unknown;
}

function look({ headers }: IncomingMessage, body: Buffer, secret: string | undefined): Call {
  const verdict = verify({ headers, body, secret: secret ?? '' });
  const text = body.toString('utf8');
  return {
    time: new Date().toISOString(),
    event: headers['x-event']?.toString() ?? null,
    id: headers['webhook-id']?.toString() ?? null,
    attempt: Number(headers['x-attempt']) || null,
    verified: verdict.valid,
    ...(!verdict.valid && { rule: verdict.rule, explanation: verdict.explanation }),
    body: parsed(text),
  };
}

function inWords({ time, event, id, attempt, verified, rule, explanation, body }: Call, pretty: boolean): string {
  const verdict = verified ? 'verified' : `NOT VERIFIED (${rule}): ${explanation}`;
  const again = attempt && attempt > 1 ? `  attempt ${attempt}` : '';
  return `${time.slice(11, 19)}  ${event ?? '(no X-Event)'}  ${id ?? '(no webhook-id)'}${again}  ${verdict}\n${JSON.stringify(body, null, pretty ? 2 : 0)}\n`;
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

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
