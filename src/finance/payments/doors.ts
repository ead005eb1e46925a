import { open } from '../../core/secrets.ts';
import type { Services } from '../../core/viewer.ts';
import type { Call, Door } from '../../gateway/doors.ts';
import { parseId } from '../../graph/ids.ts';
import { agencyViewer } from '../../platform/agency-viewer.ts';
import { noteForgery, takeCallback, type Verdict } from './cmi/callback.ts';
import { isSigned } from './cmi/hash.ts';

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
        'What CMI calls after each try of a guest to pay by card. It needs no token: its `HASH` (version 3) is made with the store key of the account. `oid` is the order of a payment, or else the reference of a booking, with `-2`, `-3` … after it for further deposits.',
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
async function verdictOf({ path, body, ip, requestId }: Call, services: Services): Promise<Verdict> {
  const fields: ReadonlyMap<string, string> = new Map(new URLSearchParams(body.toString('utf8')));
  const id = parseId(path[0]!);
  const viewer = id && (await agencyViewer(services, id, 'cmi', { ip, requestId }));
  const account = viewer && (await viewer.db.cmiAccount.findFirst());
  const signed = isSigned(fields, account ? open(services.config.appKey, account.storeKeySealed) : '');
  if (!viewer || !account) return 'FAILURE';
  if (signed && fields.get('clientid') === account.clientId) return takeCallback(viewer, fields);
  await noteForgery(viewer, fields);
  return 'FAILURE';
}
