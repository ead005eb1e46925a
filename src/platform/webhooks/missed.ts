import { v7 as uuid } from 'uuid';
import { clock } from '../../core/clock.ts';
import type { Transaction } from '../../database/index.ts';
import { builder } from '../../graph/builder.ts';
import { namesHeard } from '../../relay/replay.ts';
import type { EndpointRow } from './types.ts';

/** What an endpoint has not been told, for its owner to decide about. */
export interface Missed {
  since: Date;
  failed: number;
  notMade: number;
}

export const MissedDeliveries = builder.objectRef<Missed>('WebhookMissed').implement({
  description: 'What an endpoint has not been told. A replay since that time sends it.',
  fields: (t) => ({
    since: t.expose('since', {
      type: 'DateTime',
      description: 'Since it last answered well, or since it was disabled: what to replay from.',
    }),
    failed: t.exposeInt('failed', { description: 'Deliveries that were given up since then.' }),
    notMade: t.exposeInt('notMade', {
      description: 'Events that it asks for and that happened while it was disabled, so no delivery was made of them.',
    }),
  }),
});

/**
 * What an endpoint that is enabled again has missed since it failed, or was disabled: what a replay from that time would send. That
 * time is of the events, which happened before their deliveries were made.
 */
export async function missedBy(
  tx: Transaction,
  endpoint: EndpointRow,
  { windowMs }: { windowMs: number },
): Promise<Missed | null> {
  const { disabledAt, events: patterns, format, granted } = endpoint;
  if (!disabledAt) return null;
  const [turn] = await tx.$queryRaw<{ failing_since: Date | null }[]>`
    select failing_since from endpoint_turn where endpoint_id = ${endpoint.id} order by version desc limit 1`;
  const failing = turn?.failing_since ?? disabledAt;
  // What failed then may have been put in the queue a day before, when its first attempt was made.
  const [failed] = await tx.$queryRaw<[Found]>`
    select count(*)::int as count, min(e.occurred_at) as first
    from delivery d join outbox_event e on e.id = d.event_id
    where d.endpoint_id = ${endpoint.id} and d.id >= ${firstIdOf(failing.getTime() - windowMs)}::uuid
      and d.status = 'FAILED' and d.finished_at >= ${failing} and not d.test`;
  // What happened before may have come to dispatch when it was disabled already.
  const [notMade] = await tx.$queryRaw<[Found]>`
    select count(*)::int as count, min(e.occurred_at) as first from outbox_event e
    where e.id >= ${firstIdOf(disabledAt.getTime() - LONGEST_LAG_MS)}::uuid
      and (e.occurred_at >= ${disabledAt} or e.dispatched_at >= ${disabledAt})
      and e.seq > ${endpoint.fromSeq} and not e.silent and not e.test
      and e.about_endpoint_id is distinct from ${endpoint.id}
      and e.type = any(${namesHeard({ patterns, format, granted })}::text[])
      and (${format} <> 'CONNECT' or e.connect_body is not null)
      and not exists (select 1 from delivery d where d.event_id = e.id and d.endpoint_id = ${endpoint.id})`;
  const times = [failing, failed.first, notMade.first].map((time) => time?.getTime() ?? Number.POSITIVE_INFINITY);
  return { since: new Date(Math.min(...times)), failed: failed.count, notMade: notMade.count };
}

interface Found {
  count: number;
  /** When the first of them happened. */
  first: Date | null;
}

/** Between an event and its dispatch. */
const LONGEST_LAG_MS = 3_600_000;

/** The least id that could be given out at a time. Ids are made by the real clock, even where a test has moved ours. */
function firstIdOf(time: number): string {
  return uuid({ msecs: Math.max(0, time - clock.aheadMs), random: new Uint8Array(16), seq: 0 });
}
