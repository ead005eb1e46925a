import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { pino } from 'pino';
import { v7 as uuid } from 'uuid';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { readConfig } from '../src/config.ts';
import { givenKeys } from '../src/core/app-key.ts';
import { clock } from '../src/core/clock.ts';
import { DomainError } from '../src/core/errors.ts';
import { open, seal } from '../src/core/secrets.ts';
import { type Database, openDatabase } from '../src/database/index.ts';
import { schema } from '../src/domains.ts';
import { followLog, headCursor, readLog } from '../src/outbox/log.ts';
import { openWake, type Wake } from '../src/outbox/wake.ts';
import { openAgent } from '../src/relay/address.ts';
import { type Claimed, claim } from '../src/relay/claim.ts';
import { deliver } from '../src/relay/deliver.ts';
import { dispatch } from '../src/relay/dispatch.ts';
import { connectBody, standardBody } from '../src/relay/envelope.ts';
import { queueDeliveries } from '../src/relay/queue.ts';
import { createRelay, type Relay, startRelay } from '../src/relay/relay.ts';
import { resultOf, settle } from '../src/relay/settle.ts';
import { newSecret } from '../src/relay/sign.ts';
import { createTestDatabase } from './support/database.ts';
import { type Receiver, type Respond, startReceiver } from './support/receiver.ts';

const log = pino({ level: 'silent' });
const config = readConfig({
  APP_KEY: randomBytes(32).toString('base64'),
  WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
  WEBHOOK_TIMEOUT_SECONDS: '2',
});
const LEASE_MS = 17_000;
const WINDOW_MS = 86_400_000;

let testDatabase: Awaited<ReturnType<typeof createTestDatabase>>;
let database: Database;
/** Sees everything, as an operator with psql does. */
let sql: pg.Pool;
let wake: Wake;
let relay: Relay;
let agencyId: number;
const receivers: Receiver[] = [];
const relays: Relay[] = [];

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = await openDatabase({ databaseUrl: testDatabase.url, dataDir: '', databasePool: 10 }, log);
  sql = new pg.Pool({ connectionString: testDatabase.url });
  wake = openWake(database.system, database.ownerUrl, log);
});
afterAll(async () => {
  await wake?.close();
  await sql?.end();
  await database?.close();
  await testDatabase?.drop();
});

beforeEach(async () => {
  agencyId = await makeAgency();
  relay = newRelay();
});
afterEach(async () => {
  await Promise.all(relays.splice(0).map((one) => one.stop()));
  await Promise.all(receivers.splice(0).map((one) => one.close()));
  clock.aheadMs = 0;
  await sql.query('truncate outbox_event, webhook_endpoint, attempt cascade');
});

function newRelay(changes: Partial<typeof config> = {}): Relay {
  const made = createRelay({ database, config: { ...config, ...changes }, log, wake, schema });
  relays.push(made);
  return made;
}

async function makeAgency(): Promise<number> {
  const { rows } = await sql.query("insert into agency (name, updated_at) values ('Villa Rosa', now()) returning id");
  return rows[0].id;
}

/** A customer's server, and an endpoint that has been registered for it. */
async function subscribe({
  events = ['*'],
  format = 'STANDARD',
  respond = 200 as Respond,
  agency = agencyId,
  enabled = true,
} = {}) {
  const secret = newSecret();
  const receiver = await startReceiver({ secret, respond });
  receivers.push(receiver);
  const { rows } = await sql.query(
    `insert into webhook_endpoint (agency_id, url, events, format, enabled, from_seq, updated_at)
     values ($1, $2, $3, $4::"WebhookFormat", $5, (select coalesce(max(seq), 0) from outbox_event), now()) returning id`,
    [agency, receiver.url, events, format, enabled],
  );
  const endpointId: number = rows[0].id;
  await addSecret(endpointId, secret, null, agency);
  return Object.assign(receiver, { endpointId, secret });
}

function addSecret(endpointId: number, secret: string, expiresAt: Date | null = null, agency = agencyId) {
  return sql.query(
    'insert into webhook_secret (agency_id, endpoint_id, ciphertext, expires_at) values ($1, $2, $3, $4)',
    [agency, endpointId, seal(config.appKey, secret), expiresAt],
  );
}

