import type pg from 'pg';
import { clock } from '../core/clock.ts';
import type { Claimed } from './claim.ts';
import { inSteadyTransaction, NOW } from './transaction.ts';
import { lockTurns, writeTurns } from './turn.ts';

/**
 * Gives back what was claimed and has not been begun, as if it had never been claimed; due at once, or after a while, and then
 * the time in which it may be tried has begun all the same.
 */
export function release(
  pool: pg.Pool,
  claimed: Claimed[],
  { windowMs, afterMs = 0 }: { windowMs: number; afterMs?: number },
): Promise<void> {
  return inSteadyTransaction(pool, async (client) => {
    const rows = claimed.map(({ endpointId, deliveryId, lease }) => ({
      endpoint_id: endpointId,
      delivery_id: deliveryId,
      lease,
    }));
    const { rows: released } = await client.query<{ endpoint_id: number }>(RELEASE, [
      clock.aheadMs,
      JSON.stringify(rows),
      afterMs,
    ]);
    const counts = new Map<number, number>();
    for (const { endpoint_id } of released) counts.set(endpoint_id, (counts.get(endpoint_id) ?? 0) + 1);
    const turns = await lockTurns(client, [...counts.keys()]);
    const next = turns.map((turn) => ({
      ...turn,
      inFlight: Math.max(0, turn.inFlight - counts.get(turn.endpointId)!),
      queuedFor: turn.now + afterMs,
    }));
    await writeTurns(client, next, { windowMs });
  });
}

const RELEASE = `
  update delivery_queue q
  set lease = null, due_at = ${NOW} + $3::float8 * interval '1 millisecond', attempt = q.attempt - 1,
    first_at = case when q.attempt > 1 or $3::float8 > 0 then q.first_at end
  from json_to_recordset($2::json) as r(endpoint_id int, delivery_id uuid, lease uuid)
  where q.endpoint_id = r.endpoint_id and q.delivery_id = r.delivery_id and q.lease is not distinct from r.lease
  returning q.endpoint_id`;
