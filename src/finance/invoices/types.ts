import type { InvoiceLine as InvoiceLineRow, Invoice as InvoiceRow } from '../../../prisma/generated/client/client.ts';
import { InvoiceKind as Kinds, InvoiceStatus as Statuses } from '../../../prisma/generated/client/enums.ts';
import { NotFound } from '../../core/errors.ts';
import { toDecimal } from '../../core/money.ts';
import type { Transaction } from '../../database/index.ts';
import { builder } from '../../graph/builder.ts';
import { parseId } from '../../graph/ids.ts';
import { declareList } from '../../graph/list.ts';
import { declareRead } from '../../graph/read.ts';
import { amount } from '../../graph/sql.ts';

export type { InvoiceLineRow, InvoiceRow };

export const InvoiceKind = builder.enumType('InvoiceKind', {
  description: 'A bill, or what takes one back.',
  values: Object.keys(Kinds) as (keyof typeof Kinds)[],
});

export const InvoiceStatus = builder.enumType('InvoiceStatus', {
  description: 'Where an invoice is in its life: draft → sent → paid, or void once a credit note has taken it back.',
  values: Object.keys(Statuses) as (keyof typeof Statuses)[],
});

builder.prismaObject('InvoiceLine', {
  description: 'What is billed, how much of it, and its tax.',
  fields: (t) => ({
    position: t.exposeInt('position', { description: 'Where it stands on the invoice, from 1.' }),
    description: t.exposeString('description', { description: 'What is billed.' }),
    quantity: t.float({
      description: 'How much of it, with three decimals at most; negative on a credit note.',
      resolve: ({ quantityThousandths }) => quantityThousandths / 1_000,
    }),
    unitPrice: t.field({
      type: 'Money',
      description: 'Of one, before tax, in the invoice’s currency.',
      select: { unitPriceMinor: true, invoice: { select: { currency: true } } },
      resolve: ({ unitPriceMinor, invoice }) => toDecimal(unitPriceMinor, invoice.currency),
    }),
    taxPercent: t.float({
      description: 'The tax on top of it, 20 for 20 %.',
      resolve: ({ taxBasisPoints }) => taxBasisPoints / 100,
    }),
    netAmount: t.field({
      type: 'Money',
      description: 'Quantity times unit price, half a centime up.',
      select: { netMinor: true, invoice: { select: { currency: true } } },
      resolve: ({ netMinor, invoice }) => toDecimal(netMinor, invoice.currency),
    }),
    taxAmount: t.field({
      type: 'Money',
      description: 'The tax on the net amount, half a centime up.',
      select: { taxMinor: true, invoice: { select: { currency: true } } },
      resolve: ({ taxMinor, invoice }) => toDecimal(taxMinor, invoice.currency),
    }),
  }),
});

