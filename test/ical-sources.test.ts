import pg from 'pg';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { pollIcal } from '../src/places/ical/poll.ts';
import { hookUp, startChannel, type Told } from './support/channel.ts';
import { startWorld, type World } from './support/world.ts';

const TODAY = '2027-05-01';
const AUGUST: Told = { code: 'HMAAAAAAAA', from: '2027-08-12', to: '2027-08-15' };
const poll = ({ viewer, database, config }: World, stopping?: AbortSignal) =>
  pollIcal({ database, config, wake: viewer.wake, log: pino({ level: 'silent' }) }, stopping);

describe('a source', () => {
  // Whoever has the address reads where which guest sleeps.
  test('keeps its address to itself, and one property reads a calendar once', async () => {
    const world = await startWorld({ today: TODAY });
    const { id } = await world.property();
    const url = 'webcal://www.airbnb.com/calendar/ical/1.ics?s=very-secret&t=also';
    const made = await world.post(`/v1/properties/${id}/ical-sources`, { channel: 'airbnb', url });
    expect(made).toMatchObject({ status: 201, body: { data: { channel: 'airbnb', property_id: id, status: null } } });
    expect(made.body.data.url).toMatch(/\/calendar\/ical\/1\.ics\?s=\*\*\*&t=\*\*\*$/);
    expect(made.body.data.export_url).toContain(`/v1/properties/${id}/calendar.ics?key=`);
    const exported = new URL(made.body.data.export_url);
    expect((await fetch(world.url + exported.pathname + exported.search)).status).toBe(200);
    for (const [address, shown] of [
      ['www.vrbo.com/icalendar/0123456789abcdef0123456789abcdef.ics', 'www.vrbo.com/icalendar/***.ics'],
      ['calendar.google.com/calendar/ical/a%40b.com/private-0123456789abcdef01/basic.ics', '/a%40b.com/***/basic.ics'],
    ]) {
      const other = { channel: 'other', url: `https://${address}` };
      const { body } = await world.post(`/v1/properties/${id}/ical-sources`, other);
      expect(body.data.url).toContain(shown);
    }
    const again = await world.post(`/v1/properties/${id}/ical-sources`, {
      channel: 'other',
      url: url.replace('webcal', 'https'),
    });
    expect([again.status, again.body.code]).toEqual([409, 'SOURCE_TAKEN']);
    for (const path of [
      `/v1/properties/${id}/ical-sources`,
      '/v1/ical-sources?channel=airbnb&status=',
      `/v1/ical-sources/${made.body.data.id}`,
    ]) {
      const { text } = await world.get(path);
      expect(text).toContain('/calendar/ical/1.ics');
      expect(text).not.toMatch(/very-secret|also|key=/);
    }
    const { rows } = await world.database.asAgency(world.agencyId, (client) =>
      client.query(
        'select row_to_json(s)::text as text from ical_source s union all select row_to_json(a)::text from audit_entry a',
      ),
    );
    for (const { text } of rows) expect(text).not.toMatch(/very-secret|also/);
  });

  test('that is deleted leaves its guests, frees its blocks, and takes its export with it', async () => {
    const world = await startWorld({ today: TODAY });
    const airbnb = await hookUp(world, [
      AUGUST,
      { uid: 'c', from: '2027-09-01', to: '2027-09-03', summary: 'Airbnb (Not available)' },
    ]);
    await airbnb.sync();
    const receiver = await world.subscribe('booking.*');
    const exported = new URL(airbnb.exportUrl);
    expect((await world.delete(`/v1/ical-sources/${airbnb.id}`)).status).toBe(204);
    expect((await world.delete(`/v1/ical-sources/${airbnb.id}`)).status).toBe(404);
    expect(await airbnb.bookings()).toMatchObject([{ status: 'confirmed' }]);
    expect(await world.openNights(airbnb.property.id, '2027-09-01', '2027-09-03')).toHaveLength(2);
    expect((await fetch(world.url + exported.pathname + exported.search)).status).toBe(404);
    await world.relay();
    expect(receiver.received).toEqual([]);
  });

  test('of another agency, or of nobody, is answered as one that never was', async () => {
    const world = await startWorld({ today: TODAY });
    const airbnb = await hookUp(world, [AUGUST]);
    const stranger = await world.anotherAgency();
    for (const { ask } of [stranger]) {
      const statuses = await Promise.all([
        ask('GET', `/v1/properties/${airbnb.property.id}/ical-sources`),
        ask('POST', `/v1/properties/${airbnb.property.id}/ical-sources`, {
          channel: 'airbnb',
          url: 'https://example.com/c.ics',
        }),
        ask('GET', `/v1/ical-sources/${airbnb.id}`),
        ask('POST', `/v1/ical-sources/${airbnb.id}/sync`, {}),
        ask('DELETE', `/v1/ical-sources/${airbnb.id}`),
        ask('POST', '/v1/ical-conflicts/1/resolve', {}),
        ask('GET', '/v1/properties/nobody/ical-sources'),
      ]);
      expect(statuses.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404, 404, 404]);
      expect((await stranger.get('/v1/ical-sources')).body.data).toEqual([]);
    }
    expect(airbnb.calls).toEqual([]);
  });

  test('is read with properties:read, and changed and synced with properties:write, and with nothing else', async () => {
    const world = await startWorld({ today: TODAY });
    const airbnb = await hookUp(world, [AUGUST]);
    const reader = await world.withAbilities('properties:read');
    const writer = await world.withAbilities('properties:write');
    const sync = `/v1/ical-sources/${airbnb.id}/sync`;
    expect((await reader.get(`/v1/properties/${airbnb.property.id}/ical-sources`)).status).toBe(200);
    expect((await reader.get('/v1/ical-conflicts')).status).toBe(200);
    expect((await reader.post(sync)).status).toBe(403);
    expect((await writer.post(sync)).body.data).toMatchObject({ status: 'ok', created: 1 });
    expect((await writer.get('/v1/ical-sources')).status).toBe(403);
    const mutation = `mutation { syncIcalSource(id: ${airbnb.id}, dryRun: true) { status dryRun changes { action } } }`;
    expect((await writer.graphql(mutation)).body.data.syncIcalSource).toEqual({
      status: 'OK',
      dryRun: true,
      changes: [],
    });
    expect((await reader.graphql(mutation)).body.errors[0].extensions.code).toBe('FORBIDDEN');
    const booked = await reader.graphql('{ icalConflicts { nodes { booking { guestName } } } }');
    expect(booked.body.errors[0].extensions.code).toBe('FORBIDDEN');
  });

  test('that is asked for badly is refused with the name of what is wrong, and the property of an archived house is no place', async () => {
    const world = await startWorld({ today: TODAY });
    const { id } = await world.property();
    const path = `/v1/properties/${id}/ical-sources`;
    const url = 'https://example.com/c.ics';
    const refused: [object, string[]][] = [
      [{}, ['channel', 'url']],
      [{ channel: 'expedia', url }, ['channel']],
      [{ channel: 'airbnb', url, name: 'x' }, ['name']],
      [{ channel: 'airbnb', url: 'https://user:word@example.com/c.ics' }, ['url']],
    ];
    for (const [body, fields] of refused)
      expect(Object.keys((await world.post(path, body)).body.errors).sort()).toEqual(fields);
    await world.post(`/v1/properties/${id}/archive`);
    expect((await world.post(path, { channel: 'airbnb', url })).body.code).toBe('PROPERTY_ARCHIVED');
    expect((await world.get(path)).body.data).toEqual([]);
  });

  test('costs as many statements in a list of fifty as in one of five', async () => {
    const world = await startWorld({ today: TODAY });
    const { id } = await world.property();
    const make = (n: number) =>
      world.post(`/v1/properties/${id}/ical-sources`, { channel: 'other', url: `https://example.com/${n}.ics` });
    for (let n = 0; n < 50; n++) await make(n);
    const path = `/v1/properties/${id}/ical-sources?per_page=`;
    await world.get(`${path}5`);
    const five = await world.statements(() => world.get(`${path}5`));
    expect(await world.statements(() => world.get(`${path}50`))).toBe(five);
    expect((await world.get(`${path}50`)).body.data).toHaveLength(50);
  });
});

