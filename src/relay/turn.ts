import type pg from 'pg';
import { clock } from '../core/clock.ts';
import type { Condition } from './breaker.ts';
import { NOW } from './transaction.ts';

/** An endpoint's turn as it was locked: how it is doing. */
export interface Turn extends Condition {
  endpointId: number;
  agencyId: number;
  /** How many operational events have been told of it. */
  news: number;
  /** The statement's time, which is PostgreSQL's. */
  now: number;
}

/** The columns of a turn `t`, as `Turn` has them. */
const TURN = `
  t.endpoint_id as "endpointId", t.agency_id as "agencyId", t.breaker, ${ms('t.not_before')} as "notBefore",
  t.slots, t.failures, t.successes, t.trips, ${ms('t.window_at')} as "windowAt", t.window_tried as "windowTried",
  t.window_failed as "windowFailed", ${ms('t.tried_at')} as "triedAt",
  ${ms('t.succeeded_at')} as "succeededAt", ${ms('t.failing_since')} as "failingSince", t.told, t.news,
  ${ms(NOW)} as now`;

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
  order by asked.place`;

/** Writes what was judged of endpoints whose turns the caller holds, and when each is to be looked at next. */
export async function writeJudged(client: pg.PoolClient, turns: Turn[], windowMs: number): Promise<void> {
  const rows = turns.map((turn) => ({
    endpoint_id: turn.endpointId,
    breaker: turn.breaker,
    not_before: time(turn.notBefore),
    slots: turn.slots,
    failures: turn.failures,
    successes: turn.successes,
    trips: turn.trips,
    window_at: time(turn.windowAt),
    window_tried: turn.windowTried,
    window_failed: turn.windowFailed,
    tried_at: time(turn.triedAt),
    succeeded_at: time(turn.succeededAt),
    failing_since: time(turn.failingSince),
    told: turn.told,
    news: turn.news,
  }));
  await client.query({
    name: 'judged',
    text: 'select relay.judged($1, $2, $3)',
    values: [clock.aheadMs, windowMs, JSON.stringify(rows)],
  });
}

function time(milliseconds: number | null): string | null {
  return milliseconds === null ? null : new Date(milliseconds).toISOString();
}
