import type { WebhookEndpoint as EndpointRow } from '../../../prisma/generated/client/client.ts';
import { builder } from '../../graph/builder.ts';
import { declareList } from '../../graph/list.ts';
import { declareRead } from '../../graph/read.ts';
import { EndpointHealth, healthOf } from './health.ts';
import { type Missed, MissedDeliveries } from './missed.ts';

export type { EndpointRow };

export const WebhookFormat = builder.enumType('WebhookFormat', {
  description: 'STANDARD is Bellhop’s own envelope; CONNECT is the one of Stayntouch Connect.',
  values: ['STANDARD', 'CONNECT'] as const,
});

export const WebhookEndpoint = builder.prismaObject('WebhookEndpoint', {
  description: 'Where an agency wants to be told.',
  fields: (t) => ({
    id: t.exposeID('id'),
    url: t.expose('url', { type: 'URL' }),
    events: t.exposeStringList('events', {
      description: 'Event names, `family.*` or `*`; in CONNECT format also Connect’s names.',
    }),
    format: t.expose('format', { type: WebhookFormat }),
    description: t.exposeString('description', { nullable: true }),
    enabled: t.exposeBoolean('enabled'),
    disabledReason: t.exposeString('disabledReason', { nullable: true }),
    disabledAt: t.expose('disabledAt', { type: 'DateTime', nullable: true, description: 'Since when it is disabled.' }),
    ratePerSecond: t.exposeInt('ratePerSecond', {
      nullable: true,
      description: 'As many calls as it is sent within a second; null sets no limit.',
    }),
    ordered: t.exposeBoolean('ordered', {
      description:
        'Whether a later event of a subject (one booking) waits until the earlier ones have arrived or been given up.',
    }),
    health: t.field({
      type: EndpointHealth,
      description: 'How its last 24 hours were, and what it waits for.',
      cost: 5,
      changesByItself: true,
      resolve: ({ id }, _args, { viewer }) => healthOf(viewer, id),
    }),
    missed: t.field({
      type: MissedDeliveries,
      nullable: true,
      description: 'Only in the answer to its being enabled again: what it has not been told.',
      resolve: (endpoint) => (endpoint as EndpointRow & { missed?: Missed }).missed ?? null,
    }),
    selection: t.exposeString('selection', {
      nullable: true,
      description:
        'A GraphQL selection of the events’ subject, such as `{ id reference property { name } }`, which takes the place of `data`. Where that would be longer than 256 KiB its lists are empty, its long texts cut, or it is the `id` alone, and `data` has `truncated: true`.',
    }),
    tokenId: t.exposeID('createdById', {
      nullable: true,
      description: 'The token that last saved it: the endpoint is told no more than that token may read now.',
    }),
    secret: t.string({
      nullable: true,
      description: 'Only in the answer to the creation and to a rotation, and never again: keep it.',
      resolve: (endpoint) => (endpoint as EndpointRow & { secret?: string }).secret ?? null,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
  }),
});

export const webhooks = declareList({
  field: 'webhooks',
  type: 'WebhookEndpoint',
  model: 'webhookEndpoint',
  ability: 'webhooks:read',
  description: 'The endpoints of the agency.',
  filters: {
    enabled: { column: 'enabled', op: 'equals', type: 'Boolean', description: 'Enabled, or disabled.' },
  },
  orders: { ID: { column: 'id', kind: 'int' } },
  defaultOrder: 'ID_DESC',
});

declareRead({ field: 'webhook', noun: 'endpoint', list: webhooks });