describe('by itself', () => {
  // A calendar that nobody reads is a house that is sold twice.
  test('every calendar is read when it is due, again after a quarter of an hour, and one that hangs holds up nobody', async () => {
    const world = await startWorld({ today: TODAY, env: { WEBHOOK_TIMEOUT_SECONDS: '0.3' } });
    const hanging = await startChannel();
    hanging.answers(() => {});
    const { id } = await world.property();
    await world.post(`/v1/properties/${id}/ical-sources`, { channel: 'airbnb', url: hanging.url });
    const airbnb = await hookUp(world, [AUGUST]);
    const other = await hookUp(await world.anotherAgency(), [AUGUST]);
    const read = poll(world);
    await expect.poll(async () => (await airbnb.bookings()).length + (await other.bookings()).length).toBe(2);
    expect(await read).toBe(3);
    expect(await poll(world)).toBe(0);
    const { last_sync_at, next_sync_at } = await airbnb.source();
    expect((Date.parse(next_sync_at) - Date.parse(last_sync_at)) / 60_000).toBeGreaterThan(13);
    expect((Date.parse(next_sync_at) - Date.parse(last_sync_at)) / 60_000).toBeLessThan(17);
    const { rows } = await world.database.asAgency(world.agencyId, (client) =>
      client.query(`select actor from audit_entry where action = 'booking.created' or action = 'ical_source.synced'`),
    );
    expect(rows).toContainEqual({ actor: 'timer' });
    world.pass(17 * 60_000);
    hanging.shows();
    airbnb.shows({ ...AUGUST, to: '2027-08-16' });
    await poll(world);
    expect(await airbnb.bookings()).toMatchObject([{ check_out: '2027-08-16' }]);
  });

  // A server that waits half a minute for a channel is killed, and what it was doing with it.
  test('a server that stops waits for no channel, and the next one reads that calendar at once', async () => {
    const world = await startWorld({ today: TODAY, env: { WEBHOOK_TIMEOUT_SECONDS: '60' } });
    const airbnb = await hookUp(world);
    const stopping = new AbortController();
    airbnb.answers(() => stopping.abort());
    expect(await poll(world, stopping.signal)).toBe(1);
    expect(await poll(world, stopping.signal)).toBe(0);
    expect(await airbnb.source()).toMatchObject({ status: null, failures: 0 });
    airbnb.shows(AUGUST);
    expect(await poll(world)).toBe(1);
    expect(await airbnb.bookings()).toHaveLength(1);
  });

  test('no calendar of an agency without a plan is read, and several processes read each once', async () => {
    const world = await startWorld({ today: TODAY });
    const airbnb = await hookUp(world, [AUGUST]);
    const other = await hookUp(await world.anotherAgency(), [AUGUST]);
    const owner = new pg.Client({ connectionString: world.database.ownerUrl });
    await owner.connect();
    await owner.query(`update agency set plan = 'TRIAL', trial_ends_at = '2027-04-30' where id <> $1`, [
      world.agencyId,
    ]);
    await owner.end();
    const counts = await Promise.all([poll(world), poll(world), poll(world)]);
    expect(counts.reduce((sum, one) => sum + one)).toBe(1);
    expect([airbnb.calls.length, other.calls.length]).toEqual([1, 0]);
  });
});

describe('a large calendar', () => {
  // A hotel's two years come in one reading; the second must cost next to nothing, because it comes every quarter of an hour.
  test('of two thousand events is booked in one go, and a second reading takes a handful of statements', async () => {
    const world = await startWorld({ today: TODAY });
    const hotel = await world.property({ kind: 'hotel', units: 20 });
    const day = (n: number) => new Date(Date.parse('2027-06-01') + n * 86_400_000).toISOString().slice(0, 10);
    const stays = Array.from({ length: 2_000 }, (_, n) => ({
      uid: `s${n}`,
      from: day((n >> 4) * 3),
      to: day((n >> 4) * 3 + 3),
      summary: `Guest ${n}`,
    }));
    const other = await hookUp(world, stays, { channel: 'other', property: hotel });
    const first = performance.now();
    expect(await other.sync()).toMatchObject({ status: 'ok', created: 2_000, conflicts: 0 });
    expect(performance.now() - first).toBeLessThan(10_000);
    const statements = await world.statements(async () =>
      expect(await other.sync()).toMatchObject({ status: 'ok', changes: [] }),
    );
    expect(statements).toBeLessThan(20);
  });
});
