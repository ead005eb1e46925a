import { type Helper, query } from './bench.ts';
import type { Emission } from './emitter.ts';
import type { Arrivals } from './receiver.ts';

/** After this a run counts with what has arrived. */
const PATIENCE_MS = 20_000;

/** Keeps when each event was committed: PostgreSQL's word, which `track_commit_timestamp` makes it keep. */
const EMITTED = `
  create table if not exists bench_emitted (id uuid primary key, xid xid8 not null default pg_current_xact_id());
  truncate bench_emitted`;

export interface Steady {
  /** From the commit to the receipt, in milliseconds. */
  latencies: number[];
  missing: number;
  refused: number;
}

/** Writes events by the clock and tells how long each took from its commit to its receipt. The first second is warm-up. */
export async function steady(
  { url, emitter, receiver, secrets }: { url: string; emitter: Helper; receiver: Helper; secrets: string[] },
  emission: Emission,
): Promise<Steady> {
  await query(url, EMITTED);
  const expected = emission.perSecond * emission.seconds;
  await receiver.ask({ begin: { expected, secrets } });
  const sql = `with noted as (insert into bench_emitted (id) values ($1)) ${emission.sql}`;
  await emitter.ask<object>({ ...emission, sql } satisfies Emission);
  const { refused } = await receiver.ask<Arrivals>({ wait: { milliseconds: PATIENCE_MS } });
  const arrivedAt = new Map(await receiver.ask<[string, number][]>({ times: true }));
  const { rows } = await query(
    url,
    `select id, extract(epoch from pg_xact_commit_timestamp(xid::xid))::float8 * 1000 as committed_at
     from bench_emitted order by xid offset $1`,
    [emission.perSecond],
  );
  const latencies = rows.flatMap(({ id, committed_at }) => {
    const at = arrivedAt.get(id);
    return at === undefined ? [] : [at - committed_at];
  });
  return { latencies, missing: rows.length - latencies.length, refused };
}
