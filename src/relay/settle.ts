import pRetry from 'p-retry';
import type pg from 'pg';
import type { Logger } from 'pino';
import { v7 as uuid } from 'uuid';
import { clock } from '../core/clock.ts';
import type { Claimed } from './claim.ts';
import type { Answer } from './deliver.ts';
import { CONSEQUENCE } from './outcome.ts';
import { nextAttemptAt } from './schedule.ts';
import { inTransaction, NOW } from './transaction.ts';
import { lockTurns, setTurns } from './turn.ts';

/** What an attempt came to, as it will be written down. */
export interface Result {
  delivery_id: string;
  lease: string;
  attempt_id: string;
  number: number;
  started_at: Date;
  outcome: string;
  status_code?: number;
  error: string | null;
  connect_ms?: number;
  first_byte_ms?: number;
  total_ms: number;
  response_body?: string;
  status: 'DELIVERED' | 'PENDING' | 'FAILED';
  next_at: Date | null;
  disables: boolean;
}

/** Decides what follows from an answer: delivered, another attempt at its time, or the end. */
export function resultOf(
  delivery: Claimed,
  answer: Answer,
  { schedule, startedAt }: { schedule: number[]; startedAt: Date },
): Result {
  const consequence = CONSEQUENCE[answer.outcome];
  const nextAt =
    consequence === 'retry'
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
  };
}

/**
 * Writes results down, many in one transaction: the attempt, the delivery's new state, its place in the queue, its
 * endpoint's turn. A result whose lease is no longer the row's changes nothing (the attempt took longer than its lease and
 * is someone else's now, or the endpoint is gone). Answers with the ids of the deliveries that were settled.
 *
 * Other deliveries to an endpoint that is disabled here stay in the queue: its owner may enable it again.
 */
export function settle(pool: pg.Pool, results: Result[]): Promise<string[]> {
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ delivery_id: string; endpoint_id: number }>({
      name: 'settle',
      text: SETTLE,
      values: [clock.aheadMs, JSON.stringify(results)],
    });
    const endpointIds = [...new Set(rows.map((row) => row.endpoint_id))];
    if (endpointIds.length > 0) {
      await lockTurns(client, endpointIds);
      await setTurns(client, endpointIds);
    }
    return rows.map((row) => row.delivery_id);
  });
}

/** Settles as results come in: what arrives while one transaction runs goes into the next, so load makes the batches. */
export function openSettler({
  pool,
  log,
  onSettled,
  signal,
}: {
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
        await pRetry(() => settle(pool, batch), {
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

const SETTLE = `
  with result as (
    select * from json_to_recordset($2::json) as r(
      delivery_id uuid, lease uuid, attempt_id uuid, number int, started_at timestamptz, outcome text, status_code int,
      error text, connect_ms int, first_byte_ms int, total_ms int, response_body text, status "DeliveryStatus",
      next_at timestamptz, disables boolean)
  ), mine as (
    select r.*, q.agency_id, q.endpoint_id, q.first_at
    from result r
    join delivery_queue q on q.delivery_id = r.delivery_id and q.lease = r.lease
    order by r.delivery_id
    for update of q
  ), ended as (
    delete from delivery_queue q using mine m where q.delivery_id = m.delivery_id and m.next_at is null
  ), again as (
    update delivery_queue q set lease = null, due_at = m.next_at
    from mine m where q.delivery_id = m.delivery_id and m.next_at is not null
  ), logged as (
    insert into attempt (id, agency_id, delivery_id, endpoint_id, number, started_at, outcome, status_code, error,
      connect_ms, first_byte_ms, total_ms, response_body)
    select attempt_id, agency_id, delivery_id, endpoint_id, number, started_at, outcome, status_code, error,
      connect_ms, first_byte_ms, total_ms, response_body
    from mine
  ), told as (
    update delivery d
    set status = m.status, attempts = m.number, status_code = m.status_code, error = m.error, first_at = m.first_at,
      next_at = m.next_at, finished_at = case when m.next_at is null then ${NOW} end, updated_at = ${NOW}
    from mine m where d.id = m.delivery_id
  ), disabled as (
    update webhook_endpoint w
    set enabled = false, disabled_reason = 'It answered 410 Gone.', updated_at = ${NOW}
    where w.enabled and w.id in (select endpoint_id from mine where disables)
    returning w.id, w.agency_id
  ), told_of as (
    insert into errand (id, agency_id, kind, key, due_at, created_at)
    select gen_random_uuid(), agency_id, '${ENDPOINT_DISABLED}', id || ':' || gen_random_uuid(), ${NOW}, ${NOW} from disabled
  )
  select delivery_id, endpoint_id from mine`;
