import { fromDay } from '../../core/dates.ts';
import { refuse } from '../../core/errors.ts';
import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { customerOf, type InvoiceFields, InvoiceLineInput, invoiceProblems, priceLines } from './input.ts';
import { Invoice } from './types.ts';

/** Writes a draft. It has no number and can be changed and deleted until it is sent. */
export function createInvoice(viewer: Viewer, input: InvoiceFields) {
  refuse(invoiceProblems(input));
  const { currency, id: agencyId } = viewer.agency;
  const { lines, totals } = priceLines(input.lines ?? [], currency);
  return viewer.write(async (tx, _emit, audit) => {
    const invoice = await tx.invoice.create({
      data: {
        agencyId,
        ...(await customerOf(tx, input)),
        currency,
        dueOn: input.dueOn == null ? null : fromDay(input.dueOn),
        notes: input.notes,
        ...totals,
      },
    });
    await tx.invoiceLine.createMany({ data: lines.map((line) => ({ agencyId, invoiceId: invoice.id, ...line })) });
    audit('invoice.created', `invoice:${invoice.id}`);
    return invoice;
  });
}

const CreateInvoiceInput = builder.inputType('CreateInvoiceInput', {
  fields: (t) => ({
    ownerId: t.id({ description: 'The owner whom it bills; the name and the address are taken from there.' }),
    bookingId: t.id({ description: 'The stay that it bills; the name is the guest’s where no owner is named.' }),
    customerName: t.string({ description: 'Whom it bills. Needed where no owner and no booking is named.' }),
    customerEmail: t.field({ type: 'EmailAddress', description: 'Their e-mail address.' }),
    customerAddress: t.string({ description: 'Their postal address, as it is printed.' }),
    customerTaxId: t.string({ description: 'Their tax number: ICE, IF, SIRET …' }),
    dueOn: t.field({ type: 'LocalDate', description: 'The day by which it is to be paid.' }),
    notes: t.string({ description: 'What else is printed on it.' }),
    lines: t.field({ type: [InvoiceLineInput], description: 'What it bills, in this order: at most 500.' }),
  }),
});

builder.mutationField('createInvoice', (t) =>
  t.field({
    type: Invoice,
    description: 'Writes a draft of an invoice, in the agency’s currency.',
    ability: 'invoices:write',
    args: { input: t.arg({ type: CreateInvoiceInput, required: true }) },
    resolve: (_root, { input }, { viewer }) => createInvoice(viewer, input),
  }),
);
