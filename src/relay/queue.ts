import { clock } from '../core/clock.ts';
import type { Queryable } from '../outbox/log.ts';

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
  const rows = deliveries.map((delivery) => ({
    id: delivery.id,
    agency_id: delivery.agencyId,
    event_id: delivery.eventId,
    endpoint_id: delivery.endpointId,
    event_type: delivery.eventType,
    replay: delivery.replay ?? 0,
    test: delivery.test ?? false,
    replay_job_id: delivery.replayJobId,
  }));
  const { rows: made } = await db.query('select relay.queue_deliveries($1, $2) as id', [
    clock.aheadMs,
    JSON.stringify(rows),
  ]);
  return made.map(({ id }) => id);
}
