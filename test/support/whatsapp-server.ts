import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { z } from 'zod';

/** A message as it was taken, or refused, by the stand-in. */
export interface Sent {
  token: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test knows what it sent
  body: any;
  /** What it was answered with. */
  status: number;
  providerId?: string;
}

/** What the next calls are answered with, one after the other; then all is well again. */
export type Reply =
  | 'hang'
  | 'drop'
  | {
      status: number;
      code?: number;
      details?: string;
      headers?: Record<string, string>;
      body?: string;
    }
  /** Does something while the call is open, and answers well. */
  | (() => Promise<void>);

export interface WhatsappServer {
  /** For WHATSAPP_API_URL, with the version. */
  url: string;
  calls: Sent[];
  /** What the stand-in found wrong with calls: a call that Meta would refuse fails the test that looks here. */
  complaints: string[];
  replyWith(...replies: Reply[]): void;
}

/** Text is refused as Meta refuses it: "Param text cannot have new-line/tab characters or more than 4 consecutive spaces". */
const Text = z
  .string()
  .min(1)
  .max(1_024)
  .regex(/^(?!.*( {5}|[\n\t])).*$/su);

/** What the Cloud API takes for a template message; keys that it doesn't know are its error 100. */
const Message = z.strictObject({
  messaging_product: z.literal('whatsapp'),
  recipient_type: z.literal('individual'),
  to: z.string().regex(/^[1-9]\d{6,14}$/),
  type: z.literal('template'),
  template: z.strictObject({
    name: z.string().regex(/^[a-z0-9_]{1,512}$/),
    language: z.strictObject({ code: z.string().regex(/^[a-z]{2,3}(_[A-Z]{2})?$/) }),
    components: z
      .array(
        z.strictObject({
          type: z.literal('body'),
          parameters: z
            .array(z.strictObject({ type: z.literal('text'), parameter_name: z.string().optional(), text: Text }))
            .min(1)
            .refine(
              (all) => new Set(all.map((one) => one.parameter_name === undefined)).size === 1,
              'named and numbered mixed',
            ),
        }),
      )
      .length(1)
      .optional(),
  }),
  biz_opaque_callback_data: z.string().max(512),
});

let made = 0;

/** Meta's Graph API for one number, on 127.0.0.1, as strict as the real one about what it takes. Ends with the test. */
export async function startWhatsappServer({
  phoneNumberId = '106540352242922',
  token = 'EAAG-first-token',
}: {
  phoneNumberId?: string;
  token?: string;
} = {}): Promise<WhatsappServer> {
  const calls: Sent[] = [];
  const complaints: string[] = [];
  let replies: Reply[] = [];

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const given = String(request.headers.authorization ?? '').replace(/^Bearer /, '');
    const read = readMessage(request, Buffer.concat(chunks));
    const call: Sent = { token: given, body: read.body, status: 0 };
    calls.push(call);
    if (read.complaint) {
      complaints.push(read.complaint);
      return refuse(call, response, { status: 400, code: 100, details: read.complaint });
    }
    if (given !== token) return refuse(call, response, { status: 401, code: 190, details: `Malformed token ${given}` });
    const reply = replies.shift();
    if (reply === 'hang') return;
    if (reply === 'drop') return void request.socket.destroy();
    if (typeof reply === 'object') return refuse(call, response, reply);
    call.providerId = `wamid.HBgM${++made}`;
    await reply?.();
    call.status = 200;
    answer(response, 200, {
      messaging_product: 'whatsapp',
      contacts: [{ input: read.body.to, wa_id: read.body.to }],
      messages: [{ id: call.providerId, message_status: 'accepted' }],
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(async () => {
    const closed = new Promise((done) => server.close(done));
    server.closeAllConnections();
    await closed;
  });

  function readMessage(request: IncomingMessage, bytes: Buffer): { body?: Sent['body']; complaint?: string } {
    const wanted = `/v23.0/${phoneNumberId}/messages`;
    if (request.method !== 'POST' || request.url !== wanted)
      return { complaint: `${request.method} ${request.url} is not POST ${wanted}` };
    if (request.headers['content-type'] !== 'application/json') return { complaint: 'it is not application/json' };
    const body = JSON.parse(bytes.toString('utf8'));
    const found = Message.safeParse(body);
    return { body, complaint: found.success ? undefined : z.prettifyError(found.error) };
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v23.0`,
    calls,
    complaints,
    replyWith(...next) {
      replies = next;
    },
  };
}

function refuse(call: Sent, response: ServerResponse, reply: Exclude<Reply, string | (() => unknown)>): void {
  const { status, code, details, headers, body } = reply;
  call.status = status;
  const error = {
    message: `(#${code}) Something`,
    type: 'OAuthException',
    code,
    error_data: { messaging_product: 'whatsapp', details },
    fbtrace_id: 'Az8or2yhqkZfEZ-_4Qn_Bam',
  };
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(body ?? JSON.stringify({ error }));
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
