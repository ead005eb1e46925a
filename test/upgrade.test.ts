import { createHash, randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { v7 as uuid } from 'uuid';
import { expect, onTestFinished, test } from 'vitest';
import { givenKeys } from '../src/core/app-key.ts';
import { seal } from '../src/core/secrets.ts';
import { migrationsDir } from '../src/database/assets.ts';
import { migrate } from '../src/database/migrate.ts';
import { createTestDatabase } from './support/database.ts';
import { startProcess } from './support/process.ts';
import { startReceiver } from './support/receiver.ts';

/** A database as the releases before this migration left it. */
async function databaseBefore(migration: string) {
  const database = await createTestDatabase({ migrated: false });
  onTestFinished(() => database.drop());
  const folder = mkdtempSync(join(tmpdir(), 'bellhop-migrations-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const earlier = readdirSync(migrationsDir).filter((name) => name < migration);
  for (const name of earlier) cpSync(join(migrationsDir, name), join(folder, name), { recursive: true });
  await migrate(database.url, pino({ level: 'silent' }), folder);
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  onTestFinished(() => client.end());
  return { url: database.url, client };
}

/** A delivery of the release before, as its tables have it. */
interface Before {
  status: 'PENDING' | 'DELIVERED' | 'FAILED';
  attempts: number;
  /** In seconds from now: when it is due, or its lease ends. Those that have ended aren't in the queue. */
  due?: number;
  leased?: boolean;
  endpoint?: number;
  replay?: number;
}

const HOUR = 3_600;
const DAY = 24 * HOUR;
const DEAD = 2;

const BEFORE: Record<string, Before> = {
  delivered: { status: 'DELIVERED', attempts: 3 },
  failed: { status: 'FAILED', attempts: 5 },
  fresh: { status: 'PENDING', attempts: 0, due: -60 },
  retrying: { status: 'PENDING', attempts: 2, due: -5 },
  'retrying later': { status: 'PENDING', attempts: 2, due: 2 * HOUR },
  'leased by a relay that is gone': { status: 'PENDING', attempts: 1, due: -10, leased: true },
  'leased until in a moment': { status: 'PENDING', attempts: 1, due: 3, leased: true },
  replayed: { status: 'PENDING', attempts: 0, due: -1, replay: 1 },
  'waiting for a disabled endpoint': { status: 'PENDING', attempts: 1, due: -DAY, endpoint: DEAD },
};

// The upgrade that loses the night's retries, or sends last month's bookings to the accounts once more, is undone by hand.
test('an upgrade copies what was under way: all of it is told, nothing twice, and the history of every day is kept', async () => {
  const { url, client } = await databaseBefore('20261122120000_relay_depth');
  const key = randomBytes(32);
  const secret = `whsec_${randomBytes(24).toString('base64')}`;
  const token = `1|${randomBytes(24).toString('hex')}`;
  const receiver = await startReceiver({ secret });
  onTestFinished(() => receiver.close());
  await client.query(`insert into agency (name, plan, updated_at) values ('Riad Tours', 'BUSINESS', now())`);
  await client.query(
    `insert into access_token (agency_id, name, secret_hash, abilities) values (1, 'test', $1, '{*}')`,
    [createHash('sha256').update(token.split('|')[1]!).digest('hex')],
  );
  for (const enabled of [true, false]) {
    const { rows } = await client.query(
      `insert into webhook_endpoint (agency_id, url, events, enabled, created_by_id, updated_at)
       values (1, $1, '{booking.*}', $2, 1, now()) returning id`,
      [receiver.url, enabled],
    );
    await client.query('insert into webhook_secret (agency_id, endpoint_id, ciphertext) values (1, $1, $2)', [
      rows[0].id,
      seal(givenKeys(key), secret),
    ]);
    await client.query(`insert into endpoint_turn (endpoint_id, agency_id, due_at) values ($1, 1, now())`, [
      rows[0].id,
    ]);
  }
  const log = async (name: string, { dispatched = true } = {}) => {
    const id = uuid();
    await client.query(
      `insert into outbox_event (id, agency_id, type, subject, subject_seq, occurred_at, dispatched_at, body)
       values ($1, 1, 'booking.created', 'booking:1', 1, now(), $2, $3)`,
      [id, dispatched ? new Date() : null, JSON.stringify({ id, data: { name } })],
    );
    return id;
  };
  for (const [name, before] of Object.entries(BEFORE)) {
    const { status, attempts, due, leased = false, endpoint = 1, replay = 0 } = before;
    const [id, event] = [uuid(), await log(name)];
    // The last attempt an hour ago; of what is over, each one before that on another day.
    const apart = status === 'PENDING' ? HOUR : DAY;
    const tried = (number: number) => new Date(Date.now() - 1_000 * (HOUR + (attempts - number) * apart));
    const firstAt = attempts > 0 ? tried(1) : null;
    await client.query(
      `insert into delivery (id, agency_id, event_id, endpoint_id, event_type, status, attempts, replay, first_at, next_at, finished_at)
       values ($1, 1, $2, $3, 'booking.created', $4, $5, $6, $7, now(), $8)`,
      [id, event, endpoint, status, attempts, replay, firstAt, status === 'PENDING' ? null : new Date()],
    );
    if (due !== undefined)
      await client.query(
        `insert into delivery_queue (delivery_id, agency_id, endpoint_id, due_at, attempt, lease, first_at)
         values ($1, 1, $2, now() + $3 * interval '1 second', $4, $5, $6)`,
        [id, endpoint, due, attempts, leased ? uuid() : null, leased ? new Date() : firstAt],
      );
    // What is leased has been counted and not been noted yet.
    for (let number = 1; number <= attempts - (leased ? 1 : 0); number++) {
      const ok = status === 'DELIVERED' && number === attempts;
      await client.query(
        `insert into attempt (id, agency_id, delivery_id, endpoint_id, number, started_at, outcome, status_code, total_ms)
         values ($1, 1, $2, $3, $4, $5, $6, $7, 12)`,
        [uuid(), id, endpoint, number, tried(number), ok ? 'ok' : 'server_error', ok ? 200 : 503],
      );
    }
  }
  await log('nobody had looked at it yet', { dispatched: false });
  const kept = 'select delivery_id, number, started_at, outcome, status_code from attempt order by delivery_id, number';
  const attemptsBefore = (await client.query(kept)).rows;

  const server = await startProcess({
    DATABASE_URL: url,
    DATA_DIR: mkdtempSync(join(tmpdir(), 'bellhop-test-')),
    DEMO: 'off',
    APP_KEY: key.toString('base64'),
    WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
    WEBHOOK_TIMEOUT_SECONDS: '1',
  });
  // biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for
  const ask = async (path: string, method = 'GET'): Promise<any> => {
    const headers = { authorization: `Bearer ${token}` };
    return (await (await fetch(`${server.url}${path}`, { method, headers })).json()).data;
  };
  const told = () => receiver.received.map(({ json, attempt }) => `${json.data.name}, attempt ${attempt}`).sort();
  const soon = [
    'fresh, attempt 1',
    'leased by a relay that is gone, attempt 2',
    'leased until in a moment, attempt 2',
    'nobody had looked at it yet, attempt 1',
    'replayed, attempt 1',
    'retrying, attempt 3',
  ];
  const waiting = async () => (await client.query('select count(*)::int from delivery_queue')).rows[0].count;
  await expect.poll(told, { timeout: 30_000 }).toEqual(soon);
  await expect.poll(waiting, { timeout: 10_000 }).toBe(2); // In two hours, and for the disabled endpoint.

  expect(await ask(`/v1/webhooks/${DEAD}`)).toMatchObject({ enabled: false });
  await ask(`/v1/webhooks/${DEAD}/enable`, 'POST');
  await expect.poll(told, { timeout: 30_000 }).toEqual([...soon, 'waiting for a disabled endpoint, attempt 2']);
  await expect.poll(waiting, { timeout: 10_000 }).toBe(1);
  expect(receiver.received.every(({ signature }) => signature === 'valid')).toBe(true);

  const deliveries = await ask('/v1/webhook-deliveries?per_page=50');
  const count = (status: string) => deliveries.filter((one: { status: string }) => one.status === status).length;
  expect([count('delivered'), count('failed'), count('pending')]).toEqual([8, 1, 1]);
  const failed = await ask(
    `/v1/webhook-deliveries/${deliveries.find(({ status }: { status: string }) => status === 'failed').id}`,
  );
  expect(failed.attempts.map(({ number, outcome }: { number: number; outcome: string }) => [number, outcome])).toEqual(
    [1, 2, 3, 4, 5].map((number) => [number, 'server_error']),
  );
  const attemptsAfter = (await client.query(kept)).rows.map((row) => JSON.stringify(row));
  for (const row of attemptsBefore) expect(attemptsAfter).toContain(JSON.stringify(row));
  // Seven calls, and what is known of the two relays that were gone.
  expect(attemptsAfter).toHaveLength(attemptsBefore.length + 9);
  const { rows: days } = await client.query(
    `select count(*)::int from pg_inherits where inhparent = 'attempt'::regclass and inhrelid::regclass::text ~ '_\\d{8}$'`,
  );
  expect(days[0].count).toBeGreaterThanOrEqual(5);
}, 120_000);
