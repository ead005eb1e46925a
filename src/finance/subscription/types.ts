import { clock } from '../../core/clock.ts';
import { builder } from '../../graph/builder.ts';
import { Plans } from '../../platform/agencies.ts';
import { isPlanAlive } from './plan.ts';

/** A root type of GraphQL has the plain name. */
const AgencySubscription = builder.prismaObject('Agency', {
  variant: 'AgencySubscription',
  description: 'The agency’s subscription to Bellhop. It is renewed by payments with the purpose SUBSCRIPTION.',
  fields: (t) => ({
    plan: t.expose('plan', { type: Plans }),
    active: t.boolean({
      description: 'Whether the API may be used now: Business that is paid for or in its days of grace, or a trial.',
      resolve: (agency) => isPlanAlive(agency, clock.now()),
    }),
    trialEndsAt: t.expose('trialEndsAt', { type: 'DateTime', nullable: true }),
    paidUntil: t.expose('paidUntil', {
      type: 'DateTime',
      nullable: true,
      description: 'Until when Business is paid for; null is for good.',
    }),
    graceUntil: t.expose('graceUntil', {
      type: 'DateTime',
      nullable: true,
      description: 'Until when Business goes on although a payment failed; null where the last one did not.',
    }),
  }),
});

builder.queryField('subscription', (t) =>
  t.prismaField({
    type: AgencySubscription,
    description: 'The agency’s plan, and until when it lasts.',
    ability: 'agency:read',
    whenLapsed: true,
    resolve: (query, _root, _args, { viewer }) =>
      viewer.db.agency.findUniqueOrThrow({ ...query, where: { id: viewer.agency.id } }),
  }),
);
