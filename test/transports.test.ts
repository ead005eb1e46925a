import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { AckPolicy, jetstreamManager } from '@nats-io/jetstream';
import { connect, nanos } from '@nats-io/transport-node';
import pg from 'pg';
import { pino } from 'pino';
import { v7 as uuid } from 'uuid';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readConfig } from '../src/config.ts';
import { clock } from '../src/core/clock.ts';
import { dispatchedEvents } from '../src/core/metrics.ts';
import { openDatabase } from '../src/database/index.ts';
import { schema } from '../src/domains.ts';
import { openWake } from '../src/outbox/wake.ts';
import { standardBody } from '../src/relay/envelope.ts';
import { type Relay, startRelay } from '../src/relay/relay.ts';
import { collector } from './support/cli.ts';
import { findNatsServer, startNats } from './support/nats.ts';
import { startProcess } from './support/process.ts';
import type { Receiver } from './support/receiver.ts';
import { startWorld, type World } from './support/world.ts';

/** What carries events from the log to the relays, running. */
interface Carrier {
  /** How a relay is told of it. */
  env: NodeJS.ProcessEnv;
  /** Ends it in the middle of its work, and has it back. */
  interrupt(world: World): Promise<void>;
}

const found = await findNatsServer();
if ('why' in found) console.error(`NATS IS NOT TESTED HERE: no nats-server, and none to be had.\n${found.why}`);

const postgres = async (): Promise<Carrier> => ({
  env: {},
  // What a restart looks like to a relay. `npm run chaos` kills PostgreSQL itself.
  async interrupt(world) {
    const owner = await asOwner(world);
    await owner.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
    );
  },
});

async function nats(args: string[] = []) {
  const server = await startNats((found as { program: string }).program, args);
  onTestFinished(() => server.remove());
  return {
    ...server,
    env: { RELAY_TRANSPORT: 'nats', NATS_URL: server.url },
    async interrupt() {
      await server.kill();
      await pause(300);
      await server.start();
    },
  };
}

