import { refuse } from '../../core/errors.ts';
import { MAX_TOTAL_MINOR, toDecimal, toMinor } from '../../core/money.ts';
import { textProblem } from '../../core/text.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import { builder } from '../../graph/builder.ts';
import { addPayment } from '../payments/settle.ts';
import { notFrom } from './send.ts';
import { Invoice, type InvoiceRow, lockInvoice } from './types.ts';

interface Paying {
  id: string;
  method?: string | null;
  amount?: string | null;
}

/** Records the payment of an invoice: of all that is left of it, or of the amount that is said. */
export function payInvoice(viewer: Viewer, { id, method, amount }: Paying) {
  refuse({ method: textProblem(method, { most: 50, required: true }) });
  return viewer.write(async (tx, emit, audit) => {
    const before = await lockInvoice(tx, id);
    const leftMinor = leftOf(before);
    const amountMinor = amount == null ? leftMinor : toMinor(amount, before.currency, MAX_TOTAL_MINOR);
    if (before.status === 'PAID' && (amount == null || (await isRecorded(tx, before, amountMinor)))) return before; // A retry.
    if (before.status !== 'SENT' || before.kind !== 'INVOICE') throw notFrom('paid', 'Only a sent invoice is.')(before);
    refuse({ amount: restProblem(amountMinor, leftMinor, before.currency) });
    const payment = {
      purpose: 'INVOICE' as const,
      invoiceId: before.id,
      amountMinor: BigInt(amountMinor!),
      currency: before.currency,
      method: method?.trim().toLowerCase() ?? 'transfer',
    };
    await addPayment(viewer, tx, { emit, audit }, payment, { status: 'SUCCEEDED' });
    return tx.invoice.findFirstOrThrow({ where: { id: before.id } });
  });
}

/** Whether the invoice has had a payment of this amount. Another one, of what is paid already, would be money that nobody sees. */
async function isRecorded(tx: Transaction, { id }: InvoiceRow, amountMinor: number | undefined): Promise<boolean> {
  if (amountMinor === undefined) return false;
  const payment = await tx.payment.findFirst({ where: { invoiceId: id, amountMinor, status: 'SUCCEEDED' } });
  return payment !== null;
}

/** What is still to be paid of an invoice. */
export const leftOf = ({ totalMinor, paidMinor }: InvoiceRow): number => Number(totalMinor - paidMinor);

/** What is wrong with an amount that is to be paid, of which no more than this is left. */
export function restProblem(amountMinor: number | undefined, leftMinor: number, currency: string): string | undefined {
  if (amountMinor === undefined || amountMinor <= 0)
    return `must be an amount of ${currency} above 0, with no more decimals than ${currency} has`;
  if (amountMinor > leftMinor)
    return `must not be more than the ${toDecimal(leftMinor, currency)} that are left to pay`;
  return undefined;
}

builder.mutationField('payInvoice', (t) =>
  t.field({
    type: Invoice,
    description: 'Records that an invoice was paid. `invoice.paid` is told once nothing is left of it.',
    ability: 'invoices:write',
    args: {
      id: t.arg.id({ required: true }),
      method: t.arg.string({ description: 'transfer, cash, card …; transfer when not said.' }),
      amount: t.arg({ type: 'Money', description: 'A part of what is left; all of it when not said.' }),
    },
    resolve: (_root, args, { viewer }) => payInvoice(viewer, args),
  }),
);
