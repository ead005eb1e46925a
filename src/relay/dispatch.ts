import type pg from 'pg';
import { v7 as uuid } from 'uuid';
import { clock } from '../core/clock.ts';
import { queueErrands } from './errands.ts';
import { queueDeliveries } from './queue.ts';
import { inTransaction, NOW } from './transaction.ts';

/**
 * Turns events that nobody has looked at yet into one delivery for each endpoint that wants them and one errand for each
 * reaction of our own, and answers how many events there were. Events are claimed by their state and not by "after the last seq": a transaction that draws a low
 * seq may commit after one with a higher, and a cursor would have passed it by.
 *
 * An endpoint is told of what came after it in the log: by sequence and not by time, because the clocks of two machines
 * may disagree and an event must not be lost to that. A disabled one is told nothing; its owner replays what it missed.
 */
export function dispatch(pool: pg.Pool): Promise<number> {
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<Match>({
      name: 'dispatch',
      text: MATCH_EVENTS,
      values: [clock.aheadMs, MOST_EVENTS],
    });
    const events = [...new Map(rows.map((row) => [row.event_id, row])).values()];
    await queueErrands(
      client,
      events.filter(({ silent }) => !silent),
    );
    const wanted = rows.filter((match) => match.endpoint_id !== null);
    if (wanted.length > 0) {
      await queueDeliveries(
        client,
        wanted.map((match) => ({
          id: uuid(),
          agencyId: match.agency_id,
          eventId: match.event_id,
          endpointId: match.endpoint_id!,
          eventType: match.type,
        })),
      );
    }
    return events.length;
  });
}

interface Match {
  event_id: string;
  agency_id: number;
  type: string;
  /** Told to nobody, the product itself included. */
  silent: boolean;
  /** Null for an event that no endpoint wants. */
  endpoint_id: number | null;
}

/** Bounds the transaction, not the work: the loop comes again at once. */
const MOST_EVENTS = 500;

// The endpoints are read in the statement that claims the events, so one that was registered a moment ago is among them.
// The patterns that cover an event are few, so the event brings them along: see `covers` in outbox/event.ts.
const MATCH_EVENTS = `
  with claimed as (
    select id, seq, agency_id, type, connect_type, connect_body is not null as has_connect, silent, occurred_at
    from outbox_event
    where dispatched_at is null
    order by seq
    limit $2
    for update skip locked
  ), marked as (
    update outbox_event e set dispatched_at = ${NOW} from claimed c where e.id = c.id
  )
  select c.id as event_id, c.agency_id, c.type, c.silent, w.id as endpoint_id
  from claimed c
  left join webhook_endpoint w on w.agency_id = c.agency_id
    and w.enabled
    and not c.silent
    and c.seq > w.from_seq
    and case w.format
      when 'CONNECT' then c.has_connect
        and w.events && array[c.type, split_part(c.type, '.', 1) || '.*', '*', c.connect_type]
      else w.events && array[c.type, split_part(c.type, '.', 1) || '.*', '*']
    end
  order by c.seq, w.id`;
