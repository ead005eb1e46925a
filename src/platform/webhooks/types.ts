import type { WebhookEndpoint as EndpointRow } from '../../../prisma/generated/client/client.ts';
import { builder } from '../../graph/builder.ts';
import { declareList } from '../../graph/list.ts';
import { declareRead } from '../../graph/read.ts';

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
