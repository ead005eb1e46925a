import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { pino } from 'pino';
import { v7 as uuid } from 'uuid';
import { expect, onTestFinished, test, vi } from 'vitest';
import { clock } from '../src/core/clock.ts';
import { schema } from '../src/domains.ts';
import { retainWebhooks } from '../src/platform/webhooks/retain.ts';
import { claim } from '../src/relay/claim.ts';
import { dispatch } from '../src/relay/dispatch.ts';
import { standardBody } from '../src/relay/envelope.ts';
import { startRelay } from '../src/relay/relay.ts';
import { release } from '../src/relay/release.ts';
import { openSettler, resultOf, settle } from '../src/relay/settle.ts';
import { bellhop, startAgency, startProcess } from './support/process.ts';
import { startReceiver } from './support/receiver.ts';
import { startWorld, type World } from './support/world.ts';

const DAY = 86_400_000;
const LEASE = { room: 64, leaseMs: 17_000, windowMs: DAY, mostAttempts: 5 };

/** Writes an event as an operation's transaction would, and answers with its id. */
async function happen(
  world: World,
  { type = 'booking.updated', booking = 1, version = 1 }: { type?: string; booking?: number; version?: number } = {},
): Promise<string> {
  const id = uuid();
  const { agencyId } = world;
  const body = standardBody({ id, event: type, createdAt: clock.now(), agencyId, data: { booking: { id: booking } } });
  await world.database.system.query(
    `insert into outbox_event (id, agency_id, type, subject, subject_seq, occurred_at, body) values ($1, $2, $3, $4, $5, $6, $7)`,
    [id, agencyId, type, `booking:${booking}`, version, clock.now(), body],
  );
  return id;
}

async function happenMany(world: World, count: number): Promise<void> {
  for (let booking = 1; booking <= count; booking++) await happen(world, { booking });
}

const endpoint = async (world: World, id: number) => (await world.get(`/v1/webhooks/${id}`)).body.data;
const subjects = (receiver: { received: { headers: Record<string, unknown> }[] }) =>
  receiver.received.map(({ headers }) => `${headers['x-subject']} ${headers['x-sequence']}`);

// A customer whose server is down for an hour must find all of its bookings afterwards, and its own server still standing.
test('an endpoint that fails is left alone, loses no attempt by it, and is told everything once it answers', async () => {
  const world = await startWorld();
  const receiver = await world.subscribe('booking.*');
  receiver.respondWith(503);
  await happenMany(world, 40);
  await world.relay();
  const calls = receiver.received.length;
  expect(calls).toBeGreaterThanOrEqual(10);
  expect(calls).toBeLessThan(30);
  expect((await endpoint(world, receiver.endpointId)).health).toMatchObject({
    breaker: 'open',
    waiting: 40,
    delivered: 0,
  });

  const { rows: before } = await world.database.system.query('select count(*)::int from attempt');
  world.pass(10_000);
  await happenMany(world, 5);
  await world.relay();
  expect(receiver.received).toHaveLength(calls);
  const { rows } = await world.database.system.query('select count(*)::int from attempt');
  expect(rows).toEqual(before);

  world.pass(30_000);
  await world.relay(); // One call, to see.
  expect(receiver.received).toHaveLength(calls + 1);
  receiver.respondWith(200);
  world.pass(90_000);
  await world.relay();
  world.pass(600_000);
  await world.relay();
  const { health } = await endpoint(world, receiver.endpointId);
  expect(health).toMatchObject({ breaker: 'closed', waiting: 0, retrying: 0, delivered: 45, failed: 0 });
  expect(health).toMatchObject({ failing_since: null, oldest_waiting_at: null, next_attempt_at: null });
  expect(health.p50_ms).toBeLessThanOrEqual(health.p99_ms);
  const ids = new Set(receiver.received.map(({ id }) => id));
  expect(ids.size).toBe(45);
});