/** Writes an event as an operation's transaction would, and answers with its id. */
async function happen({
  type = 'booking.confirmed',
  connect = undefined as string | undefined,
  agency = agencyId,
  silent = false,
  occurredAt = clock.now(),
  db = sql as pg.Pool | pg.PoolClient,
} = {}): Promise<string> {
  const id = uuid();
  const { rows } = await db.query("select nextval(pg_get_serial_sequence('outbox_event', 'seq')) as seq");
  const seq = rows[0].seq;
  const data = { booking: { id: 9876, guest_name: 'Zoë' } };
  await db.query(
    `insert into outbox_event (id, seq, agency_id, type, subject, subject_seq, occurred_at, body, connect_type, connect_body, silent)
     values ($1, $2, $3, $4, 'booking:9876', 3, $5, $6, $7, $8, $9)`,
    [
      id,
      seq,
      agency,
      type,
      occurredAt,
      standardBody({ id, event: type, createdAt: occurredAt, agencyId: agency, data }),
      connect,
      connect && connectBody({ seq, event: connect, createdAt: occurredAt, data: { id: 9876, object: 'reservation' } }),
      silent,
    ],
  );
  return id;
}

async function deliveries() {
  const { rows } = await sql.query('select * from delivery order by id');
  return rows;
}

async function attempts() {
  const { rows } = await sql.query('select * from attempt order by delivery_id, number');
  return rows;
}

/** Lets this much time pass for everybody. */
function pass(ms: number) {
  clock.aheadMs += ms;
}

/** Moves the clock to `time`, or to so many milliseconds before or after it. */
function goTo(time: Date, ms = 0) {
  clock.aheadMs = time.getTime() - Date.now() + ms;
}

