import type pg from 'pg';
import { expect, test } from 'vitest';
import { BEGINNING } from '../src/outbox/log.ts';
import { advanceReplays, countReplayed } from '../src/relay/replay.ts';
import { type Integrator, startWorld, type World } from './support/world.ts';

/** A villa with this many bookings, one after the other. */
async function bookMany(world: Integrator, count: number): Promise<void> {
  const { id } = await world.property();
  for (let day = 0; day < count; day++) {
    const date = (n: number) => new Date(Date.UTC(2027, 5, 1 + n)).toISOString().slice(0, 10);
    await world.book({ property_id: id, check_in: date(day), check_out: date(day + 1) });
  }
}

/** A pool whose connections break before they have said this. */
function dyingBefore(pool: pg.Pool, text: string): pg.Pool {
  const connect = async () => {
    const client = await pool.connect();
    const query = (statement: { text?: string }, values?: unknown[]) => {
      if (!statement.text?.includes(text)) return client.query(statement as never, values);
      throw new Error('killed');
    };
    return { query, release: () => client.release(new Error('killed')) };
  };
  return { query: pool.query.bind(pool), connect } as never;
}

const replays = (world: Integrator, body: object) => world.post('/v1/webhook-replays', body);

async function statusOf(world: Integrator, id: number) {
  const { body } = await world.get(`/v1/webhook-replays/${id}`);
  return body.data;
}

// An agency whose server was down for a week must get all of the week, and not the first 10,000 of it.
test('what failed is sent again however much it is, each once, with the same id and the same bytes', async () => {
  const world = await startWorld();
  const receiver = await world.subscribe('booking.*');
  receiver.respondWith(404);
  await bookMany(world, 70);
  await world.relay();
  const failed = receiver.received.splice(0);
  expect(failed).toHaveLength(70);

  receiver.respondWith(200);
  const asked = { endpoint_id: receiver.endpointId, status: ['failed'] };
  const dry = await replays(world, { ...asked, dry_run: true });
  expect([dry.status, dry.body.data]).toEqual([
    201,
    expect.objectContaining({ id: null, matched: 70, queued: 0, done: 0 }),
  ]);
  expect((await world.get('/v1/webhook-replays')).body.data).toEqual([]);

  const { body } = await replays(world, asked);
  expect(body.data).toMatchObject({ status: 'running', matched: 70, replayed: ['failed'] });
  await world.relay();
  const bodies = (calls: typeof failed) => new Map(calls.map(({ id, body }) => [id, body.toString()]));
  expect(receiver.received).toHaveLength(70);
  expect(bodies(receiver.received)).toEqual(bodies(failed));
  expect(receiver.received.every(({ signature }) => signature === 'valid')).toBe(true);
  expect(await statusOf(world, body.data.id)).toMatchObject({ status: 'done', matched: 70, queued: 70, done: 70 });

  const again = await replays(world, { ...asked, dry_run: true });
  expect(again.body.data.matched).toBe(0); // What a replay has brought since has not failed.
});

// The relay that was killed in the middle must not have sold its successor a second copy of what it had queued.
test('a replay goes on from where it stood when its relay died, and two relays at once do nothing twice', async () => {
  const world = await startWorld();
  const receiver = await world.subscribe('booking.*');
  receiver.respondWith(404);
  await bookMany(world, 50);
  await world.relay();
  receiver.received.length = 0;
  receiver.respondWith(200);
  const { body } = await replays(world, { endpoint_id: receiver.endpointId });
  const pool = world.database.system;

  await expect(advanceReplays(dyingBefore(pool, 'update webhook_replay_job'))).rejects.toThrow('killed');
  expect(await statusOf(world, body.data.id)).toMatchObject({ queued: 0 });

  await Promise.all([advanceReplays(pool), advanceReplays(pool), advanceReplays(pool)]);
  await world.relay();
  expect(receiver.received).toHaveLength(50);
  expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(50);
});

