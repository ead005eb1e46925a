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
export async function dispatch(
  pool: pg.Pool,
  { front, most = MOST_EVENTS, passed = [] }: Partial<DispatchOptions> = {},
): Promise<Dispatched> {
  const watch = startWatch();
  const { rows } = await pool.query<DispatchRow>({
    name: 'dispatch',
    text: 'select * from relay.dispatch($1, $2, $3, $4, $5)',
    values: dispatchValues({ front, most, passed }),
  });
  return dispatchedOf(rows[0]!, watch, { front, most, passed });
}

export interface DispatchOptions {
  /** Where the front of the log is. */
  front?: Front;
  /** Of so many events at once. */
  most: number;
  /** The sequence numbers of events that are not to be tried. */
  passed: string[];
}

export function dispatchValues({ front, most, passed }: DispatchOptions): unknown[] {
  return [clock.aheadMs, most, front?.from() ?? 0, knowledge(), passed];
}

/** The first event that waits for dispatch and isn't passed by. */
export async function headOfLog(pool: pg.Pool, passed: string[]): Promise<string | null> {
  const { rows } = await pool.query<{ seq: string | null }>(
    'select min(seq)::text as seq from outbox_event where dispatched_at is null and seq <> all($1::bigint[])',
    [passed],
  );
  return rows[0]!.seq;
}

/** When it began, and how long it has taken. */
export function startWatch() {
  const from = performance.now();
  return { begun: new Date(), tookMs: () => performance.now() - from };
}

export function dispatchedOf(
  row: DispatchRow,
  watch: ReturnType<typeof startWatch>,
  { front, most }: DispatchOptions,
): Dispatched {
  if (row.reached !== null) front?.reached(Number(row.reached), watch.tookMs());
  const events = row.dispatched ?? 0;
  noteFannedOut({ begun: watch.begun, events, withheld: row.withheld ?? 0, traced: row.traced ?? [] });
  return { more: row.looked === most && events > 0, events, errands: row.errands ?? 0 };
}

/** Bounds the transaction, in which endpoints' turns are held, and not the work: the loop comes again at once. */
export const MOST_EVENTS = 100;
