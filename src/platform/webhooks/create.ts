import type { GraphQLSchema } from 'graphql';
import { clock } from '../../core/clock.ts';
import { refuse } from '../../core/errors.ts';
import { seal } from '../../core/secrets.ts';
import { textProblem } from '../../core/text.ts';
import type { Audit, Viewer } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import { builder } from '../../graph/builder.ts';
import { parseCursor } from '../../outbox/log.ts';
import { checkUrl } from '../../relay/address.ts';
import { newSecret } from '../../relay/sign.ts';
import { begin, plan } from '../replays/start.ts';
import { patternProblem, refuseUnreadable } from './patterns.ts';
import { selectionProblem } from './selection.ts';
import { type EndpointRow, WebhookEndpoint, WebhookFormat } from './types.ts';

interface NewEndpoint {
  url: string;
  events: string[];
  format?: 'STANDARD' | 'CONNECT' | null;
  selection?: string | null;
  description?: string | null;
  enabled?: boolean | null;
  ratePerSecond?: number | null;
  ordered?: boolean | null;
  after?: string | null;
}

/**
 * Registers an endpoint. It is told of what happens from now on, and with a cursor also of what has happened since: a replay
 * catches up, and an event that both it and dispatch come upon is told once. Its secret is in this answer and nowhere else.
 */
export function createWebhook(viewer: Viewer, input: NewEndpoint, schema: GraphQLSchema) {
  const { format: said, selection = null, after } = input;
  const format = said ?? 'STANDARD';
  refuse({
    url: checkUrl(input.url, viewer.config.webhookAllowedNetworks),
    events: patternProblem(input.events, format),
    description: textProblem(input.description, { most: 500 }),
    ratePerSecond: rateProblem(input.ratePerSecond),
  });
  refuseUnreadable(viewer, input.events);
  refuse({ selection: selectionProblem(viewer, schema, { selection, events: input.events, format }) });
  if (after != null) parseCursor(after);
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
        disabledAt: input.enabled === false ? clock.now() : null,
        ratePerSecond: input.ratePerSecond,
        ordered: input.ordered ?? false,
        selection,
        // What dispatch comes upon is new to an endpoint that catches up, wherever in the log it stands.
        fromSeq: after == null ? log!.last : 0,
        createdById: viewer.actor.tokenId,
        granted: viewer.abilityList,
      },
    });
    await tx.webhookSecret.create({
      data: { agencyId: viewer.agency.id, endpointId: endpoint.id, ciphertext: seal(viewer.config.appKey, secret) },
    });
    audit('webhook.created', `webhook:${endpoint.id}`, { url: input.url, events: input.events });
    if (after != null) await catchUp(tx, viewer, endpoint, after, audit);
    return { ...endpoint, secret };
  });
}

/** Has the endpoint told of all that it asks for and that came after the cursor. */
async function catchUp(tx: Transaction, viewer: Viewer, endpoint: EndpointRow, after: string, audit: Audit) {
  const since = { statuses: ['MISSED' as const], position: after, since: null, until: null };
  const all = { events: [], subject: null, deliveryIds: [], toEndpointId: endpoint.id };
  await begin(tx, await plan(tx, viewer, endpoint, { ...since, ...all }), audit);
}

/** What is wrong with a rate, or nothing. */
export function rateProblem(rate: number | null | undefined): string | false {
  return rate != null && (rate < 1 || rate > 1_000) && 'must be from 1 to 1000 calls a second, or null for no limit';
}

const CreateWebhookInput = builder.inputType('CreateWebhookInput', {
  fields: (t) => ({
    url: t.field({ type: 'URL', required: true, description: 'Where events are POSTed to.' }),
    events: t.stringList({
      required: true,
      description: 'Event names, `family.*` or `*`; in CONNECT format also Connect’s names.',
    }),
    format: t.field({ type: WebhookFormat, description: 'STANDARD when not said.' }),
    selection: t.string({
      description: 'A GraphQL selection of the events’ subject, in braces; the events must have one subject.',
    }),
    description: t.string(),
    enabled: t.boolean({ description: 'True when not said.' }),
    ratePerSecond: t.int({ description: 'At most so many calls a second, from 1 to 1,000; no limit when not said.' }),
    ordered: t.boolean({
      description: 'True has a later event of a subject wait for the earlier ones; false when not said.',
    }),
    after: t.string({ description: 'A cursor of the event log: what has happened after it is told too.' }),
  }),
});

builder.mutationField('createWebhook', (t) =>
  t.field({
    type: WebhookEndpoint,
    description: 'Registers an endpoint for what happens from now on. Its signing secret is in this answer only.',
    ability: 'webhooks:write',
    args: { input: t.arg({ type: CreateWebhookInput, required: true }) },
    resolve: (_root, { input }, { viewer }, { schema }) => createWebhook(viewer, input, schema),
  }),
);
