import { fromDay } from '../../core/dates.ts';
import { refuse, refuseNulls } from '../../core/errors.ts';
import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { changed } from '../../outbox/audit.ts';
import { customerOf, type InvoiceFields, InvoiceLineInput, invoiceProblems, priceLines } from './input.ts';
import { notFrom } from './send.ts';
import { Invoice, lockInvoice } from './types.ts';

/** Changes a draft. What has been sent stays as it is; it is taken back whole, by a credit note. */
export function updateInvoice(viewer: Viewer, { id, input }: { id: string; input: InvoiceFields }) {
  refuseNulls(input, ['customerName', 'lines']);
  refuse(invoiceProblems(input));
  return viewer.write(async (tx, _emit, audit) => {
    const before = await lockInvoice(tx, id);
    if (before.status !== 'DRAFT') throw notFrom('changed', 'Void it and write another.')(before);
    const priced = input.lines && priceLines(input.lines, before.currency);
    const { ownerId, bookingId } = await customerOf(tx, {
      customerName: before.customerName,
      ownerId: input.ownerId,
      bookingId: input.bookingId,
    });
    if (priced) {
      await tx.invoiceLine.deleteMany({ where: { invoiceId: before.id } });
      await tx.invoiceLine.createMany({
        data: priced.lines.map((line) => ({ agencyId: before.agencyId, invoiceId: before.id, ...line })),
      });
    }
    const invoice = await tx.invoice.update({
      where: { id: before.id },
      data: {
        ownerId: input.ownerId === undefined ? undefined : ownerId,
        bookingId: input.bookingId === undefined ? undefined : bookingId,
        customerName: input.customerName?.trim(),
        customerEmail: input.customerEmail,
        customerAddress: trimmed(input.customerAddress),
        customerTaxId: trimmed(input.customerTaxId),
        dueOn: input.dueOn == null ? input.dueOn : fromDay(input.dueOn),
        notes: input.notes,
        ...priced?.totals,
        version: { increment: 1 },
      },
    });
    // The lines themselves are the customer's business; that they are others, and how many, is the auditor's.
    const changes = { ...changed(before, invoice), ...(priced && { linesReplacedBy: priced.lines.length }) };
    audit('invoice.updated', `invoice:${invoice.id}`, changes);
    return invoice;
  });
}

const trimmed = (text: string | null | undefined) => (text == null ? text : text.trim() || null);

const UpdateInvoiceInput = builder.inputType('UpdateInvoiceInput', {
  fields: (t) => ({
    ownerId: t.id({ description: 'The owner whom it bills. The name and the address stay as they are.' }),
    bookingId: t.id({ description: 'The stay that it bills.' }),
    customerName: t.string({ description: 'Whom it bills.' }),
    customerEmail: t.field({ type: 'EmailAddress', description: 'Their e-mail address.' }),
    customerAddress: t.string({ description: 'Their postal address, as it is printed.' }),
    customerTaxId: t.string({ description: 'Their tax number.' }),
    dueOn: t.field({ type: 'LocalDate', description: 'The day by which it is to be paid.' }),
    notes: t.string({ description: 'What else is printed on it.' }),
    lines: t.field({ type: [InvoiceLineInput], description: 'All of them, in place of those before.' }),
  }),
});

builder.mutationField('updateInvoice', (t) =>
  t.field({
    type: Invoice,
    description: 'Changes the fields of a draft that are given and leaves the others as they are.',
    ability: 'invoices:write',
    args: { id: t.arg.id({ required: true }), input: t.arg({ type: UpdateInvoiceInput, required: true }) },
    resolve: (_root, { id, input }, { viewer }) => updateInvoice(viewer, { id, input }),
  }),
);
