import type pg from 'pg';
import type { Logger } from 'pino';
import { v7 as uuid } from 'uuid';
import { clock } from '../core/clock.ts';
import { lateSettles } from '../core/metrics.ts';
import { persist } from '../core/persist.ts';
import { judge } from './breaker.ts';
import type { Claimed } from './claim.ts';
import type { Answer } from './deliver.ts';
import { type EndpointNews, tellExhausted, tellOfEndpoints } from './news.ts';
import { CONSEQUENCE, type Outcome } from './outcome.ts';
import { nextAttemptAt } from './schedule.ts';
import { inTurnsTransaction, NOW } from './transaction.ts';
import { lockTurns, type Turn, writeJudged } from './turn.ts';
import { openUnderWay } from './under-way.ts';

/** What an attempt came to, as it will be written down. */
export interface Result {
  delivery_id: string;
  agency_id: number;
  endpoint_id: number;
  lease: string;
  attempt_id: string;
  number: number;
  first_at: Date;
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
    agency_id: delivery.agencyId,
    endpoint_id: delivery.endpointId,
    lease: delivery.lease,
    attempt_id: uuid(),
    number: delivery.attempt,
    first_at: delivery.firstAt,
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
  /** Called when their endpoints have more to be told. */
  onMore?: () => void;
  /** Called when a delivery of a replay was among them. */
  onReplay?: () => void;
}

/**
 * Writes results down, many at once: the attempt, the delivery's new state, its place in the queue, its endpoint's turn and
 * health, and news of these. A result whose lease is no longer the row's changes nothing (the attempt took longer than its
 * lease and is someone else's now, or the endpoint is gone). Answers with the ids of the attempts that were settled, and puts
 * them into `settled` as they are, for the case that it fails half-way and is called again.
 *
 * Other deliveries to an endpoint that is disabled here stay in the queue: its owner may enable it again.
 */
export async function settle(
  pool: pg.Pool,
  results: Result[],
  options: SettleOptions,
  settled = new Set<string>(),
): Promise<string[]> {
  const open = () => results.filter((result) => !settled.has(result.attempt_id));
  const note = (rows: Settled[]) => {
    for (const row of rows) settled.add(row.attempt_id);
    if (rows.some((row) => row.more)) options.onMore?.();
    if (rows.some((row) => row.of_replay)) options.onReplay?.();
  };
  // Most often all went well with endpoints that are well, and then one statement is all.
  if (open().every(({ outcome }) => outcome === 'ok'))
    note(await writeResults(pool, open(), { ...options, wellOnly: true }));
  if (open().length > 0) {
    const { rows, news } = await inTurnsTransaction(pool, async (client) => {
      const rows = await writeResults(client, open(), { ...options, wellOnly: false });
      return { rows, news: await judgeTurns(client, rows, results, options) };
    });
    note(rows);
    if (news > 0) options.onNews?.();
  }
  return [...settled];
}

interface Settled {
  attempt_id: string;
  of_replay: boolean;
  /** More is due to its endpoint. */
  more: boolean;
  /** Its endpoint was disabled by this result. */
  disabled: boolean;
  /** Its endpoint is well, and nothing is to be judged. */
  well: boolean;
}

async function writeResults(
  db: pg.Pool | pg.PoolClient,
  results: Result[],
  { windowMs, wellOnly }: { windowMs: number; wellOnly: boolean },
): Promise<Settled[]> {
  const { rows } = await db.query<Settled>({
    name: 'settle',
    text: 'select * from relay.settle($1, $2, $3, $4)',
    values: [clock.aheadMs, windowMs, JSON.stringify(results), wellOnly],
  });
  return rows;
}

type Mine = Result & Settled;

