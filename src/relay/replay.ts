import type pg from 'pg';
import { v7 as uuid } from 'uuid';
import { clock } from '../core/clock.ts';
import { catalogue, covers } from '../outbox/event.ts';
import { cursorOf, parseCursor, type Queryable } from '../outbox/log.ts';
import { queueDeliveries } from './queue.ts';
import { mayHear } from './rights.ts';
import { inTransaction, NOW } from './transaction.ts';

/** Which events a replay is of: those of the log that stand with an endpoint in one of these ways. */
export interface ReplayFilter {
  agencyId: number;
  /** Whose deliveries decide. */
  endpointId: number;
  toEndpointId: number;
  /** MISSED is an event that the endpoint asks for and has no delivery of. */
  statuses: string[];
  /** Names or `family.*`; none for all. */
  events: string[];
  since: Date | null;
  until: Date | null;
  subject: string | null;
  deliveryIds: string[];
  /** The cursor after which it begins. */
  position: string;
}

interface Job extends ReplayFilter {
  id: number;
  queued: number;
  untilXid: string | null;
  readWhole: boolean;
  /** What its deliveries in the queue are: all, and those that nobody has claimed yet. */
  waiting: number;
  untried: number;
  asking: Asking;
}

/** What the endpoint whose deliveries decide asks for, and was meant to hear when it was saved. */
export interface Asking {
  patterns: string[];
  format: 'STANDARD' | 'CONNECT';
  granted: string[];
}

/** How many events match a replay, and whether those are all. */
export interface Counted {
  matched: number;
  /** False where the time was over first: at least so many. */
  countedWhole: boolean;
}

/**
 * How many events a replay would send if it began now. The log is counted piece by piece until somebody has waited for so
 * long: two million events took ten seconds where a statement, and a request, may take fifteen.
 */
export async function countReplayed(
  db: Queryable,
  filter: ReplayFilter,
  asking: Asking,
  mostMs: number,
): Promise<Counted> {
  const begun = performance.now();
  let matched = 0;
  let { position } = filter;
  do {
    const { rows } = await db.query(COUNT, [...parameters({ ...filter, position }, asking, null), MOST_COUNTED]);
    const { count, pageRows, pageXid, pageSeq } = rows[0];
    matched += count;
    if (pageRows < MOST_COUNTED) return { matched, countedWhole: true };
    position = cursorOf(pageXid, pageSeq);
  } while (performance.now() - begun < mostMs);
  return { matched, countedWhole: false };
}

/**
 * Carries replays on, each by as much as its endpoint has room for, and answers whether any got further. A step is one
 * transaction: what it queues and how far it has come are committed together, so a relay that is killed in the middle has
 * done nothing, and two relays never do the same.
 *
 * Only a few of a replay's deliveries wait in the queue at a time, so an event that happens now waits behind those and not
 * behind 200,000. An endpoint that is disabled, or whose breaker is open, takes none, and its replays wait with it.
 */
export async function advanceReplays(pool: pg.Pool): Promise<boolean> {
  const { rows: running } = await pool.query({ name: 'replays-running', text: ANY_RUNNING });
  if (running.length === 0) return false;
  return inTransaction(pool, async (client) => {
    const values = [MOST_JOBS, MOST_UNTRIED / 2];
    const locked = await client.query<{ id: number }>({ name: 'replays-lock', text: LOCK_JOBS, values });
    const ids = locked.rows.map(({ id }) => id);
    if (ids.length === 0) return false;
    const { rows: jobs } = await client.query<Job>({ name: 'replays', text: READ_JOBS, values: [ids] });
    let moved = false;
    for (const job of jobs) moved = (await advance(client, job)) || moved;
    return moved;
  });
}

async function advance(client: pg.PoolClient, job: Job): Promise<boolean> {
  const room = MOST_UNTRIED - job.untried;
  const step = job.readWhole || room < MOST_UNTRIED / 2 ? undefined : await read(client, job, room);
  const made = step && step.deliveries.length > 0 ? await queueDeliveries(client, step.deliveries) : [];
  const queued = job.queued + made.length;
  const done = queued - job.waiting - made.length;
  const readWhole = job.readWhole || step?.readWhole === true;
  await client.query({
    name: 'replay-step',
    text: WRITE_STEP,
    values: [
      ...[clock.aheadMs, job.id, step?.position ?? job.position, step?.untilXid ?? job.untilXid],
      ...[queued, done, readWhole, readWhole && done === queued],
    ],
  });
  return step !== undefined;
}