describe.each([
  { name: 'postgres', open: postgres as () => Promise<Carrier> },
  ...('program' in found ? [{ name: 'nats', open: nats as () => Promise<Carrier> }] : []),
])('events that $name carries', { timeout: 60_000 }, ({ open }) => {
  // Twice told is a night sold twice, not told is a guest before a locked door, and out of order is both.
  test('are told once by four relays, in order where that was asked for, and never when they were rolled back', async () => {
    const { env } = await open();
    const world = await startWorld({ env });
    const [all, ordered] = [await world.subscribe('booking.*'), await world.subscribe('booking.*', { ordered: true })];
    await Promise.all([1, 2, 3, 4].map(() => relayOf(world)));
    const before = await dispatchedSoFar();
    const ids = await writeConcurrently(world, { bookings: 24, versions: 6 });
    await expect.poll(() => ordered.received.length, { timeout: 30_000 }).toBeGreaterThanOrEqual(ids.length);
    await expect.poll(() => all.received.length, { timeout: 30_000 }).toBeGreaterThanOrEqual(ids.length);
    for (const receiver of [all, ordered]) expect(idsOf(receiver).sort()).toEqual([...ids].sort());
    expect(await dispatchedSoFar()).toBe(before + ids.length);
    const heard = new Map<string, number[]>();
    for (const { headers } of ordered.received) {
      const subject = String(headers['x-subject']);
      heard.set(subject, [...(heard.get(subject) ?? []), Number(headers['x-sequence'])]);
    }
    for (const sequence of heard.values()) expect(sequence).toEqual([...sequence].sort((a, b) => a - b));
  });

  // A machine that loses its power takes along whatever it had in its hands.
  test('are told by another relay when the one that had them is killed before it has written anything', async () => {
    const { env } = await open();
    const world = await startWorld({ env });
    await impatient(env);
    const receiver = await world.subscribe('booking.*');
    const process = await relayProcess(world, env);
    const holder = await holdTurn(world, receiver.endpointId);
    const ids = [await happen(world), await happen(world, { booking: 2 })];
    await holder.waitedFor();
    await process.kill();
    await holder.release();
    expect(receiver.received).toEqual([]);
    await relayOf(world);
    await receiver.arrived(2);
    expect(idsOf(receiver).sort()).toEqual(ids.sort());
  });

  test('are all told when what carries them is cut off again and again while they are written', async () => {
    const { env, interrupt } = await open();
    const world = await startWorld({ env });
    const receiver = await world.subscribe('booking.*');
    await Promise.all([1, 2].map(() => relayOf(world)));
    const written: string[] = [];
    const writing = (async () => {
      for (let n = 0; n < 150; n++) {
        const id = await happen(world, { booking: n }).catch(() => undefined);
        if (id) written.push(id);
        await pause(10);
      }
    })();
    for (let time = 0; time < 2; time++) {
      await pause(300);
      await interrupt(world);
    }
    await writing;
    const owner = await asOwner(world);
    const { rows } = await owner.query(`select id from outbox_event where type = 'booking.updated'`);
    const committed = rows.map(({ id }) => id as string);
    expect(committed).toEqual(expect.arrayContaining(written));
    const heard = () => new Set(idsOf(receiver));
    await expect.poll(() => heard().size, { timeout: 30_000 }).toBe(committed.length);
    expect([...heard()].sort()).toEqual(committed.sort());
  });

  // An endpoint that fails must not be called with the news of it, and an import of ten thousand bookings tells nobody.
  test('keep their rules: news of an endpoint is for others who asked by name, and what is silent is for nobody', async () => {
    const { env } = await open();
    const world = await startWorld({ env });
    const [all, news, failing] = [
      await world.subscribe('*'),
      await world.subscribe('webhook.*'),
      await world.subscribe(['webhook.*', 'booking.*']),
    ];
    await happen(world, { silent: true });
    const booking = await happen(world);
    const failed = await happen(world, { type: 'webhook.endpoint_failing', about: failing.endpointId });
    await world.relay();
    expect([all, news, failing].map(idsOf)).toEqual([[booking], [failed], [booking]]);
    const { rows } = await world.database.system.query('select from outbox_event where dispatched_at is null');
    expect(rows).toEqual([]);
  });
});