// Whoever takes the offer and still lacks a booking has no reason to look for it.
test('what the enabling offers is what a replay since then sends, however late the relay was, and only what may be read', async () => {
  const world = await startWorld();
  const partner = await world.withAbilities('bookings:read', 'webhooks:read', 'webhooks:write');
  const receiver = await partner.subscribe('*');
  const { endpointId } = receiver;
  receiver.respondWith(410);
  await world.book();
  world.pass(600_000);
  await world.relay(); // It was away for ten minutes. The endpoint is gone.
  await world.book();
  await world.property();
  await world.relay();
  const offer = async () => {
    const { missed } = (await partner.post(`/v1/webhooks/${endpointId}/enable`)).body.data;
    const asked = { endpoint_id: endpointId, status: ['missed', 'failed'], since: missed.since };
    const { matched } = (await replays(partner, { ...asked, dry_run: true })).body.data;
    return { asked, failed: missed.failed, notMade: missed.not_made, matched };
  };
  const { asked, ...offered } = await offer();
  expect(offered).toEqual({ failed: 1, notMade: 1, matched: 2 });
  receiver.respondWith(200);
  await replays(partner, asked);
  await world.relay();
  expect(receiver.received).toHaveLength(3);

  await world.book(); // Before it is paused, and dispatched after.
  world.pass(5_000);
  await partner.patch(`/v1/webhooks/${endpointId}`, { enabled: false });
  world.pass(5_000);
  await world.relay();
  expect(await offer()).toMatchObject({ failed: 0, notMade: 1, matched: 1 });
});

test('an endpoint that was disabled is told what it missed, and nothing that it was told', async () => {
  const world = await startWorld();
  const receiver = await world.subscribe('booking.*');
  await world.book();
  await world.relay();
  await world.patch(`/v1/webhooks/${receiver.endpointId}`, { enabled: false });
  const missed = await world.book({ guest_name: 'Missed' });
  await world.relay();
  const asked = { endpoint_id: receiver.endpointId, status: ['missed', 'failed'] };
  expect((await replays(world, asked)).body).toMatchObject({ code: 'ENDPOINT_DISABLED' });
  await world.post(`/v1/webhooks/${receiver.endpointId}/enable`);
  expect((await replays(world, asked)).body.data.matched).toBe(1);
  await world.relay();
  expect(receiver.received.map(({ json }) => json.data.booking.id)).toEqual([expect.any(Number), missed.id]);
});

test('a replay is of what was asked for: these events, this booking, this time, these deliveries', async () => {
  const world = await startWorld({ today: '2027-01-01' });
  const receiver = await world.subscribe(['booking.*', 'property.*']);
  const first = await world.book();
  await world.relay();
  world.pass(3_600_000);
  const middle = new Date(Date.now() + (await aheadMs()) - 1_800_000).toISOString();
  await world.book();
  await world.relay();
  const matched = async (filter: object) =>
    (await replays(world, { endpoint_id: receiver.endpointId, status: ['delivered'], dry_run: true, ...filter })).body
      .data?.matched;
  const { body } = await world.get(`/v1/webhook-deliveries?endpoint_id=${receiver.endpointId}`);
  expect(await matched({})).toBe(4);
  expect(await matched({ events: ['property.*'] })).toBe(2);
  expect(await matched({ subject: `booking:${first.id}` })).toBe(1);
  expect(await matched({ since: middle })).toBe(2);
  expect(await matched({ until: middle, events: ['booking.created'] })).toBe(1);
  expect(await matched({ delivery_ids: [body.data[0].id], status: undefined })).toBe(1);
  const events = await world.get('/v1/events?limit=3');
  expect(await matched({ after: events.body.next_cursor })).toBe(1);
  for (const [field, wrong] of Object.entries({ events: ['boking.*'], after: 'yesterday', status: [] })) {
    const answer = await replays(world, { endpoint_id: receiver.endpointId, [field]: wrong });
    expect([field, answer.status, Object.keys(answer.body.errors)]).toEqual([field, 422, [field]]);
  }

  async function aheadMs(): Promise<number> {
    return (await import('../src/core/clock.ts')).clock.aheadMs;
  }
});

