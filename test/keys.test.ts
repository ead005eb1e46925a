import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { givenKeys } from '../src/core/app-key.ts';
import { open } from '../src/core/secrets.ts';
import { rotateKeys } from '../src/platform/keys/rotate.ts';
import { SEALED } from '../src/platform/keys/sealed.ts';
import { bellhop, startAgency, startProcess } from './support/process.ts';
import { startReceiver } from './support/receiver.ts';
import { startWorld } from './support/world.ts';

/** The columns of a database that hold sealed texts, and each text in them. */
async function sealedTexts(client: pg.Client): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const { table, columns } of SEALED) {
    for (const column of columns) {
      const { rows } = await client.query(`select ${column} as sealed from ${table} where ${column} is not null`);
      found[`${table}.${column}`] = rows.map(({ sealed }) => sealed);
    }
  }
  return found;
}

async function owner(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

const beginnings = (texts: string[]) => [...new Set(texts.map((text) => text.split('.').slice(0, 2).join('.')))];

// A key that leaked has to be out of use tonight, not at the next maintenance window; and a machine that fails in the middle
// of it must not leave secrets that nothing opens.
test('keys are rotated beside a running server: cut short by kill -9 and asked again, every webhook goes on being signed', async () => {
  const { env, ask, database } = await startAgency();
  const client = await owner(database.url);
  const server = await startProcess(env);
  const receivers = await Promise.all(
    [1, 2, 3].map(async () => {
      const receiver = await startReceiver();
      onTestFinished(() => receiver.close());
      const made = await (await ask(server.url, '/v1/webhooks', { url: receiver.url, events: ['booking.*'] })).json();
      receiver.useSecret(made.data.secret);
      return receiver;
    }),
  );
  const hotel = await (await ask(server.url, '/v1/properties', { code: 'H', name: 'Hotel', units: 99 })).json();
  await ask(server.url, `/v1/properties/${hotel.data.id}/ical-sources`, {
    channel: 'airbnb',
    url: 'https://calendar.example/a.ics?s=secret',
  });
  let told = 0;
  const stay = { check_in: '2027-06-01', check_out: '2027-06-02', guests_count: 1, guest_name: 'G' };
  const signedByAll = async () => {
    expect((await ask(server.url, '/v1/bookings', { property_id: hotel.data.id, ...stay })).status).toBe(201);
    told++;
    await Promise.all(receivers.map((receiver) => receiver.arrived(told)));
    for (const receiver of receivers) expect(receiver.received.at(-1)!.signature).toBe('valid');
  };
  await signedByAll();

  // The webhooks' secrets are first; a row of the next table is held, so that the rotation waits in its middle.
  const holder = await owner(database.url);
  await holder.query('begin');
  await holder.query('lock table ical_source in share mode');
  const cut = new AbortController();
  const rotation = bellhop(['keys', 'rotate'], env, { signal: cut.signal, killSignal: 'SIGKILL' });
  const waits = async () => (await client.query('select from pg_locks where not granted')).rowCount;
  await expect.poll(waits, { timeout: 20_000 }).toBeGreaterThan(0);
  cut.abort();
  await expect(rotation).rejects.toThrow();
  // PostgreSQL would finish the statement that waits, though nobody is there any more.
  await client.query('select pg_terminate_backend(pid) from pg_locks where not granted');
  await holder.query('rollback');
  const half = await sealedTexts(client);
  expect(beginnings(half['webhook_secret.ciphertext']!)).not.toEqual(beginnings(half['ical_source.url_sealed']!));
  await signedByAll();

  const again = await bellhop(['keys', 'rotate'], env);
  expect(again).toMatchObject({ made: false, resealed: 1, unreadable: [] });
  const whole = await sealedTexts(client);
  expect(beginnings(Object.values(whole).flat())).toEqual([`v2.${again.key}`]);
  await signedByAll();

  const next = await bellhop(['keys', 'rotate'], env);
  expect(next).toMatchObject({ made: true, resealed: 4, unreadable: [] });
  expect(next.key).not.toBe(again.key);
  await signedByAll();
  const file = join(env.DATA_DIR!, 'app.key');
  expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(3);
  expect(statSync(file).mode & 0o777).toBe(0o600);
}, 120_000);

// A secret that the rotation passes over is lost on the day that the old key is taken away.
test('everything that is sealed is sealed anew, and whoever adds a column for secrets is reminded of it here', async () => {
  const world = await startWorld();
  const client = await owner(world.database.ownerUrl);
  const { rows: columns } = await client.query(
    `select table_name || '.' || column_name as name from information_schema.columns
     where table_schema = 'public' and (column_name like '%sealed' or column_name like '%ciphertext%')`,
  );
  const known = SEALED.flatMap(({ table, columns: names }) => names.map((name) => `${table}.${name}`));
  expect(known).toEqual(expect.arrayContaining(columns.map(({ name }) => name)));

  const property = await world.property();
  await world.subscribe('*');
  await world.post(`/v1/properties/${property.id}/ical-sources`, { channel: 'other', url: 'https://c.example/a.ics' });
  const cmi = await world.graphql(
    'mutation { connectCmi(input: { clientId: "600000001", storeKey: "store-key-1" }) { clientId } }',
  );
  expect(cmi.body.errors).toBeUndefined();
  const whatsapp = await world.graphql(
    `mutation { connectWhatsapp(input: { phoneNumberId: "106540352242922", token: "EAAG-token", appSecret: "0123456789abcdef0" }) { phoneNumberId } }`,
  );
  expect(whatsapp.body.errors).toBeUndefined();
  const idempotent = { code: 'IDEM', name: 'Once' };
  await world.post('/v1/properties', idempotent, { 'idempotency-key': 'k-1' });
  const other = await world.anotherAgency();
  await other.subscribe('*');

  // The operator's own keys, in the environment.
  const texts = Object.values(await sealedTexts(client)).flat();
  expect(texts.length).toBeGreaterThanOrEqual(8);
  const [old] = world.config.appKey();
  const appKey = givenKeys(Buffer.alloc(32, 9), old.bytes);
  const services = {
    database: world.database,
    wake: world.viewer.wake,
    config: { ...world.config, appKey, appKeyFile: undefined },
  };
  expect(await rotateKeys(services)).toMatchObject({ made: false, resealed: texts.length, unreadable: [] });
  const resealed = await sealedTexts(client);
  for (const [name, found] of Object.entries(resealed)) {
    expect(found.length, name).toBeGreaterThan(0);
    for (const text of found) expect(() => open(givenKeys(Buffer.alloc(32, 9)), text), name).not.toThrow();
  }
});

// Somebody restored a database without its key: what can be saved is, and the rest is named.
test('what no key opens is named and left as it is', async () => {
  const world = await startWorld();
  const { endpointId } = await world.subscribe('*');
  const lost = { ...world.config, appKey: givenKeys(Buffer.alloc(32, 1), Buffer.alloc(32, 2)), appKeyFile: undefined };
  const services = { database: world.database, wake: world.viewer.wake, config: lost };
  const { unreadable, resealed } = await rotateKeys(services);
  expect(resealed).toBe(0);
  expect(unreadable).toEqual([expect.stringMatching(/^webhook_secret \d+$/)]);
  await world.book();
  await world.relay();
  const { body } = await world.get(`/v1/webhook-deliveries?endpoint_id=${endpointId}`);
  expect(body.data[0].status).toBe('delivered');
});

test('a key in the environment is changed there: the command says how', async () => {
  const world = await startWorld({ env: { APP_KEY: Buffer.alloc(32, 3).toString('base64') } });
  const services = { database: world.database, wake: world.viewer.wake, config: world.config };
  await expect(rotateKeys(services)).rejects.toThrow(/APP_KEY_PREVIOUS/);
});
