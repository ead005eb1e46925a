import type { Payment as PaymentRow } from '../../../prisma/generated/client/client.ts';
import { PaymentPurpose as Purposes, PaymentStatus as Statuses } from '../../../prisma/generated/client/enums.ts';
import { NotFound } from '../../core/errors.ts';
import { toDecimal } from '../../core/money.ts';
import type { Transaction } from '../../database/index.ts';
import { builder } from '../../graph/builder.ts';
import { parseId } from '../../graph/ids.ts';
import { declareList } from '../../graph/list.ts';
import { declareRead } from '../../graph/read.ts';
import { amount } from '../../graph/sql.ts';
import { Plans } from '../../platform/agencies.ts';

export type { PaymentRow };

export const PaymentPurpose = builder.enumType('PaymentPurpose', {
  description: 'What is paid: a stay or its deposit, an invoice, or the agency’s own subscription.',
  values: Object.keys(Purposes) as (keyof typeof Purposes)[],
});

export const PaymentStatus = builder.enumType('PaymentStatus', {
  description:
    'Whether the money came: pending → succeeded or failed. A failed one may still succeed; a success is for good.',
  values: Object.keys(Statuses) as (keyof typeof Statuses)[],
});

export const Payment = builder.prismaObject('Payment', {
  description: 'Money that came, or was to come.',
  fields: (t) => ({
    id: t.exposeID('id'),
    purpose: t.expose('purpose', { type: PaymentPurpose, description: 'What is paid.' }),
    status: t.expose('status', { type: PaymentStatus, description: 'Whether the money came.' }),
    bookingId: t.exposeID('bookingId', { nullable: true, description: 'The stay that is paid.' }),
    booking: t.relation('booking', {
      nullable: true,
      ability: 'bookings:read',
      description: 'The stay that is paid.',
    }),
    invoiceId: t.exposeID('invoiceId', { nullable: true, description: 'The invoice that is paid.' }),
    invoice: t.relation('invoice', {
      nullable: true,
      ability: 'invoices:read',
      description: 'The invoice that is paid.',
    }),
    plan: t.expose('plan', { type: Plans, nullable: true, description: 'The plan of the subscription that is paid.' }),
    months: t.exposeInt('months', { nullable: true, description: 'How many months of it are paid.' }),
    amount: t.field({
      type: 'Money',
      description: 'How much it is.',
      resolve: ({ amountMinor, currency }) => toDecimal(amountMinor, currency),
      sql: (p, known) => amount(`${p}.amount_minor`, `${p}.currency`, known),
    }),
    currency: t.expose('currency', { type: 'Currency' }),
    method: t.exposeString('method', { description: 'cmi, card, transfer, cash …' }),
    orderId: t.exposeString('orderId', {
      nullable: true,
      description: 'What the provider, or whoever recorded it, calls the order; unique in the agency.',
    }),
    providerReference: t.exposeString('providerReference', {
      nullable: true,
      description: 'What the provider calls the transaction.',
    }),
    failureCode: t.exposeString('failureCode', { nullable: true, description: 'The provider’s code of the failure.' }),
    failureReason: t.exposeString('failureReason', { nullable: true, description: 'Why it failed.' }),
    paidAt: t.expose('paidAt', { type: 'DateTime', nullable: true, description: 'When it succeeded.' }),
    failedAt: t.expose('failedAt', { type: 'DateTime', nullable: true, description: 'When it failed.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
  }),
});

export const payments = declareList({
  field: 'payments',
  type: 'Payment',
  model: 'payment',
  ability: 'payments:read',
  description: 'The payments of the agency.',
  filters: {
    status: {
      column: 'status',
      op: 'in',
      type: { enum: 'PaymentStatus', ref: PaymentStatus },
      description: 'In any of these states.',
    },
    purpose: {
      column: 'purpose',
      op: 'in',
      type: { enum: 'PaymentPurpose', ref: PaymentPurpose },
      description: 'For any of these.',
    },
    method: { column: 'method', op: 'in', type: 'String', description: 'By any of these methods.' },
    bookingId: { column: 'bookingId', op: 'equals', type: 'ID', description: 'For this stay.' },
    invoiceId: { column: 'invoiceId', op: 'equals', type: 'ID', description: 'For this invoice.' },
    orderId: { column: 'orderId', op: 'equals', type: 'String', description: 'Of this order.' },
  },
  orders: { ID: { column: 'id', kind: 'int' }, UPDATED_AT: { column: 'updatedAt', kind: 'instant' } },
  defaultOrder: 'ID_DESC',
});

declareRead({ field: 'payment', noun: 'payment', list: payments });

/** The payment, held until the transaction ends, so that a person and a provider come one after the other. */
export async function lockPayment(tx: Transaction, id: string | number): Promise<PaymentRow> {
  const number = parseId(id) ?? -1;
  await tx.$queryRaw`select id from payment where id = ${number} for update`;
  const payment = await tx.payment.findFirst({ where: { id: number } });
  if (!payment) throw new NotFound('payment');
  return payment;
}

/** The payment of an order, held likewise; undefined where the order has none yet. */
export async function lockOrder(tx: Transaction, orderId: string): Promise<PaymentRow | undefined> {
  const [found] = await tx.$queryRaw<{ id: number }[]>`select id from payment where order_id = ${orderId} for update`;
  return found && lockPayment(tx, found.id);
}