describe.skipIf(!('program' in found))('events that NATS carries', { timeout: 60_000 }, () => {
  // The relay had written everything down, and died with the word on its lips.
  test('are not told again when a relay is cut off between the fan-out and its answer to NATS', async () => {
    const carrier = await nats();
    await impatient(carrier.env);
    const proxy = await openProxy(carrier.url);
    const world = await startWorld({ env: { ...carrier.env, NATS_URL: proxy.url } });
    const receiver = await world.subscribe('booking.*');
    const cutOff = await relayOf(world);
    const holder = await holdTurn(world, receiver.endpointId);
    const id = await happen(world);
    await holder.waitedFor();
    proxy.swallow();
    await holder.release();
    await receiver.arrived(1);
    proxy.close();
    await cutOff.stop();
    const { consumers } = await manage(carrier.url);
    const unanswered = async () => (await consumers.info(STREAM, 'relay')).num_ack_pending;
    expect(await unanswered()).toBe(1);
    await relayOf(world, carrier.env);
    await expect.poll(unanswered, { timeout: 10_000 }).toBe(0);
    expect(idsOf(receiver)).toEqual([id]);
  });

  // Somebody tidies up on the NATS server. The log is in PostgreSQL.
  test('are told though the stream that had them was deleted, and another is made', async () => {
    const carrier = await nats();
    await impatient(carrier.env, { max_ack_pending: 1 }); // So that the rest wait in the stream, and are lost with it.
    const world = await startWorld({ env: carrier.env });
    const receiver = await world.subscribe('booking.*');
    await relayOf(world);
    const holder = await holdTurn(world, receiver.endpointId);
    const ids: string[] = [];
    for (let booking = 1; booking <= 20; booking++) ids.push(await happen(world, { booking }));
    await holder.waitedFor();
    await expect.poll(() => published(world), { timeout: 10_000 }).toBeGreaterThanOrEqual(19); // The first may be under way.
    const { streams } = await manage(carrier.url);
    await streams.delete(STREAM);
    await holder.release();
    await expect.poll(() => idsOf(receiver).sort(), { timeout: 30_000 }).toEqual(ids.sort());
    expect((await streams.info(STREAM)).config.subjects).toEqual(['bellhop.log.>']);
  });

  test('are published again after five minutes when NATS has lost them', async () => {
    const carrier = await nats();
    await impatient(carrier.env, { knowsIdsFor: 100, max_ack_pending: 1 });
    const world = await startWorld({ env: carrier.env });
    const receiver = await world.subscribe('booking.*');
    await relayOf(world);
    const holder = await holdTurn(world, receiver.endpointId);
    const ids = [await happen(world), await happen(world, { booking: 2 })];
    await holder.waitedFor();
    await expect.poll(() => published(world), { timeout: 10_000 }).toBeGreaterThanOrEqual(1); // The first may be under way.
    const { streams } = await manage(carrier.url);
    await streams.purge(STREAM);
    await holder.release();
    await receiver.arrived(1);
    await pause(200); // Beyond the time for which this stream knows an id.
    world.pass(5 * 60_000 + 1);
    await expect.poll(() => idsOf(receiver), { timeout: 10_000 }).toEqual(ids);
  });

  test('are told once however often NATS brings them, and what is nobody’s is put off and said', async () => {
    const carrier = await nats();
    await impatient(carrier.env, { knowsIdsFor: 100 });
    const world = await startWorld({ env: carrier.env });
    const receiver = await world.subscribe('booking.*');
    const relay = await relayOf(world);
    const before = await dispatchedSoFar();
    const first = await happen(world);
    await receiver.arrived(1);
    await pause(200); // Beyond the time for which this stream knows an id.
    const { js } = await manage(carrier.url);
    const subject = `bellhop.log.${world.agencyId}.booking.updated`;
    for (const msgID of [first, first, uuid(), 'no event']) await js.publish(subject, '{}', { msgID });
    const second = await happen(world);
    await receiver.arrived(2);
    expect(idsOf(receiver)).toEqual([first, second]);
    expect(await dispatchedSoFar()).toBe(before + 2);
    expect(relay.said().match(/an event that this database doesn’t/g)).toHaveLength(2);
  });

  // One row that PostgreSQL refuses must not be the end of everybody's webhooks.
  test('get on while one of them can’t be fanned out, and that one is told as soon as it can', async () => {
    const carrier = await nats();
    const world = await startWorld({ env: carrier.env });
    const receiver = await world.subscribe('booking.*');
    const owner = await asOwner(world);
    const poison = uuid();
    await owner.query(`
      create function refuse() returns trigger language plpgsql as $$ begin raise 'refused'; end $$;
      create trigger refuse before update on outbox_event for each row when (new.id = '${poison}' and new.dispatched_at is not null)
        execute function refuse()`);
    const said = await relayOf(world).then((relay) => relay.said);
    const ids: string[] = [];
    for (let booking = 1; booking <= 10; booking++)
      ids.push(await happen(world, { booking, ...(booking === 5 && { id: poison }) }));
    await receiver.arrived(9);
    await expect.poll(said, { timeout: 10_000 }).toContain('could not be dispatched');
    await owner.query('drop trigger refuse on outbox_event');
    await expect.poll(() => idsOf(receiver).sort(), { timeout: 10_000 }).toEqual(ids.sort());
    expect(idsOf(receiver).at(-1)).toBe(poison);
  });

  test('wait in the log while NATS is away, which the relay says; its password stays unsaid', async () => {
    const carrier = await nats(['--user', 'bellhop', '--pass', 'night/porter']);
    const url = carrier.url.replace('//', '//bellhop:night%2Fporter@');
    await carrier.kill();
    const world = await startWorld({ env: { ...carrier.env, NATS_URL: url } });
    const receiver = await world.subscribe('booking.*');
    const relay = await relayOf(world);
    const id = await happen(world);
    await expect.poll(relay.said, { timeout: 10_000 }).toContain('can’t be reached; events wait in the log');
    expect(relay.running()).toBe(false);
    await carrier.start();
    await receiver.arrived(1);
    expect(idsOf(receiver)).toEqual([id]);
    await expect.poll(relay.running, { timeout: 10_000 }).toBe(true);
    await carrier.kill();
    await expect.poll(relay.running, { timeout: 10_000 }).toBe(false);
    expect(relay.said()).toContain('NATS is away');
    expect(relay.said()).not.toContain('porter');
  });

  test('can be read by other programs: the subject names agency and event, the body and headers are a webhook’s', async () => {
    const carrier = await nats();
    const world = await startWorld({ env: carrier.env });
    const receiver = await world.subscribe('booking.created');
    const booking = await world.book();
    await world.relay();
    const { streams } = await manage(carrier.url);
    const kept = await streams.getMessage(STREAM, { last_by_subj: `bellhop.log.${world.agencyId}.booking.created` });
    const [call] = receiver.received;
    expect(kept!.json()).toEqual(call!.json);
    expect(kept!.json()).toMatchObject({ data: { booking: { id: booking.id } } });
    expect(['X-Subject', 'X-Sequence', 'Nats-Msg-Id'].map((name) => kept!.header.get(name))).toEqual([
      `booking:${booking.id}`,
      call!.headers['x-sequence'],
      call!.id,
    ]);
  });
});

