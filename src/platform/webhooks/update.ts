import type { GraphQLSchema } from 'graphql';
import { clock } from '../../core/clock.ts';
import { MissingAbility, NotFound, refuse, refuseNulls } from '../../core/errors.ts';
import { textProblem } from '../../core/text.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import { queryable } from '../../database/queryable.ts';
import { builder } from '../../graph/builder.ts';
import { parseId } from '../../graph/ids.ts';
import { changed, whole } from '../../outbox/audit.ts';
import { checkUrl } from '../../relay/address.ts';
import { missing } from '../../relay/rights.ts';
import { rateProblem } from './create.ts';
import { missedBy } from './missed.ts';
import { abilitiesOf, patternProblem, refuseUnreadable } from './patterns.ts';
import { selectionProblem } from './selection.ts';
import { type EndpointRow, WebhookEndpoint, WebhookFormat } from './types.ts';

interface EndpointChange {
  url?: string | null;
  events?: string[] | null;
  format?: 'STANDARD' | 'CONNECT' | null;
  selection?: string | null;
  description?: string | null;
  enabled?: boolean | null;
  ratePerSecond?: number | null;
  ordered?: boolean | null;
}

/**
 * Changes an endpoint. What waits for it goes to the new address; what a disabled one missed stays in the queue.
 *
 * Whoever says where it is or what it is told answers for it from then on: it is told what that token may read, so no token
 * can have another's events sent to itself. A token that may read all that the endpoint asks for also takes on one whose own
 * token may not any more, by whatever change.
 */
export function updateWebhook(
  viewer: Viewer,
  { id, input }: { id: string; input: EndpointChange },
  schema: GraphQLSchema,
) {
  refuseNulls(input, ['url', 'events', 'format', 'enabled', 'ordered']);
  return viewer.write(async (tx, _emit, audit) => {
    const before = await endpointOf(tx, id);
    refuse({
      url: input.url != null && checkUrl(input.url, viewer.config.webhookAllowedNetworks),
      events: patternProblem(input.events ?? before.events, input.format ?? before.format),
      description: textProblem(input.description, { most: 500 }),
      ratePerSecond: rateProblem(input.ratePerSecond),
    });
    const events = input.events ?? before.events;
    const decides = WHAT_AND_WHERE.some((field) => input[field] !== undefined);
    if (decides) {
      const selection = input.selection === undefined ? before.selection : input.selection;
      refuseUnreadable(viewer, events);
      refuse({
        selection: selectionProblem(viewer, schema, { selection, events, format: input.format ?? before.format }),
      });
    }
    const adopts = decides || ((await isOrphan(tx, before)) && mayTakeOn(viewer, schema, before));
    const endpoint = await tx.webhookEndpoint.update({
      where: { id: before.id },
      data: {
        ...(adopts && { createdById: viewer.actor.tokenId ?? null, granted: viewer.abilityList }),
        selection: input.selection,
        url: input.url ?? undefined,
        events: input.events ?? undefined,
        format: input.format ?? undefined,
        description: input.description,
        enabled: input.enabled ?? undefined,
        disabledReason: input.enabled ? null : undefined,
        disabledAt: input.enabled ? null : input.enabled === false && before.enabled ? clock.now() : undefined,
        ratePerSecond: input.ratePerSecond,
        ordered: input.ordered ?? undefined,
      },
    });
    const enabled = endpoint.enabled && !before.enabled;
    const windowMs = viewer.config.webhookRetrySchedule.at(-1)! * 1000;
    // Of what it asks for from now on.
    const missed = enabled ? await missedBy(tx, { ...endpoint, disabledAt: before.disabledAt }, { windowMs }) : null;
    if (enabled || endpoint.ratePerSecond !== before.ratePerSecond) await giveTurn(tx, endpoint, { anew: enabled });
    const disabled = before.enabled && !endpoint.enabled;
    const changes = changed(before, endpoint);
    if (disabled) audit('webhook.disabled', `webhook:${endpoint.id}`, changes, 'CRITICAL');
    else audit('webhook.updated', `webhook:${endpoint.id}`, changes);
    return { ...endpoint, missed };
  });
}

const WHAT_AND_WHERE = ['url', 'events', 'format', 'selection'] as const;

/** Whether its token may no longer read what it could when the endpoint was saved. */
async function isOrphan(tx: Transaction, { id, granted }: EndpointRow): Promise<boolean> {
  const { rows } = await queryable(tx).query(
    'select relay.rights_of(created_by_id, agency_id, relay.now($1)) as rights from webhook_endpoint where id = $2',
    [clock.aheadMs, id],
  );
  return missing(rows[0]!.rights as string[], granted).length > 0;
}

