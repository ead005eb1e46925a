import type { WebhookReplayJob as JobRow } from '../../../prisma/generated/client/client.ts';
import type { ReplayedStatus as Replayed } from '../../../prisma/generated/client/enums.ts';
import { Conflict, refuse } from '../../core/errors.ts';
import { textProblem } from '../../core/text.ts';
import type { Audit, Viewer } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import { queryable } from '../../database/queryable.ts';
import { builder } from '../../graph/builder.ts';
import { parseId } from '../../graph/ids.ts';
import { BEGINNING, parseCursor } from '../../outbox/log.ts';
import { countReplayed } from '../../relay/replay.ts';
import { knownPatterns } from '../webhooks/patterns.ts';
import type { EndpointRow } from '../webhooks/types.ts';
import { COUNTED_WHOLE, ReplayedStatus, WebhookReplayStatus } from './types.ts';

interface NewReplay {
  endpointId: string;
  toEndpointId?: string | null;
  status?: Replayed[] | null;
  events?: string[] | null;
  since?: Date | null;
  until?: Date | null;
  after?: string | null;
  subject?: string | null;
  deliveryIds?: string[] | null;
  dryRun?: boolean | null;
}

const MOST_DELIVERY_IDS = 10_000;

/**
 * Tells an endpoint once more of what it has failed to hear, or of whatever else is asked for, or another endpoint in its
 * place. It only says what is to be sent: relays carry the job on from here, however many events there are. A dry run
 * counts them, as far as there is time, and leaves nothing behind.
 */
export function startWebhookReplay(viewer: Viewer, input: NewReplay): Promise<Planned | JobRow> {
  const { since, until, after, deliveryIds } = input;
  const ids = deliveryIds ?? [];
  const strange = input.events?.find((pattern) => !knownPatterns('STANDARD').has(pattern));
  refuse({
    events: strange && `must be event names, family.* or *; ${strange} is not`,
    status: input.status?.length === 0 && 'must name at least one, or be left out for what has failed',
    since: since && until && since > until && 'must not be after until',
    subject: textProblem(input.subject),
    deliveryIds: ids.length > MOST_DELIVERY_IDS && `must be at most ${MOST_DELIVERY_IDS}; say since and until instead`,
  });
  if (after != null) parseCursor(after);
  return viewer.write(async (tx, _emit, audit) => {
    const from = await findEndpoint(tx, input.endpointId);
    const to = input.toEndpointId == null ? from : await findEndpoint(tx, input.toEndpointId);
    refuse({
      endpointId: !from && 'is not an endpoint of this agency',
      toEndpointId: from && !to && 'is not an endpoint of this agency',
    });
    if (!input.dryRun && !to!.enabled) {
      throw new Conflict('ENDPOINT_DISABLED', 'The endpoint that is to be told is disabled. Enable it first.');
    }
    const wanted: Wanted = {
      toEndpointId: to!.id,
      statuses: input.status ?? (ids.length > 0 ? ['FAILED', 'DELIVERED'] : ['FAILED']),
      events: input.events ?? [],
      since: since ?? null,
      until: until ?? null,
      subject: input.subject ?? null,
      deliveryIds: ids,
      position: after ?? BEGINNING,
    };
    const planned = await plan(tx, viewer, from!, wanted, { mostMs: input.dryRun ? DRY_MS : BEGIN_MS });
    return input.dryRun ? planned : begin(tx, planned, audit);
  });
}

/** What a replay is told by, as far as it can be said. */
export type Wanted = Pick<
  JobRow,
  'toEndpointId' | 'statuses' | 'events' | 'since' | 'until' | 'subject' | 'deliveryIds' | 'position'
>;