// "TIMEOUT" to whoever has most to replay would leave them with a loop over single deliveries.
test('more events than can be counted while somebody waits are counted as far as there is time, and the job puts it right', async () => {
  const world = await startWorld();
  const receiver = await world.subscribe(['booking.*', 'property.created']);
  await bookMany(world, 3);
  await world.relay();
  await world.database.system.query(
    `insert into outbox_event (id, agency_id, type, subject, subject_seq, occurred_at, dispatched_at, body)
     select gen_random_uuid(), $1, 'property.created', 'property:' || n, 1, now(), now(), '{}'
     from generate_series(1, 45000) n`,
    [world.agencyId],
  );
  const asking = { patterns: ['*'], format: 'STANDARD' as const, granted: ['*'] };
  const filter = {
    ...{ agencyId: world.agencyId, endpointId: receiver.endpointId, toEndpointId: receiver.endpointId },
    ...{ statuses: ['MISSED'], events: ['property.created'], since: null, until: null, subject: null },
    ...{ deliveryIds: [], position: BEGINNING },
  };
  const hurried = await countReplayed(world.database.system, filter, asking, 0);
  expect(hurried.countedWhole).toBe(false);
  expect(hurried.matched).toBeGreaterThan(10_000);
  expect(hurried.matched).toBeLessThan(45_000);
  const patient = await countReplayed(world.database.system, filter, asking, 60_000);
  expect(patient).toEqual({ matched: 45_000, countedWhole: true });
  const missed = { endpoint_id: receiver.endpointId, status: ['missed'], dry_run: true };
  expect((await replays(world, missed)).body.data).toMatchObject({ matched: 45_000, counted_whole: true });

  const told = { endpoint_id: receiver.endpointId, status: ['delivered'], events: ['booking.*'] };
  const sent = await replays(world, told);
  expect(sent.body.data).toMatchObject({ matched: 3, counted_whole: true });
  // As if the time had been over after the first.
  await world.database.system.query('update webhook_replay_job set matched = 1, counted_whole = false');
  await world.relay();
  expect(await statusOf(world, sent.body.data.id)).toMatchObject({
    matched: 3,
    counted_whole: true,
    queued: 3,
    done: 3,
  });
});

test('what one endpoint failed to take can be told to another', async () => {
  const world = await startWorld();
  const broken = await world.subscribe('booking.*');
  broken.respondWith(404);
  await world.book();
  await world.relay();
  const successor = await world.subscribe('property.*');
  const { body } = await replays(world, { endpoint_id: broken.endpointId, to_endpoint_id: successor.endpointId });
  await world.relay();
  expect(broken.received).toHaveLength(1);
  expect(successor.received).toMatchObject([
    { event: 'booking.created', id: broken.received[0]!.id, signature: 'valid' },
  ]);
  expect(await statusOf(world, body.data.id)).toMatchObject({ status: 'done', done: 1 });
});

test('a replay that is cancelled puts no more in the queue', async () => {
  const world = await startWorld();
  const receiver = await world.subscribe('booking.*');
  receiver.respondWith(404);
  await bookMany(world, 60);
  await world.relay();
  receiver.received.length = 0;
  const { body } = await replays(world, { endpoint_id: receiver.endpointId });
  await advanceReplays(world.database.system); // As much as the endpoint has room for.
  const cancelled = await world.post(`/v1/webhook-replays/${body.data.id}/cancel`);
  expect(cancelled.body.data).toMatchObject({ status: 'cancelled', matched: 60, queued: 48 });
  await world.relay();
  expect(receiver.received).toHaveLength(48);
  expect((await world.post(`/v1/webhook-replays/${body.data.id}/cancel`)).body.data.status).toBe('cancelled');
});

