import { builder } from '../../graph/builder.ts';
import { type AnyEvent, catalogue } from '../../outbox/event.ts';
import { publishedConnectForm, publishedEvent } from '../../outbox/published.ts';

const EventType = builder.objectRef<AnyEvent>('WebhookEvent').implement({
  description: 'An event that can be subscribed to.',
  fields: (t) => ({
    event: t.exposeString('name'),
    summary: t.exposeString('summary'),
    ability: t.exposeString('ability', { description: 'What reads the same facts.' }),
    operational: t.boolean({
      description:
        'News of the webhooks themselves: told to those who ask for it by name or family, and no part of `*`.',
      resolve: (event) => event.operational ?? false,
    }),
    connectEvent: t.string({
      nullable: true,
      description: 'Its name in CONNECT format.',
      resolve: (event) => event.connect?.name ?? null,
    }),
    schema: t.field({
      type: 'JSON',
      description: 'JSON Schema of `data`.',
      resolve: (event) => publishedEvent(event),
    }),
    example: t.field({ type: 'JSON', description: 'An example of `data`.', resolve: (event) => event.example }),
    connectSchema: t.field({
      type: 'JSON',
      nullable: true,
      description: 'JSON Schema of `data` in CONNECT format.',
      resolve: (event) => publishedConnectForm(event) ?? null,
    }),
    connectExample: t.field({
      type: 'JSON',
      nullable: true,
      description: 'An example of `data` in CONNECT format.',
      resolve: (event) => event.connectExample ?? null,
    }),
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
