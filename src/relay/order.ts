import type pg from 'pg';
import { clock } from '../core/clock.ts';
import { NOW } from './transaction.ts';

/** A delivery that has left the queue. */
export interface Ended {
  endpoint_id: number;
  /** Only where its endpoint asked for order. */
  subject: string | null;
}

/**
 * What an ordered endpoint is told of a subject waits, due at infinity, while something earlier of that subject is in the
 * queue. When that has ended, the next one is due. The caller holds the endpoints' turns, and so does whoever queues a
 * delivery to an ordered endpoint: so none is held back by something that has just ended. Answers with the endpoints that
 * have something due by this.
 */
export async function releaseHeld(client: pg.PoolClient, ended: Ended[]): Promise<Set<number>> {
  const subjects = ended.filter(({ subject }) => subject !== null);
  if (subjects.length === 0) return new Set();
  const { rows } = await client.query<{ endpoint_id: number }>({
    name: 'release-held',
    text: RELEASE_HELD,
    values: [clock.aheadMs, JSON.stringify(subjects.map(({ endpoint_id, subject }) => ({ endpoint_id, subject })))],
  });
  return new Set(rows.map(({ endpoint_id }) => endpoint_id));
}

const RELEASE_HELD = `
  with next as (
    select q.endpoint_id, q.delivery_id
    from (select distinct endpoint_id, subject from json_to_recordset($2::json) as r(endpoint_id int, subject text)) e
    cross join lateral (
      select endpoint_id, delivery_id, due_at from delivery_queue
      where endpoint_id = e.endpoint_id and subject = e.subject
      order by seq, delivery_id limit 1
    ) q
    where q.due_at = 'infinity'
  )
  update delivery_queue q set due_at = ${NOW}
  from next n where q.endpoint_id = n.endpoint_id and q.delivery_id = n.delivery_id
  returning q.endpoint_id`;
