import { z } from 'zod';
import type { Agency as AgencyRow, Payment as PaymentRow } from '../../../prisma/generated/client/client.ts';
import { instant } from '../../core/dates.ts';
import { toDecimal } from '../../core/money.ts';
import { declareEvent } from '../../outbox/event.ts';

const SubscriptionData = z.object({
  subscription: z.object({
    plan: z.enum(['trial', 'starter', 'business']),
    paid_until: z.iso.datetime({ offset: true }).describe('Until when the plan is paid for.'),
    payment_id: z.int().describe('The payment that renewed it.'),
    amount: z.number().describe('What was paid.'),
    currency: z.string().length(3),
  }),
});

export const subscriptionRenewed = declareEvent<{ subscription: AgencyRow; payment: PaymentRow }>({
  name: 'subscription.renewed',
  summary: 'Subscription renewed after a successful payment',
  ability: 'agency:read',
  data: SubscriptionData,
  render: ({ subscription, payment }): z.infer<typeof SubscriptionData> => ({
    subscription: {
      plan: subscription.plan.toLowerCase() as 'business',
      paid_until: instant(subscription.paidUntil!),
      payment_id: payment.id,
      amount: toDecimal(payment.amountMinor, payment.currency),
      currency: payment.currency,
    },
  }),
  subject: ({ subscription }) => ({
    kind: 'subscription',
    id: subscription.id,
    version: subscription.subscriptionVersion,
  }),
  example: {
    subscription: {
      plan: 'business',
      paid_until: '2026-08-15T10:23:41+00:00',
      payment_id: 4022,
      amount: 990,
      currency: 'MAD',
    },
  },
});
