import type pg from 'pg';
import { clock } from '../core/clock.ts';
import { dispatchedEvents, withheldDeliveries } from '../core/metrics.ts';
import { beginSpan } from '../core/trace.ts';
import { errandsAfter } from '../outbox/errand.ts';
import { catalogue, operationalEvents } from '../outbox/event.ts';
import { needsOf, whyForbidden } from './rights.ts';

export interface FannedOut {
  dispatched: string[];
  /** Those that came before something of their subject that waits for dispatch elsewhere, and have to wait for it. */
  early: string[];
}

/** Turns events into deliveries and errands: relay.fan_out in the migrations. Those that were dispatched already are left alone. */
export async function fanOut(pool: pg.Pool, ids: string[]): Promise<FannedOut> {
  const begun = new Date();
  const { rows } = await pool.query<Row>({
    name: 'fan-out',
    text: 'select * from relay.fan_out_named($1, $2, $3)',
    values: [clock.aheadMs, ids, knowledge()],
  });
  const dispatched = rows.filter(({ early }) => !early);
  noteFannedOut({
    begun,
    events: dispatched.length,
    withheld: dispatched[0]?.withheld ?? 0,
    traced: dispatched.map(({ event_id, event_type, traceparent }) => ({
      id: event_id,
      type: event_type,
      traceparent,
    })),
  });
  const idsOf = (some: Row[]) => some.map(({ event_id }) => event_id);
  return { dispatched: idsOf(dispatched), early: idsOf(rows.filter(({ early }) => early)) };
}

interface Row {
  event_id: string;
  event_type: string;
  traceparent: string | null;
  early: boolean;
  /** Of them all. */
  withheld: number;
}

export interface Traced {
  id: string;
  type: string;
  traceparent: string | null;
}

/** Counts what was fanned out, and puts it into the traces that it is part of. */
export function noteFannedOut(what: { begun: Date; events: number; withheld: number; traced: Traced[] }): void {
  dispatchedEvents.inc(what.events);
  withheldDeliveries.inc(what.withheld);
  for (const { id, type, traceparent } of what.traced) {
    if (!traceparent) continue;
    const facts = { 'bellhop.event_id': id };
    beginSpan(`dispatch ${type}`, { kind: 'producer', parent: traceparent, begun: what.begun, facts })?.end();
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
    operational: operationalEvents(),
    why: whyForbidden(['%s']),
  });
  return known;
}
