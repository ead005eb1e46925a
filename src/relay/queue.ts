import { clock } from '../core/clock.ts';
import type { Queryable } from '../outbox/log.ts';
import { NOW } from './transaction.ts';

export interface NewDelivery {
  /** A UUID v7: deliveries that are due at the same moment are made in the order of their ids. */
  id: string;
  agencyId: number;
  eventId: string;
  endpointId: number;
  eventType: string;
  /** 0 for what dispatch made, then 1, 2 … */
  replay?: number;
  test?: boolean;
  /** The replay that makes it. */
  replayJobId?: number;
}

/**
 * Puts deliveries into the log and the queue, due at once, and moves their endpoints' turns up; in the transaction of the
 * caller, who pokes the wake afterwards. One that exists already (the same event, endpoint and replay) is left alone, and
 * one to an ordered endpoint is held back while something earlier of its subject is on its way. Answers with the ids that
 * are new.
 */
export async function queueDeliveries(db: Queryable, deliveries: NewDelivery[]): Promise<string[]> {
  const endpointIds = [...new Set(deliveries.map(({ endpointId }) => endpointId))].sort((a, b) => a - b);
  const { rows: turns } = await db.query(LOCK_ROWS, [endpointIds]);
  const rows = deliveries.map((delivery) => ({
    ...rowOf(delivery),
    replay: delivery.replay ?? 0,
    test: delivery.test ?? false,
    replay_job_id: delivery.replayJobId,
  }));
  const { rows: made } = await db.query(QUEUE_DELIVERIES, [
    clock.aheadMs,
    JSON.stringify(rows),
    turns.map(({ place }) => place),
  ]);
  return made.map(({ id }) => id);
}

/** Writes deliveries into the log that are not to be made, each with its reason. */
export async function withhold(db: Queryable, deliveries: (NewDelivery & { error: string })[]): Promise<void> {
  const rows = deliveries.map((delivery) => ({ ...rowOf(delivery), error: delivery.error }));
  await db.query(WITHHELD, [clock.aheadMs, JSON.stringify(rows)]);
}

const rowOf = ({ id, agencyId, eventId, endpointId, eventType }: NewDelivery) => ({
  id,
  agency_id: agencyId,
  event_id: eventId,
  endpoint_id: endpointId,
  event_type: eventType,
});

// Turns are locked in the order of the ids, as everybody does who locks several, and before the queue is looked at: what
// ends meanwhile would leave behind what is held back for it. A row that is locked stays where it is.
const LOCK_ROWS = `
  select t.place::text as place
  from unnest($1::int[]) with ordinality as asked(endpoint_id, place)
  cross join lateral (
    select ctid as place from endpoint_turn where endpoint_id = asked.endpoint_id
    order by version desc limit 1 for update
  ) t
  order by asked.place`;

const QUEUE_DELIVERIES = `
  with wanted as (
    select * from json_to_recordset($2::json) as r(
      id uuid, agency_id int, event_id uuid, endpoint_id int, event_type text, replay int, test boolean,
      replay_job_id int)
  ), made as (
    insert into delivery (id, agency_id, event_id, endpoint_id, event_type, replay, test, created_at, updated_at, next_at)
    select r.id, r.agency_id, r.event_id, r.endpoint_id, r.event_type, r.replay, r.test, ${NOW}, ${NOW}, ${NOW}
    from wanted r
    on conflict (event_id, endpoint_id, replay) do nothing
    returning id, agency_id, endpoint_id, event_id
  ), queued as (
    insert into delivery_queue (delivery_id, agency_id, endpoint_id, due_at, replay_job_id, subject, seq)
    select m.id, m.agency_id, m.endpoint_id,
      case when e.id is not null and (
        row_number() over (partition by m.endpoint_id, e.subject order by e.seq, m.id) > 1
        or exists (
          select 1 from delivery_queue q
          where q.endpoint_id = m.endpoint_id and q.subject = e.subject and q.seq <= e.seq)
      ) then 'infinity' else ${NOW} end,
      r.replay_job_id, e.subject, e.seq
    from made m
    join wanted r on r.id = m.id
    join webhook_endpoint w on w.id = m.endpoint_id
    left join outbox_event e on w.ordered and e.id = m.event_id
  ), turned as (
    update endpoint_turn t
    set version = t.version + 1, waits_from = least(t.waits_from, ${NOW}),
      due_at = case
        when t.in_flight >= case t.breaker when 'closed' then t.slots else 1 end then t.due_at
        else least(t.due_at, greatest(t.not_before, ${NOW})) end
    where t.ctid = any($3::tid[])
  )
  select id from made`;

const WITHHELD = `
  insert into delivery
    (id, agency_id, event_id, endpoint_id, event_type, status, error, created_at, updated_at, finished_at)
  select r.id, r.agency_id, r.event_id, r.endpoint_id, r.event_type, 'FAILED', r.error, ${NOW}, ${NOW}, ${NOW}
  from json_to_recordset($2::json) as r(
    id uuid, agency_id int, event_id uuid, endpoint_id int, event_type text, error text)
  on conflict (event_id, endpoint_id, replay) do nothing`;