describe('an event on its way to a subscriber', () => {
  // This is the product: without it a channel manager never learns of a booking.
  test('arrives signed within moments of its commit, once, and the delivery log tells where the time went', async () => {
    const receiver = await subscribe({ events: ['booking.*'] });
    relays.push(startRelay({ database, config, log, wake, schema }));
    const id = await happen();
    wake.poke();
    await receiver.arrived(1);
    await relays.at(-1)!.stop();

    expect(receiver.received).toHaveLength(1);
    const [call] = receiver.received;
    expect(call).toMatchObject({ id, event: 'booking.confirmed', attempt: 1, signature: 'valid', xSignature: 'valid' });
    expect(call!.method).toBe('POST');
    expect(Object.keys(call!.json)).toEqual(['id', 'event', 'created_at', 'agency_id', 'data']);
    expect(call!.json).toMatchObject({ id, agency_id: agencyId, data: { booking: { guest_name: 'Zoë' } } });
    expect(call!.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'user-agent': expect.stringMatching(/^Bellhop\/\d/),
      'x-subject': 'booking:9876',
      'x-sequence': '3',
    });
    const [delivery] = await deliveries();
    expect(delivery).toMatchObject({ status: 'DELIVERED', attempts: 1, status_code: 200, error: null, next_at: null });
    expect(delivery.id).toBe(call!.headers['x-delivery-id']);
    expect(delivery.finished_at).toBeInstanceOf(Date);
    const [attempt] = await attempts();
    expect(attempt).toMatchObject({ number: 1, outcome: 'ok', status_code: 200, response_body: '' });
    expect(attempt.connect_ms).toBeLessThanOrEqual(attempt.first_byte_ms);
    expect(attempt.first_byte_ms).toBeLessThanOrEqual(attempt.total_ms);
  });

  // An integration made for Stayntouch Connect reads these keys and nothing else.
  test("arrives in Connect's words where the subscriber asked for them, and not at all where it has none", async () => {
    const byItsName = await subscribe({ events: ['create_reservation'], format: 'CONNECT' });
    const byFamily = await subscribe({ events: ['booking.*'], format: 'CONNECT' });
    const standard = await subscribe({ events: ['create_reservation'] });
    const id = await happen({ type: 'booking.created', connect: 'create_reservation' });
    await happen({ type: 'booking.payment_received' });
    await relay.drain();

    for (const receiver of [byItsName, byFamily]) {
      expect(receiver.received).toMatchObject([
        { id, event: 'create_reservation', signature: 'valid', xSignature: 'valid' },
      ]);
      expect(receiver.received[0]!.json).toEqual({
        created_at: expect.stringMatching(/\.\d{3}Z$/),
        event: 'create_reservation',
        id: expect.any(Number),
        data: { id: 9876, object: 'reservation' },
        object: 'event',
      });
    }
    expect(standard.received).toEqual([]);
  });

  // A subscriber that gets what it never asked for pays for it; one that gets another agency's events reads its guests.
  test('goes to those who asked for it, in its agency, and to nobody else', async () => {
    const wanted = await Promise.all(
      [['booking.confirmed'], ['booking.*'], ['*'], ['review.received', 'booking.*']].map((events) =>
        subscribe({ events }),
      ),
    );
    const unwanted = [
      await subscribe({
        events: ['booking.cancelled', 'book.*', 'bookings.*', 'booking', 'Booking.*', 'create_reservation'],
      }),
      await subscribe({ events: ['*'], agency: await makeAgency() }),
      await subscribe({ events: ['*'], enabled: false }),
    ];
    await happen({ type: 'booking.confirmed', connect: 'edit_reservation' });
    await relay.drain();
    expect(wanted.map((receiver) => receiver.received.length)).toEqual([1, 1, 1, 1]);
    expect(unwanted.map((receiver) => receiver.received.length)).toEqual([0, 0, 0]);
  });

  // Somebody who imports ten years of bookings must not have ten years of messages sent to guests.
  test('stays at home when it was written in silence, or before the subscriber was registered', async () => {
    await happen();
    pass(1_000);
    const receiver = await subscribe();
    await happen({ silent: true });
    await relay.drain();
    expect(receiver.received).toEqual([]);
    const { rows } = await sql.query('select 1 from outbox_event where dispatched_at is null');
    expect(rows).toEqual([]);
    const id = await happen();
    await relay.drain();
    expect(receiver.received).toMatchObject([{ id }]);
  });

  // A secret is changed because somebody may have read it; it must stop signing when it was said to.
  test('is signed with every living secret, and X-Signature with the oldest of them', async () => {
    const receiver = await subscribe();
    const newer = newSecret();
    await addSecret(receiver.endpointId, newer);
    await sql.query('update webhook_secret set expires_at = $1 where id = (select min(id) from webhook_secret)', [
      new Date(Date.now() + 3_600_000),
    ]);
    await happen();
    await relay.drain();
    receiver.useSecret(newer);
    await happen();
    await relay.drain();
    pass(3_700_000);
    await happen();
    await relay.drain();
    expect(receiver.received).toMatchObject([
      { signature: 'valid', xSignature: 'valid' },
      { signature: 'valid', xSignature: 'invalid' },
      { signature: 'valid', xSignature: 'valid' },
    ]);
    expect(receiver.received.map((call) => String(call.headers['webhook-signature']).split(' ').length)).toEqual([
      2, 2, 1,
    ]);
  });
});