/** Whether nothing that the endpoint was meant to be told would be lost. */
function mayTakeOn(viewer: Viewer, schema: GraphQLSchema, endpoint: EndpointRow): boolean {
  const meant = abilitiesOf(endpoint.events).filter((ability) => missing(endpoint.granted, [ability]).length === 0);
  if (!meant.every((ability) => viewer.can(ability))) return false;
  try {
    return selectionProblem(viewer, schema, endpoint) === undefined;
  } catch (error) {
    if (error instanceof MissingAbility) return false;
    throw error;
  }
}

/** Enables an endpoint again; what waited for it is sent at once. */
export const enableWebhook = (viewer: Viewer, id: string, schema: GraphQLSchema) =>
  updateWebhook(viewer, { id, input: { enabled: true } }, schema);

/** Removes an endpoint with its secrets and its delivery log. */
export function deleteWebhook(viewer: Viewer, id: string): Promise<EndpointRow> {
  return viewer.write(async (tx, _emit, audit) => {
    const endpoint = await endpointOf(tx, id);
    // Whoever queues a delivery holds the turn and then asks for the endpoint, so the turn comes first here too.
    await tx.$queryRaw`select 1 from relay.lock_turn(${endpoint.id})`;
    await tx.webhookEndpoint.delete({ where: { id: endpoint.id } });
    audit('webhook.deleted', `webhook:${endpoint.id}`, whole(endpoint), 'WARNING');
    return endpoint;
  });
}

/** The endpoint, locked for the transaction, or a 404. Deliveries to it may be queued meanwhile: they lock its key only. */
export async function endpointOf(tx: Transaction, id: string | number): Promise<EndpointRow> {
  const number = parseId(id) ?? -1;
  await tx.$queryRaw`select id from webhook_endpoint where id = ${number} for no key update`;
  const endpoint = await tx.webhookEndpoint.findFirst({ where: { id: number } });
  if (!endpoint) throw new NotFound('webhook');
  return endpoint;
}

/** Has the relay look at the endpoint's queue now; anew, as if it had never failed, but slowly at first. */
async function giveTurn(tx: Transaction, { id }: EndpointRow, { anew }: { anew: boolean }): Promise<void> {
  const [turn] = await tx.$queryRaw<{ version: bigint }[]>`select version from relay.lock_turn(${id})`;
  // A statement of its own: until it has the lock it can't know which version is the newest.
  await tx.$executeRaw`
    update endpoint_turn
    set version = version + 1, due_at = now(), paced_to = null,
      breaker = case when ${anew} then 'closed' else breaker end,
      not_before = case when ${anew} then null else not_before end,
      slots = case when ${anew} then 1 else slots end,
      failures = case when ${anew} then 0 else failures end,
      trips = case when ${anew} then 0 else trips end,
      window_at = case when ${anew} then null else window_at end,
      failing_since = case when ${anew} then null else failing_since end,
      told = told and not ${anew}
    where endpoint_id = ${id} and version = ${turn!.version}`;
}

const UpdateWebhookInput = builder.inputType('UpdateWebhookInput', {
  fields: (t) => ({
    url: t.field({ type: 'URL' }),
    events: t.stringList(),
    format: t.field({ type: WebhookFormat }),
    selection: t.string({ description: 'Null takes it away, and the events’ own data is sent again.' }),
    description: t.string(),
    enabled: t.boolean(),
    ratePerSecond: t.int({ description: 'From 1 to 1,000; null takes the limit away.' }),
    ordered: t.boolean({ description: 'Counts for what happens from now on.' }),
  }),
});

builder.mutationField('updateWebhook', (t) =>
  t.field({
    type: WebhookEndpoint,
    description: 'Changes the fields that are given. What waits for the endpoint goes to the new address.',
    ability: 'webhooks:write',
    args: { id: t.arg.id({ required: true }), input: t.arg({ type: UpdateWebhookInput, required: true }) },
    resolve: (_root, { id, input }, { viewer }, { schema }) => updateWebhook(viewer, { id, input }, schema),
  }),
);

builder.mutationField('enableWebhook', (t) =>
  t.field({
    type: WebhookEndpoint,
    description: 'Enables an endpoint again. What waited for it is sent at once; `missed` says what it was never told.',
    ability: 'webhooks:write',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { viewer }, { schema }) => enableWebhook(viewer, id, schema),
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
