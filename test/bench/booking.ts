import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { Pool } from 'undici';
import { type Bench, cpuMs, query } from './bench.ts';
import { registerEndpoints } from './endpoints.ts';
import { type Outcome, percentile, rounded } from './outcome.ts';
import { seed, type Tenant } from './seed.ts';

const PER_SECOND = 100;
const WARM_UP = 3 * PER_SECOND;
const BOOKINGS = 10 * PER_SECOND;
const AGENCIES = 20;
const PROPERTIES = 200;
const PATIENCE_MS = 10_000;

/**
 * From the commit of a booking to its webhook, at a steady hundred bookings a second over REST, with the relay in the
 * process of the API. The receiver is this process, and PostgreSQL tells when each event was committed: one machine's
 * clock for both.
 */
export async function booking(bench: Bench): Promise<Outcome> {
  const url = await bench.database('bench_booking');
  const tenants = await seed(url, { agencies: AGENCIES, properties: PROPERTIES, guests: AGENCIES, bookings: 0 });
  const receiver = await startReceiver();
  const secrets = await registerEndpoints(url, { count: AGENCIES, url: receiver.url });
  receiver.verifyWith(secrets);
  const product = await bench.product({
    ...{ DATABASE_URL: url, DATA_DIR: bench.folder(), DEMO: 'off', ROLES: 'api,relay' },
    ...{ RATE_LIMIT_PER_MINUTE: '1000000', WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8' },
  });

  const cpuBefore = cpuMs(product.pid);
  const answered = await bookSteadily(product.url, tenants);
  await receiver.arrived(WARM_UP + BOOKINGS, PATIENCE_MS);
  const cpuPerBooking = (cpuMs(product.pid) - cpuBefore) / (WARM_UP + BOOKINGS);
  const { rows: events } = await query(
    url,
    `select id, extract(epoch from pg_xact_commit_timestamp(xid::xid))::float8 * 1000 as committed_at
     from outbox_event order by seq offset $1`,
    [WARM_UP],
  );
  await product.stop();
  receiver.close();

  const latencies = events.flatMap(({ id, committed_at }) => {
    const receivedAt = receiver.received.get(id);
    return receivedAt === undefined ? [] : [receivedAt - committed_at];
  });
  const answers = answered.slice(WARM_UP);
  const row = (variant: string, values: number[]) => ({
    variant,
    n: values.length,
    'p50 ms': percentile(values, 50),
    'p99 ms': percentile(values, 99),
    'longest ms': Math.max(...values),
  });
  return {
    part: 'booking',
    method: `${PER_SECOND} bookings a second over REST for ${BOOKINGS / PER_SECOND} s, each told to one endpoint`,
    table: [row('request to answer', answers), row('commit to receipt', latencies)],
    figures: [
      { name: 'commit to receipt, p50', value: percentile(latencies, 50), unit: 'ms', goal: { atMost: 15 } },
      { name: 'commit to receipt, p99', value: percentile(latencies, 99), unit: 'ms', goal: { atMost: 100 } },
      { name: 'missing', value: BOOKINGS - latencies.length, unit: '', goal: { atMost: 0 } },
    ],
    notes: [
      `${receiver.verified()} signatures were verified.`,
      `A booking took ${rounded(cpuPerBooking)} ms of the product's processor time, dispatch and delivery among it.`,
    ],
  };
}

/** One request each hundredth of a second, whether or not those before have been answered. Answers with how long each took. */
async function bookSteadily(url: string, tenants: Tenant[]): Promise<number[]> {
  const pool = new Pool(url, { connections: 64 });
  const pending: Promise<number>[] = [];
  const begun = performance.now();
  for (let i = 0; i < WARM_UP + BOOKINGS; i++) {
    const wait = begun + (i * 1000) / PER_SECOND - performance.now();
    if (wait > 0) await pause(wait);
    pending.push(book(pool, tenants[i % AGENCIES]!, i));
  }
  const answered = await Promise.all(pending);
  await pool.close();
  return answered;
}

/** Booking i: the agencies in turn, each with its properties in turn, each from one week to the next. */
async function book(pool: Pool, { agencyId, token }: Tenant, i: number): Promise<number> {
  const propertyId = agencyId + AGENCIES * (Math.floor(i / AGENCIES) % (PROPERTIES / AGENCIES));
  const week = Math.floor(i / PROPERTIES);
  const day = (days: number) => new Date(Date.UTC(2030, 0, 1 + week * 7 + days)).toISOString().slice(0, 10);
  const asked = performance.now();
  const { statusCode, body } = await pool.request({
    method: 'POST',
    path: '/v1/bookings',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({
      property_id: propertyId,
      check_in: day(0),
      check_out: day(3),
      guests_count: 2,
      guest_name: 'Karim B.',
    }),
  });
  const text = await body.text();
  if (statusCode !== 201) throw new Error(`A booking was answered with ${statusCode}: ${text}`);
  return performance.now() - asked;
}

/** Notes when each event came, in milliseconds since 1970 and their fractions. */
async function startReceiver() {
  const received = new Map<string, number>();
  const epochMs = await preciseEpoch();
  let verifiers: Webhook[] = [];
  let verified = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const id = String(request.headers['webhook-id']);
      if (!received.has(id)) received.set(id, epochMs + performance.now());
      response.writeHead(204).end();
      verifiers[Number(request.url!.slice(1))]!.verify(
        Buffer.concat(chunks),
        request.headers as Record<string, string>,
      );
      verified += 1;
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    verified: () => verified,
    verifyWith(secrets: string[]) {
      verifiers = secrets.map((secret) => new Webhook(secret));
    },
    async arrived(count: number, patienceMs: number) {
      for (const deadline = Date.now() + patienceMs; received.size < count && Date.now() < deadline; ) await pause(20);
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/**
 * What to add to `performance.now()` for the system's clock as it is now: `performance.timeOrigin` doesn't follow when
 * the clock is set, and `Date.now()` knows whole milliseconds only.
 */
async function preciseEpoch(): Promise<number> {
  const before = Date.now();
  while (Date.now() === before); // Until the next millisecond begins.
  return Date.now() - performance.now();
}
