import type pg from 'pg';
import { clock } from '../core/clock.ts';
import { dispatchedEvents, withheldDeliveries } from '../core/metrics.ts';
import { beginSpan } from '../core/trace.ts';
import { errandsAfter } from '../outbox/errand.ts';
import { catalogue } from '../outbox/event.ts';
import type { Front } from './front.ts';
import { needsOf, whyForbidden } from './rights.ts';

/** What relay.dispatch answers. */
export interface DispatchRow {
  /** Events that it had in hand. */
  looked: number;
  reached: string | null;
  dispatched: number | null;
  withheld: number | null;
  errands: number | null;
  traced: { id: string; type: string; traceparent: string }[] | null;
}

export interface Dispatched {
  /** False when this was all there was. */
  more: boolean;
  events: number;
  errands: number;
}

/**
 * Turns events that nobody has looked at yet into deliveries and errands: relay.dispatch in the migrations. Where one relay
 * does so already, there is nothing to do for another.
 */
export async function dispatch(pool: pg.Pool, front?: Front): Promise<Dispatched> {
  const begun = new Date();
  const { rows } = await pool.query<DispatchRow>({
    name: 'dispatch',
    text: 'select * from relay.dispatch($1, $2, $3, $4)',
    values: dispatchValues(front),
  });
  return dispatchedOf(rows[0]!, begun, front);
}

export function dispatchValues(front?: Front): unknown[] {
  return [clock.aheadMs, MOST_EVENTS, front?.from() ?? 0, knowledge()];
}

export function dispatchedOf(row: DispatchRow, begun: Date, front?: Front): Dispatched {
  if (row.reached !== null) front?.reached(Number(row.reached), Date.now() - begun.getTime());
  noteDispatched(row.traced ?? [], begun);
  const events = row.dispatched ?? 0;
  dispatchedEvents.inc(events);
  withheldDeliveries.inc(row.withheld ?? 0);
  return { more: row.looked === MOST_EVENTS, events, errands: row.errands ?? 0 };
}

function noteDispatched(events: { id: string; type: string; traceparent: string }[], begun: Date): void {
  for (const { id, type, traceparent } of events) {
    const facts = { 'bellhop.event_id': id };
    beginSpan(`dispatch ${type}`, { kind: 'producer', parent: traceparent, begun, facts })?.end();
  }
}

let known: string | undefined;

/** What PostgreSQL can't know of events, as relay.fan_out takes it. */
export function knowledge(): string {
  known ??= JSON.stringify({
    needs: Object.fromEntries(catalogue().map(({ name }) => [name, needsOf(name)[0]])),
    errands: Object.fromEntries(
      catalogue().flatMap(({ name }) => (errandsAfter(name).length > 0 ? [[name, errandsAfter(name)]] : [])),
    ),
    operational: catalogue().flatMap(({ name, operational }) => (operational ? [name] : [])),
    why: whyForbidden(['%s']),
  });
  return known;
}

/** Bounds the transaction, in which endpoints' turns are held, and not the work: the loop comes again at once. */
const MOST_EVENTS = 100;
