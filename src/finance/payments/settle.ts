import { clock } from '../../core/clock.ts';
import type { Audit, Emit, Viewer } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import { changed } from '../../outbox/audit.ts';
import { settleInvoice } from '../invoices/settle.ts';
import { renewSubscription, startGrace } from '../subscription/renew.ts';
import { bookingPaymentReceived, paymentFailed, paymentSucceeded } from './events.ts';
import type { PaymentRow } from './types.ts';

/** How a payment ended, and what the provider said of it. */
export interface Outcome {
  status: 'SUCCEEDED' | 'FAILED';
  providerReference?: string | null;
  failureCode?: string | null;
  failureReason?: string | null;
}

type NewPayment = Pick<PaymentRow, 'purpose' | 'amountMinor' | 'currency' | 'method'> &
  Partial<Pick<PaymentRow, 'bookingId' | 'invoiceId' | 'plan' | 'months' | 'orderId'>>;

/** What `viewer.write` gives for telling. */
export interface Told {
  emit: Emit;
  audit: Audit;
}

/** Writes a payment down, and what follows from it where it has ended already. */
export async function addPayment(
  viewer: Viewer,
  tx: Transaction,
  told: Told,
  facts: NewPayment,
  outcome?: Outcome,
): Promise<PaymentRow> {
  const payment = await tx.payment.create({
    data: { agencyId: viewer.agency.id, ...facts, status: 'PENDING', ...(outcome && ended(outcome)) },
  });
  if (outcome) await follow(tx, told, payment);
  else told.audit('payment.created', `payment:${payment.id}`);
  return payment;
}

/**
 * Ends a payment that is held, as far as that is news. Providers tell twice and in any order: a failure says nothing of a
 * payment that has succeeded or failed before, and a success counts after a failure, because the guest tried again.
 */
export async function settle(tx: Transaction, told: Told, before: PaymentRow, outcome: Outcome): Promise<PaymentRow> {
  if (before.status === 'SUCCEEDED' || before.status === outcome.status) return before;
  const data = { ...ended(outcome), version: { increment: 1 } };
  const payment = await tx.payment.update({ where: { id: before.id }, data });
  await follow(tx, told, payment, changed(before, payment));
  return payment;
}

function ended({ status, providerReference, failureCode, failureReason }: Outcome) {
  const now = clock.now();
  return status === 'SUCCEEDED'
    ? { status, providerReference, paidAt: now, failedAt: null, failureCode: null, failureReason: null }
    : { status, providerReference, failedAt: now, failureCode, failureReason };
}

/** Tells how it ended, and what is paid by it. */
async function follow(
  tx: Transaction,
  { emit, audit }: Told,
  payment: PaymentRow,
  changes: object | null = null,
): Promise<void> {
  const { agencyId, bookingId, invoiceId, amountMinor, purpose } = payment;
  if (payment.status === 'FAILED') {
    await emit(paymentFailed, { payment }, changes);
    if (purpose === 'SUBSCRIPTION') await startGrace(tx, audit, agencyId);
    return;
  }
  await emit(paymentSucceeded, { payment }, changes);
  if (bookingId !== null) {
    const booking = await tx.booking.update({ where: { id: bookingId }, data: { version: { increment: 1 } } });
    await emit(bookingPaymentReceived, { booking, payment });
  }
  if (invoiceId !== null) await settleInvoice(tx, emit, { invoiceId, amountMinor });
  if (purpose === 'SUBSCRIPTION') await renewSubscription(tx, emit, { agencyId, payment });
}
