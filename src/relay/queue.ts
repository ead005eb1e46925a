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
}

/**
 * Puts deliveries into the log and the queue, due at once, and moves their endpoints' turns up; in the transaction of the
 * caller, who pokes the wake afterwards. One that exists already (the same event, endpoint and replay) is left alone.
 * Answers with the ids that are new.
 */
export async function queueDeliveries(db: Queryable, deliveries: NewDelivery[]): Promise<string[]> {
  const rows = deliveries.map(({ id, agencyId, eventId, endpointId, eventType, replay = 0, test = false }) => ({
    id,
    agency_id: agencyId,
    event_id: eventId,
    endpoint_id: endpointId,
    event_type: eventType,
    replay,
    test,
  }));
  const { rows: made } = await db.query(QUEUE_DELIVERIES, [clock.aheadMs, JSON.stringify(rows)]);
  return made.map(({ id }) => id);
}

// Turns are locked in the order of the ids, as everybody does who locks several.
const QUEUE_DELIVERIES = `
  with made as (
    insert into delivery (id, agency_id, event_id, endpoint_id, event_type, replay, test, created_at, updated_at, next_at)
    select r.id, r.agency_id, r.event_id, r.endpoint_id, r.event_type, r.replay, r.test, ${NOW}, ${NOW}, ${NOW}
    from json_to_recordset($2::json) as r(
      id uuid, agency_id int, event_id uuid, endpoint_id int, event_type text, replay int, test boolean)
    on conflict (event_id, endpoint_id, replay) do nothing
    returning id, agency_id, endpoint_id
  ), queued as (
    insert into delivery_queue (delivery_id, agency_id, endpoint_id, due_at)
    select id, agency_id, endpoint_id, ${NOW} from made
  ), turned as (
    insert into endpoint_turn as t (endpoint_id, agency_id, due_at)
    select distinct endpoint_id, agency_id, ${NOW} from made order by endpoint_id
    on conflict (endpoint_id) do update set due_at = least(t.due_at, excluded.due_at)
  )
  select id from made`;
