import { setTimeout as pause } from 'node:timers/promises';
import { type Bench, query } from './bench.ts';
import type { Emission } from './emitter.ts';
import { registerEndpoints } from './endpoints.ts';
import type { Nuisances } from './nuisance.ts';
import { type Outcome, percentile } from './outcome.ts';
import { seed } from './seed.ts';
import { steady } from './steady.ts';
import { emissionTo, preloadTo } from './systems.ts';

const HEALTHY = 2_000;
const NUISANCES = ['dead', 'hanging', 'dripping', 'failing', 'redirecting'] as const;
const BACKLOG = 200_000;
const STEADY = { perSecond: 200, seconds: 20 };
/** Each of the others is told something five times a second, and goes on being told after the healthy ones are not. */
const NOISE = { perSecond: 5 * NUISANCES.length, seconds: STEADY.seconds + 3 };
const DISPATCHED_WITHIN_MS = 300_000;

/**
 * Nobody waits for another: the same steady load to two thousand healthy endpoints, first alone, and then beside one that is
 * dead with a backlog, one that hangs, one that drips a byte a second, one that fails and one that redirects.
 */
export async function noisy(bench: Bench): Promise<Outcome> {
  const url = await bench.database('bench_noisy');
  const agencies = HEALTHY + NUISANCES.length;
  await seed(url, { agencies, properties: agencies, guests: agencies, bookings: 0 });
  const receiver = await bench.helper('bench-receiver.js');
  const nuisance = await bench.helper('bench-nuisance.js');
  const emitter = await bench.helper('bench-emitter.js', [url]);
  const noise = await bench.helper('bench-emitter.js', [url]);
  const secrets = await registerEndpoints(url, { count: agencies, url: `http://127.0.0.1:${receiver.ready.port}` });
  const origins = await nuisance.ask<Nuisances>({});
  await query(
    url,
    `update webhook_endpoint w set url = b.url, enabled = false
     from unnest($1::text[]) with ordinality as b(url, n) where w.agency_id = $2 + b.n`,
    [NUISANCES.map((name) => origins[name]), HEALTHY],
  );
  await bench.product({
    ...{ DATABASE_URL: url, DATA_DIR: bench.folder(), DEMO: 'off', ROLES: 'relay,api' },
    WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
  });

  const place = { url, emitter, receiver, secrets };
  const load: Emission = { ...emissionTo({ first: 1, count: HEALTHY }), ...STEADY };
  const alone = await steady(place, load);

  await query(url, 'update webhook_endpoint set enabled = true where not enabled');
  await query(url, preloadTo({ first: HEALTHY + 1, count: 1 }), [BACKLOG]);
  await dispatched(url);
  // It came about over days: PostgreSQL has looked at it and written it down long since.
  await query(url, 'vacuum analyze');
  await query(url, 'checkpoint');
  const told = noise.ask({
    ...emissionTo({ first: HEALTHY + 1, count: NUISANCES.length }),
    ...NOISE,
  } satisfies Emission);
  await pause(2_000); // They are at their worst when the healthy ones begin.
  const beside = await steady(place, load);
  await told;

  const { rows: tried } = await query(
    url,
    `select e.agency_id - $1 as n, (select count(*)::int from attempt a where a.endpoint_id = e.id) as calls,
       (select count(*)::int from delivery d where d.endpoint_id = e.id and d.status = 'PENDING') as waiting
     from webhook_endpoint e where e.agency_id > $1 order by 1`,
    [HEALTHY],
  );
  const p99 = (latencies: number[]) => percentile(latencies, 99);
  const row = (variant: string, { latencies }: { latencies: number[] }) => ({
    ...{ variant, deliveries: latencies.length },
    ...{ 'p50 ms': percentile(latencies, 50), 'p99 ms': p99(latencies), 'longest ms': Math.max(...latencies) },
  });
  return {
    part: 'noisy',
    method:
      `${STEADY.perSecond} a second to ${HEALTHY} healthy endpoints for ${STEADY.seconds} s, from the commit to the receipt; then the same beside ` +
      `one that is dead with ${BACKLOG} waiting, one that hangs, one that drips, one that fails and one that redirects`,
    table: [
      row('healthy, alone', alone),
      row('healthy, beside the others', beside),
      ...tried.map(({ calls, waiting }, i) => ({ variant: NUISANCES[i]!, 'calls made': calls, waiting })),
    ],
    figures: [
      {
        name: 'p99 beside the others : alone',
        value: p99(beside.latencies) / p99(alone.latencies),
        ...{ unit: 'x', goal: { atMost: 1.5 } },
      },
      {
        name: 'p50 beside the others : alone',
        value: percentile(beside.latencies, 50) / percentile(alone.latencies, 50),
        unit: 'x',
      },
      { name: 'missing', value: alone.missing + beside.missing, unit: '', goal: { atMost: 0 } },
      { name: 'signed wrongly', value: alone.refused + beside.refused, unit: '', goal: { atMost: 0 } },
    ],
    notes: [],
  };
}

/** The backlog is the deliveries': all of its events have been looked at before anything is measured. */
async function dispatched(url: string): Promise<void> {
  for (const deadline = Date.now() + DISPATCHED_WITHIN_MS; Date.now() < deadline; await pause(250)) {
    const { rows } = await query(
      url,
      'select exists (select from outbox_event where dispatched_at is null) as waiting',
    );
    if (!rows[0].waiting) return;
  }
  throw new Error(`The backlog was not dispatched within ${DISPATCHED_WITHIN_MS / 1000} s.`);
}
