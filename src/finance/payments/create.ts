import { Conflict, Invalid, refuse } from '../../core/errors.ts';
import { toMinor } from '../../core/money.ts';
import { textProblem } from '../../core/text.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import { builder } from '../../graph/builder.ts';
import { parseId } from '../../graph/ids.ts';
import { restProblem } from '../invoices/pay.ts';
import { notFrom } from '../invoices/send.ts';
import { lockInvoice } from '../invoices/types.ts';
import { addPayment, type Outcome, settle } from './settle.ts';
import { lockOrder, Payment, PaymentPurpose, type PaymentRow, PaymentStatus } from './types.ts';

interface NewPayment {
  purpose: PaymentRow['purpose'];
  bookingId?: string | null;
  invoiceId?: string | null;
  amount: string;
  method: string;
  orderId?: string | null;
  status?: PaymentRow['status'] | null;
  providerReference?: string | null;
  failureReason?: string | null;
}

/**
 * Records a payment. An order is one payment: who tells of the same order again is answered with the payment there is, ended
 * as they say where it had not been, and who tells something else of it is refused.
 */
export function createPayment(viewer: Viewer, input: NewPayment) {
  const method = input.method.trim().toLowerCase();
  const orderId = input.orderId?.trim() || null;
  refuse({
    ...targetProblems(input),
    method: textProblem(input.method, { most: 50, required: true }),
    orderId: textProblem(input.orderId, { most: 100 }),
    providerReference: textProblem(input.providerReference),
    failureReason: input.failureReason != null && input.status !== 'FAILED' && 'is only for a payment that failed',
  });
  refuse({ failureReason: textProblem(input.failureReason, { most: 1_000 }) });
  const outcome = outcomeOf(input);
  return viewer.write(async (tx, emit, audit) => {
    const known = orderId === null ? undefined : await lockOrder(tx, orderId);
    if (known) {
      requireSame(known, input);
      return outcome ? settle(tx, { emit, audit }, known, outcome) : known;
    }
    const target = await targetOf(viewer, tx, input);
    const payment = { purpose: input.purpose, ...target, method, orderId };
    return addPayment(viewer, tx, { emit, audit }, payment, outcome);
  });
}

/** Money that is recorded has come, unless somebody says otherwise. */
function outcomeOf({ status, providerReference, failureReason }: NewPayment): Outcome | undefined {
  if (status === 'PENDING') return undefined;
  return { status: status ?? 'SUCCEEDED', providerReference, failureReason };
}

function targetProblems({ purpose, bookingId, invoiceId }: NewPayment) {
  const problem = (wanted: boolean, id: string | null | undefined) =>
    wanted === (id == null) && (wanted ? 'is needed for this purpose' : 'is not for this purpose');
  return {
    bookingId: problem(purpose === 'BOOKING', bookingId),
    invoiceId: problem(purpose === 'INVOICE', invoiceId),
  };
}

/** What is paid, in whose currency, and that so much of it can be. */
async function targetOf(viewer: Viewer, tx: Transaction, input: NewPayment) {
  if (input.purpose === 'INVOICE') {
    const id = parseId(input.invoiceId!) ?? -1;
    if ((await tx.invoice.count({ where: { id } })) === 0)
      throw new Invalid({ invoiceId: ['is not an invoice of this agency'] });
    const invoice = await lockInvoice(tx, id);
    if (invoice.status !== 'SENT' || invoice.kind !== 'INVOICE')
      throw notFrom('paid', 'Only a sent invoice is.')(invoice);
    const amountMinor = toMinor(input.amount, invoice.currency);
    const { currency } = invoice;
    refuse({ amount: restProblem(amountMinor, invoice.totalMinor - invoice.paidMinor, currency) });
    return { invoiceId: invoice.id, amountMinor: amountMinor!, currency };
  }
  const booking =
    input.purpose === 'BOOKING'
      ? await tx.booking.findFirst({ where: { id: parseId(input.bookingId!) ?? -1 } })
      : undefined;
  if (booking === null) throw new Invalid({ bookingId: ['is not a booking of this agency'] });
  const currency = booking?.currency ?? viewer.agency.currency;
  const amountMinor = toMinor(input.amount, currency);
  // A stay may be paid more than its price: a tax, a caution, a dinner.
  refuse({ amount: restProblem(amountMinor, Number.POSITIVE_INFINITY, currency) });
  return { bookingId: booking?.id, amountMinor: amountMinor!, currency };
}

function requireSame(known: PaymentRow, { purpose, bookingId, invoiceId, amount }: NewPayment): void {
  const same =
    known.purpose === purpose &&
    known.bookingId === (bookingId == null ? null : parseId(bookingId)) &&
    known.invoiceId === (invoiceId == null ? null : parseId(invoiceId)) &&
    known.amountMinor === toMinor(amount, known.currency);
  if (same) return;
  throw new Conflict('ORDER_TAKEN', `The order ${known.orderId} is payment ${known.id}, which is for something else.`);
}

const CreatePaymentInput = builder.inputType('CreatePaymentInput', {
  fields: (t) => ({
    purpose: t.field({ type: PaymentPurpose, required: true, description: 'What is paid.' }),
    bookingId: t.id({ description: 'The stay that is paid; for the purpose BOOKING.' }),
    invoiceId: t.id({ description: 'The invoice that is paid; for the purpose INVOICE.' }),
    amount: t.field({
      type: 'Money',
      required: true,
      description: 'In the currency of what is paid; above 0, and of an invoice no more than is left.',
    }),
    method: t.string({ required: true, description: 'cmi, card, transfer, cash …; kept in lower case.' }),
    orderId: t.string({
      description: 'What the provider calls the order. With one, recording it again changes nothing.',
    }),
    status: t.field({ type: PaymentStatus, description: 'SUCCEEDED when not said.' }),
    providerReference: t.string({ description: 'What the provider calls the transaction.' }),
    failureReason: t.string({ description: 'Why it failed, for a payment that failed.' }),
  }),
});

builder.mutationField('createPayment', (t) =>
  t.field({
    type: Payment,
    description:
      'Records a payment of a stay, of an invoice or of the subscription. With the id of an order, telling it again changes nothing.',
    ability: 'payments:write',
    args: { input: t.arg({ type: CreatePaymentInput, required: true }) },
    resolve: (_root, { input }, { viewer }) => createPayment(viewer, input),
  }),
);
