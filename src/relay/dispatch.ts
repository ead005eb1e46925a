import type pg from 'pg';
import { v7 as uuid } from 'uuid';
import { clock } from '../core/clock.ts';
import { dispatchedEvents, withheldDeliveries } from '../core/metrics.ts';
import { beginSpan, type Span } from '../core/trace.ts';
import { operationalEvents } from '../outbox/event.ts';
import { queueErrands } from './errands.ts';
import type { Front } from './front.ts';
import { type NewDelivery, queueDeliveries, withhold } from './queue.ts';
import { mayHear, needsOf, RIGHTS, whyForbidden } from './rights.ts';
import { inTurnsTransaction, NOW } from './transaction.ts';

/**
 * Turns events that nobody has looked at yet into one delivery for each endpoint that wants them and one errand for each
 * reaction of our own, and answers how many events there were. Events are claimed by their state and not by "after the last seq": a transaction that draws a low
 * seq may commit after one with a higher, and a cursor would have passed it by.
 *
 * An endpoint is told of what came after it in the log: by sequence and not by time, because the clocks of two machines
 * may disagree and an event must not be lost to that. A disabled one is told nothing; its owner replays what it missed.
 *
 * What an endpoint's token may not read is not for that endpoint. What it could read when the endpoint was saved and no
 * longer may is withheld: in the delivery log, with the reason, to be replayed once the right is there again.
 */
export async function dispatch(pool: pg.Pool, front?: Front): Promise<number> {
  const spans: (Span | undefined)[] = [];
  const count = await inTurnsTransaction(pool, async (client) => {
    const begun = performance.now();
    const { rows } = await client.query<Match>({
      name: 'dispatch',
      text: MATCH_EVENTS,
      values: [clock.aheadMs, MOST_EVENTS, operationalEvents(), front?.from() ?? 0],
    });
    const last = rows.at(-1);
    if (last) front?.reached(Number(last.seq), performance.now() - begun);
    const events = [...new Map(rows.map((row) => [row.event_id, row])).values()];
    for (const { event_id, type, traceparent } of events) {
      if (traceparent) spans.push(beginDispatch(event_id, type, traceparent));
    }
    await queueErrands(
      client,
      events.filter(({ silent }) => !silent),
    );
    const wanted = rows.filter((match) => match.endpoint_id !== null);
    const told = wanted.filter(({ rights, type }) => mayHear(rights, type));
    const withheld = wanted.filter(({ rights, granted, type }) => !mayHear(rights, type) && mayHear(granted, type));
    if (told.length > 0) await queueDeliveries(client, told.map(deliveryOf));
    if (withheld.length > 0) {
      await withhold(
        client,
        withheld.map((match) => ({ ...deliveryOf(match), error: whyForbidden(needsOf(match.type)) })),
      );
      withheldDeliveries.inc(withheld.length);
    }
    return events.length;
  });
  for (const span of spans) span?.end();
  dispatchedEvents.inc(count);
  return count;
}

const beginDispatch = (id: string, type: string, parent: string): Span | undefined =>
  beginSpan(`dispatch ${type}`, { kind: 'producer', parent, facts: { 'bellhop.event_id': id } });

interface Match {
  event_id: string;
  seq: string;
  agency_id: number;
  type: string;
  traceparent: string | null;
  /** Told to nobody, the product itself included. */
  silent: boolean;
  /** Null for an event that no endpoint wants. */
  endpoint_id: number | null;
  /** What its token may read now, and could when the endpoint was saved. */
  rights: string[];
  granted: string[];
}

const deliveryOf = (match: Match): NewDelivery => ({
  id: uuid(),
  agencyId: match.agency_id,
  eventId: match.event_id,
  endpointId: match.endpoint_id!,
  eventType: match.type,
});

/** Bounds the transaction, not the work: the loop comes again at once. */
const MOST_EVENTS = 500;

// The endpoints are read in the statement that claims the events, so one that was registered a moment ago is among them.
// The patterns that cover an event are few, so the event brings them along: see `covers` in outbox/event.ts.
const MATCH_EVENTS = `
  with claimed as (
    select id, seq, agency_id, type, connect_type, connect_body is not null as has_connect, silent, occurred_at,
      about_endpoint_id, traceparent, case when type = any($3::text[]) then null else '*' end as whole
    from outbox_event
    where dispatched_at is null and seq >= $4::bigint
    order by seq
    limit $2
    for update skip locked
  ), marked as (
    update outbox_event set dispatched_at = ${NOW} where id = any(array(select id from claimed))
  )
  select c.id as event_id, c.seq, c.agency_id, c.type, c.traceparent, c.silent, w.id as endpoint_id, ${RIGHTS} as rights, w.granted
  from claimed c
  left join webhook_endpoint w on w.agency_id = c.agency_id
    and w.enabled
    and not c.silent
    and c.seq > w.from_seq
    and c.about_endpoint_id is distinct from w.id
    and case w.format
      when 'CONNECT' then c.has_connect
        and w.events && array[c.type, split_part(c.type, '.', 1) || '.*', c.whole, c.connect_type]
      else w.events && array[c.type, split_part(c.type, '.', 1) || '.*', c.whole]
    end
  order by c.seq, w.id`;
