import { MAX_TOTAL_MINOR, toMinor } from '../../../core/money.ts';
import type { Viewer } from '../../../core/viewer.ts';
import type { Transaction } from '../../../database/index.ts';
import { addPayment, type Outcome, settle } from '../settle.ts';
import { lockOrder, type PaymentRow } from '../types.ts';
import type { CmiFields } from './fields.ts';

/**
 * What CMI is answered. `ACTION=POSTAUTH` makes it debit the card; `APPROVED` is its word for having heard, which is all
 * there is to say of a card that was declined; `FAILURE` is for what isn't believed or can't be taken, and leaves an
 * authorisation for the agency to decide on in CMI's merchant center. (CMI's integration kit, the comment of its callback
 * example; the shops' own integrations that we found answer alike.)
 */
export type Verdict = 'ACTION=POSTAUTH' | 'APPROVED' | 'FAILURE';

/** The currencies that CMI's shops have, by ISO 4217's numbers. */
const CURRENCIES: Record<string, string> = { '504': 'MAD', '978': 'EUR', '840': 'USD', '826': 'GBP' };

/**
 * Takes note of a signed callback. CMI tells of every try, again until it is answered, and in any order: an order is one
 * payment, which fails once, may succeed after that, and stays as it is once it has. Money is only debited that somebody
 * waits for, in the amount and the currency that are waited for.
 */
export function takeCallback(
  viewer: Viewer,
  fields: CmiFields,
  takes: (purpose: PaymentRow['purpose']) => boolean,
): Promise<Verdict> {
  const orderId = fields.get('oid')?.trim() ?? '';
  const outcome = outcomeOf(fields);
  return viewer.write(async (tx, emit, audit) => {
    const refused = (reason: string): Verdict => {
      audit('cmi.callback_refused', 'cmi_callback', { orderId: orderId.slice(0, 100), reason }, 'WARNING');
      return 'FAILURE';
    };
    if (orderId === '' || orderId.length > 100) return refused('unknown order');
    const first = await lockOrder(tx, orderId);
    const booking = first && first.status !== 'FAILED' ? undefined : await bookingOf(tx, orderId);
    // Who waited for the stay finds the payment that the same callback has made meanwhile.
    const known = first ?? (booking && (await lockOrder(tx, orderId)));
    const order = known ?? booking;
    if (!order) return refused('unknown order');
    if (!takes(known?.purpose ?? 'BOOKING')) return refused('an order of another shop');
    if (CURRENCIES[fields.get('currency') ?? ''] !== order.currency) return refused('another currency');
    const amountMinor = toMinor(fields.get('amount') ?? '', order.currency, MAX_TOTAL_MINOR) ?? 0;
    if (known ? amountMinor !== Number(known.amountMinor) : amountMinor <= 0 || amountMinor > booking!.leftMinor)
      return refused('another amount');
    const heard = outcome.status === 'SUCCEEDED' ? 'ACTION=POSTAUTH' : 'APPROVED';
    if (known?.status === 'SUCCEEDED') return heard;
    if (outcome.status === 'SUCCEEDED') {
      const obstacle = await whyNotDebit(tx, known ?? { bookingId: booking!.id, invoiceId: null });
      if (obstacle) return refused(obstacle);
      if (known && known.bookingId === booking?.id && isPaidOtherwise(booking, amountMinor))
        return refused('the stay was paid by another order');
    }
    if (known) await settle(tx, { emit, audit }, known, outcome);
    else {
      const { id: bookingId, currency } = booking!;
      const facts = { bookingId, amountMinor: BigInt(amountMinor), currency, method: 'cmi', orderId };
      await addPayment(viewer, tx, { emit, audit }, { purpose: 'BOOKING', ...facts }, outcome);
    }
    return heard;
  });
}

/** A forged or altered callback leaves this line and nothing else. */
export function noteForgery(viewer: Viewer, fields: CmiFields | undefined): Promise<void> {
  const orderId = (fields?.get('oid') ?? '').replaceAll('\0', '').slice(0, 100);
  return viewer.write(async (_tx, _emit, audit) => {
    audit(
      'cmi.callback_refused',
      'cmi_callback',
      { orderId, reason: fields ? 'wrong hash' : 'a field twice' },
      'WARNING',
    );
  });
}

/** "00" is the one good code; a callback without any is a try that failed. */
function outcomeOf(fields: CmiFields): Outcome {
  const said = (name: string, most: number) => fields.get(name)?.replaceAll('\0', '').trim().slice(0, most) || null;
  const code = said('ProcReturnCode', 20);
  const providerReference = said('TransId', 200);
  if (code === '00') return { status: 'SUCCEEDED', providerReference };
  const failureReason = said('ErrMsg', 1_000) ?? said('Response', 1_000) ?? 'The card was declined.';
  return { status: 'FAILED', providerReference, failureCode: code, failureReason };
}

/** The stay that an order without a payment is the deposit of: the order is its reference, or that and `-2` for a second one. */
async function bookingOf(tx: Transaction, orderId: string) {
  const references = [orderId, orderId.replace(/-\d+$/, '')];
  const found = await tx.booking.findMany({ where: { reference: { in: references } } });
  const booking = found.find(({ reference }) => reference === orderId) ?? found[0];
  if (!booking) return undefined;
  await tx.$queryRaw`select id from booking where id = ${booking.id} for update`; // Two deposits at once see each other.
  const paid = await tx.payment.aggregate({
    where: { bookingId: booking.id, status: 'SUCCEEDED' },
    _sum: { amountMinor: true },
  });
  const paidMinor = Number(paid._sum.amountMinor ?? 0);
  return { id: booking.id, currency: booking.currency, paidMinor, leftMinor: booking.grossMinor - paidMinor };
}

/** Of a try that had failed. Who asked for more than the price, and was paid nothing yet, may have it. */
const isPaidOtherwise = ({ paidMinor, leftMinor }: { paidMinor: number; leftMinor: number }, amountMinor: number) =>
  paidMinor > 0 && amountMinor > leftMinor;

/** Why a card must not be debited for this any more. */
async function whyNotDebit(
  tx: Transaction,
  { bookingId, invoiceId }: Pick<PaymentRow, 'bookingId' | 'invoiceId'>,
): Promise<string | undefined> {
  const booking = bookingId === null ? null : await tx.booking.findFirst({ where: { id: bookingId } });
  if (booking?.status === 'CANCELLED' || booking?.status === 'NO_SHOW') return 'the stay is cancelled';
  const invoice = invoiceId === null ? null : await tx.invoice.findFirst({ where: { id: invoiceId } });
  return invoice && invoice.status !== 'SENT' ? 'the invoice is paid or void' : undefined;
}
