import type pg from 'pg';
import { v7 as uuid } from 'uuid';
import { clock } from '../core/clock.ts';
import { claimSeconds } from '../core/metrics.ts';
import { MOST_IN_FLIGHT } from './breaker.ts';
import type { Front } from './front.ts';
import { releaseHeld } from './order.ts';
import { explain } from './outcome.ts';
import { callsAllowed, paceOn } from './pace.ts';
import { RIGHTS } from './rights.ts';
import { inSteadyTransaction, NOW } from './transaction.ts';
import { type NextTurn, slotsOf, TURN, type Turn, writeTurns } from './turn.ts';

/** A delivery that is ours until its lease ends, and all that is needed to make it. */
export interface Claimed {
  deliveryId: string;
  agencyId: number;
  endpointId: number;
  /** Settling with another lease than the row's changes nothing. */
  lease: string;
  /** 1 is the first. */
  attempt: number;
  firstAt: Date;
  claimedAt: Date;
  /** No further attempt is made, whatever its number: its time has ended while the endpoint was left alone. */
  last: boolean;
  eventId: string;
  eventType: string;
  /** Made up by a test button: nobody's data. */
  test: boolean;
  /** What the endpoint's token may read now. */
  rights: string[];
  /** The selection that takes the place of the event's data, and what has been rendered of it already. */
  selection: string | null;
  shaped: { body: string; abilities: string[] } | null;
  /** The event's name in the endpoint's format. */
  eventName: string;
  subject: string;
  subjectSeq: number;
  body: string;
  url: string;
  /** The place in the trace of the request that made the event, if it is known. */
  traceparent?: string;
  /** Newest first; those that have not expired. */
  sealedSecrets: string[];
}

export interface ClaimOptions {
  /** The most that is claimed. */
  room: number;
  leaseMs: number;
  mostAttempts: number;
  /** From a delivery's first attempt to its last: the promise of 24 hours. */
  windowMs: number;
  /** True when much is under way already: then no endpoint gets more than a few of what is left. */
  crowded?: boolean;
  /** Where the front of the queue of endpoints is; its beginning when not said. */
  front?: Front;
}

/**
 * Claims up to `room` deliveries that are due, fairly: endpoints take turns, and none gets more than its free slots and its
 * rate allow, so an endpoint with a backlog of 200,000 dead letters costs the others nothing. A claim is a lease: the due
 * time moves past the longest an attempt can take, so what a dead relay had claimed is due again by itself. The attempt is
 * counted here, so a delivery that kills its relay runs out of attempts too.
 *
 * Nothing is claimed of an endpoint whose breaker is open, but for deliveries whose time ends meanwhile: their last attempt
 * is made. A disabled endpoint's deliveries stay where they are and are claimed again once it is enabled.
 */
export async function claim(pool: pg.Pool, options: ClaimOptions): Promise<Claimed[]> {
  const took = claimSeconds.startTimer();
  const claimed = await inSteadyTransaction(pool, async (client) => {
    const leased = await lease(client, options);
    return leased.length === 0 ? [] : load(client, leased);
  });
  took();
  return claimed;
}

async function lease(client: pg.PoolClient, options: ClaimOptions): Promise<Lease[]> {
  const { room, leaseMs, windowMs, crowded = false, front } = options;
  const begun = performance.now();
  const { rows: turns } = await client.query<Turn & { dueAt: number }>({
    name: 'take-turns',
    text: TAKE_TURNS,
    values: [clock.aheadMs, MOST_TURNS, new Date(front?.from() ?? 0).toISOString()],
  });
  if (turns.length === 0) return [];
  front?.reached(turns[0]!.dueAt, performance.now() - begun);
  const now = turns[0]!.now;
  const asked = turns.map((turn) => ({ ...turn, ...free(turn, crowded) }));
  // A statement of its own: it must see what whoever held these turns before us has claimed.
  const { rows } = await client.query<Lease>({
    name: 'lease',
    text: LEASE,
    values: [clock.aheadMs, JSON.stringify(asked.map(asking)), room, leaseMs, windowMs],
  });
  const { alive, ended } = await buryCrashed(client, rows, options);
  const released = await releaseHeld(client, ended);

  const next = asked.map((turn): NextTurn => {
    const mine = rows.filter(({ endpoint_id }) => endpoint_id === turn.endpointId);
    const fresh = mine.filter(({ crashed_at }) => !crashed_at).length;
    const dead = ended.filter(({ endpoint_id }) => endpoint_id === turn.endpointId).length;
    const probes = turn.breaker === 'open' && mine.some(({ last }) => !last);
    return {
      ...turn,
      ...(probes && { breaker: 'half_open' as const, notBefore: null }),
      inFlight: turn.inFlight + fresh - dead,
      leaseEnds:
        mine.length === 0 ? turn.leaseEnds : Math.min(turn.leaseEnds ?? Number.POSITIVE_INFINITY, now + leaseMs),
      pacedTo: paceOn(turn, { calls: mine.length, now }),
      queuedFor: released.has(turn.endpointId) ? now : null,
      ...(turn.crowdedOut && { restsUntil: now + CROWDED_REST_MS }),
    };
  });
  await writeTurns(client, next, { windowMs });
  return alive;
}

