import type pg from 'pg';
import { dispatchedEvents } from '../core/metrics.ts';
import { fanOut } from './fan-out.ts';
import type { Front } from './front.ts';
import { inTurnsTransaction } from './transaction.ts';

/**
 * Fans out events that nobody has looked at yet, and answers how many there were. They are claimed by their state and not
 * by "after the last seq": a transaction that draws a low seq may commit after one with a higher, and a cursor would have
 * passed it by.
 *
 * One relay at a time does so. Two would put the events of one booking into the queue in the order in which they commit;
 * and a second one would wait for most of the same endpoints' turns anyway.
 */
export async function dispatch(pool: pg.Pool, front?: Front): Promise<number> {
  const fanned = await inTurnsTransaction(pool, async (client) => {
    const begun = performance.now();
    const done = await fanOut(client, {
      name: 'dispatch',
      where: UNDISPATCHED,
      values: [DISPATCH_LOCK, front?.from() ?? 0, MOST_EVENTS],
    });
    if (done.reached !== undefined) front?.reached(done.reached, performance.now() - begun);
    return done;
  });
  fanned.end();
  dispatchedEvents.inc(fanned.dispatched.length);
  return fanned.dispatched.length;
}

/** Any number that nobody else locks. */
const DISPATCH_LOCK = 7_215_307;
/** Bounds the transaction, not the work: the loop comes again at once. */
const MOST_EVENTS = 500;

// Whoever doesn't get the lock finds nothing.
const UNDISPATCHED = `(select pg_try_advisory_xact_lock($3)) and dispatched_at is null and seq >= $4::bigint
    order by seq
    limit $5
    for update skip locked`;
