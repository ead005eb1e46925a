import type { CmiAccount as AccountRow } from '../../../../prisma/generated/client/client.ts';
import type { AppKey } from '../../../core/app-key.ts';
import { NotFound, refuse } from '../../../core/errors.ts';
import { open, seal } from '../../../core/secrets.ts';
import type { Viewer } from '../../../core/viewer.ts';
import type { Transaction } from '../../../database/index.ts';
import { builder } from '../../../graph/builder.ts';
import { changed } from '../../../outbox/audit.ts';

/** Connects the agency's shop at CMI, or replaces what is known of it. */
export function connectCmi(viewer: Viewer, input: { clientId: string; storeKey: string }): Promise<AccountRow> {
  const { clientId, storeKey } = input;
  refuse({
    clientId: !/^[\w-]{1,50}$/.test(clientId) && 'must be the client id that CMI has given, letters and digits only',
    // Never repeats the secret. CMI's own rule: it has no blanks.
    storeKey:
      !/^[\x21-\x7e]{4,200}$/.test(storeKey) && 'must be from 4 to 200 letters, digits and signs without blanks',
  });
  const { appKey } = viewer.config;
  return viewer.write(async (tx, _emit, audit) => {
    const before = await lockAccount(tx);
    if (before?.clientId === clientId && unsealed(appKey, before) === storeKey) return before;
    const data = { clientId, storeKeySealed: seal(appKey, storeKey) };
    const account = before
      ? await tx.cmiAccount.update({ where: { id: before.id }, data })
      : await tx.cmiAccount.create({ data: { agencyId: viewer.agency.id, ...data } });
    const changes = before ? changed(before, account) : { clientId };
    audit('cmi.account_connected', `cmi_account:${account.id}`, changes);
    return account;
  });
}

/** Forgets the account and its store key. From then on no callback is believed. */
export function disconnectCmi(viewer: Viewer): Promise<AccountRow> {
  return viewer.write(async (tx, _emit, audit) => {
    const account = await lockAccount(tx);
    if (!account) throw new NotFound('CMI account');
    await tx.cmiAccount.delete({ where: { id: account.id } });
    audit('cmi.account_disconnected', `cmi_account:${account.id}`, { clientId: account.clientId });
    return account;
  });
}

async function lockAccount(tx: Transaction): Promise<AccountRow | null> {
  await tx.$queryRaw`select id from cmi_account for update`; // Row security leaves the agency's own.
  return tx.cmiAccount.findFirst();
}

/** The store key; undefined when another APP_KEY sealed it, which connecting again mends. */
function unsealed(appKey: AppKey, { storeKeySealed }: AccountRow): string | undefined {
  try {
    return open(appKey, storeKeySealed);
  } catch {
    return undefined;
  }
}

const CmiAccount = builder.prismaObject('CmiAccount', {
  description: 'The agency’s shop at CMI, the Moroccan card gateway. Its store key is taken and never shown.',
  fields: (t) => ({
    clientId: t.exposeString('clientId', { description: 'What CMI calls the shop.' }),
    callbackUrl: t.field({
      type: 'URL',
      description:
        'To be sent as `callbackUrl` with every payment form, whose `oid` is a booking’s reference or an order’s id.',
      resolve: ({ agencyId }, _args, { viewer }) => `${viewer.config.publicUrl}/inbound/cmi/${agencyId}`,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
  }),
});

builder.queryField('cmiAccount', (t) =>
  t.prismaField({
    type: CmiAccount,
    nullable: true,
    description: 'The connected CMI account; null when there is none.',
    ability: 'agency:read',
    resolve: (query, _root, _args, { viewer }) => viewer.db.cmiAccount.findFirst({ ...query }),
  }),
);

const ConnectCmiInput = builder.inputType('ConnectCmiInput', {
  description: 'What Bellhop needs to believe CMI, both from CMI’s merchant center.',
  fields: (t) => ({
    clientId: t.string({ required: true, description: 'What CMI calls the shop: `clientid` in its forms.' }),
    storeKey: t.string({ required: true, description: 'The secret that signs forms and callbacks. Kept encrypted.' }),
  }),
});

builder.mutationField('connectCmi', (t) =>
  t.field({
    type: CmiAccount,
    description: 'Connects the agency’s shop at CMI, or replaces what is known of it. The store key is never shown.',
    ability: 'agency:write',
    args: { input: t.arg({ type: ConnectCmiInput, required: true }) },
    resolve: (_root, { input }, { viewer }) => connectCmi(viewer, input),
  }),
);

builder.mutationField('disconnectCmi', (t) =>
  t.field({
    type: CmiAccount,
    description: 'Forgets the CMI account and its store key.',
    ability: 'agency:write',
    resolve: (_root, _args, { viewer }) => disconnectCmi(viewer),
  }),
);
