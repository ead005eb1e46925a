import { listRow, type Row } from '../../graph/row.ts';
import { payments } from './types.ts';

const tag = 'Payments';

/** New keys go to the end: a spreadsheet knows the CSV's columns by their places. */
const PAYMENT = `
  id purpose status booking_id: bookingId invoice_id: invoiceId amount currency method
  order_id: orderId provider_reference: providerReference failure_code: failureCode failure_reason: failureReason
  paid_at: paidAt failed_at: failedAt created_at: createdAt updated_at: updatedAt plan months`;

const ACCOUNT = 'client_id: clientId callback_url: callbackUrl created_at: createdAt updated_at: updatedAt';

/** In the order of use: what is connected first is disconnected last. */
export const paymentRoutes: Row[] = [
  {
    method: 'PUT',
    path: '/v1/cmi-account',
    tag,
    summary: 'Connect a CMI account',
    document: `mutation ($input: ConnectCmiInput!) { data: connectCmi(input: $input) { ${ACCOUNT} } }`,
    example: { client_id: '600001234', store_key: 'TEST1234' },
  },
  {
    method: 'GET',
    path: '/v1/cmi-account',
    tag,
    summary: 'Read the connected CMI account',
    document: `query { data: cmiAccount { ${ACCOUNT} } }`,
  },
  listRow({ path: '/v1/payments', list: payments, fields: PAYMENT, tag, summary: 'List payments' }),
  {
    method: 'GET',
    path: '/v1/payments/{id}',
    tag,
    summary: 'Read a payment',
    document: `query ($id: ID!) { data: payment(id: $id) { ${PAYMENT} } }`,
  },
  {
    method: 'POST',
    path: '/v1/payments',
    status: 201,
    tag,
    summary: 'Record a payment',
    document: `mutation ($input: CreatePaymentInput!) { data: createPayment(input: $input) { ${PAYMENT} } }`,
    example: {
      purpose: 'booking',
      booking_id: 9876,
      amount: 3_885,
      method: 'transfer',
      order_id: 'virement-2026-0815',
    },
  },
  {
    method: 'POST',
    path: '/v1/payments/{id}/succeed',
    tag,
    summary: 'Say that the money of a payment has come',
    document: `mutation ($id: ID!, $provider_reference: String) {
      data: succeedPayment(id: $id, providerReference: $provider_reference) { ${PAYMENT} }
    }`,
    example: { provider_reference: '26196KJNA13478' },
  },
  {
    method: 'POST',
    path: '/v1/payments/{id}/fail',
    tag,
    summary: 'Say that a payment came to nothing',
    document: `mutation ($id: ID!, $reason: String) { data: failPayment(id: $id, reason: $reason) { ${PAYMENT} } }`,
    example: { reason: 'The guest has closed the page.' },
  },
  {
    method: 'DELETE',
    path: '/v1/cmi-account',
    status: 204,
    tag,
    summary: 'Disconnect the CMI account',
    document: 'mutation { data: disconnectCmi { client_id: clientId } }',
  },
];
