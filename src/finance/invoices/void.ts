import { clock } from '../../core/clock.ts';
import { fromDay } from '../../core/dates.ts';
import { Conflict } from '../../core/errors.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import { builder } from '../../graph/builder.ts';
import { changed } from '../../outbox/audit.ts';
import { invoiceSent } from './events.ts';
import { drawNumber } from './number.ts';
import { notFrom } from './send.ts';
import { Invoice, type InvoiceRow, linesOf, lockInvoice } from './types.ts';

/**
 * Takes a sent invoice back with a credit note that mirrors it, so that the numbers stay whole and the books add up to
 * nothing. The credit note is sent with it, and told as sent: who keeps the books from events must see it.
 */
export function voidInvoice(viewer: Viewer, { id }: { id: string }) {
  return viewer.write(async (tx, emit, audit) => {
    const before = await lockInvoice(tx, id);
    if (before.kind === 'CREDIT_NOTE') throw notFrom('voided', 'Write another invoice instead.')(before);
    if (before.status === 'VOID') return before; // A retry has nothing new to tell anyone.
    if (before.status === 'DRAFT') throw notFrom('voided', 'Delete it instead.')(before);
    if (before.paidMinor > 0) {
      const hint = 'Money has come for this invoice, and a credit note would leave it without a reason.';
      throw new Conflict('INVALID_TRANSITION', `${hint} Bill what should have been billed with another one.`);
    }
    const { note, lines } = await writeCreditNote(viewer, tx, before);
    const invoice = await tx.invoice.update({
      where: { id: before.id },
      data: { status: 'VOID', voidedAt: clock.now(), version: { increment: 1 } },
    });
    await emit(invoiceSent, { invoice: note, lines });
    audit('invoice.voided', `invoice:${invoice.id}`, changed(before, invoice));
    return invoice;
  });
}

/** The same lines with the signs turned round: the amounts are mirrored, not computed anew, so no rounding differs. */
async function writeCreditNote(viewer: Viewer, tx: Transaction, invoice: InvoiceRow) {
  const { agencyId } = invoice;
  const note = await tx.invoice.create({
    data: {
      agencyId,
      kind: 'CREDIT_NOTE',
      status: 'SENT',
      number: await drawNumber(viewer, tx, 'CREDIT_NOTE'),
      creditsId: invoice.id,
      ownerId: invoice.ownerId,
      bookingId: invoice.bookingId,
      customerName: invoice.customerName,
      customerEmail: invoice.customerEmail,
      customerAddress: invoice.customerAddress,
      customerTaxId: invoice.customerTaxId,
      currency: invoice.currency,
      issuedOn: fromDay(viewer.today),
      netMinor: -invoice.netMinor,
      taxMinor: -invoice.taxMinor,
      totalMinor: -invoice.totalMinor,
      sentAt: clock.now(),
    },
  });
  await tx.$executeRaw`
    insert into invoice_line (agency_id, invoice_id, position, description, quantity_thousandths, unit_price_minor,
      tax_basis_points, net_minor, tax_minor)
    select agency_id, ${note.id}::int, position, description, -quantity_thousandths, unit_price_minor, tax_basis_points,
      -net_minor, -tax_minor
    from invoice_line where invoice_id = ${invoice.id}::int order by position`;
  return { note, lines: await linesOf(tx, note) };
}

builder.mutationField('voidInvoice', (t) =>
  t.field({
    type: Invoice,
    description:
      'Takes a sent invoice back, of which nothing has been paid, by a credit note with a number of its own.',
    ability: 'invoices:write',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { viewer }) => voidInvoice(viewer, { id }),
  }),
);
