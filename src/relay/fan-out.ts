import type pg from 'pg';
import { v7 as uuid } from 'uuid';
import { clock } from '../core/clock.ts';
import { beginSpan, type Span } from '../core/trace.ts';
import { operationalEvents } from '../outbox/event.ts';
import { queueErrands } from './errands.ts';
import { type NewDelivery, queueDeliveries, withhold } from './queue.ts';
import { mayHear, needsOf, RIGHTS, whyForbidden } from './rights.ts';
import { NOW } from './transaction.ts';

/** Which events are to be fanned out: what a transport knows, and all that it has to know. */
export interface Source {
  /** Names the statement. */
  name: string;
  /** What follows `from outbox_event where`, up to the lock on its rows. Of them, only those that wait for dispatch. */
  where: string;
  /** From `$3` on; the first two are taken. */
  values: unknown[];
}

export interface FannedOut {
  /** The events that are done with as soon as the transaction commits. */
  dispatched: string[];
  /** Those that came before something of their subject that waits for dispatch elsewhere, and have to wait for it. */
  early: string[];
  /** The seq of the last of all, where there is one. */
  reached: number | undefined;
  /** Once the transaction has ended. */
  end(): void;
}

/**
 * Turns events into one delivery for each endpoint that wants them and one errand for each reaction of our own, in a
 * transaction that holds them until it ends.
 *
 * An endpoint is told of what came after it in the log: by sequence and not by time, because the clocks of two machines
 * may disagree and an event must not be lost to that. A disabled one is told nothing; its owner replays what it missed.
 *
 * What an endpoint's token may not read is not for that endpoint. What it could read when the endpoint was saved and no
 * longer may is withheld: in the delivery log, with the reason, to be replayed once the right is there again.
 *
 * What an ordered endpoint wants isn't fanned out before what came earlier of the same subject, whoever has that: another
 * relay that hasn't committed, or a transport that lost it and will bring it again.
 */
export async function fanOut(client: pg.PoolClient, { name, where, values }: Source): Promise<FannedOut> {
  const { rows: found } = await client.query<Match>({
    name,
    text: matchEvents(where),
    values: [clock.aheadMs, operationalEvents(), ...values],
  });
  const rows = found.filter(({ early }) => !early);
  const events = [...new Map(rows.map((row) => [row.event_id, row])).values()];
  const spans = events.flatMap(({ event_id, type, traceparent }) =>
    traceparent ? [beginDispatch(event_id, type, traceparent)] : [],
  );
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
  }
  const last = found.at(-1);
  return {
    dispatched: events.map(({ event_id }) => event_id),
    early: [...new Set(found.flatMap(({ early, event_id }) => (early ? [event_id] : [])))],
    reached: last && Number(last.seq),
    end() {
      for (const span of spans) span?.end();
    },
  };
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
  /** To be left for later. */
  early: boolean;
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

// The endpoints are read in the statement that claims the events, so one that was registered a moment ago is among them.
// The patterns that cover an event are few, so the event brings them along: see `covers` in outbox/event.ts.
//
// "behind" asks for each subject that an ordered endpoint wants, once, for the earliest that waits and isn't among these.
const matchEvents = (where: string) => `
  with claimed as (
    select id, seq, agency_id, type, subject, connect_type, connect_body is not null as has_connect, silent,
      about_endpoint_id, traceparent, case when type = any($2::text[]) then null else '*' end as whole
    from outbox_event
    where ${where}
  ), matched as (
    select c.id as event_id, c.seq, c.agency_id, c.type, c.subject, c.traceparent, c.silent, w.id as endpoint_id,
      coalesce(w.ordered, false) as ordered, ${RIGHTS} as rights, w.granted
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
  ), behind as (
    select s.agency_id, s.subject, o.seq
    from (select agency_id, subject, max(seq) as last from matched where ordered group by agency_id, subject) s
    cross join lateral (
      select seq from outbox_event
      where agency_id = s.agency_id and subject = s.subject and seq < s.last and dispatched_at is null
        and id not in (select id from claimed)
      order by seq limit 1
    ) o
  ), early as (
    select m.event_id from matched m join behind b on b.agency_id = m.agency_id and b.subject = m.subject and b.seq < m.seq
    where m.ordered
  ), marked as (
    update outbox_event set dispatched_at = ${NOW}
    where id = any(array(select id from claimed where id not in (select event_id from early)))
  )
  select event_id, seq, agency_id, type, traceparent, silent, endpoint_id, rights, granted,
    event_id in (select event_id from early) as early
  from matched
  order by seq, endpoint_id`;
