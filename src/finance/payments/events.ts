import { z } from 'zod';
import type { Booking as BookingRow } from '../../../prisma/generated/client/client.ts';
import { instant } from '../../core/dates.ts';
import { toDecimal } from '../../core/money.ts';
import { declareEvent } from '../../outbox/event.ts';
import { BookingData, bookingData, example as bookingExample } from '../../stays/bookings/events.ts';
import type { PaymentRow } from './types.ts';

interface PaymentFacts {
  payment: PaymentRow;
}

const PaymentData = z.object({
  payment: z.object({
    id: z.int(),
    purpose: z.enum(['booking', 'invoice', 'subscription']),
    status: z.enum(['pending', 'succeeded', 'failed']),
    amount: z.number(),
    currency: z.string().length(3),
    method: z.string().describe('cmi, card, transfer, cash …'),
    booking_id: z.int().nullable(),
    invoice_id: z.int().nullable(),
    order_id: z.string().nullable().describe('What the provider calls the order.'),
    provider_reference: z.string().nullable().describe('What the provider calls the transaction.'),
    failure_code: z.string().nullable(),
    failure_reason: z.string().nullable(),
    paid_at: z.iso.datetime({ offset: true }).nullable(),
    failed_at: z.iso.datetime({ offset: true }).nullable(),
    created_at: z.iso.datetime({ offset: true }),
    updated_at: z.iso.datetime({ offset: true }),
  }),
});

const example: z.infer<typeof PaymentData> = {
  payment: {
    id: 4021,
    purpose: 'booking',
    status: 'succeeded',
    amount: 3885,
    currency: 'MAD',
    method: 'cmi',
    booking_id: 9876,
    invoice_id: null,
    order_id: 'BKG-A1B2C3',
    provider_reference: '26196KJNA13478',
    failure_code: null,
    failure_reason: null,
    paid_at: '2026-07-15T10:23:41+00:00',
    failed_at: null,
    created_at: '2026-07-15T10:20:02+00:00',
    updated_at: '2026-07-15T10:23:41+00:00',
  },
};

function paymentData({ payment }: PaymentFacts): z.infer<typeof PaymentData> {
  return {
    payment: {
      id: payment.id,
      purpose: payment.purpose.toLowerCase() as 'booking',
      status: payment.status.toLowerCase() as 'pending',
      amount: toDecimal(payment.amountMinor, payment.currency),
      currency: payment.currency,
      method: payment.method,
      booking_id: payment.bookingId,
      invoice_id: payment.invoiceId,
      order_id: payment.orderId,
      provider_reference: payment.providerReference,
      failure_code: payment.failureCode,
      failure_reason: payment.failureReason,
      paid_at: payment.paidAt && instant(payment.paidAt),
      failed_at: payment.failedAt && instant(payment.failedAt),
      created_at: instant(payment.createdAt),
      updated_at: instant(payment.updatedAt),
    },
  };
}

const about = (name: string, summary: string, shown: z.infer<typeof PaymentData>) =>
  declareEvent<PaymentFacts>({
    name,
    summary,
    ability: 'payments:read',
    data: PaymentData,
    render: paymentData,
    read: 'payment',
    subject: ({ payment }) => ({ kind: 'payment', id: payment.id, version: payment.version }),
    example: shown,
  });

export const paymentSucceeded = about(
  'payment.succeeded',
  'Payment succeeded (subscription or mini-site booking)',
  example,
);

export const paymentFailed = about('payment.failed', 'Payment failed', {
  payment: {
    ...example.payment,
    status: 'failed',
    failure_code: '51',
    failure_reason: 'Not sufficient funds',
    paid_at: null,
    failed_at: '2026-07-15T10:23:41+00:00',
  },
});

/** The stay as every event of it tells it, and what was paid beside it. */
export const bookingPaymentReceived = declareEvent<PaymentFacts & { booking: BookingRow }>({
  name: 'booking.payment_received',
  summary: 'Guest deposit collected online (CMI, mini-site)',
  ability: 'bookings:read',
  data: z.object({ ...BookingData.shape, ...PaymentData.shape }),
  render: (facts) => ({ ...bookingData(facts), ...paymentData(facts) }),
  read: 'booking',
  subject: ({ booking }) => ({ kind: 'booking', id: booking.id, version: booking.version }),
  example: { ...bookingExample, ...example },
});
