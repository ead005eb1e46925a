import type pg from 'pg';
import { clock } from '../core/clock.ts';
import { NOW } from './transaction.ts';

/** As many calls as one endpoint is ever sent at the same time, by all relays together. */
export const MOST_IN_FLIGHT = 8;

/**
 * Says when each of these endpoints is to be looked at next: when its earliest delivery is due or its earliest lease
 * ends; when all its slots are taken, not before one of the leases ends (a settle that frees a slot says it anew); never,
 * when nothing waits. What is due already goes behind the endpoints that were due before it.
 *
 * The caller must hold the lock on their turns and have begun a new statement since it got it. Whoever adds a delivery
 * waits for that lock too, so none can be added unseen between our look and our write: no wake-up is lost.
 */
export async function setTurns(client: pg.PoolClient, endpointIds: number[]): Promise<void> {
  await client.query({ name: 'set-turns', text: SET_TURNS, values: [clock.aheadMs, endpointIds] });
}

/** Locks their turns in the order of the ids, so that two who lock several never wait for each other. */
export async function lockTurns(client: pg.PoolClient, endpointIds: number[]): Promise<void> {
  await client.query({ name: 'lock-turns', text: LOCK_TURNS, values: [endpointIds] });
}

const LEASED = `from delivery_queue q
  where q.endpoint_id = t.endpoint_id and q.lease is not null and q.due_at > ${NOW}`;

const SET_TURNS = `
  update endpoint_turn t
  set due_at = coalesce(
    case when (select count(*) ${LEASED}) >= ${MOST_IN_FLIGHT} then (select min(q.due_at) ${LEASED})
    else (select greatest(q.due_at, ${NOW}) from delivery_queue q
          where q.endpoint_id = t.endpoint_id order by q.due_at limit 1)
    end, 'infinity')
  where t.endpoint_id = any($2::int[])`;

const LOCK_TURNS = 'select 1 from endpoint_turn where endpoint_id = any($1::int[]) order by endpoint_id for update';
