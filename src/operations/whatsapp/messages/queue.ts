import { clock } from '../../../core/clock.ts';
import { Conflict } from '../../../core/errors.ts';
import type { Viewer } from '../../../core/viewer.ts';
import { builder } from '../../../graph/builder.ts';
import { changed } from '../../../outbox/audit.ts';
import { NO_ACCOUNT } from '../account/types.ts';
import { askToSend } from './send.ts';
import { lockMessage, type MessageRow, WhatsappMessage } from './types.ts';

/** Queues a message that was prepared, or failed and may now go through. Of one that is on its way this asks nothing new. */
export function queueWhatsappMessage(viewer: Viewer, id: string): Promise<MessageRow> {
  return viewer.write(async (tx, _emit, audit) => {
    const before = await lockMessage(tx, id);
    if (before.status === 'CANCELLED') {
      throw new Conflict('INVALID_TRANSITION', 'A message that is cancelled can’t be sent. Prepare another one.');
    }
    if (before.status !== 'PREPARED' && before.status !== 'FAILED') return before;
    const account = await tx.whatsappAccount.findFirst({ select: { id: true } });
    if (!account) throw new Conflict('ACCOUNT_MISSING', NO_ACCOUNT);
    const message = await tx.whatsappMessage.update({
      where: { id: before.id },
      // The id of an earlier sending stays, so that a late callback of it is known for what it is.
      data: {
        status: 'QUEUED',
        queuedAt: clock.now(),
        failedAt: null,
        reason: null,
        errorCode: null,
        version: { increment: 1 },
      },
    });
    await askToSend(tx, message);
    audit('whatsapp.message_queued', `whatsapp_message:${message.id}`, changed(before, message));
    return message;
  });
}

builder.mutationField('sendWhatsappMessage', (t) =>
  t.field({
    type: WhatsappMessage,
    description: 'Queues a message that is prepared or has failed. Needs a connected account.',
    ability: 'whatsapp:write',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { viewer }) => queueWhatsappMessage(viewer, id),
  }),
);