describe('a subscriber that cannot answer', () => {
  // Promised on the product page: a receiver that is down for an evening loses nothing.
  test('is called five times: at once, after 1 min, 11 min, 2 h 11 min and within 24 h, with the same id and body', async () => {
    const receiver = await subscribe({ respond: 503 });
    await happen();
    await relay.drain();
    const gaps = [60, 600, 7200, 78_540];
    for (const [i, step] of [60, 660, 7860, 86_400].entries()) {
      const [delivery] = await deliveries();
      expect(delivery).toMatchObject({
        status: 'PENDING',
        attempts: i + 1,
        status_code: 503,
        error: 'The endpoint answered 503.',
      });
      const after = (delivery.next_at - delivery.first_at) / 1000;
      const isLast = i === 3;
      expect(after).toBeGreaterThanOrEqual(step - gaps[i]! * (isLast ? 0.1 : 0.2));
      expect(after).toBeLessThanOrEqual(step + gaps[i]! * (isLast ? 0 : 0.2));
      goTo(delivery.next_at, -5_000);
      await relay.drain();
      expect(receiver.received).toHaveLength(i + 1);
      goTo(delivery.next_at);
      await relay.drain();
      expect(receiver.received).toHaveLength(i + 2);
    }
    expect(receiver.received.map((call) => call.attempt)).toEqual([1, 2, 3, 4, 5]);
    expect(new Set(receiver.received.map((call) => call.id)).size).toBe(1);
    expect(new Set(receiver.received.map((call) => call.body.toString())).size).toBe(1);
    expect(receiver.received.every((call) => call.signature === 'valid')).toBe(true);
    expect(await deliveries()).toMatchObject([
      { status: 'FAILED', attempts: 5, next_at: null, finished_at: expect.any(Date) },
    ]);
    pass(100 * 86_400_000);
    await relay.drain();
    expect(receiver.received).toHaveLength(5);
    expect((await attempts()).map((attempt) => attempt.outcome)).toEqual(Array(5).fill('server_error'));
  });

  // A receiver under load that asks for a pause and doesn't get it falls over.
  test.each([429, 503, 408, 425])('is given the time it asks for with %i and Retry-After', async (status) => {
    await subscribe({ respond: (_call, response) => response.writeHead(status, { 'retry-after': '300' }).end() });
    await happen();
    await relay.drain();
    const [delivery] = await deliveries();
    expect(delivery).toMatchObject({ status: 'PENDING', status_code: status });
    expect((delivery.next_at - delivery.first_at) / 1000).toBeGreaterThanOrEqual(300);
    expect((delivery.next_at - delivery.first_at) / 1000).toBeLessThan(303);
  });

  // With a minute's pause for the endpoint its last call came minutes after the day that was promised.
  test('is called for the last time within the time of the delivery, however long it asks us to wait', async () => {
    relay = newRelay({ webhookRetrySchedule: [0, 2, 4, 6, 8] });
    const receiver = await subscribe({
      respond: (_call, response) => response.writeHead(429, { 'retry-after': '31536000' }).end(),
    });
    await happen();
    await relay.drain();
    expect(receiver.received).toHaveLength(1);
    pass(8_500);
    await relay.drain();
    expect(receiver.received.map((call) => call.attempt)).toEqual([1, 2, 3, 4, 5]);
    expect(await deliveries()).toMatchObject([{ status: 'FAILED', attempts: 5 }]);
  });

  test('may hang up or hang: both are tried again, and the log says which it was', async () => {
    relay = newRelay({ webhookTimeoutSeconds: 0.3 });
    await subscribe({ respond: (_call, response) => response.destroy() });
    await subscribe({ respond: () => {} });
    await happen();
    await relay.drain();
    const outcomes = (await attempts()).map((attempt) => [attempt.outcome, attempt.status_code]);
    expect(outcomes.sort()).toEqual([
      ['network', null],
      ['timeout', null],
    ]);
    expect((await deliveries()).map((delivery) => delivery.status)).toEqual(['PENDING', 'PENDING']);
  });
});