// A guest who books while 200,000 old events are told again must not wait for them.
test('what happens during a replay waits behind a few of its deliveries and not behind all', async () => {
  const world = await startWorld();
  const receiver = await world.subscribe('booking.*');
  await bookMany(world, 120);
  await world.relay();
  receiver.received.length = 0;
  await replays(world, { endpoint_id: receiver.endpointId, status: ['delivered'] });
  await advanceReplays(world.database.system);
  const live = await world.book({ guest_name: 'Live' });
  await world.relay();
  const place = receiver.received.findIndex(({ json }) => json.data.booking.id === live.id);
  expect(receiver.received).toHaveLength(121);
  expect(place).toBeLessThan(80);
});

test('the old way to replay an endpoint is such a job too, and says how much it sends', async () => {
  const world = await startWorld();
  const receiver = await world.subscribe('booking.*');
  receiver.respondWith(404);
  await world.book();
  await world.relay();
  receiver.respondWith(200);
  const { body } = await world.post(`/v1/webhooks/${receiver.endpointId}/replay`);
  expect(body.data).toMatchObject({ queued: 1, more: false, job: { status: 'running', matched: 1 } });
  await world.relay();
  expect(receiver.received).toHaveLength(2);
});

// Whoever moves to a new server registers it with the last cursor that the old one had read, and has no gap.
test('a new endpoint that starts at a past cursor is told what came since in order, and then what happens, each once', async () => {
  const world = await startWorld();
  await bookMany(world, 3);
  const { body } = await world.get('/v1/events?limit=2'); // The property and the first booking.
  await bookMany(world, 4);
  await world.relay(); // Dispatched to nobody.
  const last = await world.book(); // In the log, and not dispatched yet.
  const receiver = await world.subscribe('booking.*', { after: body.next_cursor });
  await world.relay();
  const told = receiver.received.map(({ json }) => json.data.booking.id);
  expect([...told].sort((a, b) => a - b)).toEqual([...new Set(told)].sort((a, b) => a - b));
  expect(told).toHaveLength(7);
  expect(told).toContain(last.id);
  const now = await world.book();
  await world.relay();
  expect(receiver.received.map(({ json }) => json.data.booking.id).slice(7)).toEqual([now.id]);
  const { body: wrong } = await world.post('/v1/webhooks', { url: receiver.url, events: ['*'], after: 'x' });
  expect(Object.keys(wrong.errors)).toEqual(['after']);
});

test('a replay of an endpoint that is deleted meanwhile is answered like one of an endpoint that is gone', async () => {
  const world = await startWorld();
  const { endpointId } = await world.subscribe('booking.*');
  const asked = await world.database.asAgency(world.agencyId, async (client) => {
    await client.query('begin');
    await client.query('delete from webhook_endpoint where id = $1', [endpointId]);
    const asking = replays(world, { endpoint_id: endpointId });
    const waiting = async () => (await world.database.system.query(WAITING)).rows[0].waiting;
    await expect.poll(waiting).toBe(1);
    await client.query('commit');
    return asking;
  });
  expect([asked.status, Object.keys(asked.body.errors)]).toEqual([422, ['endpoint_id']]);
});

const WAITING = `
  select count(*)::int as waiting from pg_locks l
  where not l.granted and l.pid in (
    select pid from pg_locks where database = (select oid from pg_database where datname = current_database()))`;

test('nobody replays to or from another agency’s endpoint', async () => {
  const world: World = await startWorld();
  const receiver = await world.subscribe('booking.*');
  const stranger = await world.anotherAgency();
  const own = await stranger.subscribe('booking.*');
  for (const [field, body] of Object.entries({
    endpoint_id: { endpoint_id: receiver.endpointId },
    to_endpoint_id: { endpoint_id: own.endpointId, to_endpoint_id: receiver.endpointId },
  })) {
    const answer = await replays(stranger, { ...body, dry_run: true });
    expect([answer.status, Object.keys(answer.body.errors)]).toEqual([422, [field]]);
  }
});
