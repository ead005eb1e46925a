import type pg from 'pg';
import { clock } from '../core/clock.ts';
import { knowledge, noteFannedOut, type Traced } from './fan-out.ts';
import type { Front } from './front.ts';

/** What relay.dispatch answers. */
export interface DispatchRow {
  /** Events that it had in hand. */
  looked: number;
  reached: string | null;
  dispatched: number | null;
  withheld: number | null;
  errands: number | null;
  traced: Traced[] | null;
}

export interface Dispatched {
  /** False when this was all there was. */
  more: boolean;
  events: number;
  errands: number;
}

/**
 * Fans out events that nobody has looked at yet: relay.dispatch in the migrations. Where one relay does so already, there is
 * nothing to do for another.
 */
export async function dispatch(pool: pg.Pool, front?: Front): Promise<Dispatched> {
  const watch = startWatch();
  const { rows } = await pool.query<DispatchRow>({
    name: 'dispatch',
    text: 'select * from relay.dispatch($1, $2, $3, $4)',
    values: dispatchValues(front),
  });
  return dispatchedOf(rows[0]!, watch, front);
}

export function dispatchValues(front?: Front): unknown[] {
  return [clock.aheadMs, MOST_EVENTS, front?.from() ?? 0, knowledge()];
}

/** When it began, and how long it has taken. */
export function startWatch() {
  const from = performance.now();
  return { begun: new Date(), tookMs: () => performance.now() - from };
}

export function dispatchedOf(row: DispatchRow, watch: ReturnType<typeof startWatch>, front?: Front): Dispatched {
  if (row.reached !== null) front?.reached(Number(row.reached), watch.tookMs());
  const events = row.dispatched ?? 0;
  noteFannedOut({ begun: watch.begun, events, withheld: row.withheld ?? 0, traced: row.traced ?? [] });
  return { more: row.looked === MOST_EVENTS, events, errands: row.errands ?? 0 };
}

/** Bounds the transaction, in which endpoints' turns are held, and not the work: the loop comes again at once. */
const MOST_EVENTS = 100;