describe('a subscriber that says no', () => {
  // It has answered; asking again would only repeat the question. The owner sees it in the log and may replay.
  test.each([
    [301, 'redirect'],
    [400, 'client_error'],
    [401, 'client_error'],
    [404, 'client_error'],
    [422, 'client_error'],
  ])('with %i is not asked again', async (status, outcome) => {
    const receiver = await subscribe({ respond: status });
    await happen();
    await relay.drain();
    pass(2 * 86_400_000);
    await relay.drain();
    expect(receiver.received).toHaveLength(1);
    expect(await deliveries()).toMatchObject([{ status: 'FAILED', attempts: 1, status_code: status }]);
    expect(await attempts()).toMatchObject([{ outcome }]);
  });

  // "Gone" is how a receiver unsubscribes. Calling it for ever is what gets a sender blocked.
  test('with 410 is disabled, and told so; what waits for it resumes only when its owner enables it', async () => {
    const receiver = await subscribe({ respond: 503 });
    await happen();
    await relay.drain(); // Waits for its second attempt.
    receiver.respondWith(410);
    await happen();
    await relay.drain();
    const { rows } = await sql.query('select enabled, disabled_reason from webhook_endpoint');
    expect(rows).toEqual([{ enabled: false, disabled_reason: 'It answered 410 Gone.' }]);
    await happen();
    pass(3_600_000);
    await relay.drain();
    expect(receiver.received).toHaveLength(2);

    receiver.respondWith(200);
    await sql.query('update webhook_endpoint set enabled = true');
    await relay.drain();
    expect(receiver.received.map((call) => call.attempt)).toEqual([1, 1, 2]);
    expect((await deliveries()).map((delivery) => delivery.status)).toEqual(['DELIVERED', 'FAILED']);
  });

  // Otherwise an agency could make our server call the metadata service of the cloud it runs on.
  test('by being at an address that is not public is not called, and the log names the setting', async () => {
    relay = newRelay({ webhookAllowedNetworks: [] });
    const receiver = await subscribe();
    await happen();
    await relay.drain();
    expect(receiver.received).toEqual([]);
    expect(await deliveries()).toMatchObject([
      { status: 'FAILED', error: expect.stringContaining('WEBHOOK_ALLOWED_NETWORKS') },
    ]);
  });
});

