import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createTestDatabase } from './support/database.ts';
import { bellhop, startProcess } from './support/process.ts';
import { startReceiver } from './support/receiver.ts';

/** An empty database with one agency and a token for it, as the command line makes them. */
async function agency(more: NodeJS.ProcessEnv = {}) {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const env = {
    DATABASE_URL: database.url,
    DATA_DIR: mkdtempSync(join(tmpdir(), 'bellhop-test-')),
    DEMO: 'off',
    WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
    ...more,
  };
  const { id } = await bellhop(['agency', 'create', '--name', 'Riad Tours'], env);
  const { token } = await bellhop(
    ['token', 'create', '--agency', String(id), '--name', 'test', '--abilities', '*'],
    env,
  );
  const ask = (url: string, path: string, body?: unknown) =>
    fetch(`${url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  return { env, ask, database };
}

// A villa that is sold twice is a family with luggage in front of a locked door.
test('200 tries at one night through two servers at once: one wins, and the others are told DATES_TAKEN', async () => {
  const { env, ask } = await agency();
  const servers = await Promise.all([startProcess(env), startProcess(env)]);
  const villa = await (await ask(servers[0].url, '/v1/properties', { code: 'V', name: 'Villa' })).json();
  const answers = await Promise.all(
    Array.from({ length: 200 }, async (_, i) => {
      const stay = {
        property_id: villa.data.id,
        check_in: '2027-06-01',
        check_out: '2027-06-04',
        guests_count: 1,
        guest_name: `G ${i}`,
      };
      const response = await ask(servers[i % 2]!.url, '/v1/bookings', stay);
      return `${response.status} ${(await response.json()).code ?? 'booked'}`;
    }),
  );
  expect(answers.filter((answer) => answer === '201 booked')).toHaveLength(1);
  expect(answers.filter((answer) => answer === '409 DATES_TAKEN')).toHaveLength(199);
});

// What was answered with 201 is promised; what was rolled back never happened. A crash must not blur the two.
test('kill -9 while bookings pour in: every committed one is told after the restart, and no other', async () => {
  const { env, ask, database } = await agency({ WEBHOOK_RETRY_SCHEDULE: '0,1,2,3,4', WEBHOOK_TIMEOUT_SECONDS: '1' });
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  let server = await startProcess(env);
  await ask(server.url, '/v1/webhooks', { url: receiver.url, events: ['booking.*'] });
  const hotel = await (await ask(server.url, '/v1/properties', { code: 'H', name: 'Hotel', units: 5000 })).json();
  const promised = new Set<number>();
  let pouring = true;
  const pour = async () => {
    while (pouring) {
      const stay = {
        property_id: hotel.data.id,
        check_in: '2027-06-01',
        check_out: '2027-06-02',
        guests_count: 1,
        guest_name: 'G',
      };
      // Every third breaks a rule, and is rolled back inside the transaction.
      const response = await ask(server.url, '/v1/bookings', {
        ...stay,
        ...(Math.random() < 0.3 && { gross_amount: 1, commission_amount: 2 }),
      }).catch(() => undefined);
      const answer = await response?.json().catch(() => undefined);
      if (response?.status === 201 && answer) promised.add(answer.data.id);
    }
  };
  const clients = Array.from({ length: 8 }, pour);
  for (let kill = 0; kill < 2; kill++) {
    const before = promised.size;
    await expect.poll(() => promised.size, { timeout: 10_000, interval: 5 }).toBeGreaterThan(before + 40);
    await server.kill();
    server = await startProcess(env);
  }
  pouring = false;
  await Promise.all(clients);
  const pg = (await import('pg')).default;
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const { rows: committed } = await client.query('select id from booking');
  await client.end();
  const told = () => new Set(receiver.received.map(({ json }) => json.data.booking.id));
  await expect.poll(() => told().size, { timeout: 60_000, interval: 50 }).toBeGreaterThanOrEqual(committed.length);
  expect([...told()].sort()).toEqual(committed.map(({ id }) => id).sort());
  for (const id of promised) expect(told().has(id)).toBe(true);
  const ids = new Map<number, Set<string>>();
  for (const { json } of receiver.received)
    ids.set(json.data.booking.id, (ids.get(json.data.booking.id) ?? new Set()).add(json.id));
  expect([...ids.values()].filter((different) => different.size > 1)).toEqual([]); // Twice at the most, and with one id.
}, 90_000);

test('SIGTERM finishes what is in flight, stops the embedded database, and exits with 0; the next start keeps the data', async () => {
  const env = { DATA_DIR: mkdtempSync(join(tmpdir(), 'bellhop-embedded-')), WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8' };
  const server = await startProcess(env);
  const [, token] = /Demo token\s+(\S+)/.exec(server.output())!;
  const headers = { authorization: `Bearer ${token}` };
  const total = async (url: string) => (await (await fetch(`${url}/v1/bookings`, { headers })).json()).meta.total;
  const first = await total(server.url);
  expect(first).toBeGreaterThan(100);
  expect(await server.stop()).toBe(0);
  const again = await startProcess(env);
  expect(await total(again.url)).toBe(first);
  expect(again.output()).not.toContain('Demo token');
}, 60_000);
