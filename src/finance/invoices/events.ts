import { z } from 'zod';
import { instant, toDay } from '../../core/dates.ts';
import { toDecimal } from '../../core/money.ts';
import { declareEvent } from '../../outbox/event.ts';
import type { InvoiceLineRow, InvoiceRow } from './types.ts';

interface InvoiceFacts {
  invoice: InvoiceRow;
  lines: InvoiceLineRow[];
}

const InvoiceData = z.object({
  invoice: z.object({
    id: z.int(),
    number: z.string().nullable().describe('INV-2026-0001, of a credit note CN-2026-0001.'),
    kind: z.enum(['invoice', 'credit_note']),
    status: z.enum(['draft', 'sent', 'paid', 'void']),
    owner_id: z.int().nullable(),
    booking_id: z.int().nullable(),
    credits_id: z.int().nullable().describe('The invoice that a credit note takes back.'),
    customer_name: z.string(),
    customer_email: z.string().nullable(),
    customer_address: z.string().nullable(),
    customer_tax_id: z.string().nullable(),
    issued_on: z.iso.date().nullable(),
    due_on: z.iso.date().nullable(),
    net_amount: z.number(),
    tax_amount: z.number(),
    total_amount: z.number().describe('Net and tax; negative on a credit note.'),
    paid_amount: z.number(),
    currency: z.string().length(3),
    notes: z.string().nullable(),
    lines: z.array(
      z.object({
        description: z.string(),
        quantity: z.number(),
        unit_price: z.number().describe('Before tax.'),
        tax_percent: z.number(),
        net_amount: z.number(),
        tax_amount: z.number(),
      }),
    ),
    paid_at: z.iso.datetime({ offset: true }).nullable(),
    created_at: z.iso.datetime({ offset: true }),
    updated_at: z.iso.datetime({ offset: true }),
  }),
});

const example: z.infer<typeof InvoiceData> = {
  invoice: {
    id: 311,
    number: 'INV-2026-0001',
    kind: 'invoice',
    status: 'sent',
    owner_id: 7,
    booking_id: null,
    credits_id: null,
    customer_name: 'Amina El Fassi',
    customer_email: 'amina@example.com',
    customer_address: '12 rue de la Koutoubia, Marrakech',
    customer_tax_id: '001525713000045',
    issued_on: '2026-07-15',
    due_on: '2026-08-14',
    net_amount: 1250,
    tax_amount: 250,
    total_amount: 1500,
    paid_amount: 0,
    currency: 'MAD',
    notes: null,
    lines: [
      {
        description: 'Deep cleaning, hours',
        quantity: 2.5,
        unit_price: 500,
        tax_percent: 20,
        net_amount: 1250,
        tax_amount: 250,
      },
    ],
    paid_at: null,
    created_at: '2026-07-15T10:20:02+00:00',
    updated_at: '2026-07-15T10:23:41+00:00',
  },
};

function invoiceData({ invoice, lines }: InvoiceFacts): z.infer<typeof InvoiceData> {
  const money = (minor: bigint) => toDecimal(minor, invoice.currency);
  return {
    invoice: {
      id: invoice.id,
      number: invoice.number,
      kind: invoice.kind.toLowerCase() as 'invoice',
      status: invoice.status.toLowerCase() as 'draft',
      owner_id: invoice.ownerId,
      booking_id: invoice.bookingId,
      credits_id: invoice.creditsId,
      customer_name: invoice.customerName,
      customer_email: invoice.customerEmail,
      customer_address: invoice.customerAddress,
      customer_tax_id: invoice.customerTaxId,
      issued_on: invoice.issuedOn && toDay(invoice.issuedOn),
      due_on: invoice.dueOn && toDay(invoice.dueOn),
      net_amount: money(invoice.netMinor),
      tax_amount: money(invoice.taxMinor),
      total_amount: money(invoice.totalMinor),
      paid_amount: money(invoice.paidMinor),
      currency: invoice.currency,
      notes: invoice.notes,
      lines: lines.map((line) => ({
        description: line.description,
        quantity: line.quantityThousandths / 1_000,
        unit_price: money(line.unitPriceMinor),
        tax_percent: line.taxBasisPoints / 100,
        net_amount: money(line.netMinor),
        tax_amount: money(line.taxMinor),
      })),
      paid_at: invoice.paidAt && instant(invoice.paidAt),
      created_at: instant(invoice.createdAt),
      updated_at: instant(invoice.updatedAt),
    },
  };
}

const about = (name: string, summary: string, shown: z.infer<typeof InvoiceData>) =>
  declareEvent<InvoiceFacts>({
    name,
    summary,
    ability: 'invoices:read',
    data: InvoiceData,
    render: invoiceData,
    read: 'invoice',
    subject: ({ invoice }) => ({ kind: 'invoice', id: invoice.id, version: invoice.version }),
    example: shown,
  });

export const invoiceSent = about('invoice.sent', 'Invoice sent', example);
export const invoicePaid = about('invoice.paid', 'Invoice paid', {
  invoice: { ...example.invoice, status: 'paid', paid_amount: 1500, paid_at: '2026-07-20T09:12:00+00:00' },
});