describe('several relays on one database', () => {
  // Two copies of "payment received" are two thank-you messages to one guest.
  test('send each event once', async () => {
    const receiver = await subscribe();
    const ids: string[] = [];
    for (let i = 0; i < 120; i++) ids.push(await happen());
    await Promise.all([relay, newRelay(), newRelay()].map((one) => one.drain()));
    await relay.drain(); // A drain leaves to another what that one holds.
    await receiver.arrived(120);
    expect(receiver.received.map((call) => call.id).sort()).toEqual(ids.sort());
    expect(receiver.received.every((call) => call.attempt === 1)).toBe(true);
  });

  // A machine that loses its power in the middle of a call must not take the booking with it.
  // Every fourth call would be refused as too old or too new, and nobody would think of one machine's clock.
  test('sign with the time of the database they share, though the clock of one is ten minutes wrong', async () => {
    const receiver = await subscribe();
    await happen();
    const right = Date.now;
    const wrong = vi.spyOn(Date, 'now').mockImplementation(() => right() + 600_000);
    try {
      await relay.drain();
    } finally {
      wrong.mockRestore();
    }
    const { rows } = await sql.query('select extract(epoch from now())::int as now');
    const signedAt = Number(receiver.received[0]!.headers['webhook-timestamp']);
    expect(Math.abs(signedAt - rows[0].now)).toBeLessThan(60);
  });

  test('take over what a killed one had in flight: the same id again, after its lease', async () => {
    const receiver = await subscribe();
    const id = await happen();
    const [claimed] = await claimAndForget();
    await callOnly(claimed!);
    await relay.drain();
    expect(receiver.received).toHaveLength(1); // Its lease still holds.
    pass(LEASE_MS + 1_000);
    await relay.drain();
    expect(receiver.received.map((call) => [call.id, call.attempt])).toEqual([
      [id, 1],
      [id, 2],
    ]);
    expect(await deliveries()).toMatchObject([{ status: 'DELIVERED', attempts: 2 }]);
    expect(await attempts()).toMatchObject([
      { number: 1, outcome: 'crashed' },
      { number: 2, outcome: 'ok' },
    ]);
  });

  // A delivery that kills whoever touches it must not go on killing for ever.
  test('give a delivery up when five of them have died of it', async () => {
    const receiver = await subscribe();
    await happen();
    for (let i = 0; i < 5; i++) {
      expect(await claimAndForget()).toHaveLength(1);
      pass(LEASE_MS + 1_000);
    }
    await relay.drain();
    expect(receiver.received).toEqual([]);
    expect(await deliveries()).toMatchObject([
      { status: 'FAILED', attempts: 5, error: expect.stringContaining('relay stopped') },
    ]);
    expect((await attempts()).map((attempt) => [attempt.number, attempt.outcome])).toEqual(
      [1, 2, 3, 4, 5].map((n) => [n, 'crashed']),
    );
  });

  test('write a last attempt down that a relay which is stopping comes upon', async () => {
    const receiver = await subscribe();
    await happen();
    for (let i = 0; i < 5; i++) {
      await claimAndForget();
      pass(LEASE_MS + 1_000);
    }
    const stopping = startRelay({ database, config, log, wake, schema });
    await stopping.stop();
    await relay.drain();
    expect(receiver.received).toEqual([]);
    expect(await deliveries()).toMatchObject([{ status: 'FAILED', attempts: 5 }]);
    expect(await attempts()).toHaveLength(5);
  });

  // A relay that slept through its lease would otherwise overwrite what another one has found out since.
  test('ignore a result that comes after its lease has ended', async () => {
    await subscribe();
    await happen();
    const [late] = await claimAndForget();
    pass(LEASE_MS + 1_000);
    const [current] = await claimAndForget();
    const before = await everything();
    const answer = { outcome: 'server_error' as const, statusCode: 500, error: null, totalMs: 1 };
    const result = (claimed: Claimed) =>
      resultOf(claimed, answer, { schedule: config.webhookRetrySchedule, startedAt: claimed.claimedAt });
    expect(await settle(database.system, [result(late!)], { windowMs: WINDOW_MS })).toEqual([]);
    expect(await everything()).toEqual(before);

    // Both may be in one relay's hand, and then the old one must not take the other with it.
    const refused = { outcome: 'client_error' as const, statusCode: 404, error: null, totalMs: 1 };
    const old = resultOf(late!, refused, { schedule: config.webhookRetrySchedule, startedAt: late!.claimedAt });
    const own = result(current!);
    expect(await settle(database.system, [old, own], { windowMs: WINDOW_MS })).toEqual([own.attempt_id]);
    expect(await deliveries()).toMatchObject([{ status: 'PENDING', attempts: 2, status_code: 500 }]);
    const after = await everything();
    expect(await settle(database.system, [result(late!), result(current!)], { windowMs: WINDOW_MS })).toEqual([]);
    expect(await everything()).toEqual(after);
  });

  async function everything() {
    const queue = await sql.query('select * from delivery_queue');
    const turns = await sql.query('select * from endpoint_turn');
    return [await deliveries(), await attempts(), queue.rows, turns.rows];
  }

  /** What a relay does until it is killed right after its claim. */
  async function claimAndForget(): Promise<Claimed[]> {
    await dispatch(database.system);
    return (await claim(database.system, { room: 10, leaseMs: LEASE_MS, windowMs: WINDOW_MS, mostAttempts: 5 }))
      .claimed;
  }

  /** Makes the call and never settles it. */
  async function callOnly(claimed: Claimed): Promise<void> {
    const agent = openAgent({ allowed: config.webhookAllowedNetworks, timeoutMs: 1_000 });
    await deliver(agent, claimed, { timeoutMs: 1_000, unseal: (sealed) => open(config.appKey, sealed) });
    await agent.destroy();
  }
});