/** The job that this asks for, with how many events match now, as far as they can be counted in that time. */
export async function plan(
  tx: Transaction,
  viewer: Viewer,
  from: EndpointRow,
  wanted: Wanted,
  { mostMs = BEGIN_MS }: { mostMs?: number } = {},
) {
  const job = { agencyId: viewer.agency.id, endpointId: from.id, ...wanted };
  const { events: patterns, format, granted } = from;
  return { ...job, ...(await countReplayed(queryable(tx), job, { patterns, format, granted }, mostMs)) };
}

/** Whoever asks what a replay would be of has time for the answer; whoever begins one wants it begun. */
const DRY_MS = 10_000;
const BEGIN_MS = 2_000;

type Planned = Awaited<ReturnType<typeof plan>>;

/** Writes the job down. From the commit on it is the relays'. */
export async function begin(tx: Transaction, planned: Planned, audit: Audit) {
  const job = await tx.webhookReplayJob.create({ data: planned });
  audit('webhook.replayed', `webhook:${job.toEndpointId}`, { replay: job.id, deliveries: job.matched });
  return job;
}

function findEndpoint(tx: Transaction, id: string): Promise<EndpointRow | null> {
  return tx.webhookEndpoint.findFirst({ where: { id: parseId(id) ?? -1 } });
}

const StartedWebhookReplay = builder.objectRef<Planned | JobRow>('StartedWebhookReplay').implement({
  description: 'What a replay is of. A dry run has no id and no status: there is no job.',
  fields: (t) => ({
    id: t.id({ nullable: true, resolve: (replay) => begun(replay)?.id }),
    status: t.field({ type: WebhookReplayStatus, nullable: true, resolve: (replay) => begun(replay)?.status }),
    endpointId: t.exposeID('endpointId', { description: 'Whose deliveries decide.' }),
    toEndpointId: t.exposeID('toEndpointId', { description: 'Who is told.' }),
    replayed: t.expose('statuses', { type: [ReplayedStatus], description: 'Of events that stand so.' }),
    matched: t.exposeInt('matched', { description: 'How many events it is for.' }),
    countedWhole: t.exposeBoolean('countedWhole', { description: COUNTED_WHOLE }),
    queued: t.int({
      description: 'How many are in the queue already.',
      resolve: (replay) => begun(replay)?.queued ?? 0,
    }),
    done: t.int({ description: 'How many of those have ended.', resolve: (replay) => begun(replay)?.done ?? 0 }),
  }),
});

const begun = (replay: Planned | JobRow): JobRow | undefined => ('id' in replay ? replay : undefined);

const StartWebhookReplayInput = builder.inputType('StartWebhookReplayInput', {
  description: 'Which events are told once more, and to whom.',
  fields: (t) => ({
    endpointId: t.id({ required: true, description: 'Whose deliveries decide what is sent.' }),
    toEndpointId: t.id({ description: 'Another endpoint that is told instead.' }),
    status: t.field({
      type: [ReplayedStatus],
      description: 'FAILED when not said; FAILED and DELIVERED with `deliveryIds`.',
    }),
    events: t.stringList({ description: 'Event names or `family.*`; all when not said.' }),
    since: t.field({ type: 'DateTime', description: 'Of events from this time on.' }),
    until: t.field({ type: 'DateTime', description: 'Of events up to this time.' }),
    after: t.string({ description: 'Of events after this cursor of the event log.' }),
    subject: t.string({ description: 'Of events of this one thing: `booking:9876`.' }),
    deliveryIds: t.field({ type: ['UUID'], description: 'Of the events of these deliveries.' }),
    dryRun: t.boolean({ description: 'Answers with the counts and begins nothing.' }),
  }),
});

builder.mutationField('startWebhookReplay', (t) =>
  t.field({
    type: StartedWebhookReplay,
    description: 'Tells an endpoint of events once more, with the same ids and the same bytes, however many there are.',
    ability: 'webhooks:write',
    args: { input: t.arg({ type: StartWebhookReplayInput, required: true }) },
    resolve: (_root, { input }, { viewer }) => startWebhookReplay(viewer, input),
  }),
);