/** The next events that match, from a piece of the log that is small enough for one statement however few of it do. */
async function read(client: pg.PoolClient, job: Job, room: number) {
  const { rows } = await client.query<Found>({
    name: 'replay-read',
    text: READ,
    values: [...parameters(job, job.asking, job.untilXid), room, MOST_READ],
  });
  const { untilXid, pageRows, pageXid, pageSeq } = rows[0]!;
  const found = rows.filter((row) => row.id !== null);
  const last = found.at(-1);
  const position =
    found.length === room ? cursorOf(last!.xid, last!.seq) : pageRows > 0 ? cursorOf(pageXid!, pageSeq!) : job.position;
  return {
    position,
    untilXid,
    readWhole: found.length < room && pageRows < MOST_READ,
    deliveries: found.map(({ id, type, replay }) => ({
      id: uuid(),
      agencyId: job.agencyId,
      eventId: id,
      endpointId: job.toEndpointId,
      eventType: type,
      replay,
      replayJobId: job.id,
    })),
  };
}

interface Found {
  untilXid: string;
  pageRows: number;
  pageXid: string | null;
  pageSeq: string | null;
  id: string;
  type: string;
  xid: string;
  seq: string;
  replay: number;
}

/** The parameters of LOG and MATCHING. */
function parameters(filter: ReplayFilter, asking: Asking, untilXid: string | null): unknown[] {
  const { agencyId, endpointId, toEndpointId, statuses, events, since, until, subject, deliveryIds, position } = filter;
  const [xid, seq] = parseCursor(position);
  return [
    ...[agencyId, endpointId, toEndpointId, statuses, events.length > 0 && !events.includes('*') ? events : null],
    ...[since, until, subject, deliveryIds.length > 0 ? deliveryIds : null, xid, seq, untilXid, namesHeard(asking)],
  ];
}

/** The names of all events that the endpoint asks for and was meant to hear. */
export function namesHeard({ patterns, format, granted }: Asking): string[] {
  const asked = catalogue().filter(
    ({ name, connect }) =>
      patterns.some((pattern) => covers(pattern, name) || (format === 'CONNECT' && pattern === connect?.name)) &&
      (format !== 'CONNECT' || connect),
  );
  return asked.map(({ name }) => name).filter((name) => mayHear(granted, name));
}

/** Deliveries of one replay that wait for their first attempt; more are added when half are gone, so that steps are few. */
const MOST_UNTRIED = 48;
/** Events that one step looks at. */
const MOST_READ = 2_000;
/** Events that are counted by one statement. */
const MOST_COUNTED = 20_000;
/** Bounds the transaction. The others have their turn in the next one. */
const MOST_JOBS = 8;

const ANY_RUNNING = `select 1 from webhook_replay_job where status = 'RUNNING' limit 1`;

const WAITS = `
    select count(*)::int as waiting, (count(*) filter (where q.attempt = 0))::int as untried
    from delivery_queue q where q.replay_job_id = j.id and q.endpoint_id = j.to_endpoint_id`;

// Those that can get on, or have something to say; the others wait for their endpoint.
const LOCK_JOBS = `
  select j.id
  from webhook_replay_job j
  cross join lateral (${WAITS}) waits
  where j.status = 'RUNNING'
    and (not j.read_whole and waits.untried <= $2 or j.queued - waits.waiting <> j.done or j.read_whole and waits.waiting = 0)
  order by j.updated_at
  limit $1
  for update of j skip locked`;