describe('a relay', () => {
  // One customer's dead server, with a day of bookings waiting for it, must not make every other customer late.
  test('serves everybody else at once while an endpoint with a backlog hangs, and never floods that one', async () => {
    const dead = await subscribe({ events: ['booking.updated'], respond: () => {} });
    const healthy = await subscribe({ events: ['booking.confirmed'] });
    for (let i = 0; i < 150; i++) await happen({ type: 'booking.updated' });
    relay.start();
    await dead.arrived(8);
    for (let i = 0; i < 30; i++) await happen();
    wake.poke();
    const begun = Date.now();
    await healthy.arrived(30);
    expect(Date.now() - begun).toBeLessThan(1_500); // The dead one's first timeouts come after two seconds.
    expect(dead.received).toHaveLength(8);
  });

  // A deployment every hour would otherwise mean doubled calls every hour.
  test('that is stopped finishes the calls it has begun', async () => {
    const receiver = await subscribe({
      respond: (_call, response) => setTimeout(() => response.writeHead(204).end(), 300),
    });
    await happen();
    relay.start();
    await receiver.arrived(1);
    await relay.stop();
    expect(relay.running()).toBe(false);
    expect(await deliveries()).toMatchObject([{ status: 'DELIVERED', status_code: 204 }]);
  });

  // PostgreSQL is updated now and then. Nobody should have to remember to restart us afterwards.
  test('goes on by itself after the database has cut all its connections', async () => {
    const receiver = await subscribe();
    relay.start();
    await happen();
    wake.poke();
    await receiver.arrived(1);
    await sql.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'bellhop%' and pid <> pg_backend_pid()",
    );
    const id = await happen();
    wake.poke();
    await receiver.arrived(2);
    expect(receiver.received[1]).toMatchObject({ id, signature: 'valid' });
  });

  // The page says "Replay": it must be the same bytes, or a receiver's dedup and signature archive are worth nothing.
  test('sends a replay as a delivery of its own, with the same id and the same bytes', async () => {
    const receiver = await subscribe();
    const eventId = await happen();
    await relay.drain();
    const replay = {
      id: uuid(),
      agencyId,
      eventId,
      endpointId: receiver.endpointId,
      eventType: 'booking.confirmed',
      replay: 1,
    };
    expect(await queueDeliveries(database.system, [replay])).toEqual([replay.id]);
    expect(await queueDeliveries(database.system, [{ ...replay, id: uuid() }])).toEqual([]);
    await relay.drain();
    expect(receiver.received.map((call) => call.id)).toEqual([eventId, eventId]);
    expect(receiver.received[1]!.body).toEqual(receiver.received[0]!.body);
    expect(receiver.received[1]!.headers['x-delivery-id']).toBe(replay.id);
  });

  // An owner who is changing an endpoint, or somebody's forgotten psql, must not stop everybody else's webhooks.
  test('goes on while somebody holds what the dispatch of an event needs', async () => {
    const receiver = await subscribe({ respond: 503 });
    const id = await happen();
    await relay.drain();
    receiver.respondWith(200);
    const other = await makeAgency();
    const theirs = await subscribe({ agency: other });
    const client = await sql.connect();
    await client.query('begin');
    await client.query('select 1 from endpoint_turn where endpoint_id = $1 for update', [theirs.endpointId]);
    await happen({ agency: other });
    relays.push(startRelay({ database, config, log, wake, schema }));
    goTo((await deliveries())[0].next_at);
    await receiver.arrived(2);
    expect(receiver.received.map((call) => call.id)).toEqual([id, id]);
    expect(theirs.received).toEqual([]);
    await client.query('rollback');
    client.release();
    await theirs.arrived(1);
  });

  // One event that PostgreSQL refuses must not stop what is on its way already, nor be passed over in silence.
  test('goes on with its deliveries while an event can’t be dispatched, says that it isn’t well, and dispatches it once it can', async () => {
    const receiver = await subscribe({ respond: 503 });
    const first = await happen();
    await relay.drain();
    receiver.respondWith(200);
    await sql.query(`
      create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
      create trigger refuse before update of dispatched_at on outbox_event for each row execute function refuse()`);
    const second = await happen();
    const started = startRelay({ database, config, log, wake, schema });
    relays.push(started);
    await expect.poll(() => started.running()).toBe(false);
    const [delivery] = await deliveries();
    goTo(delivery.next_at);
    await receiver.arrived(2);
    expect(receiver.received.map(({ id }) => id)).toEqual([first, first]);
    expect(started.running()).toBe(false);
    await sql.query('drop trigger refuse on outbox_event');
    await receiver.arrived(3);
    expect(receiver.received[2]!.id).toBe(second);
    await expect.poll(() => started.running()).toBe(true);
  });

  // APP_KEY lost in a move of servers: the events must still be there when it is found.
  test('that cannot decrypt a secret sends nothing unsigned and tries again later', async () => {
    const receiver = await subscribe();
    await happen();
    await newRelay({ appKey: givenKeys(randomBytes(32)) }).drain();
    expect(receiver.received).toEqual([]);
    const [delivery] = await deliveries();
    expect(delivery).toMatchObject({ status: 'PENDING', attempts: 1, error: expect.stringContaining('APP_KEY') });
    goTo(delivery.next_at);
    await relay.drain();
    expect(receiver.received).toMatchObject([{ attempt: 2, signature: 'valid' }]);
  });
});

