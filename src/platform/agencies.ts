import type { Viewer } from '../core/viewer.ts';
import { builder } from '../graph/builder.ts';
import { COST_LIMIT } from '../graph/cost.ts';
import { AccessToken } from './tokens/types.ts';

export const Plans = builder.enumType('Plan', {
  description: 'The subscription. The API is part of BUSINESS, and of TRIAL while that lasts.',
  values: ['TRIAL', 'STARTER', 'BUSINESS'] as const,
});

const Agency = builder.prismaObject('Agency', {
  description: 'A concierge agency or a hotel company.',
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    currency: t.expose('currency', { type: 'Currency' }),
    timezone: t.exposeString('timezone', {
      description: 'An IANA name; the dates of all its properties are dates there.',
    }),
    plan: t.expose('plan', { type: Plans }),
    trialEndsAt: t.expose('trialEndsAt', { type: 'DateTime', nullable: true }),
    commissionPercent: t.float({
      description: 'What the agency keeps of a stay when a booking doesn’t say.',
      resolve: (agency) => agency.commissionBasisPoints / 100,
    }),
  }),
});

const LimitFacts = builder.objectRef<{ requestsPerMinute: number; costPerRequest: number }>('Limits').implement({
  description: 'What a token may spend.',
  fields: (t) => ({
    requestsPerMinute: t.exposeInt('requestsPerMinute', { description: 'REST and GraphQL together.' }),
    costPerRequest: t.exposeInt('costPerRequest', { description: 'Points, as `extensions.cost` counts them.' }),
  }),
});

const Me = builder.objectRef<Viewer>('Me').implement({
  description: 'Who is asking, and what that may do.',
  fields: (t) => ({
    agency: t.prismaField({
      type: Agency,
      resolve: (query, viewer) => viewer.db.agency.findFirstOrThrow({ ...query, where: { id: viewer.agency.id } }),
    }),
    token: t.prismaField({
      type: AccessToken,
      resolve: (query, viewer) =>
        viewer.db.accessToken.findFirstOrThrow({ ...query, where: { id: viewer.actor.tokenId } }),
    }),
    abilities: t.stringList({ resolve: (viewer) => viewer.abilityList }),
    limits: t.field({
      type: LimitFacts,
      resolve: ({ config }) => ({ requestsPerMinute: config.rateLimitPerMinute, costPerRequest: COST_LIMIT }),
    }),
  }),
});

builder.queryField('me', (t) =>
  t.field({ type: Me, description: 'Who is asking. Any token may.', resolve: (_root, _args, { viewer }) => viewer }),
);
