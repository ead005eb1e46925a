import pg from 'pg';
import { type Bench, type Helper, type Product, query } from './bench.ts';
import { claimMs, claimsOf } from './claims.ts';
import { registerEndpoints } from './endpoints.ts';
import { median, type Outcome, percentile, range } from './outcome.ts';
import type { Arrivals } from './receiver.ts';
import { seed } from './seed.ts';
import type { Sending } from './sender.ts';
import { steady } from './steady.ts';
import { BODY, ours, type System, startPeers } from './systems.ts';

const ROUNDS = 3;
const EVENTS = 6_000;
const WARM_UP_EVENTS = 2_000;
const ENDPOINTS = 50;
const CEILING_SECONDS = 2;
const STEADY = { perSecond: 200, seconds: 8 };
const STEADY_ROUNDS = 2;
const BUSY = { perSecond: 1_000, seconds: 5 };
/** After this a round counts with what has arrived. */
const PATIENCE_MS = 30_000;
const RELAYS = [1, 4, 8];

/**
 * Deliveries a second, and from the commit to the receipt: to one receiver of fifty endpoints, with all that ours does on
 * the way. Beside it job queues with a plain webhook job on the same PostgreSQL, and what undici alone sends to the same receiver.
 */
export async function relay(bench: Bench): Promise<Outcome> {
  const url = await bench.database('bench_relay');
  await seed(url, { agencies: ENDPOINTS, properties: ENDPOINTS, guests: ENDPOINTS, bookings: 0 });
  const receiver = await bench.helper('bench-receiver.js');
  const sender = await bench.helper('bench-sender.js');
  const emitter = await bench.helper('bench-emitter.js', [url]);
  const origin = `http://127.0.0.1:${receiver.ready.port}`;
  const secrets = await registerEndpoints(url, { count: ENDPOINTS, url: origin });
  const { peers, notes } = await startPeers(bench, { url, origin, secrets });
  const products = [await startRelay(bench, url)];
  const place = { url, emitter, receiver, secrets };
  const systems = [ours(ENDPOINTS), ...peers].map((system) => ({
    ...{ system, drains: [] as Drained[], latencies: [] as number[] },
  }));

  const ceilings: number[] = [];
  await ceiling(sender, receiver, origin);
  // PostgreSQL last looked at these tables when they were empty. What it makes of that is a figure of its own; then it looks
  // again, at everybody's tables, as it does by itself within a minute or two.
  const fresh: Drained[] = [];
  for (let round = 0; round < ROUNDS; round++) fresh.push(await drain(place, systems[0]!.system, EVENTS));
  for (const { system } of systems.slice(1)) await working(system, () => drain(place, system, WARM_UP_EVENTS));
  await query(url, 'analyze');
  for (let round = 0; round < ROUNDS; round++) {
    ceilings.push(await ceiling(sender, receiver, origin));
    for (const { system, drains } of systems) drains.push(await working(system, () => drain(place, system, EVENTS)));
  }
  let missing = 0;
  // A process of Node is as fast as it gets when it has done the same for a while.
  for (const { system } of systems) await working(system, () => steady(place, { ...system.emission, ...STEADY }));
  for (let round = 0; round < STEADY_ROUNDS; round++) {
    for (const { system, latencies } of systems) {
      const run = await working(system, () => steady(place, { ...system.emission, ...STEADY }));
      latencies.push(...run.latencies);
      missing += run.missing;
    }
  }
  const mine = systems[0]!;
  const busy = await steady(place, { ...mine.system.emission, ...BUSY });
  const held = await whileHeldOpen(url, () => severalRelays(place, mine.system, products));
  const scaled: Awaited<ReturnType<typeof severalRelays>>[] = [];
  for (const count of RELAYS) {
    while (products.length < count) products.push(await startRelay(bench, url));
    scaled.push(await severalRelays(place, mine.system, products));
  }

  const rate = ({ drains }: { drains: Drained[] }) => median(drains.map(({ perSecond }) => perSecond));
  const rivals = systems.filter(({ system }) => system.name.startsWith('graphile-worker, tuned'));
  const p99 = (latencies: number[]) => percentile(latencies, 99);
  const sum = (of: (drained: Drained) => number) =>
    systems.flatMap(({ drains }) => drains).reduce((total, one) => total + of(one), 0);
  return {
    part: 'relay',
    method:
      `${EVENTS} events at once to ${ENDPOINTS} endpoints, ${ROUNDS} rounds in turn, medians; then ${STEADY.perSecond} a second by the ` +
      `clock for ${STEADY.seconds} s, ${STEADY_ROUNDS} times in turn, from the commit to the receipt`,
    table: [
      { variant: 'undici alone, no database', 'per second': median(ceilings), range: range(ceilings) },
      ...systems.map(({ system, drains, latencies }) => ({
        variant: system.name,
        'per second': rate({ drains }),
        range: range(drains.map(({ perSecond }) => perSecond)),
        ': ceiling': rate({ drains }) / median(ceilings),
        'p50 ms': percentile(latencies, 50),
        'p99 ms': p99(latencies),
      })),
      {
        variant: 'relay, statistics of empty tables',
        'per second': rate({ drains: fresh }),
        range: range(fresh.map(({ perSecond }) => perSecond)),
      },
      {
        variant: `relay, ${EVENTS} at once`,
        'p50 ms': percentile(
          mine.drains.flatMap(({ latencies }) => latencies),
          50,
        ),
        'p99 ms': p99(mine.drains.flatMap(({ latencies }) => latencies)),
      },
      {
        variant: `relay, ${BUSY.perSecond} a second`,
        'p50 ms': percentile(busy.latencies, 50),
        'p99 ms': p99(busy.latencies),
      },
      ...scaled.map(({ perSecond, claim }, i) => ({
        variant: `${RELAYS[i]} ${RELAYS[i] === 1 ? 'relay' : 'relays'}`,
        'per second': perSecond,
        'claim ms': claim.mean,
        'claim p99 ms': claim.p99,
      })),
      {
        variant: '1 relay, a foreign transaction open',
        'per second': held.perSecond,
        'claim ms': held.claim.mean,
        'claim p99 ms': held.claim.p99,
      },
    ],
    figures: [
      { name: 'deliveries', value: rate(mine), unit: 'a second', goal: { atLeast: 1_000 } },
      ...rivals.flatMap((rival) => [
        {
          name: `beside ${rival.system.name}`,
          value: rate(mine) / rate(rival),
          ...{ unit: 'x', goal: { atLeast: 1.2 } },
        },
        {
          name: `p99 at ${STEADY.perSecond} a second beside its`,
          value: p99(mine.latencies) / p99(rival.latencies),
          ...{ unit: 'x', goal: { atMost: 1 } },
        },
      ]),
      {
        name: `p50 at ${STEADY.perSecond} a second`,
        value: percentile(mine.latencies, 50),
        ...{ unit: 'ms', goal: { atMost: 5 } },
      },
      {
        // The digits of two runs differ by a quarter on a machine that does nothing else.
        name: 'with a foreign transaction open, beside none',
        value: held.perSecond / scaled[0]!.perSecond,
        ...{ unit: 'x', goal: { atLeast: 0.7 } },
      },
      {
        name: 'with statistics of empty tables, beside true ones',
        value: rate({ drains: fresh }) / rate(mine),
        ...{ unit: 'x', goal: { atLeast: 0.7 } },
      },
      { name: 'missing', value: missing + sum(({ missing }) => missing), unit: '', goal: { atMost: 0 } },
    ],
    notes: [
      ...notes,
      `${sum(({ verified }) => verified)} signatures were verified, one call in twenty; ${sum(({ again }) => again)} calls came more than once.`,
      'Ours has the log, both signatures, fairness, the breaker and the guard of addresses on; the peers sign and send, and only one of them keeps a log.',
    ],
  };
}

