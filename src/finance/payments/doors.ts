import { open } from '../../core/secrets.ts';
import type { Services, Viewer } from '../../core/viewer.ts';
import type { Call, Door } from '../../gateway/doors.ts';
import { parseId } from '../../graph/ids.ts';
import { agencyViewer } from '../../platform/agency-viewer.ts';
import { noteForgery, takeCallback, type Verdict } from './cmi/callback.ts';
import { CmiFields } from './cmi/fields.ts';
import { isSigned } from './cmi/hash.ts';
import type { PaymentRow } from './types.ts';

/** What CMI calls, from server to server, after each try of a guest to pay by card. */
export const cmiDoors: Door[] = [
  {
    method: 'POST',
    path: '/inbound/cmi/{agency}',
    about: {
      operationId: 'receiveCmiCallback',
      tag: 'Payments',
      summary: 'Hear from CMI how a card payment ended',
      description:
        'What CMI calls after each try of a guest to pay by card. It needs no token: its `HASH` (version 3) is made with the store key of the account. `oid` is the order of a payment, or else the reference of a booking, with `-2`, `-3` … after it for further deposits. Calls that can’t be believed are counted, and refused with 429 past the limit of a token.',
      body: 'application/x-www-form-urlencoded',
      answers: {
        200: {
          description:
            '`ACTION=POSTAUTH`: paid and kept, debit the card. `APPROVED`: a declined card was kept. `FAILURE`: not believed, or not what is waited for; nothing was kept.',
          type: 'text/plain',
          example: 'ACTION=POSTAUTH',
        },
      },
    },
    async serve(call, services) {
      const headers = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' };
      return { status: 200, headers, body: await verdictOf(call, services) };
    },
  },
];

/** Who can't prove to be CMI is answered the same whether there is such an agency or not. */
async function verdictOf(
  { path, body, ip, requestId, traceparent, distrust }: Call,
  services: Services,
): Promise<Verdict> {
  const fields = CmiFields.read(body);
  const id = parseId(path[0]!);
  const viewer = id && (await agencyViewer(services, id, 'cmi', { ip, requestId, traceparent }));
  const shops = viewer ? await shopsOf(viewer) : [NOBODYS];
  const signers = shops.filter(({ storeKey }) => fields && isSigned(fields, storeKey));
  const shop = signers.find(({ clientId }) => clientId === fields?.get('clientid'));
  if (viewer && fields && shop) return takeCallback(viewer, fields, shop.takes);
  await distrust();
  if (viewer && shops[0] !== NOBODYS) await noteForgery(viewer, fields);
  return 'FAILURE';
}

interface Shop {
  clientId: string | undefined;
  storeKey: string;
  takes(purpose: PaymentRow['purpose']): boolean;
}

/** So that a look at an agency without a shop takes as long as at one that has one. */
const NOBODYS: Shop = { clientId: undefined, storeKey: '', takes: () => false };

/** Who may speak of this agency's orders: its own shop, and for its subscription whoever runs Bellhop, where they have one. */
async function shopsOf(viewer: Viewer): Promise<Shop[]> {
  const { subscriptionShop, appKey } = viewer.config;
  const account = await viewer.db.cmiAccount.findFirst();
  const isSubscription = (purpose: PaymentRow['purpose']) => purpose === 'SUBSCRIPTION';
  const own = account && {
    clientId: account.clientId,
    storeKey: open(appKey, account.storeKeySealed),
    takes: (purpose: PaymentRow['purpose']) => !subscriptionShop || !isSubscription(purpose),
  };
  const shops = [own, subscriptionShop && { ...subscriptionShop, takes: isSubscription }].filter((shop) => !!shop);
  return shops.length > 0 ? shops : [NOBODYS];
}