// "Within 24 hours" is the promise; that we had stopped trying meanwhile is no excuse.
test("a delivery's last attempt is made when its day is over, though the endpoint is being left alone", async () => {
  const world = await startWorld();
  const receiver = await world.subscribe('booking.*');
  receiver.respondWith(503);
  await happenMany(world, 12);
  await world.relay();
  const first = receiver.received.length;
  // Opened anew by a probe shortly before the day is over, and for a quarter of an hour.
  await world.database.system.query(
    `update endpoint_turn set not_before = now() + interval '2 days', due_at = now() + interval '24 hours'`,
  );
  world.pass(DAY + 1_000);
  await world.relay();
  const { rows } = await world.database.system.query(
    `select status, count(*)::int, max(attempts) as attempts from delivery where first_at is not null group by 1`,
  );
  expect(rows).toEqual([{ status: 'FAILED', count: first, attempts: 2 }]);
  expect(receiver.received).toHaveLength(2 * first);
});

test('an ordered endpoint hears of a booking in order, and one that is stuck holds up nobody else', async () => {
  const world = await startWorld();
  const receiver = await world.subscribe('booking.*', { ordered: true });
  receiver.respondWith(({ headers }, response) =>
    response.writeHead(headers['x-subject'] === 'booking:1' ? 503 : 200).end(),
  );
  for (let version = 1; version <= 3; version++) await happen(world, { booking: 1, version });
  await happen(world, { booking: 2, version: 1 });
  await world.relay();
  await happen(world, { booking: 1, version: 4 });
  await happen(world, { booking: 2, version: 2 });
  await world.relay();
  expect(subjects(receiver).sort()).toEqual(['booking:1 1', 'booking:2 1', 'booking:2 2']);
  receiver.respondWith(200);
  receiver.received.length = 0;
  world.pass(120_000);
  await world.relay();
  expect(subjects(receiver)).toEqual(['booking:1 1', 'booking:1 2', 'booking:1 3', 'booking:1 4']);
});

test('an endpoint is called no faster than it asked for, and all is told in the end', async () => {
  const world = await startWorld();
  const receiver = await world.subscribe('booking.*', { rate_per_second: 1 });
  await happenMany(world, 4);
  const begun = performance.now();
  await world.relay();
  const seconds = () => (performance.now() - begun) / 1_000;
  expect(receiver.received.length).toBeLessThanOrEqual(1 + Math.ceil(seconds()));
  for (let passed = 1; receiver.received.length < 4 && passed < 10; passed++) {
    world.pass(1_000);
    await world.relay();
    expect(receiver.received.length).toBeLessThanOrEqual(1 + passed + Math.ceil(seconds()));
  }
  expect(receiver.received).toHaveLength(4);
  expect(await world.patch(`/v1/webhooks/${receiver.endpointId}`, { rate_per_second: 0 })).toMatchObject({
    status: 422,
  });
  const patched = await world.patch(`/v1/webhooks/${receiver.endpointId}`, { rate_per_second: null, ordered: true });
  expect(patched.body.data).toMatchObject({ rate_per_second: null, ordered: true });
});

test.each([1, 3, 10, 250])('a rate of %i a second lets no second have noticeably more', async (rate) => {
  const world = await startWorld();
  await world.subscribe('booking.*', { rate_per_second: rate });
  const pool = world.database.system;
  await pool.query(
    `insert into outbox_event (id, agency_id, type, subject, subject_seq, occurred_at, body)
     select gen_random_uuid(), $1, 'booking.updated', 'booking:' || n, 1, now(), '{}' from generate_series(1, $2::int) n`,
    [world.agencyId, rate * 6],
  );
  while ((await dispatch(pool)).more);
  const made: number[] = [];
  const begun = clock.now().getTime();
  while (clock.now().getTime() < begun + 4_000) {
    const { claimed } = await claim(pool, LEASE);
    made.push(...claimed.map(({ claimedAt }) => claimedAt.getTime()));
    const startedAt = clock.now();
    const results = claimed.map((each) =>
      resultOf(each, { outcome: 'ok', error: null, totalMs: 1 }, { schedule: [0], startedAt }),
    );
    if (results.length > 0) await settle(pool, results, LEASE);
    world.pass(rate > 100 ? 8 : 50);
  }
  expect(made.length).toBeGreaterThanOrEqual(4 * rate * 0.9);
  const busiest = Math.max(...made.map((at, i) => made.slice(i).filter((later) => later < at + 1_000).length));
  expect(busiest).toBeLessThanOrEqual(rate + Math.ceil(rate / 10));
});

