import type pg from 'pg';
import { clock } from '../core/clock.ts';
import { type Condition, MOST_IN_FLIGHT } from './breaker.ts';
import { nextCallAt } from './pace.ts';
import { NOW } from './transaction.ts';

/** An endpoint's turn as it was locked: its place among the endpoints, and how it is doing. */
export interface Turn extends Condition {
  endpointId: number;
  agencyId: number;
  version: string;
  /** PostgreSQL's text of a time before which nothing waits. */
  waitsFrom: string;
  /** Its deliveries that are leased, those whose lease has ended included. */
  inFlight: number;
  /** No lease ends before this. */
  leaseEnds: number | null;
  pacedTo: number | null;
  ratePerSecond: number | null;
  /** How many operational events have been told of it. */
  news: number;
  /** The statement's time, which is PostgreSQL's. */
  now: number;
}

/** A turn as it is to be written. */
export interface NextTurn extends Turn {
  /** The earliest time for which something was put into the queue since the turn was locked. */
  queuedFor?: number | null;
  /** A pause of its own making, of no consequence to the endpoint's health. */
  restsUntil?: number;
}

/** As many calls as an endpoint may have under way now. */
export function slotsOf(turn: Condition): number {
  return turn.breaker === 'closed' ? turn.slots : 1;
}

/** The columns of a turn `t` and its endpoint `w`, as `Turn` has them. */
export const TURN = `
  t.endpoint_id as "endpointId", t.agency_id as "agencyId", t.version, t.waits_from::text as "waitsFrom",
  t.in_flight as "inFlight", ${ms('t.lease_ends')} as "leaseEnds", t.breaker, ${ms('t.not_before')} as "notBefore",
  t.slots, t.failures, t.successes, t.trips, ${ms('t.window_at')} as "windowAt", t.window_tried as "windowTried",
  t.window_failed as "windowFailed", ${ms('t.paced_to')} as "pacedTo", ${ms('t.tried_at')} as "triedAt",
  ${ms('t.succeeded_at')} as "succeededAt", ${ms('t.failing_since')} as "failingSince", t.told, t.news,
  w.rate_per_second as "ratePerSecond", ${ms(NOW)} as now`;

function ms(time: string): string {
  return `(extract(epoch from ${time}) * 1000)::float8`;
}

/** Locks turns in the order of the endpoints' ids, so that two who lock several never wait for each other. */
export async function lockTurns(client: pg.PoolClient, endpointIds: number[]): Promise<Turn[]> {
  const { rows } = await client.query<Turn>({
    name: 'lock-turns',
    text: LOCK_TURNS,
    values: [clock.aheadMs, [...endpointIds].sort((a, b) => a - b)],
  });
  return rows;
}

// By the newest version and not by the endpoint alone: see the migration that made the table.
const LOCK_TURNS = `
  select ${TURN}
  from unnest($2::int[]) with ordinality as asked(endpoint_id, place)
  cross join lateral (
    select * from endpoint_turn where endpoint_id = asked.endpoint_id order by version desc limit 1 for update
  ) t
  join webhook_endpoint w on w.id = t.endpoint_id
  order by asked.place`;

/**
 * Writes turns down and says when each is to be looked at next: when its earliest delivery is due or its earliest lease
 * ends; when its slots are taken, not before one of the leases ends (a settle that frees a slot says it anew); while its
 * breaker is open, when that ends, or when the last attempt of a delivery has to be made; never, when nothing waits. What
 * is due already goes behind the endpoints that were due before it.
 *
 * The caller must hold the lock on the turns and have begun a new statement since it got it. Whoever adds a delivery
 * waits for that lock too, so none can be added unseen between our look and our write: no wake-up is lost.
 */
export async function writeTurns(
  client: pg.PoolClient,
  turns: NextTurn[],
  { windowMs }: { windowMs: number },
): Promise<void> {
  const rows = turns.map((turn) => ({
    endpoint_id: turn.endpointId,
    version: turn.version,
    queued_for: time(turn.queuedFor),
    full: turn.inFlight >= slotsOf(turn),
    last_full: turn.inFlight >= MOST_IN_FLIGHT,
    earliest: time(Math.max(turn.notBefore ?? 0, turn.restsUntil ?? 0, nextCallAt(turn) ?? 0) || null),
    next_call: time(nextCallAt(turn)),
    in_flight: turn.inFlight,
    lease_ends: time(turn.leaseEnds),
    breaker: turn.breaker,
    not_before: time(turn.notBefore),
    slots: turn.slots,
    failures: turn.failures,
    successes: turn.successes,
    trips: turn.trips,
    window_at: time(turn.windowAt),
    window_tried: turn.windowTried,
    window_failed: turn.windowFailed,
    paced_to: time(turn.pacedTo),
    tried_at: time(turn.triedAt),
    succeeded_at: time(turn.succeededAt),
    failing_since: time(turn.failingSince),
    told: turn.told,
    news: turn.news,
  }));
  await client.query({
    name: 'write-turns',
    text: WRITE_TURNS,
    values: [clock.aheadMs, JSON.stringify(rows), windowMs],
  });
}

function time(milliseconds: number | null | undefined): string | null {
  return milliseconds == null ? null : new Date(milliseconds).toISOString();
}

// Each look begins where something can be, so that it doesn't pass over what long transactions keep of the past.
const WRITE_TURNS = `
  update endpoint_turn t
  set version = t.version + 1, in_flight = n.in_flight, breaker = n.breaker, not_before = n.not_before, slots = n.slots,
    failures = n.failures, successes = n.successes, trips = n.trips, window_at = n.window_at,
    window_tried = n.window_tried, window_failed = n.window_failed, paced_to = n.paced_to, tried_at = n.tried_at,
    succeeded_at = n.succeeded_at, failing_since = n.failing_since, told = n.told, news = n.news,
    (waits_from, lease_ends, due_at) = (
      select waiting.at, leased.at,
        case when n.breaker = 'open' then
          least(
            greatest(least(waiting.at, leased.at), n.earliest, ${NOW}),
            case when not n.last_full then (
              select greatest(q.first_at + $3::float8 * interval '1 millisecond', n.next_call, ${NOW})
              from delivery_queue q
              where q.endpoint_id = t.endpoint_id and q.lease is null and q.first_at is not null
              order by q.first_at limit 1)
            end)
        else
          least(case when not n.full then greatest(waiting.at, n.earliest, ${NOW}) end, greatest(coalesce(leased.at, 'infinity'), ${NOW}))
        end
      from (
        select coalesce((
          select q.due_at from delivery_queue q
          where q.endpoint_id = t.endpoint_id and q.lease is null and q.due_at >= least(t.waits_from, n.queued_for)
          order by q.due_at limit 1), 'infinity') as at
      ) waiting, (
        select case
          when n.in_flight = 0 then null
          when n.lease_ends > ${NOW} then n.lease_ends
          else (
            select min(q.due_at) from delivery_queue q
            where q.endpoint_id = t.endpoint_id and q.lease is not null and q.due_at >= n.lease_ends)
          end as at
      ) leased
    )
  from json_to_recordset($2::json) as n(
    endpoint_id int, version bigint, queued_for timestamptz, "full" boolean, last_full boolean, earliest timestamptz,
    next_call timestamptz, in_flight int, lease_ends timestamptz, breaker text, not_before timestamptz, slots int,
    failures int, successes int, trips int, window_at timestamptz, window_tried int, window_failed int,
    paced_to timestamptz, tried_at timestamptz, succeeded_at timestamptz, failing_since timestamptz, told boolean,
    news int)
  where t.endpoint_id = n.endpoint_id and t.version = n.version`;
