import type pg from 'pg';
import { clock } from '../core/clock.ts';
import { claimSeconds } from '../core/metrics.ts';
import {
  type Dispatched,
  type DispatchOptions,
  type DispatchRow,
  dispatchedOf,
  dispatchValues,
  startWatch,
} from './dispatch.ts';
import type { Front } from './front.ts';
import { explain } from './outcome.ts';

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
  /** When the lease of its last attempt ended without a settle: nothing is to be sent any more, only to be written down. */
  crashedAt: Date | null;
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
export async function claim(pool: pg.Pool, options: ClaimOptions): Promise<Taken> {
  return timed(options.front, async () => {
    const { rows } = await pool.query<Row>({ name: 'claim', text: `select * ${CLAIM}`, values: claimValues(options) });
    return { rows };
  });
}

/** Dispatches, and then claims, in one statement: what has just been committed is on its way after one round trip. */
export async function dispatchAndClaim(
  pool: pg.Pool,
  options: ClaimOptions & { log: DispatchOptions },
): Promise<Taken & { dispatched: Dispatched }> {
  const watch = startWatch();
  return timed(options.front, async () => {
    const { rows } = await pool.query<DispatchRow & Row>({
      name: 'dispatch-and-claim',
      text: DISPATCH_AND_CLAIM,
      values: [...claimValues(options), ...dispatchValues(options.log).slice(1)],
    });
    return { rows, dispatched: dispatchedOf(rows[0]!, watch, options.log) };
  });
}

async function timed<Found extends { rows: Row[] }>(front: Front | undefined, look: () => Promise<Found>) {
  const took = claimSeconds.startTimer();
  const begun = performance.now();
  const { rows, ...rest } = await look();
  took();
  const turns = rows.at(-1);
  if (turns?.turns) front?.reached(turns.turn_due_at!.getTime(), performance.now() - begun);
  const claimed = rows
    .filter((row) => row.delivery_id !== null)
    .map(claimedOf)
    .sort((a, b) => (a.deliveryId < b.deliveryId ? -1 : 1));
  return { ...rest, claimed, turns: turns?.turns ?? 0 };
}

export interface Taken {
  claimed: Claimed[];
  /** As many endpoints had their turn. */
  turns: number;
}

function claimValues({ room, leaseMs, windowMs, mostAttempts, crowded = false, front }: ClaimOptions): unknown[] {
  const from = new Date(front?.from() ?? 0);
  return [clock.aheadMs, room, leaseMs, windowMs, mostAttempts, crowded, from, explain({ outcome: 'crashed' })];
}

const CLAIM = 'from relay.claim($1, $2, $3, $4, $5, $6, $7, $8)';

// The outer side of a left join is asked first.
const DISPATCH_AND_CLAIM = `
  select d.*, c.* from relay.dispatch($1, $9, $10, $11, $12) d left join (select * ${CLAIM}) c on true`;

interface Row {
  /** In the last row only, which has no delivery. */
  turns: number | null;
  turn_due_at: Date | null;
  delivery_id: string | null;
  agency_id: number;
  endpoint_id: number;
  attempt: number;
  lease: string;
  first_at: Date;
  claimed_at: Date;
  crashed_at: Date | null;
  last: boolean;
  event_id: string;
  event_type: string;
  test: boolean;
  subject: string;
  subject_seq: number;
  traceparent: string | null;
  event_name: string;
  body: string;
  url: string;
  selection: string | null;
  rights: string[];
  shaped_body: string | null;
  shaped_abilities: string[] | null;
  sealed_secrets: string[];
}

function claimedOf(row: Row): Claimed {
  return {
    deliveryId: row.delivery_id!,
    agencyId: row.agency_id,
    endpointId: row.endpoint_id,
    lease: row.lease,
    attempt: row.attempt,
    firstAt: row.first_at,
    claimedAt: row.claimed_at,
    last: row.last,
    crashedAt: row.crashed_at,
    eventId: row.event_id,
    eventType: row.event_type,
    test: row.test,
    rights: row.rights,
    selection: row.selection,
    shaped: row.shaped_body === null ? null : { body: row.shaped_body, abilities: row.shaped_abilities ?? [] },
    eventName: row.event_name,
    subject: row.subject,
    subjectSeq: row.subject_seq,
    body: row.body,
    url: row.url,
    traceparent: row.traceparent ?? undefined,
    sealedSecrets: row.sealed_secrets,
  };
}
