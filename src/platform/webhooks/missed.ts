import { v7 as uuid } from 'uuid';
import { clock } from '../../core/clock.ts';
import type { Transaction } from '../../database/index.ts';
import { builder } from '../../graph/builder.ts';
import { operationalEvents } from '../../outbox/event.ts';
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

/** What an endpoint that is enabled again has missed since it failed, or was disabled. */
export async function missedBy(
  tx: Transaction,
  endpoint: EndpointRow,
  { windowMs }: { windowMs: number },
): Promise<Missed | null> {
  if (!endpoint.disabledAt) return null;
  const [turn] = await tx.$queryRaw<{ failing_since: Date | null }[]>`
    select failing_since from endpoint_turn where endpoint_id = ${endpoint.id} order by version desc limit 1`;
  const failing = turn?.failing_since ?? endpoint.disabledAt;
  // What failed then may have been put in the queue a day before, when its first attempt was made.
  const [failed] = await tx.$queryRaw<{ count: number; first: Date | null }[]>`
    select count(*)::int as count, min(created_at) as first from delivery
    where endpoint_id = ${endpoint.id} and id >= ${firstIdOf(failing.getTime() - windowMs)}::uuid
      and status = 'FAILED' and finished_at >= ${failing} and not test`;
  const [notMade] = await tx.$queryRaw<{ count: number }[]>`
    select count(*)::int as count from outbox_event e
    where e.id >= ${firstIdOf(endpoint.disabledAt.getTime())}::uuid and e.occurred_at >= ${endpoint.disabledAt}
      and e.seq > ${endpoint.fromSeq} and not e.silent and not e.test
      and e.about_endpoint_id is distinct from ${endpoint.id}
      and ${endpoint.events}::text[] && array[e.type, split_part(e.type, '.', 1) || '.*', e.connect_type,
        case when e.type <> all(${operationalEvents()}::text[]) then '*' end]
      and (${endpoint.format} <> 'CONNECT' or e.connect_body is not null)
      and not exists (select 1 from delivery d where d.event_id = e.id and d.endpoint_id = ${endpoint.id})`;
  const { count, first } = failed!;
  return { since: first && first < failing ? first : failing, failed: count, notMade: notMade!.count };
}

/** The least id that could be given out at a time. Ids are made by the real clock, even where a test has moved ours. */
function firstIdOf(time: number): string {
  return uuid({ msecs: Math.max(0, time - clock.aheadMs), random: new Uint8Array(16), seq: 0 });
}