// The mail that says "your webhooks are off" arrives weeks later. Somebody who listens hears of it at once.
test('news of an endpoint reaches those who ask for it by name, never the endpoint itself, and is no part of *', async () => {
  const world = await startWorld();
  const broken = await world.subscribe(['booking.*', 'webhook.*']);
  const everything = await world.subscribe('*');
  const listening = await world.subscribe('webhook.*');
  broken.respondWith(503);
  await happenMany(world, 15);
  await world.relay();
  expect(listening.received.map(({ event }) => event)).toEqual(['webhook.endpoint_failing']);
  expect(listening.received[0]).toMatchObject({
    signature: 'valid',
    json: { data: { webhook: { id: broken.endpointId, enabled: true, host: new URL(broken.url).host } } },
  });
  broken.respondWith(200);
  for (let i = 0; i < 4; i++) {
    world.pass(200_000);
    await world.relay();
  }
  broken.respondWith(410);
  await happen(world);
  await world.relay();
  expect(listening.received.map(({ event }) => event)).toEqual([
    'webhook.endpoint_failing',
    'webhook.endpoint_recovered',
    'webhook.endpoint_disabled',
  ]);
  expect(listening.received.map(({ headers }) => headers['x-sequence'])).toEqual(['1', '2', '3']);
  for (const { received } of [broken, everything])
    expect(received.filter(({ event }) => event.startsWith('webhook.'))).toEqual([]);
  const log = async (types: string) => (await world.get(`/v1/events?types=${types}`)).body.data;
  expect((await log('*')).filter(({ event }: { event: string }) => event.startsWith('webhook.'))).toEqual([]);
  expect(await log('webhook.*')).toHaveLength(3);
});

test('a delivery that is given up is told of, and one that told of such a thing is not', async () => {
  const world = await startWorld({ env: { WEBHOOK_RETRY_SCHEDULE: '0,1' } });
  const broken = await world.subscribe('booking.*');
  const listening = await world.subscribe('webhook.delivery_exhausted');
  const alsoBroken = await world.subscribe('webhook.*');
  for (const receiver of [broken, alsoBroken]) receiver.respondWith(500);
  const id = await happen(world);
  for (let i = 0; i < 4; i++) {
    await world.relay();
    world.pass(2_000);
  }
  expect(listening.received.map(({ json }) => json.data.delivery)).toMatchObject([
    { event_id: id, endpoint_id: broken.endpointId, attempt_count: 2, status_code: 500 },
  ]);
});

// Whoever turns it on again asks one thing: what have I not been told?
test('an endpoint is disabled after five days without a success, and enabling it says what was missed', async () => {
  const world = await startWorld();
  const receiver = await world.subscribe('booking.*');
  receiver.respondWith(404);
  for (let day = 0; day <= 5; day++) {
    await happen(world, { booking: day });
    await world.relay();
    world.pass(DAY);
  }
  const disabled = await endpoint(world, receiver.endpointId);
  expect(disabled).toMatchObject({ enabled: false, disabled_reason: expect.stringContaining('5 days') });
  await happen(world);
  await happen(world, { type: 'review.received' });
  await world.relay();
  expect(receiver.received).toHaveLength(6);
  const { body } = await world.post(`/v1/webhooks/${receiver.endpointId}/enable`);
  expect(body.data).toMatchObject({ enabled: true, disabled_reason: null, missed: { failed: 6, not_made: 1 } });
  const { rows } = await world.database.asAgency(world.agencyId, (client) =>
    client.query(`select action, changes->>'reason' as reason from audit_entry where action = 'webhook.disabled'`),
  );
  expect(rows).toMatchObject([{ reason: expect.stringContaining('5 days') }]);
});

test('the health of fifty endpoints costs as many statements as that of five', async () => {
  const world = await startWorld();
  for (let i = 0; i < 50; i++)
    await world.post('/v1/webhooks', { url: `http://127.0.0.1:9/${i}`, events: ['booking.*'] });
  const list = (first: number) =>
    world.statements(() =>
      world.graphql(`{ webhooks(first: ${first}) { nodes { id health { delivered breaker p99Ms } } } }`),
    );
  await list(5);
  expect(await list(50)).toBe(await list(5));
});

test('what is claimed and not begun is given back as if it had never been claimed', async () => {
  const world = await startWorld();
  const receiver = await world.subscribe('booking.*');
  await happenMany(world, 3);
  const pool = world.database.system;
  await dispatch(pool);
  const { claimed } = await claim(pool, LEASE);
  expect(claimed).toHaveLength(3);
  await release(pool, claimed, LEASE);
  await world.relay();
  expect(receiver.received.map(({ attempt }) => attempt)).toEqual([1, 1, 1]);
  const { rows } = await pool.query('select in_flight, due_at::text from endpoint_turn');
  expect(rows).toEqual([{ in_flight: 0, due_at: 'infinity' }]);
});

