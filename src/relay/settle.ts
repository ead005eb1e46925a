import pRetry from 'p-retry';
import type pg from 'pg';
import type { Logger } from 'pino';
import { v7 as uuid } from 'uuid';
import { clock } from '../core/clock.ts';
import { lateSettles } from '../core/metrics.ts';
import { judge } from './breaker.ts';
import type { Claimed } from './claim.ts';
import type { Answer } from './deliver.ts';
import { type EndpointNews, tellExhausted, tellOfEndpoints } from './news.ts';
import { releaseHeld } from './order.ts';
import { CONSEQUENCE, type Outcome } from './outcome.ts';
import { nextAttemptAt } from './schedule.ts';
import { inSteadyTransaction, NOW } from './transaction.ts';
import { lockTurns, type NextTurn, writeTurns } from './turn.ts';

/** What an attempt came to, as it will be written down. */
export interface Result {
  delivery_id: string;
  endpoint_id: number;
  lease: string;
  attempt_id: string;
  number: number;
  started_at: Date;
  outcome: Outcome;
  status_code?: number;
  error: string | null;
  connect_ms?: number;
  first_byte_ms?: number;
  total_ms: number;
  response_body?: string;
  status: 'DELIVERED' | 'PENDING' | 'FAILED';
  next_at: Date | null;
  disables: boolean;
  /** What the receiver asked for. */
  retry_after_ms?: number;
}

/** Decides what follows from an answer: delivered, another attempt at its time, or the end. */
export function resultOf(
  delivery: Claimed,
  answer: Answer,
  { schedule, startedAt }: { schedule: number[]; startedAt: Date },
): Result {
  const consequence = CONSEQUENCE[answer.outcome];
  const nextAt =
    consequence === 'retry' && !delivery.last
      ? nextAttemptAt({
          attempt: delivery.attempt,
          firstAt: delivery.firstAt,
          now: new Date(startedAt.getTime() + answer.totalMs),
          schedule,
          retryAfterMs: answer.retryAfterMs,
        })
      : null;
  return {
    delivery_id: delivery.deliveryId,
    endpoint_id: delivery.endpointId,
    lease: delivery.lease,
    attempt_id: uuid(),
    number: delivery.attempt,
    started_at: startedAt,
    outcome: answer.outcome,
    status_code: answer.statusCode,
    error: answer.error && storable(answer.error),
    connect_ms: answer.connectMs,
    first_byte_ms: answer.firstByteMs,
    total_ms: answer.totalMs,
    response_body: answer.responseBody && storable(answer.responseBody),
    status: consequence === 'delivered' ? 'DELIVERED' : nextAt ? 'PENDING' : 'FAILED',
    next_at: nextAt,
    disables: consequence === 'disable',
    retry_after_ms: answer.retryAfterMs,
  };
}

export interface SettleOptions {
  /** From a delivery's first attempt to its last. */
  windowMs: number;
  /** Called when there is news of an endpoint in the log. */
  onNews?: () => void;
}

/**
 * Writes results down, many in one transaction: the attempt, the delivery's new state, its place in the queue, its
 * endpoint's turn and health, and news of these. A result whose lease is no longer the row's changes nothing (the attempt
 * took longer than its lease and is someone else's now, or the endpoint is gone). Answers with the ids of the deliveries
 * that were settled.
 *
 * Other deliveries to an endpoint that is disabled here stay in the queue: its owner may enable it again.
 */
export async function settle(pool: pg.Pool, results: Result[], options: SettleOptions): Promise<string[]> {
  const { settled, news } = await inSteadyTransaction(pool, async (client) => {
    const { rows } = await client.query<Settled>({
      name: 'settle',
      text: SETTLE,
      values: [clock.aheadMs, JSON.stringify(results)],
    });
    if (rows.length === 0) return { settled: [], news: 0 };
    const byDelivery = new Map(results.map((result) => [result.delivery_id, result]));
    const mine = rows.map((row): Mine => ({ ...row, ...byDelivery.get(row.delivery_id)! }));
    return { settled: rows.map((row) => row.delivery_id), news: await settleTurns(client, mine, options) };
  });
  if (news > 0) options.onNews?.();
  return settled;
}

