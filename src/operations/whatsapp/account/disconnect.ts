import { NotFound } from '../../../core/errors.ts';
import type { Viewer } from '../../../core/viewer.ts';
import { builder } from '../../../graph/builder.ts';
import { lockAccount } from './connect.ts';
import { type AccountRow, WhatsappAccount } from './types.ts';

/** Forgets the account and its secrets. Messages that are queued go back to prepared when their time comes, and say why. */
export function disconnectWhatsapp(viewer: Viewer): Promise<AccountRow> {
  return viewer.write(async (tx, _emit, audit) => {
    const account = await lockAccount(tx);
    if (!account) throw new NotFound('WhatsApp account');
    await tx.whatsappAccount.delete({ where: { id: account.id } });
    audit('whatsapp.account_disconnected', `whatsapp_account:${account.id}`, { phoneNumberId: account.phoneNumberId });
    return account;
  });
}

builder.mutationField('disconnectWhatsapp', (t) =>
  t.field({
    type: WhatsappAccount,
    description: 'Forgets the WhatsApp account and its secrets. Queued messages go back to prepared.',
    ability: 'agency:write',
    resolve: (_root, _args, { viewer }) => disconnectWhatsapp(viewer),
  }),
);
