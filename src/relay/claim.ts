import type pg from 'pg';
import { v7 as uuid } from 'uuid';
import { clock } from '../core/clock.ts';
import { explain } from './outcome.ts';
import { inTransaction, NOW } from './transaction.ts';
import { MOST_IN_FLIGHT, setTurns } from './turn.ts';

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
  eventId: string;
  /** The event's name in the endpoint's format. */
  eventName: string;
  subject: string;
  subjectSeq: number;
  body: string;
  url: string;
  /** Newest first; those that have not expired. */
  sealedSecrets: string[];
}

/**
 * Claims up to `room` deliveries that are due, fairly: endpoints take turns, and none gets more than its free slots, so an
 * endpoint with a backlog of 200,000 dead letters costs the others nothing. A claim is a lease: the due time moves past
 * the longest an attempt can take, so what a dead relay had claimed is due again by itself. The attempt is counted here,
 * so a delivery that kills its relay runs out of attempts too.
 *
 * A disabled endpoint's deliveries stay where they are and are claimed again once it is enabled.
 */
export async function claim(
  pool: pg.Pool,
  { room, leaseMs, mostAttempts }: { room: number; leaseMs: number; mostAttempts: number },
): Promise<Claimed[]> {
  const leased = await inTransaction(pool, async (client) => {
    const turns = await client.query<{ endpoint_id: number }>({
      name: 'take-turns',
      text: TAKE_TURNS,
      values: [clock.aheadMs, MOST_TURNS],
    });
    if (turns.rows.length === 0) return [];
    const endpointIds = turns.rows.map((turn) => turn.endpoint_id);
    // A statement of its own: it must see what whoever held these turns before us has claimed.
    const { rows } = await client.query<Lease>({
      name: 'lease',
      text: LEASE,
      values: [clock.aheadMs, endpointIds, room, leaseMs],
    });
    const alive = await buryCrashed(client, rows, { leaseMs, mostAttempts });
    await setTurns(client, endpointIds);
    return alive;
  });
  return leased.length === 0 ? [] : load(pool, leased);
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
}

/** Bounds the transaction. Those left out have their turn in the next one. */
const MOST_TURNS = 32;

// An endpoint whose turn another relay holds is left to that relay.
const TAKE_TURNS = `
  select t.endpoint_id
  from endpoint_turn t
  join webhook_endpoint w on w.id = t.endpoint_id and w.enabled
  where t.due_at <= ${NOW}
  order by t.due_at
  limit $2
  for update of t skip locked`;

// The turns that we hold keep other claims away. A settle may hold a row, and wait for its turn: passing over that row is
// what keeps the two from waiting for each other.
const LEASE = `
  with picked as (
    select q.*
    from unnest($2::int[]) as turn(endpoint_id)
    cross join lateral (
      select delivery_id, due_at, lease
      from delivery_queue
      where endpoint_id = turn.endpoint_id and due_at <= ${NOW}
      order by due_at, delivery_id
      limit greatest(0, ${MOST_IN_FLIGHT} - (
        select count(*) from delivery_queue f
        where f.endpoint_id = turn.endpoint_id and f.lease is not null and f.due_at > ${NOW}))
      for update skip locked
    ) q
    limit $3
  )
  update delivery_queue q
  set due_at = ${NOW} + $4::float8 * interval '1 millisecond',
    attempt = q.attempt + 1,
    lease = gen_random_uuid(),
    first_at = coalesce(q.first_at, ${NOW})
  from picked p
  where q.delivery_id = p.delivery_id
  returning q.delivery_id, q.agency_id, q.endpoint_id, q.attempt, q.lease, q.first_at, ${NOW} as claimed_at,
    case when p.lease is not null then p.due_at end as crashed_at`;

/**
 * Writes down the attempts whose relay died, and ends the deliveries of which that was the last. Answers with those that
 * are to be attempted.
 */
async function buryCrashed(
  client: pg.PoolClient,
  leases: Lease[],
  { leaseMs, mostAttempts }: { leaseMs: number; mostAttempts: number },
): Promise<Lease[]> {
  const crashed = leases.filter((lease) => lease.crashed_at);
  if (crashed.length === 0) return leases;
  const error = explain({ outcome: 'crashed' });
  const dead = crashed.filter((lease) => lease.attempt > mostAttempts);
  for (const lease of crashed) {
    const startedAt = new Date(lease.crashed_at!.getTime() - leaseMs);
    await client.query(
      `insert into attempt (id, agency_id, delivery_id, endpoint_id, number, started_at, outcome, error, total_ms)
       values ($1, $2, $3, $4, $5, $6, 'crashed', $7, $8)`,
      [uuid(), lease.agency_id, lease.delivery_id, lease.endpoint_id, lease.attempt - 1, startedAt, error, leaseMs],
    );
  }
  if (dead.length > 0) {
    await client.query(
      `with ended as (delete from delivery_queue where delivery_id = any($2::uuid[]))
       update delivery set status = 'FAILED', attempts = $3, error = $4, status_code = null, next_at = null,
         finished_at = ${NOW}, updated_at = ${NOW}
       where id = any($2::uuid[])`,
      [clock.aheadMs, dead.map((lease) => lease.delivery_id), mostAttempts, error],
    );
  }
  return leases.filter((lease) => !dead.includes(lease));
}

/** Reads what is to be sent. Outside of the claim's transaction, which holds locks. */
async function load(pool: pg.Pool, leases: Lease[]): Promise<Claimed[]> {
  const { rows } = await pool.query<Content>({
    name: 'load-deliveries',
    text: LOAD,
    values: [clock.aheadMs, leases.map((lease) => lease.delivery_id)],
  });
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
  event_name: string;
  subject: string;
  subject_seq: number;
  body: string;
  url: string;
  sealed_secrets: string[];
}

// An endpoint that changed to Connect's format after the dispatch may wait for an event that has no such form.
const LOAD = `
  select d.id, e.id as event_id, e.subject, e.subject_seq, w.url,
    case when w.format = 'CONNECT' and e.connect_body is not null then e.connect_type else e.type end as event_name,
    case when w.format = 'CONNECT' and e.connect_body is not null then e.connect_body else e.body end as body,
    array(
      select s.ciphertext from webhook_secret s
      where s.agency_id = d.agency_id and s.endpoint_id = d.endpoint_id and (s.expires_at is null or s.expires_at > ${NOW})
      order by s.id desc
    ) as sealed_secrets
  from delivery d
  join outbox_event e on e.id = d.event_id
  join webhook_endpoint w on w.id = d.endpoint_id
  where d.id = any($2::uuid[])`;

function claimed(lease: Lease, content: Content): Claimed {
  return {
    deliveryId: lease.delivery_id,
    agencyId: lease.agency_id,
    endpointId: lease.endpoint_id,
    lease: lease.lease,
    attempt: lease.attempt,
    firstAt: lease.first_at,
    claimedAt: lease.claimed_at,
    eventId: content.event_id,
    eventName: content.event_name,
    subject: content.subject,
    subjectSeq: content.subject_seq,
    body: content.body,
    url: content.url,
    sealedSecrets: content.sealed_secrets,
  };
}
