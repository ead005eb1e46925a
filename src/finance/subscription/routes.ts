import type { Row } from '../../graph/row.ts';

export const subscriptionRoutes: Row[] = [
  {
    method: 'GET',
    path: '/v1/subscription',
    tag: 'Subscription',
    summary: 'Read the subscription',
    document: `query {
      data: subscription {
        plan active trial_ends_at: trialEndsAt paid_until: paidUntil grace_until: graceUntil
      }
    }`,
  },
];