test.each([
  [{ RELAY_TRANSPORT: 'nats' }, 'NATS_URL: is needed with RELAY_TRANSPORT=nats'],
  [{ RELAY_TRANSPORT: 'kafka' }, 'RELAY_TRANSPORT: '],
  [{ NATS_URL: 'http://127.0.0.1:4222' }, 'NATS_URL: must be like nats://'],
  [{ NATS_PREFIX: 'a.b' }, 'NATS_PREFIX: may have letters'],
  [{ NATS_CREDS_FILE: '/nowhere/relay.creds' }, 'NATS_CREDS_FILE: is not a file'],
])('the environment %o is refused with a word on what to do', (env, word) => {
  expect(() => readConfig({ APP_KEY: Buffer.alloc(32, 1).toString('base64'), ...env })).toThrow(word);
});

const STREAM = 'bellhop-log';

/** Writes an event as an operation's transaction would, and answers with its id. */
async function happen(
  world: World,
  {
    id = uuid(),
    type = 'booking.updated',
    booking = 1,
    version = 1,
    silent = false,
    about = undefined as number | undefined,
    db = undefined as pg.Client | undefined,
  } = {},
): Promise<string> {
  const { agencyId } = world;
  const body = standardBody({ id, event: type, createdAt: clock.now(), agencyId, data: { booking: { id: booking } } });
  await (db ?? world.database.system).query(
    `insert into outbox_event (id, agency_id, type, subject, subject_seq, occurred_at, body, silent, about_endpoint_id)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [id, agencyId, type, `booking:${booking}`, version, clock.now(), body, silent, about],
  );
  return id;
}

/** Each booking's events one after another, all bookings at once, every third try rolled back. Answers with what was committed. */
async function writeConcurrently(
  world: World,
  { bookings, versions }: { bookings: number; versions: number },
): Promise<string[]> {
  const clients = await Promise.all([1, 2, 3, 4].map(() => asOwner(world)));
  const committed: string[] = [];
  await Promise.all(
    clients.map(async (db, client) => {
      for (let version = 1; version <= versions; version++) {
        for (let booking = client; booking < bookings; booking += clients.length) {
          for (const end of (booking + version) % 3 === 0 ? ['rollback', 'commit'] : ['commit']) {
            await db.query('begin');
            const id = await happen(world, { booking, version, db });
            await db.query(end);
            if (end === 'commit') committed.push(id);
          }
        }
      }
    }),
  );
  return committed;
}

/** A relay of its own, with its own connections, that ends with the test. */
async function relayOf(world: World, env: NodeJS.ProcessEnv = {}): Promise<Relay & { said(): string }> {
  const out = collector();
  const log = pino({ level: 'info' }, out);
  const config = { ...world.config, ...(env.NATS_URL && { nats: { ...world.config.nats!, urls: [env.NATS_URL] } }) };
  const database = await openDatabase(config, log);
  const wake = openWake(database.system, database.ownerUrl, log);
  const relay = startRelay({ database, config, log, wake, schema });
  onTestFinished(async () => {
    await relay.stop();
    await wake.close();
    await database.close();
  });
  return { ...relay, said: out.text };
}

function relayProcess({ config, database }: World, env: NodeJS.ProcessEnv) {
  return startProcess({
    ...{ DATABASE_URL: database.ownerUrl, DATA_DIR: config.dataDir, DEMO: 'off', ROLES: 'relay,api' },
    ...{ WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8', ...env },
  });
}

async function asOwner(world: World): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: world.database.ownerUrl });
  client.on('error', () => {}); // Cut off by a test.
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

/** Keeps whoever fans an event out to this endpoint from getting on, until it is released. */
async function holdTurn(world: World, endpointId: number) {
  const [holder, watcher] = [await asOwner(world), await asOwner(world)];
  await holder.query('begin');
  await holder.query('select from endpoint_turn where endpoint_id = $1 for update', [endpointId]);
  const waits = `select count(*)::int from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  return {
    waitedFor: () =>
      expect.poll(async () => (await watcher.query(waits)).rows[0].count, { timeout: 10_000 }).toBeGreaterThan(0),
    release: () => holder.query('rollback'),
  };
}

const idsOf = ({ received }: Pick<Receiver, 'received'>) => received.map(({ id }) => id);

const dispatchedSoFar = async () => (await dispatchedEvents.get()).values[0]?.value ?? 0;

async function published(world: World): Promise<number> {
  const { rows } = await world.database.system.query('select count(published_at)::int from outbox_event');
  return rows[0].count;
}

/** NATS as its operator sees it. */
async function manage(url: string) {
  const connection = await connect({ servers: new URL(url).host });
  onTestFinished(() => connection.close());
  const manager = await jetstreamManager(connection);
  return { streams: manager.streams, consumers: manager.consumers, js: manager.jetstream() };
}

/** A stream and a consumer as an operator has made them, with a lease that ends soon. */
async function impatient(
  { NATS_URL }: NodeJS.ProcessEnv,
  { knowsIdsFor = 120_000, ...more }: { knowsIdsFor?: number; max_ack_pending?: number } = {},
): Promise<void> {
  if (!NATS_URL) return;
  const { streams, consumers } = await manage(NATS_URL);
  await streams.add({ name: STREAM, subjects: ['bellhop.log.>'], duplicate_window: nanos(knowsIdsFor) });
  await consumers.add(STREAM, {
    durable_name: 'relay',
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(1_500),
    ...more,
  });
}

/** A way to NATS that can be made to swallow what goes there, and to end. */
async function openProxy(url: string) {
  const upstream = new URL(url);
  const sockets = new Set<Socket>();
  let swallowing = false;
  const server = createServer((near) => {
    const far = dial(Number(upstream.port), upstream.hostname);
    for (const socket of [near, far]) sockets.add(socket.on('error', () => {}));
    near.on('data', (bytes) => swallowing || far.write(bytes));
    far.on('data', (bytes) => near.write(bytes));
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const close = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(close);
  return {
    url: `nats://127.0.0.1:${(server.address() as AddressInfo).port}`,
    swallow() {
      swallowing = true;
    },
    close,
  };
}
