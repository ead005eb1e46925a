import { Conflict, Invalid, refuse } from '../../core/errors.ts';
import { MAX_TOTAL_MINOR, toMinor } from '../../core/money.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import { parseId } from '../../graph/ids.ts';
import { leftOf, restProblem } from '../invoices/pay.ts';
import { notFrom } from '../invoices/send.ts';
import { lockInvoice } from '../invoices/types.ts';
import type { PaymentRow } from './types.ts';

/** What somebody says that a payment pays. */
export interface Target {
  purpose: PaymentRow['purpose'];
  bookingId?: string | null;
  invoiceId?: string | null;
  plan?: PaymentRow['plan'];
  months?: number | null;
  amount: string;
}

/** Longer than anybody pays ahead. */
export const MOST_MONTHS = 36;

export function targetProblems({ purpose, bookingId, invoiceId, plan, months }: Target) {
  const problem = (wanted: boolean, id: string | null | undefined) =>
    wanted === (id == null) && (wanted ? 'is needed for this purpose' : 'is not for this purpose');
  const foreign = (value: unknown) => purpose !== 'SUBSCRIPTION' && value != null && 'is not for this purpose';
  return {
    bookingId: problem(purpose === 'BOOKING', bookingId),
    invoiceId: problem(purpose === 'INVOICE', invoiceId),
    plan: foreign(plan) || (plan === 'TRIAL' && 'must be STARTER or BUSINESS: a trial is not paid for'),
    months: foreign(months) || (months != null && monthsProblem(months)),
  };
}

export const monthsProblem = (months: number) =>
  (months < 1 || months > MOST_MONTHS) && `must be from 1 to ${MOST_MONTHS}`;

/** The columns of what is paid, in whose currency, and that so much of it can be. */
export async function targetOf(viewer: Viewer, tx: Transaction, target: Target) {
  if (target.purpose === 'INVOICE') return invoiceOf(tx, target);
  const booking =
    target.purpose === 'BOOKING'
      ? await tx.booking.findFirst({ where: { id: parseId(target.bookingId!) ?? -1 } })
      : undefined;
  if (booking === null) throw new Invalid({ bookingId: ['is not a booking of this agency'] });
  const currency = booking?.currency ?? viewer.agency.currency;
  // A stay may be paid more than its price: a tax, a caution, a dinner.
  const amountMinor = amountOf(target, currency, MAX_TOTAL_MINOR);
  if (booking) return { bookingId: booking.id, amountMinor, currency };
  return { ...renewalOf(target), amountMinor, currency };
}

async function invoiceOf(tx: Transaction, target: Target) {
  const id = parseId(target.invoiceId!) ?? -1;
  if ((await tx.invoice.count({ where: { id } })) === 0)
    throw new Invalid({ invoiceId: ['is not an invoice of this agency'] });
  const invoice = await lockInvoice(tx, id);
  if (invoice.status !== 'SENT' || invoice.kind !== 'INVOICE')
    throw notFrom('paid', 'Only a sent invoice is.')(invoice);
  const { currency } = invoice;
  return { invoiceId: invoice.id, amountMinor: amountOf(target, currency, leftOf(invoice)), currency };
}

function amountOf({ amount }: Target, currency: string, mostMinor: number): bigint {
  const amountMinor = toMinor(amount, currency, MAX_TOTAL_MINOR);
  refuse({ amount: restProblem(amountMinor, mostMinor, currency) });
  return BigInt(amountMinor!);
}

/** A payment of the subscription that doesn't say pays a month of the plan that the API is part of. */
const renewalOf = ({ plan, months }: Target) => ({ plan: plan ?? 'BUSINESS', months: months ?? 1 }) as const;

/** Refuses who tells of a known order that it is for something else. */
export function requireSame(known: PaymentRow, target: Target): void {
  const { purpose, bookingId, invoiceId, plan, months, amount } = target;
  const amountMinor = toMinor(amount, known.currency, MAX_TOTAL_MINOR);
  const same =
    known.purpose === purpose &&
    known.bookingId === (bookingId == null ? null : parseId(bookingId)) &&
    known.invoiceId === (invoiceId == null ? null : parseId(invoiceId)) &&
    (plan ?? known.plan) === known.plan &&
    (months ?? known.months) === known.months &&
    amountMinor === Number(known.amountMinor);
  if (same) return;
  throw new Conflict('ORDER_TAKEN', `The order ${known.orderId} is payment ${known.id}, which is for something else.`);
}
