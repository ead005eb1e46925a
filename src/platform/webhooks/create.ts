import { refuse } from '../../core/errors.ts';
import { textProblem } from '../../core/text.ts';
import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { checkUrl } from '../../relay/address.ts';
import { newSecret } from '../../relay/sign.ts';
import { patternProblem } from './patterns.ts';
import { seal } from './secrets.ts';
import { WebhookEndpoint, WebhookFormat } from './types.ts';

interface NewEndpoint {
  url: string;
  events: string[];
  format?: 'STANDARD' | 'CONNECT' | null;
  description?: string | null;
  enabled?: boolean | null;
}

/** Registers an endpoint. It is told of what happens from now on; its secret is in this answer and nowhere else. */
export function createWebhook(viewer: Viewer, input: NewEndpoint) {
  const format = input.format ?? 'STANDARD';
  refuse({
    url: checkUrl(input.url, viewer.config.webhookAllowedNetworks),
    events: patternProblem(input.events, format),
    description: textProblem(input.description, { most: 500 }),
  });
  const secret = newSecret();
  return viewer.write(async (tx, _emit, audit) => {
    const [log] = await tx.$queryRaw<{ last: bigint }[]>`
      select coalesce(pg_sequence_last_value(pg_get_serial_sequence('outbox_event', 'seq')::regclass), 0) as last`;
    const endpoint = await tx.webhookEndpoint.create({
      data: {
        agencyId: viewer.agency.id,
        url: input.url,
        events: [...new Set(input.events)],
        format,
        description: input.description,
        enabled: input.enabled ?? true,
        fromSeq: log!.last,
        createdById: viewer.actor.tokenId,
      },
    });
    await tx.webhookSecret.create({
      data: { agencyId: viewer.agency.id, endpointId: endpoint.id, ciphertext: seal(viewer.config.appKey, secret) },
    });
    audit('webhook.created', `webhook:${endpoint.id}`, { url: input.url, events: input.events });
    return { ...endpoint, secret };
  });
}

const CreateWebhookInput = builder.inputType('CreateWebhookInput', {
  fields: (t) => ({
    url: t.field({ type: 'URL', required: true, description: 'Where events are POSTed to.' }),
    events: t.stringList({
      required: true,
      description: 'Event names, `family.*` or `*`; in CONNECT format also Connect’s names.',
    }),
    format: t.field({ type: WebhookFormat, description: 'STANDARD when not said.' }),
    description: t.string(),
    enabled: t.boolean({ description: 'True when not said.' }),
  }),
});

builder.mutationField('createWebhook', (t) =>
  t.field({
    type: WebhookEndpoint,
    description: 'Registers an endpoint for what happens from now on. Its signing secret is in this answer only.',
    ability: 'webhooks:write',
    args: { input: t.arg({ type: CreateWebhookInput, required: true }) },
    resolve: (_root, { input }, { viewer }) => createWebhook(viewer, input),
  }),
);
