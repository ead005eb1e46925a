import { clock } from '../../../core/clock.ts';
import { open } from '../../../core/secrets.ts';
import type { Emit, Viewer } from '../../../core/viewer.ts';
import type { Transaction } from '../../../database/index.ts';
import { changed } from '../../../outbox/audit.ts';
import { askFor, declareErrand, GiveUp, TryLater } from '../../../outbox/errand.ts';
import { type AccountRow, NO_ACCOUNT } from '../account/types.ts';
import { post, type Verdict } from '../cloud-api.ts';
import { whatsappMessageFailed } from './events.ts';
import type { Texts } from './parameters.ts';
import { lockMessage, type MessageRow } from './types.ts';

/**
 * Hands a queued message to WhatsApp: at least once, because a relay can die between WhatsApp's yes and our note of it.
 * Often even then only once: the callback carries our id and marks the message as sent before the next attempt looks.
 */
export const sendMessage = declareErrand({
  kind: 'whatsapp.send',
  async run(viewer, { key }) {
    const call = readKey(key);
    const begun = await begin(viewer, call);
    if (!begun) return; // Cancelled, sent as a callback says, or queued anew under another key.
    const { message, account } = begun;
    const verdict = await post(
      { ...viewer.config, timeoutMs: timeoutMs(viewer) },
      { phoneNumberId: account.phoneNumberId, token: open(viewer.config.appKey, account.tokenSealed) },
      { ...message, parameters: message.parameters as Texts },
    );
    await settle(viewer, call, verdict);
    if (verdict.kind === 'later') throw new TryLater(verdict.reason, verdict.afterMs ?? 0);
    if (verdict.kind === 'refused') throw new GiveUp(verdict.reason);
  },
  async failed(viewer, { key }) {
    const call = readKey(key);
    await viewer.write(async (tx, emit) => {
      const message = await current(tx, call);
      if (!message) return; // Refused for good: that is written down already.
      await fail(tx, emit, message, {
        errorCode: message.errorCode,
        reason: `${message.reason ?? 'Something went wrong in Bellhop.'} No attempt is left; POST /v1/whatsapp-messages/${message.id}/send tries again.`,
      });
    });
  },
});

/** One queueing of one message. The version changes with every status, so an errand of an earlier queueing is known. */
interface Queueing {
  id: number;
  version: number;
}

export const errandKey = ({ id, version }: Queueing): string => `${id}:${version}`;

function readKey(key: string): Queueing {
  const [id, version] = key.split(':').map(Number);
  return { id: id!, version: version! };
}

/** Asks the relay to send a message that has just been queued, now or at its time. */
export function askToSend(tx: Transaction, message: MessageRow): Promise<void> {
  const at = new Date(Math.max(message.sendAt?.getTime() ?? 0, clock.now().getTime()));
  return askFor(tx, { agencyId: message.agencyId, errand: sendMessage, key: errandKey(message), at });
}

/** Marks a message as failed and tells it. */
export async function fail(
  tx: Transaction,
  emit: Emit,
  before: MessageRow,
  { errorCode, reason, providerId }: { errorCode: string | null; reason: string; providerId?: string },
): Promise<void> {
  const message = await tx.whatsappMessage.update({
    where: { id: before.id },
    data: { status: 'FAILED', failedAt: clock.now(), errorCode, reason, providerId, version: { increment: 1 } },
  });
  await emit(whatsappMessageFailed, { message }, changed(before, message));
}

/** Never longer than the lease on the errand, which is made for the longest webhook call. */
function timeoutMs({ config }: Viewer): number {
  return Math.min(15, config.webhookTimeoutSeconds) * 1_000;
}

/** The message, locked, if it is still waiting for this very errand. */
async function current(tx: Transaction, { id, version }: Queueing): Promise<MessageRow | undefined> {
  const message = await lockMessage(tx, id);
  return message.status === 'QUEUED' && message.version === version ? message : undefined;
}

/** Counts the attempt before it is made, so that one which a dying relay doesn't report is counted too. */
function begin(viewer: Viewer, call: Queueing): Promise<{ message: MessageRow; account: AccountRow } | undefined> {
  return viewer.write(async (tx, _emit, audit) => {
    const found = await current(tx, call);
    if (!found) return undefined;
    const account = await tx.whatsappAccount.findFirst();
    const message = await tx.whatsappMessage.update({
      where: { id: found.id },
      data: account
        ? { attempts: { increment: 1 } }
        : { status: 'PREPARED', queuedAt: null, reason: NO_ACCOUNT, errorCode: null, version: { increment: 1 } },
    });
    if (account) return { message, account };
    audit('whatsapp.message_prepared', `whatsapp_message:${found.id}`, changed(found, message));
    return undefined;
  });
}

/** Writes down how an attempt ended. */
function settle(viewer: Viewer, call: Queueing, verdict: Verdict): Promise<void> {
  return viewer.write(async (tx, emit, audit) => {
    const message = await current(tx, call);
    if (!message) return; // A callback was faster.
    if (verdict.kind === 'refused') {
      const { code, reason } = verdict;
      return fail(tx, emit, message, { errorCode: code, reason });
    }
    const where = { id: message.id };
    if (verdict.kind === 'later') {
      const { code, reason } = verdict;
      await tx.whatsappMessage.update({ where, data: { reason, errorCode: code } });
      return;
    }
    const { providerId } = verdict;
    const cleared = { reason: null, errorCode: null, version: { increment: 1 } };
    await tx.whatsappMessage.update({
      where,
      data: { status: 'SENT', sentAt: clock.now(), providerId, ...cleared },
    });
    const changes = { status: { from: message.status, to: 'SENT' } };
    audit('whatsapp.message_sent', `whatsapp_message:${message.id}`, changes);
  });
}
