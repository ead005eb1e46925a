import { listRow, type Row } from '../../graph/row.ts';
import { invoices } from './types.ts';

const tag = 'Invoices';

const INVOICE = `
  id kind status number owner_id: ownerId booking_id: bookingId credits_id: creditsId credit_note_id: creditNoteId
  customer_name: customerName customer_email: customerEmail customer_address: customerAddress customer_tax_id: customerTaxId
  issued_on: issuedOn due_on: dueOn
  net_amount: netAmount tax_amount: taxAmount total_amount: totalAmount paid_amount: paidAmount currency notes
  sent_at: sentAt paid_at: paidAt voided_at: voidedAt created_at: createdAt updated_at: updatedAt`;

/** A list is one statement and goes into a spreadsheet; the lines are for who opens one invoice. */
const WHOLE = `${INVOICE}
  lines { position description quantity unit_price: unitPrice tax_percent: taxPercent net_amount: netAmount tax_amount: taxAmount }`;

export const invoiceRoutes: Row[] = [
  listRow({ path: '/v1/invoices', list: invoices, fields: INVOICE, tag, summary: 'List invoices' }),
  {
    method: 'GET',
    path: '/v1/invoices/{id}',
    tag,
    summary: 'Read an invoice with its lines',
    document: `query ($id: ID!) { data: invoice(id: $id) { ${WHOLE} } }`,
  },
  {
    method: 'POST',
    path: '/v1/invoices',
    status: 201,
    tag,
    summary: 'Write a draft of an invoice',
    document: `mutation ($input: CreateInvoiceInput!) { data: createInvoice(input: $input) { ${WHOLE} } }`,
    example: {
      owner_id: 7,
      due_on: '2026-08-14',
      lines: [{ description: 'Deep cleaning, hours', quantity: 2.5, unit_price: 500, tax_percent: 20 }],
    },
  },
  {
    method: 'PATCH',
    path: '/v1/invoices/{id}',
    tag,
    summary: 'Change a draft of an invoice',
    document: `mutation ($id: ID!, $input: UpdateInvoiceInput!) { data: updateInvoice(id: $id, input: $input) { ${WHOLE} } }`,
    example: {
      notes: 'Thank you for your trust.',
      lines: [{ description: 'Deep cleaning, hours', quantity: 3, unit_price: 500, tax_percent: 20 }],
    },
  },
  {
    method: 'DELETE',
    path: '/v1/invoices/{id}',
    status: 204,
    tag,
    summary: 'Delete a draft of an invoice',
    document: 'mutation ($id: ID!) { data: deleteInvoice(id: $id) { id } }',
  },
  step('send', 'sendInvoice', 'Send an invoice, which draws its number'),
  {
    method: 'POST',
    path: '/v1/invoices/{id}/pay',
    tag,
    summary: 'Record the payment of an invoice',
    document: `mutation ($id: ID!, $method: String, $amount: Money) {
      data: payInvoice(id: $id, method: $method, amount: $amount) { ${WHOLE} }
    }`,
    example: { method: 'transfer', amount: 500 },
  },
  step('void', 'voidInvoice', 'Take an invoice back by a credit note'),
];

/** A step in an invoice's life that needs no more than its id. */
function step(action: string, field: string, summary: string): Row {
  return {
    method: 'POST',
    path: `/v1/invoices/{id}/${action}`,
    tag,
    summary,
    document: `mutation ($id: ID!) { data: ${field}(id: $id) { ${WHOLE} } }`,
  };
}
