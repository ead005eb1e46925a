import type pg from 'pg';
import type { Arrival } from './receiver.ts';
import type { Told } from './writers.ts';

/** An event that PostgreSQL has, and so one that everybody who asked for it must hear of. */
export interface Committed {
  id: string;
  occurredAt: number;
}

/** A kill that happened. */
export interface Kill {
  at: number;
  /** When its victim could work again. */
  readyAt: number;
}

/** What the receivers got beside what was committed. */
export interface Reckoning {
  committed: number;
  /** Committed events that an endpoint has not got, counted by endpoint. */
  lost: number;
  /** Events that arrived and were never committed. */
  phantom: number;
  /** Calls that came again although the one before was not refused. */
  duplicates: Arrival[];
  /** Events whose calls did not all bring the same bytes. */
  differing: number;
}

export function reckon(arrivals: Arrival[], committed: Committed[], endpoints: number): Reckoning {
  const calls = new Map<string, Arrival[]>();
  const digests = new Map<string, Set<string>>();
  for (const arrival of arrivals) {
    const key = `${arrival.endpoint} ${arrival.eventId}`;
    calls.set(key, [...(calls.get(key) ?? []), arrival]);
    digests.set(arrival.eventId, (digests.get(arrival.eventId) ?? new Set()).add(arrival.digest));
  }
  let lost = 0;
  for (const { id } of committed) {
    for (let endpoint = 0; endpoint < endpoints; endpoint++) {
      if (!calls.get(`${endpoint} ${id}`)?.some(({ status }) => status < 300)) lost += 1;
    }
  }
  const known = new Set(committed.map(({ id }) => id));
  return {
    committed: committed.length,
    lost,
    phantom: [...digests.keys()].filter((id) => !known.has(id)).length,
    duplicates: [...calls.values()].flatMap((same) => same.filter((_, i) => i > 0 && same[i - 1]!.status < 300)),
    differing: [...digests.values()].filter((different) => different.size > 1).length,
  };
}

/**
 * How long each kill was felt, in milliseconds: until its victim could work again, and all that had happened before it had
 * arrived everywhere.
 */
export function recoveries(kills: Kill[], arrivals: Arrival[], committed: Committed[]): number[] {
  const accepted = new Map<string, number>();
  const seen = new Set<string>();
  for (const { endpoint, eventId, status, at } of arrivals) {
    const key = `${endpoint} ${eventId}`;
    if (status >= 300 || seen.has(key)) continue;
    seen.add(key);
    accepted.set(eventId, Math.max(at, accepted.get(eventId) ?? 0));
  }
  const events = [...committed].sort((a, b) => a.occurredAt - b.occurredAt);
  let next = 0;
  let arrivedAt = 0;
  return [...kills]
    .sort((a, b) => a.at - b.at)
    .map(({ at, readyAt }) => {
      for (; next < events.length && events[next]!.occurredAt < at; next++)
        arrivedAt = Math.max(arrivedAt, accepted.get(events[next]!.id) ?? Number.POSITIVE_INFINITY);
      return Math.max(readyAt, arrivedAt) - at;
    });
}

/** Reads what was committed after an event of the log: bookings' events, which the endpoints have asked for. */
export async function readCommitted(client: pg.Client, afterSeq: string): Promise<Committed[]> {
  const { rows } = await client.query(
    `select id, extract(epoch from occurred_at)::float8 * 1000 as "occurredAt" from outbox_event
     where seq > $1 and type like 'booking.%' and not silent`,
    [afterSeq],
  );
  return rows;
}

/** Where PostgreSQL and what the writers were told disagree, a sentence each; and how many keys booked more than once. */
export async function contradictions(client: pg.Client, told: Told): Promise<{ wrong: string[]; twice: number }> {
  const { rows: guests } = await client.query<{ key: string; n: number }>(
    'select guest_name as key, count(*)::int as n from booking group by 1',
  );
  const { rows: events } = await client.query<{ id: string }>('select id from outbox_event');
  const bookings = new Set(guests.map(({ key }) => key));
  const log = new Set(events.map(({ id }) => id));
  const say = (ids: Set<string>, isWrong: (id: string) => boolean, what: string) =>
    [...ids].filter(isWrong).map((id) => `${id} ${what}`);
  return {
    wrong: [
      ...say(told.booked, (key) => !bookings.has(key), 'was booked, and there is no booking'),
      ...say(told.carriedOut, (key) => !bookings.has(key), 'was said to be carried out, and there is no booking'),
      ...say(told.refused, (key) => bookings.has(key), 'was refused, and there is a booking'),
      ...say(told.committed, (id) => !log.has(id), 'was committed, and is not in the log'),
      ...say(told.rolledBack, (id) => log.has(id), 'was rolled back, and is in the log'),
    ],
    twice: guests.filter(({ n }) => n > 1).length,
  };
}

/** What became of the event that arrived last of all, beside when it happened: where to begin to look when a recovery took long. */
export async function slowest(client: pg.Client, arrivals: Arrival[], committed: Committed[]): Promise<string> {
  const happened = new Map(committed.map(({ id, occurredAt }) => [id, occurredAt]));
  const waited = ({ at, eventId }: Arrival) => at - (happened.get(eventId) ?? at);
  const last = arrivals.reduce((a, b) => (waited(b) > waited(a) ? b : a));
  const { rows } = await client.query(
    `select number, outcome, started_at as "startedAt" from attempt where delivery_id = $1 order by started_at`,
    [last.deliveryId],
  );
  const attempts = rows.map(({ number, outcome, startedAt }) => `${number} ${outcome} ${startedAt.toISOString()}`);
  return `The slowest took ${(waited(last) / 1000).toFixed(1)} s: delivery ${last.deliveryId}, attempts ${attempts.join(', ')}.`;
}