interface Settled {
  delivery_id: string;
  endpoint_id: number;
  agency_id: number;
  subject: string | null;
  /** Its endpoint was disabled by this result. */
  gone: boolean;
}

type Mine = Result & Settled;

/** What the results mean for their endpoints. Answers with how many events tell of it. */
async function settleTurns(client: pg.PoolClient, mine: Mine[], { windowMs }: SettleOptions): Promise<number> {
  const byEndpoint = new Map<number, Mine[]>();
  for (const result of mine) {
    const own = byEndpoint.get(result.endpoint_id);
    if (own) own.push(result);
    else byEndpoint.set(result.endpoint_id, [result]);
  }
  const turns = await lockTurns(client, [...byEndpoint.keys()]);
  const released = await releaseHeld(
    client,
    mine.filter((result) => result.next_at === null),
  );
  const judged = turns.map((turn) => {
    const own = byEndpoint.get(turn.endpointId)!;
    const heard = own.map(({ outcome, total_ms, retry_after_ms }) => ({
      outcome,
      totalMs: total_ms,
      retryAfterMs: retry_after_ms,
    }));
    return { turn, own, ...judge(turn, heard, { now: turn.now }) };
  });
  const silent = await disableSilent(
    client,
    judged.filter(({ disable }) => disable).map(({ turn }) => turn.endpointId),
  );
  const told: EndpointNews[] = [];
  const next = judged.map(({ turn, own, after, news }): NextTurn => {
    const { endpointId, agencyId } = turn;
    const about = { endpointId, agencyId, failingSince: after.failingSince, succeededAt: after.succeededAt };
    const all = silent.has(endpointId) || own.some(({ gone }) => gone) ? [...news, 'disabled' as const] : news;
    for (const [i, what] of all.entries()) told.push({ ...about, what, version: turn.news + i + 1 });
    const queued = own.flatMap(({ next_at }) => (next_at ? [next_at.getTime()] : []));
    if (released.has(endpointId)) queued.push(turn.now);
    return {
      ...turn,
      ...after,
      news: turn.news + all.length,
      inFlight: Math.max(0, turn.inFlight - own.length),
      queuedFor: queued.length > 0 ? Math.min(...queued) : null,
    };
  });
  await writeTurns(client, next, { windowMs });
  const exhausted = mine.filter(({ next_at, outcome }) => next_at === null && CONSEQUENCE[outcome] === 'retry');
  return (await tellOfEndpoints(client, told)) + (await tellExhausted(client, exhausted));
}

/**
 * Disables what has been tried for five days without a success. One that its owner is changing at this moment is left to
 * the next failure: we hold its turn, and its owner's change may be waiting for that.
 */
async function disableSilent(client: pg.PoolClient, endpointIds: number[]): Promise<Set<number>> {
  if (endpointIds.length === 0) return new Set();
  const { rows } = await client.query<{ id: number }>(DISABLE_SILENT, [clock.aheadMs, endpointIds]);
  return new Set(rows.map(({ id }) => id));
}

/** Settles as results come in: what arrives while one transaction runs goes into the next, so load makes the batches. */
export function openSettler({
  pool,
  log,
  onSettled,
  signal,
  ...options
}: SettleOptions & {
  pool: pg.Pool;
  log: Logger;
  onSettled: () => void;
  /** Stops waiting for a database that is away. What is unsettled then is sent once more after its lease. */
  signal: AbortSignal;
}) {
  let waiting: Result[] = [];
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, MOST_RESULTS);
      waiting = waiting.slice(MOST_RESULTS);
      await settleBatch(batch);
      onSettled();
    }
    running = undefined;
  }

  async function settleBatch(batch: Result[]): Promise<void> {
    try {
      const settled = new Set(
        await pRetry(() => settle(pool, batch, options), {
          retries: Number.POSITIVE_INFINITY,
          minTimeout: 50,
          maxTimeout: 5_000,
          randomize: true,
          signal,
          shouldRetry: ({ error }) => willPass(error),
          onFailedAttempt: ({ error }) => log.warn({ err: error }, 'results could not be settled yet'),
        }),
      );
      const late = batch.filter((result) => !settled.has(result.delivery_id)).map((result) => result.delivery_id);
      lateSettles.inc(late.length);
      if (late.length > 0) log.warn({ deliveries: late }, 'results came after their lease had ended: ignored');
    } catch (err) {
      // Their leases end, and they are attempted again as long as they have attempts.
      log.error({ err, deliveries: batch.map((result) => result.delivery_id) }, 'results were lost');
    }
  }

  return {
    add(result: Result): void {
      waiting.push(result);
      running ??= run();
    },
    /** Resolves when all that was added has been settled. */
    async idle(): Promise<void> {
      while (running) await running;
    },
  };
}

