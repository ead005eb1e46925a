import { randomBytes } from 'node:crypto';
import type { AppKey } from '../../../core/app-key.ts';
import { refuse } from '../../../core/errors.ts';
import { open, seal } from '../../../core/secrets.ts';
import type { Viewer } from '../../../core/viewer.ts';
import type { Transaction } from '../../../database/index.ts';
import { builder } from '../../../graph/builder.ts';
import { changed } from '../../../outbox/audit.ts';
import { type AccountRow, WhatsappAccount } from './types.ts';

interface Credentials {
  phoneNumberId: string;
  token: string;
  appSecret: string;
  verifyToken?: string | null;
}

/**
 * Connects the agency's WhatsApp number, or replaces what is known of it. A verify token that nobody gave is made once and
 * then kept, because Meta has it too. What was prepared before stays prepared: sending a guest a week-old greeting is for
 * a person to decide.
 */
export function connectWhatsapp(viewer: Viewer, input: Credentials): Promise<AccountRow & { verifyToken?: string }> {
  refuse({
    // It becomes part of an address.
    phoneNumberId: !/^\d{5,20}$/.test(input.phoneNumberId) && 'must be Meta’s id of the number, digits only',
    token: secretProblem(input.token, { least: 8, most: 2_000 }),
    appSecret: secretProblem(input.appSecret, { least: 16, most: 200 }),
    verifyToken: input.verifyToken != null && secretProblem(input.verifyToken, { least: 8, most: 200 }),
  });
  const { appKey } = viewer.config;
  return viewer.write(async (tx, _emit, audit) => {
    const before = await lockAccount(tx);
    const kept = before ? unsealed(appKey, before.verifyTokenSealed) : undefined;
    const made = input.verifyToken == null && kept === undefined ? randomBytes(24).toString('base64url') : undefined;
    const verifyToken = input.verifyToken ?? kept ?? made!;
    const { phoneNumberId, token, appSecret } = input;
    if (
      before?.phoneNumberId === phoneNumberId &&
      unsealed(appKey, before.tokenSealed) === token &&
      unsealed(appKey, before.appSecretSealed) === appSecret &&
      kept === verifyToken
    ) {
      return before;
    }
    const data = {
      phoneNumberId,
      tokenSealed: seal(appKey, token),
      appSecretSealed: seal(appKey, appSecret),
      verifyTokenSealed: seal(appKey, verifyToken),
    };
    const account = before
      ? await tx.whatsappAccount.update({ where: { id: before.id }, data })
      : await tx.whatsappAccount.create({ data: { agencyId: viewer.agency.id, ...data } });
    const changes = before ? changed(before, account) : { phoneNumberId };
    audit('whatsapp.account_connected', `whatsapp_account:${account.id}`, changes);
    return { ...account, ...(made && { verifyToken: made }) };
  });
}

/** The agency's account, held until the transaction ends. */
export async function lockAccount(tx: Transaction): Promise<AccountRow | null> {
  await tx.$queryRaw`select id from whatsapp_account for update`; // Row security leaves the agency's own.
  return tx.whatsappAccount.findFirst();
}

/** What was sealed; undefined when another APP_KEY sealed it, which this connection mends. */
function unsealed(appKey: AppKey, sealed: string): string | undefined {
  try {
    return open(appKey, sealed);
  } catch {
    return undefined;
  }
}

/** The message never repeats the secret. What goes into a header has no blank and no other script. */
function secretProblem(text: string, { least, most }: { least: number; most: number }): string | undefined {
  if (!/^[\x21-\x7e]*$/.test(text)) return 'must be letters, digits and signs of ASCII without blanks';
  if (text.length < least || text.length > most) return `must be from ${least} to ${most} characters`;
  return undefined;
}

const ConnectWhatsappInput = builder.inputType('ConnectWhatsappInput', {
  description: 'What Bellhop needs to send from the agency’s number, all of it from the Meta app’s dashboard.',
  fields: (t) => ({
    phoneNumberId: t.string({ required: true, description: 'Meta’s id of the number, not the number itself.' }),
    token: t.string({
      required: true,
      description: 'An access token of a system user with whatsapp_business_messaging. Kept encrypted.',
    }),
    appSecret: t.string({ required: true, description: 'Of the Meta app: it signs the callbacks. Kept encrypted.' }),
    verifyToken: t.string({
      description: 'What Meta will say when the callback URL is set. Made, and answered once, when not given.',
    }),
  }),
});

builder.mutationField('connectWhatsapp', (t) =>
  t.field({
    type: WhatsappAccount,
    description: 'Connects the agency’s WhatsApp number, or replaces what is known of it. The secrets are never shown.',
    ability: 'agency:write',
    args: { input: t.arg({ type: ConnectWhatsappInput, required: true }) },
    resolve: (_root, { input }, { viewer }) => connectWhatsapp(viewer, input),
  }),
);
