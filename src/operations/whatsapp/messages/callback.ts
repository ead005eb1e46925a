import { clock } from '../../../core/clock.ts';
import type { Audit, Emit, Viewer } from '../../../core/viewer.ts';
import type { Transaction } from '../../../database/index.ts';
import { parseId } from '../../../graph/ids.ts';
import { sentence } from '../cloud-api.ts';
import { fail } from './send.ts';
import { lockMessage, type MessageRow } from './types.ts';

/** What WhatsApp says became of a message, as far as we act on it. */
export interface Told {
  status: 'sent' | 'delivered' | 'read' | 'failed';
  /** `wamid.…` */
  providerId: string;
  /** What we gave it as callback data: our message's id. */
  ours?: string;
  at?: Date;
  error?: { code: string | null; words: unknown };
}

/** So that a transaction stays short, whatever Meta puts into one call. */
const MOST_AT_ONCE = 100;

/**
 * Takes the statuses of a callback, which come late, twice and in any order: a message only ever goes forwards. What is
 * known of no message of this agency is somebody else's, or a message sent past us, and left alone.
 */
export async function takeStatuses(viewer: Viewer, told: Told[]): Promise<void> {
  for (let i = 0; i < told.length; i += MOST_AT_ONCE) {
    const some = told.slice(i, i + MOST_AT_ONCE);
    await viewer.write(async (tx, emit, audit) => {
      await lockTold(tx, some);
      for (const one of some) await take(tx, one, emit, audit);
    });
  }
}

/** Meta makes several calls at once, each in an order of its own: so the messages are held in ours, and no two wait in a circle. */
async function lockTold(tx: Transaction, told: Told[]): Promise<void> {
  const providerIds = told.map(({ providerId }) => providerId);
  const ids = told.flatMap(({ ours }) => parseId(ours ?? '') ?? []);
  await tx.$queryRaw`
    select id from whatsapp_message where provider_id = any(${providerIds}::text[]) or id = any(${ids}::int[])
    order by id for update`;
}

async function take(tx: Transaction, told: Told, emit: Emit, audit: Audit): Promise<void> {
  const message = await messageOf(tx, told);
  if (!message || !isNews(told.status, message.status)) return;
  const { providerId, status } = told;
  if (status === 'failed') {
    const code = told.error?.code ?? null;
    const reason = `WhatsApp could not deliver it${code ? ` (${code})` : ''}: ${sentence(told.error?.words)}`;
    return fail(tx, emit, message, { errorCode: code, reason, providerId });
  }
  const at = told.at ?? clock.now();
  await tx.whatsappMessage.update({
    where: { id: message.id },
    data: {
      status: NEXT[status],
      providerId,
      sentAt: message.sentAt ?? at,
      ...(status !== 'sent' && { deliveredAt: message.deliveredAt ?? at }),
      ...(status === 'read' && { readAt: at }),
      // What we had concluded from silence, or asked for too late, is not so.
      reason: null,
      errorCode: null,
      failedAt: null,
      cancelledAt: null,
      version: { increment: 1 },
    },
  });
  const changes = { status: { from: message.status, to: NEXT[status] } };
  audit(`whatsapp.message_${status}`, `whatsapp_message:${message.id}`, changes);
}

const NEXT = { sent: 'SENT', delivered: 'DELIVERED', read: 'READ' } as const;

/** How far a message is. A failure stands beside "sent": only an arrival, which can't be doubted, overrules it. */
const RANK = { PREPARED: 0, QUEUED: 0, CANCELLED: 0, SENT: 1, FAILED: 1, DELIVERED: 2, READ: 3 } as const;

function isNews(status: Told['status'], now: MessageRow['status']): boolean {
  if (status === 'failed') return RANK[now] < RANK.DELIVERED && now !== 'FAILED';
  return RANK[NEXT[status]] > RANK[now];
}

/**
 * The message that a status is about, locked: by WhatsApp's id, or by ours where WhatsApp's never reached us because a relay
 * died between the yes and the note. A message that is queued anew is none of an earlier sending's business.
 */
async function messageOf(tx: Transaction, { providerId, ours }: Told): Promise<MessageRow | undefined> {
  const known = await tx.whatsappMessage.findFirst({ where: { providerId }, select: { id: true } });
  if (known) {
    const message = await lockMessage(tx, known.id);
    return isWaiting(message) ? undefined : message;
  }
  const id = ours === undefined ? undefined : parseId(ours);
  if (id === undefined || !(await tx.whatsappMessage.findFirst({ where: { id }, select: { id: true } })))
    return undefined;
  const message = await lockMessage(tx, id);
  const open = isWaiting(message) || message.status === 'CANCELLED' || message.providerId === null;
  return open || message.providerId === providerId ? message : undefined;
}

const isWaiting = ({ status }: MessageRow): boolean => status === 'PREPARED' || status === 'QUEUED';
