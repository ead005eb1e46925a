import type pg from 'pg';
import type { Logger } from 'pino';
import { clock } from '../core/clock.ts';
import { errandRuns } from '../core/metrics.ts';
import { beginSpan } from '../core/trace.ts';
import type { Services, Viewer } from '../core/viewer.ts';
import { type ErrandCall, type ErrandDeclaration, errandKinds, errandOf, GiveUp, TryLater } from '../outbox/errand.ts';
import { agencyViewer } from '../platform/agency-viewer.ts';
import { nextAttemptAt } from './schedule.ts';
import { NOW } from './transaction.ts';

/** An errand that is ours until its lease ends. */
export interface ClaimedErrand {
  id: string;
  agencyId: number;
  kind: string;
  key: string;
  attempt: number;
  lease: string;
  firstAt: Date;
  body: string | null;
  /** The place in the trace of what it follows from, if it is known. */
  traceparent: string | null;
}

/**
 * Claims errands that are due: at most a few of each agency at once, so that one agency's thousand messages wait for
 * themselves. Those of a kind that isn't known here are left to a newer process, which made them while this one is still up.
 */
export async function claimErrands(
  pool: pg.Pool,
  { room, leaseMs }: { room: number; leaseMs: number },
): Promise<ClaimedErrand[]> {
  const kinds = errandKinds();
  const due = await pool.query({ name: 'errand-due', text: ANY_DUE, values: [clock.aheadMs, kinds] });
  if (due.rows.length === 0) return [];
  const values = [clock.aheadMs, room, leaseMs, kinds];
  const { rows } = await pool.query({ name: 'errand-claim', text: CLAIM, values });
  return rows;
}

const ANY_DUE = `
  select 1 from errand where status = 'PENDING' and due_at <= ${NOW} and kind = any($2::text[]) limit 1`;

// A key that isn't an event's id is no UUID. Casting the id instead would read the agency's whole log for each errand:
// 9 ms at 50,000 events.

const CLAIM = `
  with picked as (
    select e.id
    from agency a
    cross join lateral (
      select id from errand
      where agency_id = a.id and status = 'PENDING' and due_at <= ${NOW} and kind = any($4::text[])
      order by due_at, id
      limit greatest(0, 4 - (
        select count(*) from errand f
        where f.agency_id = a.id and f.status = 'PENDING' and f.lease is not null and f.due_at > ${NOW}))
      for update skip locked
    ) e
    limit $2
  )
  update errand e
  set due_at = ${NOW} + $3::float8 * interval '1 millisecond', attempts = e.attempts + 1, lease = gen_random_uuid(),
    first_at = coalesce(e.first_at, ${NOW})
  from picked p
  where e.id = p.id
  returning e.id, e.agency_id as "agencyId", e.kind, e.key, e.attempts as attempt, e.lease, e.first_at as "firstAt",
    e.traceparent,
    (select body from outbox_event o where o.agency_id = e.agency_id
      and o.id = case when e.key ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then e.key::uuid end) as body`;

/** Runs one errand and writes down how that ended. Never throws. */
export async function runErrand(
  claimed: ClaimedErrand,
  { services, schedule, log }: { services: Services; schedule: number[]; log: Logger },
): Promise<void> {
  const call: ErrandCall = {
    key: claimed.key,
    attempt: claimed.attempt,
    ...(claimed.body && { event: JSON.parse(claimed.body) }),
  };
  const pool = services.database.system;
  const span = claimed.traceparent
    ? beginSpan(`errand ${claimed.kind}`, {
        kind: 'internal',
        parent: claimed.traceparent,
        facts: { 'bellhop.agency_id': claimed.agencyId, 'bellhop.attempt': claimed.attempt },
      })
    : undefined;
  const traceparent = span?.traceparent ?? claimed.traceparent ?? undefined;
  let failure: string | undefined;
  try {
    const declaration = errandOf(claimed.kind)!; // No other was claimed.
    const viewer = await agencyViewer(services, claimed.agencyId, 'relay', { traceparent });
    if (!viewer) throw new Error(`There is no agency ${claimed.agencyId} any more.`);
    if (claimed.attempt > schedule.length) {
      return await giveUp(declaration, viewer, 'The relay stopped during the last attempt.');
    }
    try {
      await declaration.run(viewer, call);
      await settle(pool, claimed, { status: 'DONE', error: null });
    } catch (error) {
      failure = error instanceof Error ? error.name : 'failed';
      const message = error instanceof Error ? error.message : String(error);
      const next = error instanceof GiveUp ? null : nextAttempt(error);
      log[error instanceof GiveUp || error instanceof TryLater ? 'info' : 'warn'](
        { err: error, errand: claimed.kind, key: claimed.key, attempt: claimed.attempt },
        'an errand failed',
      );
      if (next) await settle(pool, claimed, { status: 'PENDING', error: message, dueAt: next });
      else await giveUp(declaration, viewer, message);
    }

    async function giveUp(errand: ErrandDeclaration, as: Viewer, error: string) {
      await errand.failed?.(as, call, error);
      await settle(pool, claimed, { status: 'FAILED', error });
    }
  } catch (error) {
    // The database is away, or `failed` failed: the lease runs out and the errand is claimed again.
    failure = 'unsettled';
    log.error({ err: error, errand: claimed.kind, key: claimed.key }, 'an errand could not be settled');
  } finally {
    span?.end({}, failure);
  }

  function nextAttempt(error: unknown): Date | null {
    return nextAttemptAt({
      attempt: claimed.attempt,
      firstAt: claimed.firstAt,
      now: clock.now(),
      schedule,
      retryAfterMs: error instanceof TryLater ? error.afterMs : undefined,
    });
  }
}

async function settle(
  pool: pg.Pool,
  { id, kind, lease }: ClaimedErrand,
  { status, error, dueAt }: { status: 'DONE' | 'FAILED' | 'PENDING'; error: string | null; dueAt?: Date },
): Promise<void> {
  errandRuns.inc({ kind, outcome: status === 'PENDING' ? 'again' : status.toLowerCase() });
  await pool.query({
    name: 'errand-settle',
    text: `update errand set status = $3::"ErrandStatus", error = $4, lease = null, due_at = coalesce($5, due_at),
             finished_at = case when $3 = 'PENDING' then null else $6::timestamptz end
           where id = $1 and lease = $2`,
    values: [id, lease, status, error, dueAt ?? null, clock.now()],
  });
}