interface Place {
  url: string;
  receiver: Helper;
  secrets: string[];
}

interface Drained {
  perSecond: number;
  /** From the commit of all of them to each receipt, in milliseconds. */
  latencies: number[];
  missing: number;
  verified: number;
  /** Calls beyond one an event. */
  again: number;
}

/** All at once: how many arrive a second, from the first tenth to the last. */
async function drain({ url, receiver, secrets }: Place, { name, preload }: System, events: number): Promise<Drained> {
  await receiver.ask({ begin: { expected: events, secrets } });
  await query(url, preload, [events]);
  const committedAt = performance.timeOrigin + performance.now();
  const arrived = await receiver.ask<Arrivals>({ wait: { milliseconds: PATIENCE_MS } });
  if (arrived.refused > 0) throw new Error(`${name}: ${arrived.refused} calls were signed wrongly.`);
  const times = await receiver.ask<[string, number][]>({ times: true });
  return {
    perSecond: (arrived.calls - Math.ceil(events / 10)) / arrived.seconds,
    latencies: times.map(([, at]) => at - committedAt),
    missing: events - arrived.events,
    verified: arrived.verified,
    again: arrived.calls - arrived.events,
  };
}

async function working<T>(system: System, measure: () => Promise<T>): Promise<T> {
  await system.run(true);
  try {
    return await measure();
  } finally {
    await system.run(false);
  }
}

/** The same on so many relays, with what they say of their claims. */
async function severalRelays(place: Place, system: System, products: Product[]) {
  const before = await claimsOf(products);
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) rates.push((await drain(place, system, EVENTS)).perSecond);
  return { perSecond: median(rates), claim: claimMs(before, await claimsOf(products)) };
}

/** A transaction of somebody else's, such as a long report: while it is open, no dead row can be taken away. */
async function whileHeldOpen<T>(url: string, work: () => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('begin isolation level repeatable read');
    await client.query('select pg_current_xact_id(), count(*) from outbox_event');
    return await work();
  } finally {
    await client.end();
  }
}

function startRelay(bench: Bench, url: string): Promise<Product> {
  return bench.product({
    ...{ DATABASE_URL: url, DATA_DIR: bench.folder(), DEMO: 'off', ROLES: 'relay,api' },
    WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
  });
}

async function ceiling(sender: Helper, receiver: Helper, url: string): Promise<number> {
  await receiver.ask({ begin: { expected: Number.MAX_SAFE_INTEGER, secrets: [] } });
  const sending: Sending = { url, path: '/0', headers: HEADERS, body: BODY, connections: 64, seconds: CEILING_SECONDS };
  return (await sender.ask<{ perSecond: number }>(sending)).perSecond;
}

/** The headers of a delivery. Their values are the same for every call: nobody checks those of the ceiling. */
const HEADERS = {
  'Content-Type': 'application/json; charset=utf-8',
  'webhook-id': '0199c7a0-0000-7000-8000-000000000000',
  'webhook-timestamp': '1784110000',
  'webhook-signature': `v1,${'A'.repeat(44)}`,
  'X-Signature': 'a'.repeat(64),
  'X-Event': 'booking.created',
};