describe('the event log', () => {
  const page = (more: object = {}) => readLog(sql, { agencyId, limit: 100, ...more });

  /** Other databases of the same server have transactions too, and the log waits for the oldest of all. */
  async function eventually<T>(look: () => Promise<T>, enough: (seen: T) => boolean): Promise<T> {
    for (const deadline = Date.now() + 10_000; ; ) {
      const seen = await look();
      if (enough(seen) || Date.now() > deadline) return seen;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  // Numbers are given out before the commit. A reader that goes by them alone loses the slow transaction's booking for ever.
  test('never passes over a booking whose transaction commits late', async () => {
    const start = await headCursor(sql);
    const slow = await sql.connect();
    await slow.query('begin');
    const first = await happen({ db: slow });
    const second = await happen();
    const early = await page({ after: start });
    await slow.query('commit');
    slow.release();
    expect(early.events).toEqual([]);
    for (const after of [start, early.cursor]) {
      const { events } = await eventually(
        () => page({ after }),
        (seen) => seen.events.length === 2,
      );
      expect(events.map((event) => event.id)).toEqual([first, second]);
    }
  });

  // A reader that stops for the night goes on where it was; a changed order would give it some events twice and some never.
  test('is read page by page in one order, by pattern, and only by its agency', async () => {
    const ids: string[] = [];
    for (const type of ['booking.created', 'tax_report.generated', 'booking.cancelled', 'review.received'])
      ids.push(await happen({ type }));
    await happen({ agency: await makeAgency() });
    const all = await eventually(
      () => page(),
      (seen) => seen.events.length === 4,
    );
    expect(all.events.map((event) => event.id)).toEqual(ids);
    expect(all.more).toBe(false);
    expect(JSON.parse(all.events[0]!.body)).toMatchObject({ id: ids[0], event: 'booking.created' });

    const two = await page({ limit: 3 });
    expect(two).toMatchObject({ more: true, cursor: two.events[2]!.cursor });
    const rest = await page({ after: two.cursor });
    expect(rest.events.map((event) => event.id)).toEqual([ids[3]]);
    expect((await page({ after: rest.cursor })).events).toEqual([]);
    const matching = async (types: string[]) => (await page({ types })).events.map((event) => ids.indexOf(event.id));
    expect(await matching(['booking.*'])).toEqual([0, 2]);
    expect(await matching(['tax_report.*', 'booking.created'])).toEqual([0, 1]);
    expect(await matching(['tax.*', 'taxXreport.*', 'booking'])).toEqual([]);
    expect(await matching(['*'])).toEqual([0, 1, 2, 3]);
  });

  // "Invalid cursor" with a 500 would look like our fault; an empty list would look like "nothing happened".
  test.each(['', 'x', 'MTIz', 'MS4yLjM', Buffer.from('99999999999999999999.1').toString('base64url')])(
    'refuses a cursor that it has not given out: "%s"',
    async (after) => {
      await expect(page({ after })).rejects.toThrow(DomainError);
    },
  );

  // A dashboard that opens its stream and then lists the bookings must not lose the one that came in between.
  test('can be followed from now on: nothing that commits after the call is missed, nothing comes twice', async () => {
    await happen();
    await eventually(
      () => page(),
      (seen) => seen.events.length === 1,
    );
    const old = (await page()).events.map((event) => event.id);
    const stop = new AbortController();
    const stream = await followLog({
      head: () => headCursor(sql),
      readPage: (after) => page({ after, limit: 2 }),
      wake,
      signal: stop.signal,
    });
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push(await happen());
    const seen: string[] = [];
    for await (const event of stream) {
      if (!old.includes(event.id)) seen.push(event.id);
      if (seen.length === 3) {
        ids.push(await happen());
        wake.poke();
      }
      if (seen.length === 6) stop.abort();
    }
    expect(seen).toEqual(ids);
  });
});