/** What the results mean for their endpoints. Answers with how many events tell of it. */
async function judgeTurns(
  client: pg.PoolClient,
  rows: Settled[],
  results: Result[],
  { windowMs }: SettleOptions,
): Promise<number> {
  const byAttempt = new Map(results.map((result) => [result.attempt_id, result]));
  const mine = rows.map((row): Mine => ({ ...byAttempt.get(row.attempt_id)!, ...row }));
  const unwell = byEndpoint(mine.filter(({ well }) => !well));
  if (unwell.size === 0) return 0;
  const turns = await lockTurns(client, [...unwell.keys()]);
  const judged = turns.map((turn) => {
    const own = unwell.get(turn.endpointId)!;
    const heard = own.map(({ outcome, total_ms, retry_after_ms, next_at }) => ({
      outcome,
      totalMs: total_ms,
      retryAfterMs: retry_after_ms,
      nextAt: next_at === null ? null : next_at.getTime(),
    }));
    return { turn, own, ...judge(turn, heard, { now: turn.now }) };
  });
  const silent = await disableSilent(
    client,
    judged.filter(({ disable }) => disable).map(({ turn }) => turn.endpointId),
  );
  const told: EndpointNews[] = [];
  const next = judged.map(({ turn, own, after, news }): Turn => {
    const { endpointId, agencyId } = turn;
    const about = { endpointId, agencyId, failingSince: after.failingSince, succeededAt: after.succeededAt };
    const isDisabled = silent.has(endpointId) || own.some(({ disabled }) => disabled);
    const all = isDisabled ? [...news, 'disabled' as const] : news;
    for (const [i, what] of all.entries()) told.push({ ...about, what, version: turn.news + i + 1 });
    return { ...turn, ...after, news: turn.news + all.length };
  });
  await writeJudged(client, next, windowMs);
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

/**
 * Settles as results come in: what arrives while one transaction runs goes into the next, so load makes the batches. Where
 * somebody holds an endpoint, its results go their own way until it is let go, and the others on.
 */
export function openSettler({
  pool,
  apart,
  log,
  signal,
  ...options
}: SettleOptions & {
  pool: pg.Pool;
  /** For those that have to wait. */
  apart: pg.Pool;
  log: Logger;
  /** Stops waiting for a database that is away. What is unsettled then is sent once more after its lease. */
  signal: AbortSignal;
}) {
  let waiting: Result[] = [];
  let running: Promise<void> | undefined;
  const held = openUnderWay();

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, MOST_RESULTS);
      waiting = waiting.slice(MOST_RESULTS);
      const left = await settleBatch(pool, batch, { patient: false });
      for (const own of byEndpoint(left).values()) held.add(settleBatch(apart, own, { patient: true }).then(() => {}));
    }
    running = undefined;
  }

  /** Answers with those whose endpoints are held by somebody, unless it is patient. */
  async function settleBatch(from: pg.Pool, batch: Result[], { patient }: { patient: boolean }): Promise<Result[]> {
    const settled = new Set<string>();
    const open = () => batch.filter((result) => !settled.has(result.attempt_id));
    try {
      await persist(() => settle(from, batch, options, settled), {
        retries: Number.POSITIVE_INFINITY,
        minTimeout: 50,
        maxTimeout: 5_000,
        randomize: true,
        signal,
        shouldRetry: ({ error }) => willPass(error) && (patient || !isHeld(error)),
        onFailedAttempt: ({ error }) => log.warn({ err: error }, 'results could not be settled yet'),
      });
      const late = open().map((result) => result.delivery_id);
      lateSettles.inc(late.length);
      if (late.length > 0) log.warn({ deliveries: late }, 'results came after their lease had ended: ignored');
    } catch (err) {
      if (!patient && isHeld(err)) return open();
      // Their leases end, and they are attempted again as long as they have attempts.
      log.error({ err, deliveries: open().map((result) => result.delivery_id) }, 'results were lost');
    }
    return [];
  }

  return {
    add(result: Result): void {
      waiting.push(result);
      running ??= run();
    },
    /** Resolves when all that was added has been settled. */
    async idle(): Promise<void> {
      while (running) await running;
      await held.none();
    },
  };
}

function byEndpoint<T extends Result>(results: T[]): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const result of results) {
    const own = groups.get(result.endpoint_id);
    if (own) own.push(result);
    else groups.set(result.endpoint_id, [result]);
  }
  return groups;
}

const MOST_RESULTS = 64;

/** The errand that follows when an endpoint has been disabled here; its key begins with the endpoint's id. */
export const ENDPOINT_DISABLED = 'webhook.disabled';

/** A server that is away, starting or out of connections, a deadlock: the same statement may succeed later. */
function willPass(error: Error): boolean {
  const state = (error as { code?: string }).code ?? '';
  return !/^(22|23|42)...$/.test(state);
}

/** It waited for half a second for something that somebody else has locked: see relay.settle. */
function isHeld(error: unknown): boolean {
  return (error as { code?: string }).code === '55P03';
}

/** PostgreSQL's text holds every character but this one. */
function storable(text: string): string {
  return text.replaceAll('\0', '\uFFFD');
}

const DISABLE_SILENT = `
  with found as (
    select id from webhook_endpoint where id = any($2::int[]) and enabled for no key update skip locked
  ), disabled as (
    update webhook_endpoint w
    set enabled = false, disabled_reason = 'It was tried for 5 days without a success.', disabled_at = ${NOW}, updated_at = ${NOW}
    from found f where w.id = f.id
    returning w.id, w.agency_id
  ), told_of as (
    insert into errand (id, agency_id, kind, key, due_at, created_at)
    select gen_random_uuid(), agency_id, '${ENDPOINT_DISABLED}', id || ':' || gen_random_uuid(), ${NOW}, ${NOW} from disabled
  )
  select id from disabled`;
