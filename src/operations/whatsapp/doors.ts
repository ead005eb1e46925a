import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { DomainError, NotFound } from '../../core/errors.ts';
import { open } from '../../core/secrets.ts';
import type { Services, Viewer } from '../../core/viewer.ts';
import type { Call, Door } from '../../gateway/doors.ts';
import { parseId } from '../../graph/ids.ts';
import { agencyViewer } from '../../platform/agency-viewer.ts';
import { type Told, takeStatuses } from './messages/callback.ts';

const path = '/inbound/whatsapp/{agency}';

/** Meta's two calls: the handshake when the callback URL is set, and what became of messages. */
export const whatsappDoors: Door[] = [
  {
    method: 'GET',
    path,
    about: {
      operationId: 'confirmWhatsappCallback',
      tag: 'WhatsApp',
      summary: 'Confirm the callback address to Meta',
      description:
        'What Meta asks once, when the callback address of an account is set. It needs no token: the verify token of the account is its proof.',
      query: {
        'hub.mode': '`subscribe`.',
        'hub.verify_token': 'The verify token of the account.',
        'hub.challenge': 'What is answered.',
      },
      answers: { 200: { description: 'The challenge.', type: 'text/plain', example: '1158201444' } },
    },
    async serve(call, services) {
      const known = await accountOf(call, services);
      const said = (name: string) => call.query.get(name)?.[0] ?? '';
      const knows = same(said('hub.verify_token'), known?.verifyToken());
      if (!knows || said('hub.mode') !== 'subscribe') throw nothingHere();
      const headers = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' };
      return { status: 200, headers, body: said('hub.challenge').slice(0, 1_000) };
    },
  },
  {
    method: 'POST',
    path,
    about: {
      operationId: 'receiveWhatsappStatuses',
      tag: 'WhatsApp',
      summary: 'Hear from Meta what became of messages',
      description:
        'What Meta calls as messages are sent, delivered and read, or fail. It needs no token: the body is signed with the app secret of the account.',
      headers: { 'X-Hub-Signature-256': '`sha256=` and the hex HMAC-SHA256 of the body.' },
      body: 'application/json',
      answers: { 200: { description: 'Heard.', type: 'application/json', example: { received: true } } },
    },
    async serve(call, services) {
      const known = await accountOf(call, services);
      const secret = known?.appSecret() ?? '';
      const signature = `sha256=${createHmac('sha256', secret).update(call.body).digest('hex')}`;
      const signed = same(String(call.headers['x-hub-signature-256'] ?? ''), signature);
      if (!known || !signed) throw nothingHere();
      await takeStatuses(known.viewer, readCallback(call.body));
      // Whatever else was in it: Meta sends again what isn't answered with 200.
      return { status: 200, headers: { 'content-type': 'application/json' }, body: '{"received":true}' };
    },
  },
];

/** Who can't prove to be Meta learns nothing, not even which agencies there are. */
const nothingHere = (): NotFound => new NotFound('address');

interface Known {
  viewer: Viewer;
  appSecret(): string;
  verifyToken(): string;
}

async function accountOf({ path, ip, requestId, traceparent }: Call, services: Services): Promise<Known | undefined> {
  const id = parseId(path[0]!);
  const viewer = id && (await agencyViewer(services, id, 'whatsapp', { ip, requestId, traceparent }));
  const account = viewer && (await viewer.db.whatsappAccount.findFirst());
  if (!viewer || !account) return undefined;
  const { appKey } = viewer.config;
  return {
    viewer,
    appSecret: () => open(appKey, account.appSecretSealed),
    verifyToken: () => open(appKey, account.verifyTokenSealed),
  };
}

/** Compares in a time that doesn't tell how much of it was right. Nothing is the same as undefined. */
function same(given: string, expected: string | undefined): boolean {
  const [a, b] = [given, expected ?? ''].map((text) => createHmac('sha256', 'compare').update(text).digest());
  return timingSafeEqual(a!, b!) && expected !== undefined;
}

const Status = z.object({
  id: z.string().min(1),
  status: z.enum(['sent', 'delivered', 'read', 'failed']),
  timestamp: z.union([z.string(), z.number()]).optional(),
  biz_opaque_callback_data: z.string().optional(),
  errors: z.array(z.looseObject({ code: z.union([z.number(), z.string()]).optional() })).optional(),
});

/** The statuses in a callback. Guests' own messages, and kinds that Meta adds later, are passed over. */
function readCallback(body: Buffer): Told[] {
  return listIn(parse(body), 'entry')
    .flatMap((entry) => listIn(entry, 'changes'))
    .flatMap((change) => listIn((change as { value?: unknown } | null)?.value, 'statuses'))
    .flatMap((written) => {
      const { success, data } = Status.safeParse(written);
      return success ? [toldBy(data)] : [];
    });
}

function toldBy({ id, status, timestamp, biz_opaque_callback_data: ours, errors }: z.infer<typeof Status>): Told {
  const seconds = Number(timestamp);
  const [error] = errors ?? [];
  const details = (error?.error_data as { details?: unknown } | undefined)?.details;
  return {
    status,
    providerId: id,
    ours,
    // A year that no column holds would make Meta send the callback for ever.
    at: seconds > 0 && seconds < 4_102_444_800 ? new Date(seconds * 1_000) : undefined,
    error: error && {
      code: error.code === undefined ? null : String(error.code).slice(0, 20),
      words: details ?? error.message ?? error.title,
    },
  };
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new DomainError('BAD_REQUEST', 'The body is not JSON.');
  }
}

function listIn(value: unknown, key: string): unknown[] {
  const list = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  return Array.isArray(list) ? list : [];
}