/** How many calls an endpoint may be given now: new ones, ones whose relay is gone, and last ones through an open breaker. */
function free(turn: Turn, crowded: boolean) {
  const allowed = callsAllowed(turn, turn.now);
  const isOpen = turn.breaker === 'open' && (turn.notBefore ?? 0) > turn.now;
  const slots = isOpen
    ? MOST_IN_FLIGHT
    : slotsOf({ ...turn, breaker: turn.breaker === 'open' ? 'half_open' : turn.breaker });
  const most = crowded ? Math.min(slots, CROWDED_SLOTS) : slots;
  const calls = Math.max(0, Math.min(most - turn.inFlight, allowed));
  return {
    fresh: isOpen || (turn.notBefore ?? 0) > turn.now ? 0 : calls,
    expired: !isOpen && turn.leaseEnds !== null && turn.leaseEnds <= turn.now ? slots : 0,
    last: isOpen ? calls : 0,
    crowdedOut: crowded && most - turn.inFlight <= 0 && slots > turn.inFlight,
  };
}

function asking({ endpointId, waitsFrom, leaseEnds, fresh, expired, last }: Turn & ReturnType<typeof free>) {
  const leaseEndsAt = leaseEnds === null ? null : new Date(leaseEnds).toISOString();
  return { endpoint_id: endpointId, waits_from: waitsFrom, lease_ends: leaseEndsAt, fresh, expired, last };
}

interface Lease {
  delivery_id: string;
  agency_id: number;
  endpoint_id: number;
  attempt: number;
  lease: string;
  first_at: Date;
  claimed_at: Date;
  /** When the lease before ours ended without a settle: its relay is gone. */
  crashed_at: Date | null;
  /** Its time has ended while the breaker was open. */
  last: boolean;
  subject: string | null;
}

/** Bounds the transaction. Those left out have their turn in the next one. */
const MOST_TURNS = 32;
/** What each endpoint has under way at most while the relay is crowded, so that those that hang leave room for the others. */
const CROWDED_SLOTS = 2;
const CROWDED_REST_MS = 250;

// An endpoint whose turn another relay holds is left to that relay.
const TAKE_TURNS = `
  select ${TURN}, (extract(epoch from t.due_at) * 1000)::float8 as "dueAt"
  from endpoint_turn t
  join webhook_endpoint w on w.id = t.endpoint_id and w.enabled
  where t.due_at <= ${NOW} and t.due_at >= $3::timestamptz
  order by t.due_at
  limit $2
  for update of t skip locked`;

// The turns that we hold keep other claims away. A settle may hold a leased row, and wait for its turn: passing over that
// row is what keeps the two from waiting for each other.
const LEASE = `
  with picked as (
    select q.*
    from json_to_recordset($2::json) as turn(
      endpoint_id int, waits_from timestamptz, lease_ends timestamptz, fresh int, expired int, "last" int)
    cross join lateral (
      select * from (
        select endpoint_id, delivery_id, due_at, lease, false as last
        from delivery_queue
        where endpoint_id = turn.endpoint_id and lease is null and due_at >= turn.waits_from and due_at <= ${NOW}
        order by due_at, delivery_id
        limit turn.fresh
      ) fresh
      union all
      select * from (
        select endpoint_id, delivery_id, due_at, lease, false
        from delivery_queue
        where endpoint_id = turn.endpoint_id and lease is not null and due_at >= turn.lease_ends and due_at <= ${NOW}
        order by due_at
        limit turn.expired
        for update skip locked
      ) expired
      union all
      select * from (
        select endpoint_id, delivery_id, due_at, lease, true
        from delivery_queue
        where endpoint_id = turn.endpoint_id and lease is null and first_at is not null
          and first_at <= ${NOW} - $5::float8 * interval '1 millisecond'
        order by first_at
        limit turn.last
      ) ending
    ) q
    limit $3
  )
  update delivery_queue q
  set due_at = ${NOW} + $4::float8 * interval '1 millisecond',
    attempt = q.attempt + 1,
    lease = gen_random_uuid(),
    first_at = coalesce(q.first_at, ${NOW})
  from picked p
  where q.endpoint_id = p.endpoint_id and q.delivery_id = p.delivery_id
  returning q.delivery_id, q.agency_id, q.endpoint_id, q.attempt, q.lease, q.first_at, ${NOW} as claimed_at,
    case when p.lease is not null then p.due_at end as crashed_at, p.last, q.subject`;

/**
 * Writes down the attempts whose relay died, and ends the deliveries of which that was the last. Answers with those that
 * are to be attempted, and with those that have ended.
 */
