import type pg from 'pg';
import { clock } from '../core/clock.ts';
import type { Claimed } from './claim.ts';

/**
 * Gives back what was claimed and has not been begun, as if it had never been claimed; due at once, or after a while, and then
 * the time in which it may be tried has begun all the same.
 */
export async function release(
  pool: pg.Pool,
  claimed: Claimed[],
  { windowMs, afterMs = 0 }: { windowMs: number; afterMs?: number },
): Promise<void> {
  const leases = claimed.map(({ endpointId, deliveryId, lease }) => ({
    endpoint_id: endpointId,
    delivery_id: deliveryId,
    lease,
  }));
  await pool.query('select relay.release($1, $2, $3, $4)', [clock.aheadMs, windowMs, afterMs, JSON.stringify(leases)]);
}
