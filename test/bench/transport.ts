import { setTimeout as pause } from 'node:timers/promises';
import { findNatsServer, startNats } from '../support/nats.ts';
import { type Bench, type Helper, type Product, query } from './bench.ts';
import { registerEndpoints } from './endpoints.ts';
import { median, type Outcome, percentile, range } from './outcome.ts';
import type { Arrivals } from './receiver.ts';
import { seed } from './seed.ts';
import { steady } from './steady.ts';
import { emissionTo, preloadTo } from './systems.ts';

const ROUNDS = 3;
const EVENTS = 5_000;
const ENDPOINTS = 50;
/** Agencies that nobody told us to tell anything of: their events are carried and dispatched, and that is all. */
const DEAF = { first: ENDPOINTS + 1, count: 10 };
const TOLD = { first: 1, count: ENDPOINTS };
const STEADY = { perSecond: 200, seconds: 5 };
const PATIENCE_MS = 30_000;
const RELAYS = [1, 4];

/** The two ways from the log to the relays, each with one relay and with four, on one database and to one receiver. */
export async function transport(bench: Bench): Promise<Outcome> {
  const found = await findNatsServer();
  const url = await bench.database('bench_transport');
  await seed(url, { agencies: ENDPOINTS + DEAF.count, properties: ENDPOINTS, guests: ENDPOINTS, bookings: 0 });
  const receiver = await bench.helper('bench-receiver.js');
  const emitter = await bench.helper('bench-emitter.js', [url]);
  const secrets = await registerEndpoints(url, { count: ENDPOINTS, url: `http://127.0.0.1:${receiver.ready.port}` });
  const place = { url, emitter, receiver, secrets };
  await query(url, 'analyze');
  const measured = await measure(bench, place, 'postgres', {});
  if ('program' in found) {
    const nats = await startNats(found.program);
    try {
      const env = { RELAY_TRANSPORT: 'nats', NATS_URL: nats.url };
      measured.push(...(await measure(bench, place, 'nats', env)));
    } finally {
      await nats.remove();
    }
  }
  return {
    part: 'transport',
    method:
      `${EVENTS} events at once that nobody wants (dispatched), then as many to ${ENDPOINTS} endpoints (delivered), ${ROUNDS} rounds, ` +
      `medians; then ${STEADY.perSecond} a second for ${STEADY.seconds} s, from the commit to the receipt`,
    table: measured.map(({ variant, carried, told, latencies }) => ({
      variant,
      'dispatched a second': median(carried.map(({ perSecond }) => perSecond)),
      'range ': range(carried.map(({ perSecond }) => perSecond)),
      'WAL bytes an event': median(carried.map(({ walBytes }) => walBytes)),
      'delivered a second': median(told.map(({ perSecond }) => perSecond)),
      range: range(told.map(({ perSecond }) => perSecond)),
      'p50 ms': percentile(latencies, 50),
      'p99 ms': percentile(latencies, 99),
    })),
    figures: [
      {
        name: 'missing or told twice',
        value: measured.reduce(
          (sum, { missing, told }) => sum + missing + told.reduce((n, one) => n + one.wrong, 0),
          0,
        ),
        ...{ unit: '', goal: { atMost: 0 } },
      },
    ],
    notes: 'why' in found ? [`NATS was not measured: ${found.why}`] : [],
  };
}

interface Place {
  url: string;
  emitter: Helper;
  receiver: Helper;
  secrets: string[];
}

async function measure(bench: Bench, place: Place, name: string, env: Record<string, string>) {
  const products: Product[] = [];
  const measured = [];
  for (const count of RELAYS) {
    while (products.length < count) products.push(await startRelay(bench, place.url, env));
    const carried = [];
    const told = [];
    for (let round = 0; round < ROUNDS; round++) {
      carried.push(await carry(place.url));
      told.push(await tell(place));
    }
    const { latencies, missing } = await steady(place, { ...emissionTo(TOLD), ...STEADY });
    measured.push({
      variant: `${name}, ${count === 1 ? '1 relay' : `${count} relays`}`,
      carried,
      told,
      latencies,
      missing,
    });
  }
  await Promise.all(products.map((product) => product.stop()));
  return measured;
}

/** From the commit of all of them to the last dispatch, by PostgreSQL's clock. */
async function carry(url: string): Promise<{ perSecond: number; walBytes: number }> {
  await query(url, preloadTo(DEAF), [EVENTS]);
  const { rows: begun } = await query(url, 'select clock_timestamp() as at, pg_current_wal_insert_lsn() as lsn');
  for (const deadline = Date.now() + PATIENCE_MS; ; await pause(20)) {
    const { rows } = await query(
      url,
      `select extract(epoch from max(dispatched_at) - $1)::float8 as seconds, (pg_current_wal_insert_lsn() - $2::pg_lsn)::float8 as bytes,
         exists (select from outbox_event where dispatched_at is null) as waiting
       from outbox_event where seq > (select max(seq) - $3 from outbox_event)`,
      [begun[0].at, begun[0].lsn, EVENTS],
    );
    if (!rows[0].waiting) return { perSecond: EVENTS / rows[0].seconds, walBytes: rows[0].bytes / EVENTS };
    if (Date.now() > deadline) throw new Error('Not all events were dispatched in half a minute.');
  }
}

/** How many arrive a second, from the first tenth to the last. */
async function tell({ url, receiver, secrets }: Place): Promise<{ perSecond: number; wrong: number }> {
  await receiver.ask({ begin: { expected: EVENTS, secrets } });
  await query(url, preloadTo(TOLD), [EVENTS]);
  const { calls, events, seconds } = await receiver.ask<Arrivals>({ wait: { milliseconds: PATIENCE_MS } });
  return { perSecond: (calls - Math.ceil(EVENTS / 10)) / seconds, wrong: EVENTS - events + (calls - events) };
}

function startRelay(bench: Bench, url: string, env: Record<string, string>): Promise<Product> {
  return bench.product({
    ...{ DATABASE_URL: url, DATA_DIR: bench.folder(), DEMO: 'off', ROLES: 'relay,api' },
    ...{ WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8', ...env },
  });
}