export const Invoice = builder.prismaObject('Invoice', {
  description:
    'A bill to an owner, a guest or anybody else. From its sending on, its lines and its number stay as they are.',
  fields: (t) => ({
    id: t.exposeID('id'),
    kind: t.expose('kind', { type: InvoiceKind, description: 'Whether it bills, or takes a bill back.' }),
    status: t.expose('status', { type: InvoiceStatus }),
    number: t.exposeString('number', {
      nullable: true,
      description: '`INV-2026-0001`, of a credit note `CN-2026-0001`: without gaps in a year. Null for a draft.',
    }),
    ownerId: t.exposeID('ownerId', { nullable: true, description: 'The owner whom it bills.' }),
    owner: t.relation('owner', {
      nullable: true,
      ability: 'owners:read',
      description: 'The owner whom it bills.',
    }),
    bookingId: t.exposeID('bookingId', { nullable: true, description: 'The stay that it bills.' }),
    booking: t.relation('booking', {
      nullable: true,
      ability: 'bookings:read',
      description: 'The stay that it bills.',
    }),
    creditsId: t.exposeID('creditsId', { nullable: true, description: 'The invoice that a credit note takes back.' }),
    creditNoteId: t.id({
      nullable: true,
      description: 'The credit note that has taken it back.',
      select: { creditNotes: { select: { id: true }, take: 1 } },
      resolve: ({ creditNotes }) => creditNotes[0]?.id ?? null,
      sql: (i) => `(select n.id from invoice n where n.agency_id = ${i}.agency_id and n.credits_id = ${i}.id limit 1)`,
    }),
    customerName: t.exposeString('customerName', { description: 'Whom it bills.' }),
    customerEmail: t.exposeString('customerEmail', { nullable: true, description: 'Their e-mail address.' }),
    customerAddress: t.exposeString('customerAddress', {
      nullable: true,
      description: 'Their postal address, as it is printed.',
    }),
    customerTaxId: t.exposeString('customerTaxId', {
      nullable: true,
      description: 'Their tax number: ICE, IF, SIRET …',
    }),
    currency: t.expose('currency', { type: 'Currency' }),
    issuedOn: t.expose('issuedOn', { type: 'LocalDate', nullable: true, description: 'The day on which it was sent.' }),
    dueOn: t.expose('dueOn', { type: 'LocalDate', nullable: true, description: 'The day by which it is to be paid.' }),
    netAmount: t.field({
      type: 'Money',
      description: 'The sum of its lines before tax.',
      resolve: ({ netMinor, currency }) => toDecimal(netMinor, currency),
      sql: (i, known) => amount(`${i}.net_minor`, `${i}.currency`, known),
    }),
    taxAmount: t.field({
      type: 'Money',
      description: 'The sum of its lines’ taxes.',
      resolve: ({ taxMinor, currency }) => toDecimal(taxMinor, currency),
      sql: (i, known) => amount(`${i}.tax_minor`, `${i}.currency`, known),
    }),
    totalAmount: t.field({
      type: 'Money',
      description: 'Net and tax: what is to be paid.',
      resolve: ({ totalMinor, currency }) => toDecimal(totalMinor, currency),
      sql: (i, known) => amount(`${i}.total_minor`, `${i}.currency`, known),
    }),
    paidAmount: t.field({
      type: 'Money',
      description: 'What has been paid of it.',
      resolve: ({ paidMinor, currency }) => toDecimal(paidMinor, currency),
      sql: (i, known) => amount(`${i}.paid_minor`, `${i}.currency`, known),
    }),
    notes: t.exposeString('notes', { nullable: true, description: 'What else is printed on it.' }),
    lines: t.relation('lines', {
      description: 'What it bills, in its order.',
      query: { orderBy: { position: 'asc' } },
    }),
    sentAt: t.expose('sentAt', { type: 'DateTime', nullable: true, description: 'When it was sent.' }),
    paidAt: t.expose('paidAt', { type: 'DateTime', nullable: true, description: 'When it was paid in full.' }),
    voidedAt: t.expose('voidedAt', { type: 'DateTime', nullable: true, description: 'When it was taken back.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
  }),
});

export const invoices = declareList({
  field: 'invoices',
  type: 'Invoice',
  model: 'invoice',
  ability: 'invoices:read',
  description: 'The invoices and credit notes of the agency.',
  filters: {
    status: {
      column: 'status',
      op: 'in',
      type: { enum: 'InvoiceStatus', ref: InvoiceStatus },
      description: 'In any of these states.',
    },
    kind: { column: 'kind', op: 'in', type: { enum: 'InvoiceKind', ref: InvoiceKind }, description: 'Of these kinds.' },
    number: { column: 'number', op: 'equals', type: 'String', description: 'With this number.' },
    ownerId: { column: 'ownerId', op: 'equals', type: 'ID', description: 'To this owner.' },
    bookingId: { column: 'bookingId', op: 'equals', type: 'ID', description: 'For this stay.' },
    issuedFrom: { column: 'issuedOn', op: 'gte', type: 'LocalDate', description: 'Sent on this day or later.' },
    issuedTo: { column: 'issuedOn', op: 'lte', type: 'LocalDate', description: 'Sent on this day or earlier.' },
    dueTo: { column: 'dueOn', op: 'lte', type: 'LocalDate', description: 'Due on this day or earlier.' },
  },
  orders: { ID: { column: 'id', kind: 'int' }, UPDATED_AT: { column: 'updatedAt', kind: 'instant' } },
  defaultOrder: 'ID_DESC',
});

declareRead({ field: 'invoice', noun: 'invoice', list: invoices });

/** The invoice, held until the transaction ends, so that two payments of it come one after the other. */
export async function lockInvoice(tx: Transaction, id: string | number): Promise<InvoiceRow> {
  const number = parseId(id) ?? -1;
  await tx.$queryRaw`select id from invoice where id = ${number} for update`;
  const invoice = await tx.invoice.findFirst({ where: { id: number } });
  if (!invoice) throw new NotFound('invoice');
  return invoice;
}

export function linesOf(tx: Transaction, { id }: { id: number }): Promise<InvoiceLineRow[]> {
  return tx.invoiceLine.findMany({ where: { invoiceId: id }, orderBy: { position: 'asc' } });
}