// A statement of its own: it must see what whoever held the locks before us has queued. In the order in which everybody locks turns.
const READ_JOBS = `
  select j.id, j.agency_id as "agencyId", j.endpoint_id as "endpointId", j.to_endpoint_id as "toEndpointId",
    j.statuses::text[] as statuses, j.events, j.since, j.until, j.subject, j.delivery_ids::text[] as "deliveryIds",
    j.position, j.until_xid as "untilXid", j.read_whole as "readWhole", j.queued, waits.waiting, waits.untried,
    json_build_object('patterns', w.events, 'format', w.format, 'granted', w.granted) as asking
  from webhook_replay_job j
  join webhook_endpoint w on w.id = j.endpoint_id
  cross join lateral (${WAITS}) waits
  where j.id = any($1::int[])
  order by j.to_endpoint_id`;

// The log itself, and not the deliveries, is what a replay reads: an event that was never told has none. What commits after
// the first step began is left to dispatch, which sees the endpoint by then; so nothing is told twice or left out.
const LOG = `
  select e.id, e.xid, e.seq, e.type, e.subject, e.occurred_at, e.silent, e.test, e.about_endpoint_id,
    e.connect_body is not null as has_connect
  from outbox_event e
  where e.agency_id = $1 and (e.xid, e.seq) > ($10::text::xid8, $11::bigint)
    and ($12::text is null or e.xid < $12::text::xid8)`;

// How an event stands is what its last delivery says: what a replay has brought since is not sent a third time.
const MATCHING = `
  join webhook_endpoint t on t.id = $3::int
  left join lateral (
    select d.status::text as status from delivery d
    where d.event_id = e.id and d.endpoint_id = $2::int order by d.replay desc limit 1
  ) had on true
  left join lateral (
    select d.status::text as status, d.replay from delivery d
    where d.event_id = e.id and d.endpoint_id = $3::int order by d.replay desc limit 1
  ) has on true
  where not e.test
    and e.about_endpoint_id is distinct from t.id
    and ($5::text[] is null or e.type = any($5) or split_part(e.type, '.', 1) || '.*' = any($5))
    and ($6::timestamptz is null or e.occurred_at >= $6)
    and ($7::timestamptz is null or e.occurred_at <= $7)
    and ($8::text is null or e.subject = $8)
    and ($9::uuid[] is null or e.id in (
      select d.event_id from delivery d where d.agency_id = $1 and d.id = any($9) and d.endpoint_id = $2::int))
    and (t.format <> 'CONNECT' or e.has_connect)
    and has.status is distinct from 'PENDING'
    and case when had.status is null
      then 'MISSED' = any($4::text[]) and not e.silent and e.type = any($13::text[])
      else had.status = any($4::text[]) end`;

const ENDS = `
    select all_of.n, last.xid::text, last.seq::text
    from (select count(*)::int as n from page) all_of
    left join (select xid, seq from page order by xid desc, seq desc limit 1) last on true`;

const COUNT = `
  with page as materialized (${LOG} order by e.xid, e.seq limit $14), ends as (${ENDS})
  select (select count(*)::int from page e ${MATCHING}) as count,
    ends.n as "pageRows", ends.xid as "pageXid", ends.seq as "pageSeq"
  from ends`;

const READ = `
  with page as materialized (
    ${LOG} order by e.xid, e.seq limit $15
  ), found as (
    select e.id, e.type, e.xid, e.seq, coalesce(has.replay + 1, 0) as replay
    from page e ${MATCHING}
    order by e.xid, e.seq limit $14
  ), ends as (${ENDS}
  )
  select coalesce($12::text, log_position(pg_snapshot_xmax(pg_current_snapshot()))::text) as "untilXid",
    ends.n as "pageRows", ends.xid as "pageXid", ends.seq as "pageSeq",
    f.id, f.type, f.xid::text as xid, f.seq::text as seq, f.replay
  from ends left join found f on true
  order by f.xid, f.seq`;

const WRITE_STEP = `
  update webhook_replay_job
  set position = $3, until_xid = $4, queued = $5, done = $6, read_whole = $7,
    matched = case when counted_whole then matched when $7 then $5 else greatest(matched, $5) end,
    counted_whole = counted_whole or $7,
    status = case when $8 then 'DONE' else status end, finished_at = case when $8 then ${NOW} end, updated_at = ${NOW}
  where id = $2`;