// One row that PostgreSQL refuses must not be the end of everybody's webhooks.
test('an event that can’t be dispatched is passed by, and told once it can be', async () => {
  const world = await startWorld();
  const receiver = await world.subscribe('booking.*');
  vi.useFakeTimers({ toFake: ['performance'] }); // The relay's stop watch.
  onTestFinished(() => void vi.useRealTimers());
  const owner = new pg.Client({ connectionString: world.database.ownerUrl });
  await owner.connect();
  onTestFinished(() => owner.end());
  const ids: string[] = [];
  for (let booking = 1; booking <= 9; booking++) ids.push(await happen(world, { booking }));
  await owner.query(`
    create function refuse() returns trigger language plpgsql as $$ begin raise 'refused'; end $$;
    create trigger refuse before update on outbox_event for each row when (new.id = '${ids[4]}' and new.dispatched_at is not null)
      execute function refuse()`);
  const { database, config } = world;
  const relay = startRelay({ database, config, wake: world.viewer.wake, schema, log: pino({ level: 'silent' }) });
  onTestFinished(() => relay.stop());
  const told = () => receiver.received.map(({ id }) => id);
  const passes = async (enough: () => boolean) => {
    for (let n = 0; n < 200 && !enough(); n++) {
      vi.advanceTimersByTime(500);
      world.viewer.wake.poke();
      await sleep(20);
    }
  };
  await passes(() => told().length === 8);
  expect(told().sort()).toEqual(ids.filter((_id, i) => i !== 4).sort());
  await owner.query('drop trigger refuse on outbox_event');
  await passes(() => told().length === 9);
  expect(told().at(-1)).toBe(ids[4]);
});

test('while the server is short of something no event is passed by, and the relay says that it isn’t running', async () => {
  const world = await startWorld();
  const receiver = await world.subscribe('booking.*');
  const owner = new pg.Client({ connectionString: world.database.ownerUrl });
  await owner.connect();
  onTestFinished(() => owner.end());
  await owner.query(`
    create function refuse() returns trigger language plpgsql as $$ begin raise 'no room' using errcode = '53100'; end $$;
    create trigger refuse before update on outbox_event for each row execute function refuse()`);
  const id = await happen(world);
  const { database, config } = world;
  const relay = startRelay({ database, config, wake: world.viewer.wake, schema, log: pino({ level: 'silent' }) });
  onTestFinished(() => relay.stop());
  await expect.poll(relay.running).toBe(false);
  for (let n = 0; n < 50; n++) {
    await sleep(20); // Over several tries and the waits between them.
    expect(relay.running()).toBe(false);
  }
  await owner.query('drop trigger refuse on outbox_event');
  await receiver.arrived(1);
  expect(receiver.received[0]!.id).toBe(id);
  await expect.poll(relay.running).toBe(true);
});

// An owner changes one endpoint, and that process hangs in the middle: the results of others would wait until their leases end.
test('while somebody holds an endpoint, the results of others are written, and its own once it is let go', async () => {
  const world = await startWorld();
  const held = await world.subscribe('booking.*');
  await world.subscribe('booking.*');
  await happen(world);
  const pool = world.database.system;
  await dispatch(pool);
  const { claimed } = await claim(pool, LEASE);
  const startedAt = clock.now();
  const settler = openSettler({
    ...{
      pool,
      apart: pool,
      windowMs: LEASE.windowMs,
      signal: new AbortController().signal,
      log: pino({ level: 'silent' }),
    },
  });
  const delivered = async () => {
    const { rows } = await pool.query(`select endpoint_id as id from delivery where status = 'DELIVERED' order by 1`);
    return rows.map(({ id }) => id);
  };

  const owner = await pool.connect();
  await owner.query('begin');
  await owner.query('select relay.lock_turn($1)', [held.endpointId]);
  for (const each of claimed)
    settler.add(resultOf(each, { outcome: 'ok', error: null, totalMs: 1 }, { schedule: [0], startedAt }));
  const free = claimed.map(({ endpointId }) => endpointId).filter((id) => id !== Number(held.endpointId));
  await expect.poll(delivered, { timeout: 4_000 }).toEqual(free);
  await owner.query('commit');
  owner.release();
  await settler.idle();
  expect(await delivered()).toEqual(claimed.map(({ endpointId }) => endpointId).sort());
});

