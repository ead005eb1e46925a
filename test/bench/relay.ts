import { type Bench, query } from './bench.ts';
import { registerEndpoints } from './endpoints.ts';
import { median, type Outcome, range } from './outcome.ts';
import type { Arrivals } from './receiver.ts';
import { seed } from './seed.ts';
import type { Sending } from './sender.ts';

const ROUNDS = 3;
const EVENTS = 6_000;
const WARM_UP_EVENTS = 3_000;
const ENDPOINTS = 50;
const CEILING_SECONDS = 2;
/** After this a round counts with what has arrived. */
const PATIENCE_MS = 30_000;

/**
 * Deliveries a second: events that are there already, to one receiver of fifty endpoints, with the delivery log and the
 * signatures; dispatch is part of it. Beside it what undici alone sends to the same receiver.
 */
export async function relay(bench: Bench): Promise<Outcome> {
  const url = await bench.database('bench_relay');
  await seed(url, { agencies: ENDPOINTS, properties: ENDPOINTS, guests: ENDPOINTS, bookings: 0 });
  const receiver = await bench.helper('bench-receiver.js');
  const sender = await bench.helper('bench-sender.js');
  const origin = `http://127.0.0.1:${receiver.ready.port}`;
  const secrets = await registerEndpoints(url, { count: ENDPOINTS, url: origin });
  await bench.product({
    ...{ DATABASE_URL: url, DATA_DIR: bench.folder(), DEMO: 'off', ROLES: 'relay,api' },
    WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
  });

  const drain = async (events: number) => {
    await receiver.ask({ begin: { expected: events, secrets } });
    await query(url, PRELOAD, [events, ENDPOINTS, BODY]);
    const arrived = await receiver.ask<Arrivals>({ wait: { milliseconds: PATIENCE_MS } });
    if (arrived.refused > 0) throw new Error(`${arrived.refused} calls were signed wrongly.`);
    return { ...arrived, perSecond: (arrived.calls - Math.ceil(events / 10)) / arrived.seconds };
  };
  const sending: Sending = {
    url: origin,
    path: '/0',
    headers: HEADERS,
    body: BODY,
    connections: 64,
    seconds: CEILING_SECONDS,
  };
  const ceiling = async () => {
    await receiver.ask({ begin: { expected: Number.MAX_SAFE_INTEGER, secrets: [] } });
    return (await sender.ask<{ perSecond: number }>(sending)).perSecond;
  };

  await drain(WARM_UP_EVENTS);
  await ceiling();
  const ceilings: number[] = [];
  const drains: Awaited<ReturnType<typeof drain>>[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ceilings.push(await ceiling());
    drains.push(await drain(EVENTS));
  }

  const rates = drains.map(({ perSecond }) => perSecond);
  const sum = (of: (arrivals: Arrivals) => number) => drains.reduce((total, one) => total + of(one), 0);
  const missing = ROUNDS * EVENTS - sum(({ events }) => events);
  return {
    part: 'relay',
    method: `${EVENTS} events to ${ENDPOINTS} endpoints, ${ROUNDS} rounds in turn with the ceiling; medians`,
    table: [
      { variant: 'undici alone', 'per second': median(ceilings), range: range(ceilings) },
      {
        variant: 'relay',
        'per second': median(rates),
        range: range(rates),
        ': ceiling': median(rates) / median(ceilings),
      },
    ],
    figures: [
      { name: 'deliveries', value: median(rates), unit: 'a second', goal: { atLeast: 1_000 } },
      { name: 'missing', value: missing, unit: '', goal: { atMost: 0 } },
    ],
    notes: [
      `${sum(({ verified }) => verified)} signatures were verified, one call in twenty; ` +
        `${sum(({ calls, events }) => calls - events)} calls came more than once.`,
    ],
  };
}

/** As long as a booking's event. */
const BODY = JSON.stringify({
  id: '0199c7a0-0000-7000-8000-000000000000',
  event: 'booking.created',
  created_at: '2026-07-15T10:23:41+00:00',
  agency_id: 42,
  data: {
    booking: {
      ...{ id: 9876, reference: 'BKG-A1B2C3', status: 'confirmed', source: 'airbnb', check_in: '2026-08-12' },
      ...{ check_out: '2026-08-19', guests_count: 2, guest_name: 'Karim B.', property_id: 12, room_type_id: 12 },
      ...{ guest_id: 77, nights: 7, gross_amount: 12950, commission_amount: 1295, net_amount: 11655, currency: 'MAD' },
      ...{ cancel_reason: null, created_at: '2026-07-15T10:20:02+00:00', updated_at: '2026-07-15T10:23:41+00:00' },
    },
  },
});

/** The headers of a delivery. Their values are the same for every call: nobody checks those of the ceiling. */
const HEADERS = {
  'Content-Type': 'application/json; charset=utf-8',
  'webhook-id': '0199c7a0-0000-7000-8000-000000000000',
  'webhook-timestamp': '1784110000',
  'webhook-signature': `v1,${'A'.repeat(44)}`,
  'X-Signature': 'a'.repeat(64),
  'X-Event': 'booking.created',
};

const PRELOAD = `
  insert into outbox_event (id, agency_id, type, subject, subject_seq, occurred_at, body)
  select uuidv7(), n % $2 + 1, 'booking.created', 'booking:' || n, 1, now(), $3 from generate_series(1, $1::int) n`;