const MOST_RESULTS = 64;

/** The errand that follows when an endpoint has been disabled here; its key begins with the endpoint's id. */
export const ENDPOINT_DISABLED = 'webhook.disabled';

/** A server that is away, starting or out of connections, a deadlock: the same statement may succeed later. */
function willPass(error: Error): boolean {
  const state = (error as { code?: string }).code ?? '';
  return !/^(22|23|42)...$/.test(state);
}

/** PostgreSQL's text holds every character but this one. */
function storable(text: string): string {
  return text.replaceAll('\0', '\uFFFD');
}

const TOLD_OF_DISABLED = `
    insert into errand (id, agency_id, kind, key, due_at, created_at)
    select gen_random_uuid(), agency_id, '${ENDPOINT_DISABLED}', id || ':' || gen_random_uuid(), ${NOW}, ${NOW} from disabled`;

const DISABLE_SILENT = `
  with found as (
    select id from webhook_endpoint where id = any($2::int[]) and enabled for no key update skip locked
  ), disabled as (
    update webhook_endpoint w
    set enabled = false, disabled_reason = 'It was tried for 5 days without a success.', disabled_at = ${NOW}, updated_at = ${NOW}
    from found f where w.id = f.id
    returning w.id, w.agency_id
  ), told_of as (${TOLD_OF_DISABLED}
  )
  select id from disabled`;

// `is not distinct from`, because an equal lease would be sought among all leases of the endpoint, the settled ones included.
const SETTLE = `
  with result as (
    select * from json_to_recordset($2::json) as r(
      delivery_id uuid, endpoint_id int, lease uuid, attempt_id uuid, number int, started_at timestamptz, outcome text,
      status_code int, error text, connect_ms int, first_byte_ms int, total_ms int, response_body text,
      status "DeliveryStatus", next_at timestamptz, disables boolean)
  ), mine as (
    select r.*, q.agency_id, q.first_at, q.subject
    from result r
    join delivery_queue q on q.endpoint_id = r.endpoint_id and q.delivery_id = r.delivery_id
      and q.lease is not distinct from r.lease
    order by r.delivery_id
    for update of q
  ), ended as (
    delete from delivery_queue q using mine m
    where q.endpoint_id = m.endpoint_id and q.delivery_id = m.delivery_id and m.next_at is null
  ), again as (
    update delivery_queue q set lease = null, due_at = m.next_at
    from mine m where q.endpoint_id = m.endpoint_id and q.delivery_id = m.delivery_id and m.next_at is not null
  ), logged as (
    insert into attempt (id, agency_id, delivery_id, endpoint_id, number, started_at, outcome, status, status_code, error,
      connect_ms, first_byte_ms, total_ms, response_body)
    select attempt_id, agency_id, delivery_id, endpoint_id, number, started_at, outcome, status, status_code, error,
      connect_ms, first_byte_ms, total_ms, response_body
    from mine
  ), told as (
    update delivery d
    set status = m.status, attempts = m.number, status_code = m.status_code, error = m.error, first_at = m.first_at,
      next_at = m.next_at, finished_at = case when m.next_at is null then ${NOW} end, updated_at = ${NOW}
    from mine m where d.agency_id = m.agency_id and d.id = m.delivery_id and d.endpoint_id = m.endpoint_id
  ), disabled as (
    update webhook_endpoint w
    set enabled = false, disabled_reason = 'It answered 410 Gone.', disabled_at = ${NOW}, updated_at = ${NOW}
    where w.enabled and w.id in (select endpoint_id from mine where disables)
    returning w.id, w.agency_id
  ), told_of as (${TOLD_OF_DISABLED}
  )
  select delivery_id, endpoint_id, agency_id, subject, endpoint_id in (select id from disabled) as gone from mine`;
