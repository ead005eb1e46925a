import { z } from 'zod';
import { builder } from '../../graph/builder.ts';
import { type AnyEvent, catalogue } from '../../outbox/event.ts';

const EventType = builder.objectRef<AnyEvent>('WebhookEvent').implement({
  description: 'An event that can be subscribed to.',
  fields: (t) => ({
    event: t.exposeString('name'),
    summary: t.exposeString('summary'),
    ability: t.exposeString('ability', { description: 'What reads the same facts.' }),
    connectEvent: t.string({
      nullable: true,
      description: 'Its name in CONNECT format.',
      resolve: (event) => event.connect?.name ?? null,
    }),
    schema: t.field({
      type: 'JSON',
      description: 'JSON Schema of `data`.',
      resolve: (event) => z.toJSONSchema(event.data),
    }),
    example: t.field({ type: 'JSON', description: 'An example of `data`.', resolve: (event) => event.example }),
  }),
});

builder.queryField('webhookEvents', (t) =>
  t.field({
    type: [EventType],
    description: 'The catalogue: every event there is, with its schema and an example.',
    ability: 'webhooks:read',
    resolve: () => catalogue(),
  }),
);
