import { NotFound, refuse, refuseNulls } from '../../core/errors.ts';
import { textProblem } from '../../core/text.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import { builder } from '../../graph/builder.ts';
import { parseId } from '../../graph/ids.ts';
import { changed, whole } from '../../outbox/audit.ts';
import { checkUrl } from '../../relay/address.ts';
import { patternProblem } from './patterns.ts';
import { type EndpointRow, WebhookEndpoint, WebhookFormat } from './types.ts';

interface EndpointChange {
  url?: string | null;
  events?: string[] | null;
  format?: 'STANDARD' | 'CONNECT' | null;
  description?: string | null;
  enabled?: boolean | null;
}

/** Changes an endpoint. What waits for it goes to the new address; what a disabled one missed stays in the queue. */
export function updateWebhook(viewer: Viewer, { id, input }: { id: string; input: EndpointChange }) {
  refuseNulls(input, ['url', 'events', 'format', 'enabled']);
  return viewer.write(async (tx, _emit, audit) => {
    const before = await endpointOf(tx, id);
    refuse({
      url: input.url != null && checkUrl(input.url, viewer.config.webhookAllowedNetworks),
      events: patternProblem(input.events ?? before.events, input.format ?? before.format),
      description: textProblem(input.description, { most: 500 }),
    });
    const endpoint = await tx.webhookEndpoint.update({
      where: { id: before.id },
      data: {
        url: input.url ?? undefined,
        events: input.events ?? undefined,
        format: input.format ?? undefined,
        description: input.description,
        enabled: input.enabled ?? undefined,
        disabledReason: input.enabled ? null : undefined,
      },
    });
    if (endpoint.enabled && !before.enabled) await giveTurn(tx, endpoint);
    const disabled = before.enabled && !endpoint.enabled;
    const changes = changed(before, endpoint);
    if (disabled) audit('webhook.disabled', `webhook:${endpoint.id}`, changes, 'CRITICAL');
    else audit('webhook.updated', `webhook:${endpoint.id}`, changes);
    return endpoint;
  });
}

/** Enables an endpoint again; what waited for it is sent at once. */
export const enableWebhook = (viewer: Viewer, id: string) => updateWebhook(viewer, { id, input: { enabled: true } });

/** Removes an endpoint with its secrets and its delivery log. */
export function deleteWebhook(viewer: Viewer, id: string): Promise<EndpointRow> {
  return viewer.write(async (tx, _emit, audit) => {
    const endpoint = await endpointOf(tx, id);
    await tx.webhookEndpoint.delete({ where: { id: endpoint.id } });
    audit('webhook.deleted', `webhook:${endpoint.id}`, whole(endpoint), 'WARNING');
    return endpoint;
  });
}

/** The endpoint, locked for the transaction, or a 404. */
export async function endpointOf(tx: Transaction, id: string | number): Promise<EndpointRow> {
  const number = parseId(id) ?? -1;
  await tx.$queryRaw`select id from webhook_endpoint where id = ${number} for update`;
  const endpoint = await tx.webhookEndpoint.findFirst({ where: { id: number } });
  if (!endpoint) throw new NotFound('webhook');
  return endpoint;
}

/** Has the relay look at the endpoint's queue now. */
async function giveTurn(tx: Transaction, { id }: EndpointRow): Promise<void> {
  await tx.$executeRaw`update endpoint_turn set due_at = now() where endpoint_id = ${id}`;
}

const UpdateWebhookInput = builder.inputType('UpdateWebhookInput', {
  fields: (t) => ({
    url: t.field({ type: 'URL' }),
    events: t.stringList(),
    format: t.field({ type: WebhookFormat }),
    description: t.string(),
    enabled: t.boolean(),
  }),
});

builder.mutationField('updateWebhook', (t) =>
  t.field({
    type: WebhookEndpoint,
    description: 'Changes the fields that are given. What waits for the endpoint goes to the new address.',
    ability: 'webhooks:write',
    args: { id: t.arg.id({ required: true }), input: t.arg({ type: UpdateWebhookInput, required: true }) },
    resolve: (_root, { id, input }, { viewer }) => updateWebhook(viewer, { id, input }),
  }),
);

builder.mutationField('enableWebhook', (t) =>
  t.field({
    type: WebhookEndpoint,
    description: 'Enables an endpoint again. What waited for it is sent at once.',
    ability: 'webhooks:write',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { viewer }) => enableWebhook(viewer, id),
  }),
);

builder.mutationField('deleteWebhook', (t) =>
  t.field({
    type: WebhookEndpoint,
    description: 'Removes an endpoint with its secrets and its delivery log.',
    ability: 'webhooks:write',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { viewer }) => deleteWebhook(viewer, id),
  }),
);
