import type { WhatsappAccount as AccountRow } from '../../../../prisma/generated/client/client.ts';
import { builder } from '../../../graph/builder.ts';

export type { AccountRow };

/** Why a message of an agency without an account waits, and how that ends. */
export const NO_ACCOUNT =
  'No WhatsApp account is connected. Connect one with PUT /v1/whatsapp-account, then POST /v1/whatsapp-messages/{id}/send.';

export const WhatsappAccount = builder.prismaObject('WhatsappAccount', {
  description: 'The agency’s number at WhatsApp’s Cloud API. Its secrets are taken and never shown.',
  fields: (t) => ({
    phoneNumberId: t.exposeString('phoneNumberId', { description: 'Meta’s id of the number that messages come from.' }),
    callbackUrl: t.field({
      type: 'URL',
      description: 'To be set as the callback URL of the app’s WhatsApp webhook, with the field `messages` subscribed.',
      resolve: ({ agencyId }, _args, { viewer }) => `${viewer.config.publicUrl}/inbound/whatsapp/${agencyId}`,
    }),
    verifyToken: t.string({
      nullable: true,
      description: 'To be set beside the callback URL. Only in the answer that made it, when none was given: keep it.',
      resolve: (account) => (account as AccountRow & { verifyToken?: string }).verifyToken ?? null,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
  }),
});

builder.queryField('whatsappAccount', (t) =>
  t.prismaField({
    type: WhatsappAccount,
    nullable: true,
    description: 'The connected WhatsApp account; null when there is none.',
    ability: 'agency:read',
    resolve: (query, _root, _args, { viewer }) => viewer.db.whatsappAccount.findFirst({ ...query }),
  }),
);
