import { clock } from '../../core/clock.ts';
import type { Emit } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import { changed } from '../../outbox/audit.ts';
import { invoicePaid } from './events.ts';
import { type InvoiceRow, linesOf, lockInvoice } from './types.ts';

/**
 * Counts money that has come for an invoice. The payment that completes it makes it paid, once; what comes for one that has
 * been paid or taken back meanwhile is counted all the same, because it is there.
 */
export async function settleInvoice(
  tx: Transaction,
  emit: Emit,
  { invoiceId, amountMinor }: { invoiceId: number; amountMinor: bigint },
): Promise<InvoiceRow> {
  const before = await lockInvoice(tx, invoiceId);
  const paidMinor = before.paidMinor + amountMinor;
  const completes = before.status === 'SENT' && paidMinor >= before.totalMinor;
  const invoice = await tx.invoice.update({
    where: { id: before.id },
    data: { paidMinor, version: { increment: 1 }, ...(completes && { status: 'PAID', paidAt: clock.now() }) },
  });
  if (completes) await emit(invoicePaid, { invoice, lines: await linesOf(tx, invoice) }, changed(before, invoice));
  return invoice;
}