test('history ends with its retention: attempts by the day, then deliveries that have ended and their events', async () => {
  const world = await startWorld({ env: { WEBHOOK_RETENTION_DAYS: '30' } });
  const receiver = await world.subscribe('booking.*');
  await happen(world, { booking: 1 });
  await world.relay();
  receiver.respondWith(503);
  await happen(world, { booking: 2 });
  await world.relay();
  const log = pino({ level: 'silent' });
  const counts = async () => {
    const { rows } = await world.database.system.query(
      `select (select count(*)::int from attempt) as attempts, (select count(*)::int from delivery) as deliveries,
         (select count(*)::int from outbox_event where type like 'booking.%') as events`,
    );
    return rows[0];
  };
  const retain = () => retainWebhooks({ ...world, log }, new AbortController().signal);
  await retain();
  expect(await counts()).toEqual({ attempts: 2, deliveries: 2, events: 2 });
  world.pass(33 * DAY);
  await retain();
  // The second still waits for its next attempt.
  expect(await counts()).toEqual({ attempts: 0, deliveries: 1, events: 1 });
});

// Four machines, one of which hangs for a minute in the middle of its calls: nobody may lose a booking to that.
test('four relays send each event, and one that was frozen past its lease changes nothing when it wakes', {
  timeout: 120_000,
}, async () => {
  const { env, ask, database } = await startAgency({
    WEBHOOK_TIMEOUT_SECONDS: '5',
    APP_KEY: Buffer.alloc(32, 7).toString('base64'),
  });
  const api = await startProcess({ ...env, ROLES: 'api' });
  const receiver = await startReceiver({
    respond: (_call, response) => setTimeout(() => response.writeHead(200).end(), 50),
  });
  onTestFinished(() => receiver.close());
  const endpoints = await Promise.all(
    Array.from({ length: 12 }, () => ask(api.url, '/v1/webhooks', { url: receiver.url, events: ['booking.*'] })),
  );
  expect(endpoints.map(({ status }) => status)).toEqual(Array(12).fill(201));
  const sql = new pg.Pool({ connectionString: database.url });
  onTestFinished(() => sql.end());
  const EVENTS = 60;
  const relays = await Promise.all([1, 2, 3, 4].map(() => startProcess({ ...env, ROLES: 'relay,api' })));
  const frozen = relays[0]!;
  onTestFinished(() => void frozen.child.kill('SIGCONT'));
  const insert = sql.query(
    `insert into outbox_event (id, agency_id, type, subject, subject_seq, occurred_at, body)
     select gen_random_uuid(), (select min(id) from agency), 'booking.updated', 'booking:' || n, 1, now(), '{}'
     from generate_series(1, $1::int) n`,
    [EVENTS],
  );
  await receiver.arrived(20);
  frozen.child.kill('SIGSTOP');
  await insert;
  const expected = EVENTS * 12;
  const unfinished = async () =>
    (await sql.query(`select status, attempts, error from delivery where status <> 'DELIVERED'`)).rows;
  const made = async () => (await sql.query('select count(*)::int from delivery')).rows[0].count as number;
  const done = async () => (await made()) === expected && (await unfinished()).length === 0;
  for (const deadline = Date.now() + 60_000; !(await done()) && Date.now() < deadline; ) await sleep(200);
  expect([await made(), await unfinished()]).toEqual([expected, []]);
  const after = async () =>
    (await sql.query(`select id, status, attempts, finished_at from delivery order by id`)).rows;
  const before = await after();
  frozen.child.kill('SIGCONT');
  await Promise.all(relays.map((one) => one.stop()));
  expect(await after()).toEqual(before);
  const calls = new Map<string, number>();
  for (const { headers } of receiver.received) {
    const id = String(headers['x-delivery-id']);
    calls.set(id, (calls.get(id) ?? 0) + 1);
  }
  expect(calls.size).toBe(expected);
  expect(Math.max(...calls.values())).toBeLessThanOrEqual(2);
  expect(await bellhop(['agency', 'create', '--name', 'Still here'], env)).toHaveProperty('id');
});
