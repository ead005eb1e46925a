import { clock } from '../../../core/clock.ts';
import { Conflict } from '../../../core/errors.ts';
import type { Viewer } from '../../../core/viewer.ts';
import type { Transaction } from '../../../database/index.ts';
import { builder } from '../../../graph/builder.ts';
import { changed } from '../../../outbox/audit.ts';
import { errandKey, sendMessage } from './send.ts';
import { lockMessage, type MessageRow, WhatsappMessage } from './types.ts';

/** Cancels a message that has not gone out. The errand that was to send it finds it cancelled and does nothing. */
export function cancelWhatsappMessage(viewer: Viewer, id: string): Promise<MessageRow> {
  return viewer.write(async (tx, _emit, audit) => {
    const before = await lockMessage(tx, id);
    if (before.status === 'CANCELLED') return before;
    if (before.status !== 'PREPARED' && before.status !== 'QUEUED') {
      const found = before.status === 'FAILED' ? 'has failed' : 'has been sent';
      throw new Conflict('INVALID_TRANSITION', `A message that ${found} can’t be cancelled.`);
    }
    if (before.status === 'QUEUED' && (await isInFlight(tx, before))) {
      throw new Conflict('INVALID_TRANSITION', 'This message is being sent just now. Read it again in a moment.');
    }
    const message = await tx.whatsappMessage.update({
      where: { id: before.id },
      data: { status: 'CANCELLED', cancelledAt: clock.now(), reason: null, errorCode: null, version: { increment: 1 } },
    });
    audit('whatsapp.message_cancelled', `whatsapp_message:${message.id}`, changed(before, message));
    return message;
  });
}

/**
 * Whether a relay may be talking to WhatsApp about it: the guest could have it already, and "cancelled" would be a lie. A
 * relay claims the errand before it locks the message, which we hold; so one that isn't seen here will find it cancelled.
 */
async function isInFlight(tx: Transaction, message: MessageRow): Promise<boolean> {
  const claimed = await tx.errand.count({
    where: {
      kind: sendMessage.kind,
      key: errandKey(message),
      status: 'PENDING',
      lease: { not: null },
      dueAt: { gt: clock.now() },
    },
  });
  return claimed > 0;
}

builder.mutationField('cancelWhatsappMessage', (t) =>
  t.field({
    type: WhatsappMessage,
    description: 'Cancels a message that has not been sent.',
    ability: 'whatsapp:write',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { viewer }) => cancelWhatsappMessage(viewer, id),
  }),
);