async function buryCrashed(
  client: pg.PoolClient,
  leases: Lease[],
  { leaseMs, mostAttempts }: ClaimOptions,
): Promise<{ alive: Lease[]; ended: Lease[] }> {
  const crashed = leases.filter((lease) => lease.crashed_at);
  if (crashed.length === 0) return { alive: leases, ended: [] };
  const error = explain({ outcome: 'crashed' });
  const ended = crashed.filter((lease) => lease.attempt > mostAttempts);
  for (const lease of crashed) {
    const startedAt = new Date(lease.crashed_at!.getTime() - leaseMs);
    await client.query(
      `insert into attempt (id, agency_id, delivery_id, endpoint_id, number, started_at, outcome, status, error, total_ms)
       values ($1, $2, $3, $4, $5, $6, 'crashed', $7::"DeliveryStatus", $8, $9)`,
      [
        ...[uuid(), lease.agency_id, lease.delivery_id, lease.endpoint_id, lease.attempt - 1, startedAt],
        ...[ended.includes(lease) ? 'FAILED' : 'PENDING', error, leaseMs],
      ],
    );
  }
  if (ended.length > 0) {
    await client.query(
      `with dead as (
         select * from json_to_recordset($2::json) as d(agency_id int, endpoint_id int, delivery_id uuid)
       ), gone as (
         delete from delivery_queue q using dead where q.endpoint_id = dead.endpoint_id and q.delivery_id = dead.delivery_id
       )
       update delivery d set status = 'FAILED', attempts = $3, error = $4, status_code = null, next_at = null,
         finished_at = ${NOW}, updated_at = ${NOW}
       from dead
       where d.agency_id = dead.agency_id and d.id = dead.delivery_id and d.endpoint_id = dead.endpoint_id`,
      [clock.aheadMs, JSON.stringify(ended), mostAttempts, error],
    );
  }
  return { alive: leases.filter((lease) => !ended.includes(lease)), ended };
}

/** Reads what is to be sent. A transaction of its own would hold the locks a millisecond less, and cost two round trips. */
async function load(client: pg.PoolClient, leases: Lease[]): Promise<Claimed[]> {
  const asked = leases.map(({ agency_id, endpoint_id, delivery_id }) => ({ agency_id, endpoint_id, delivery_id }));
  const values = [clock.aheadMs, JSON.stringify(asked)];
  const { rows } = await client.query<Content>({ name: 'load-deliveries', text: LOAD, values });
  const contents = new Map(rows.map((row) => [row.id, row]));
  // A delivery that isn't found went with its endpoint, between the claim and now.
  return leases
    .filter((lease) => contents.has(lease.delivery_id))
    .map((lease) => claimed(lease, contents.get(lease.delivery_id)!))
    .sort((a, b) => (a.deliveryId < b.deliveryId ? -1 : 1));
}

interface Content {
  id: string;
  event_id: string;
  event_type: string;
  test: boolean;
  rights: string[];
  selection: string | null;
  shaped_body: string | null;
  shaped_abilities: string[] | null;
  event_name: string;
  subject: string;
  subject_seq: number;
  body: string;
  url: string;
  traceparent: string | null;
  sealed_secrets: string[];
}

// An endpoint that changed to Connect's format after the dispatch may wait for an event that has no such form.
const LOAD = `
  select d.id, e.id as event_id, e.type as event_type, d.test, e.subject, e.subject_seq, e.traceparent, w.url, w.selection,
    ${RIGHTS} as rights, s.body as shaped_body, s.abilities as shaped_abilities,
    case when w.format = 'CONNECT' and e.connect_body is not null then e.connect_type else e.type end as event_name,
    case when w.format = 'CONNECT' and e.connect_body is not null then e.connect_body else e.body end as body,
    array(
      select k.ciphertext from webhook_secret k
      where k.agency_id = d.agency_id and k.endpoint_id = d.endpoint_id and (k.expires_at is null or k.expires_at > ${NOW})
      order by k.id desc
    ) as sealed_secrets
  from json_to_recordset($2::json) as l(agency_id int, endpoint_id int, delivery_id uuid)
  join delivery d on d.agency_id = l.agency_id and d.id = l.delivery_id and d.endpoint_id = l.endpoint_id
  join outbox_event e on e.id = d.event_id
  join webhook_endpoint w on w.id = d.endpoint_id
  left join shaped_body s
    on w.selection is not null and s.agency_id = d.agency_id and s.event_id = d.event_id and s.endpoint_id = d.endpoint_id`;

function claimed(lease: Lease, content: Content): Claimed {
  return {
    deliveryId: lease.delivery_id,
    agencyId: lease.agency_id,
    endpointId: lease.endpoint_id,
    lease: lease.lease,
    attempt: lease.attempt,
    firstAt: lease.first_at,
    claimedAt: lease.claimed_at,
    last: lease.last,
    eventId: content.event_id,
    eventType: content.event_type,
    test: content.test,
    rights: content.rights,
    selection: content.selection,
    shaped:
      content.shaped_body === null ? null : { body: content.shaped_body, abilities: content.shaped_abilities ?? [] },
    eventName: content.event_name,
    subject: content.subject,
    subjectSeq: content.subject_seq,
    body: content.body,
    url: content.url,
    traceparent: content.traceparent ?? undefined,
    sealedSecrets: content.sealed_secrets,
  };
}
