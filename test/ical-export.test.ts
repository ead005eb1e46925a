import ICAL from 'ical.js';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { clock } from '../src/core/clock.ts';
import { doors } from '../src/doors.ts';
import { doorServer } from '../src/gateway/doors.ts';
import { openLimits } from '../src/gateway/limits.ts';
import { makeFeed } from '../src/places/ical/feeds/make.ts';
import { together } from '../src/places/ical/feeds/together.ts';
import { hookUp } from './support/channel.ts';
import { document } from './support/told.ts';
import { type Integrator, startWorld, type World } from './support/world.ts';

/** What a channel reads: no token, only the address. */
async function read(url: string, headers: Record<string, string> = {}, method = 'GET') {
  const response = await fetch(url, { method, headers });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** The events of a calendar as a channel understands them: `uid first-night day-after summary`. */
async function closed(url: string): Promise<string[]> {
  const { status, text } = await read(url);
  expect(status).toBe(200);
  return eventsIn(text).map((event) => {
    const value = (name: string) => String(event.getFirstPropertyValue(name));
    return `${value('uid')} ${value('dtstart')} ${value('dtend')} ${value('summary')}`;
  });
}

function eventsIn(text: string): ICAL.Component[] {
  return new ICAL.Component(ICAL.parse(text)).getAllSubcomponents('vevent');
}

async function feedOf(mine: Integrator, propertyId: number, body: object = {}): Promise<{ id: number; url: string }> {
  const answer = await mine.post(`/v1/properties/${propertyId}/ical-feeds`, body);
  expect([answer.status, answer.text]).toEqual([201, answer.text]);
  return answer.body.data;
}

/** A source as a sync leaves it: with events that became bookings, blocks, echoes. */
async function source(
  world: World,
  propertyId: number,
  channel: string,
  events: { state: string; from: string; to: string; bookingId?: number }[] = [],
): Promise<number> {
  return world.database.asAgency(world.agencyId, async (client) => {
    const { rows } = await client.query(
      `insert into ical_source (agency_id, property_id, channel, url_sealed, url_hash, url_shown, updated_at)
       values ($1, $2, $3, 'x', md5(random()::text) || md5(random()::text), 'https://example.com/***', now()) returning id`,
      [world.agencyId, propertyId, channel],
    );
    for (const { state, from, to, bookingId } of events) {
      await client.query(
        `insert into ical_event (agency_id, source_id, property_id, booking_id, uid, kind, state, check_in, check_out,
           first_seen_at, last_seen_at)
         values ($1, $2, $3, $4, 'u', 'BLOCK', $5, $6, $7, now(), now())`,
        [world.agencyId, rows[0].id, propertyId, bookingId ?? null, state, from, to],
      );
    }
    return rows[0].id;
  });
}

describe('what a channel is told', () => {
  // A channel resells whatever its calendar leaves open, and a night that it needlessly closes is money not earned.
  test('every stay that holds nights is an event of its own, cancelled ones go, and touching stays stay apart', async () => {
    const world = await startWorld({ today: '2027-05-01' });
    const { id: property_id } = await world.property();
    const first = await world.book({ property_id, check_in: '2027-06-01', check_out: '2027-06-03', status: 'pending' });
    const second = await world.book({ property_id, check_in: '2027-06-03', check_out: '2027-06-05' });
    const { url } = await feedOf(world, property_id);
    expect(await closed(url)).toEqual([
      `booking-${first.id}@bellhop 2027-06-01 2027-06-03 Reserved`,
      `booking-${second.id}@bellhop 2027-06-03 2027-06-05 Reserved`,
    ]);
    await world.post(`/v1/bookings/${first.id}/cancel`);
    await world.patch(`/v1/bookings/${second.id}`, { check_out: '2027-06-06' });
    expect(await closed(url)).toEqual([`booking-${second.id}@bellhop 2027-06-03 2027-06-06 Reserved`]);
    const [event] = eventsIn((await read(url)).text);
    expect(event!.getFirstPropertyValue('sequence')).toBe(2);
  });

  test('a stay shows from its booking to the day after its departure, and no further than two years ahead', async () => {
    const world = await startWorld({ today: '2027-06-04' });
    const { id: property_id } = await world.property();
    const over = await world.book({ property_id, check_in: '2027-06-01', check_out: '2027-06-02' });
    const left = await world.book({ property_id, check_in: '2027-06-02', check_out: '2027-06-03' });
    const inHouse = await world.book({ property_id, check_in: '2027-06-03', check_out: '2027-06-08' });
    const far = await world.book({ property_id, check_in: '2029-08-01', check_out: '2029-08-02' });
    await world.post(`/v1/bookings/${inHouse.id}/check-in`);
    const { url } = await feedOf(world, property_id);
    const { text } = await read(url);
    for (const { id } of [left, inHouse]) expect(text).toContain(`UID:booking-${id}@bellhop\r\n`);
    for (const { id } of [over, far]) expect(text).not.toContain(`UID:booking-${id}@bellhop`);
    // The nights of a guest who left early stay sold here, so nobody else may sell them either.
    await world.post(`/v1/bookings/${inHouse.id}/check-out`);
    expect((await read(url)).text).toContain(`UID:booking-${inHouse.id}@bellhop\r\n`);
  });

  // Each listing sells the nights of the other's guests otherwise.
  test('a villa that is listed twice at one channel tells each listing of the guests of the other', async () => {
    const world = await startWorld({ today: '2027-05-01' });
    const first = await hookUp(world, [{ code: 'HMAAAAAAAA', from: '2027-08-12', to: '2027-08-15' }]);
    const second = await hookUp(world, [], { property: first.property });
    await first.sync();
    await world.book({
      ...{ property_id: first.property.id, source: 'airbnb', check_in: '2027-11-01', check_out: '2027-11-03' },
    });
    expect(await closed(second.exportUrl)).toEqual([expect.stringContaining('2027-08-12 2027-08-15 Reserved')]);
    expect(await closed(first.exportUrl)).toEqual([]);
  });

  // Told its own stay as somebody else's, a channel keeps the nights closed after the guest has cancelled there.
  test('no channel is told what came from it: of two feeds of one property each lacks its own', async () => {
    const world = await startWorld({ today: '2027-05-01' });
    const { id: property_id } = await world.property();
    const stay = (source: string, check_in: string, check_out: string) =>
      world.book({ property_id, source, check_in, check_out });
    const airbnb = await stay('airbnb', '2027-06-01', '2027-06-02');
    const booking = await stay('Booking.com', '2027-06-02', '2027-06-03');
    const direct = await stay('direct', '2027-06-03', '2027-06-04');
    const imported = await stay('ical', '2027-06-04', '2027-06-05');
    const ours = await stay('direct', '2027-06-05', '2027-06-06');
    const sourceId = await source(world, property_id, 'BOOKING', [
      { state: 'BOOKED', bookingId: imported.id, from: '2027-06-04', to: '2027-06-05' },
      { state: 'ECHO', bookingId: ours.id, from: '2027-06-05', to: '2027-06-06' },
      { state: 'BLOCKED', from: '2027-06-06', to: '2027-06-07' },
      { state: 'ENDED', from: '2027-06-07', to: '2027-06-08' },
      { state: 'CONFLICT', from: '2027-06-03', to: '2027-06-04' },
    ]);
    const whose = async (body: object) => {
      const uids = (await closed((await feedOf(world, property_id, body)).url)).map((line) => line.split('@')[0]);
      return uids.map((uid) => (uid!.startsWith('block') ? 'block' : Number(uid!.split('-')[1])));
    };
    expect(await whose({ channel: 'airbnb' })).toEqual([booking.id, direct.id, imported.id, ours.id, 'block']);
    expect(await whose({ source_id: sourceId })).toEqual([airbnb.id, direct.id, ours.id]);
    expect(await whose({ channel: 'booking' })).toEqual([airbnb.id, direct.id, ours.id]); // Its source isn't named, but known.
    expect(await whose({})).toEqual([airbnb.id, booking.id, direct.id, imported.id, ours.id, 'block']);
  });

  // A channel is not who the guest has told her name.
  test('a guest’s name, a booking’s reference and its notes appear nowhere', async () => {
    const world = await startWorld({ today: '2027-05-01' });
    const booking = await world.book({ guest_name: 'Zubaida Quill', guest_email: 'z@example.com', notes: 'Late' });
    const { url } = await feedOf(world, booking.property_id);
    const { text } = await read(url);
    expect(text).toContain(`booking-${booking.id}@bellhop`);
    for (const secret of ['Zubaida', 'Quill', 'example.com', booking.reference, 'Late'])
      expect(text).not.toContain(secret);
  });

  // Of seven rooms six can be sold as long as one is free; a stay as an event would close them all.
  test('a place of several units is closed only on the nights on which none is left, as one event for nights in a row', async () => {
    const world = await startWorld({ today: '2027-05-01' });
    const { id: property_id } = await world.property({ kind: 'hotel', units: 2 });
    const stay = (check_in: string, check_out: string, source = 'direct') =>
      world.book({ property_id, check_in, check_out, source });
    await stay('2027-06-01', '2027-06-05');
    const second = await stay('2027-06-02', '2027-06-04');
    await stay('2027-06-04', '2027-06-06', 'airbnb');
    await stay('2027-06-05', '2027-06-06', 'airbnb');
    const { url } = await feedOf(world, property_id);
    const airbnb = await feedOf(world, property_id, { channel: 'airbnb' });
    const full = (from: string, to: string) => `full-${property_id}-${from}@bellhop ${from} ${to} Not available`;
    expect(await closed(url)).toEqual([full('2027-06-02', '2027-06-06')]);
    // The last night is full of Airbnb's own guests, which is no news to Airbnb.
    expect(await closed(airbnb.url)).toEqual([full('2027-06-02', '2027-06-05')]);
    await world.post(`/v1/bookings/${second.id}/cancel`);
    expect(await closed(url)).toEqual([full('2027-06-04', '2027-06-06')]);
    // A day later the same nights have the same name, though the first is over.
    await world.post(`/v1/bookings/${second.id}/reinstate`);
    world.pass(34 * 86_400_000);
    expect(await closed(url)).toEqual([full('2027-06-02', '2027-06-06')]);
  });

  test('one room type that is free keeps the place open', async () => {
    const world = await startWorld({ today: '2027-05-01' });
    const { id: property_id } = await world.property({ kind: 'hotel', units: 2 });
    await world.database.asAgency(world.agencyId, (client) =>
      client.query(
        `insert into room_type (agency_id, property_id, code, name, units, updated_at) values ($1, $2, 'DLX', 'Deluxe', 1, now())`,
        [world.agencyId, property_id],
      ),
    );
    for (const _unit of [1, 2]) await world.book({ property_id });
    const { url } = await feedOf(world, property_id);
    expect(await closed(url)).toEqual([]);
  });
});

describe('a calendar that any channel can read', () => {
  test('it is RFC 5545: CRLF, lines of at most 75 octets, whatever the property is called, and never without a component', async () => {
    const world = await startWorld({ today: '2027-05-01' });
    const { id } = await world.property({ name: `Riad, "Été"; \\ ${'é'.repeat(150)}\u0007` });
    const { url } = await feedOf(world, id);
    const empty = await read(url);
    expect(eventsIn(empty.text)).toEqual([]);
    expect(new ICAL.Component(ICAL.parse(empty.text)).getAllSubcomponents()).toHaveLength(1);
    await world.book({ property_id: id });
    const { text, headers } = await read(url);
    for (const one of [empty.text, text]) {
      expect(one.endsWith('END:VCALENDAR\r\n')).toBe(true);
      for (const line of one.split('\r\n')) {
        expect(line).not.toMatch(/[\n\r]/);
        expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75);
      }
    }
    expect(headers.get('content-type')).toBe('text/calendar; charset=utf-8');
    const calendar = new ICAL.Component(ICAL.parse(text));
    expect(calendar.getFirstPropertyValue('version')).toBe('2.0');
    expect(calendar.getFirstPropertyValue('prodid')).toContain('Bellhop');
    expect(calendar.getFirstPropertyValue('x-wr-calname')).toBe(`Riad, "Été"; \\ ${'é'.repeat(150)} `);
    const [event] = calendar.getAllSubcomponents('vevent');
    expect(event!.toJSON()[1]).toEqual([
      ['uid', {}, 'text', expect.stringMatching(/^booking-\d+@bellhop$/)],
      ['dtstamp', {}, 'date-time', expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)],
      ['dtstart', {}, 'date', '2027-06-01'],
      ['dtend', {}, 'date', '2027-06-03'],
      ['summary', {}, 'text', 'Reserved'],
      ['sequence', {}, 'integer', 1],
    ]);
  });

  // Channels ask every quarter of an hour, for ever.
  test('who has it already is told so, until something changes', async () => {
    const world = await startWorld({ today: '2027-05-01' });
    const booking = await world.book();
    const { url } = await feedOf(world, booking.property_id);
    const first = await read(url);
    const etag = first.headers.get('etag')!;
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    world.pass(3_600_000);
    const again = await read(url, { 'if-none-match': etag });
    expect([again.status, again.text, again.headers.get('etag')]).toEqual([304, '', etag]);
    const head = await read(url, {}, 'HEAD');
    expect([head.status, head.text, head.headers.get('etag')]).toEqual([200, '', etag]);
    expect(Number(head.headers.get('content-length'))).toBe(Buffer.byteLength(first.text));
    await world.post(`/v1/bookings/${booking.id}/cancel`);
    const changed = await read(url, { 'if-none-match': etag });
    expect(changed.status).toBe(200);
    expect(changed.headers.get('etag')).not.toBe(etag);
    const posted = await read(url, {}, 'POST');
    expect([posted.status, JSON.parse(posted.text).code]).toEqual([405, 'METHOD_NOT_ALLOWED']);
  });

  test('when it was last read is known to the minute, and reading it is no change of the feed', async () => {
    const world = await startWorld({ today: '2027-05-01' });
    const { id } = await world.property();
    const feed = await feedOf(world, id);
    const told = async () => (await world.get(`/v1/ical-feeds/${feed.id}`)).body.data;
    const { updated_at } = await told();
    expect((await told()).last_read_at).toBe(null);
    await read(feed.url);
    const first = (await told()).last_read_at;
    expect(new Date(first).getTime()).toBeGreaterThan(clock.now().getTime() - 60_000);
    world.pass(30_000);
    await read(feed.url);
    expect((await told()).last_read_at).toBe(first);
    world.pass(31_000);
    await read(feed.url);
    expect((await told()).last_read_at > first).toBe(true);
    expect((await told()).updated_at).toBe(updated_at);
  });

  test('it costs the same few statements with one stay as with fifty, and a burst of readers is answered alike', async () => {
    const world = await startWorld({ today: '2027-05-01' });
    const { id: property_id } = await world.property();
    const { url } = await feedOf(world, property_id);
    const book = (day: number) =>
      world.book({ property_id, check_in: nightOf(day), check_out: nightOf(day + 1) }) as Promise<unknown>;
    await book(0);
    await read(url);
    const one = await world.statements(() => read(url));
    for (let day = 1; day < 50; day++) await book(day);
    expect(await world.statements(() => read(url))).toBe(one);
    expect(one).toBeLessThanOrEqual(4);
    const burst = await Promise.all(Array.from({ length: 40 }, () => read(url)));
    expect(new Set(burst.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(await closed(url)).toHaveLength(50);
  });

  const nightOf = (day: number) => new Date(Date.UTC(2027, 5, 1 + day)).toISOString().slice(0, 10);

  // What is answered must be no older than the question, or a channel that was pinged about a booking reads it without.
  test('readers who come while a calendar is being made share the next one, never that one', async () => {
    const share = together<number>();
    const gates: (() => void)[] = [];
    let begun = 0;
    const work = () => {
      const mine = ++begun;
      return new Promise<number>((resolve) => gates.push(() => resolve(mine)));
    };
    const first = share('a', work);
    const later = [share('a', work), share('a', work), share('a', work)];
    const other = share('b', work);
    expect(begun).toBe(2); // One of each key.
    gates[0]!();
    expect(await first).toBe(1);
    await Promise.resolve();
    expect(begun).toBe(3);
    const last = share('a', work);
    gates[2]!();
    expect(await Promise.all(later)).toEqual([3, 3, 3]);
    await Promise.resolve();
    gates[3]!();
    gates[1]!();
    expect([await last, await other]).toEqual([4, 2]);
    await expect(share('a', () => Promise.reject(new Error('lost')))).rejects.toThrow('lost');
    expect(await share('a', async () => 7)).toBe(7); // A failure is nobody else's.
  });
});

describe('who may read it', () => {
  // The address is all that stands between a stranger and when a house is empty.
  test('a wrong, revoked, foreign or missing key is answered as if there were nothing', async () => {
    const world = await startWorld({ today: '2027-05-01' });
    const other = await world.anotherAgency();
    const mine = await world.property();
    const second = await world.property();
    const theirs = await other.property();
    const feed = await feedOf(world, mine.id);
    const key = new URL(feed.url).searchParams.get('key')!;
    expect(key).toMatch(/^[\w-]{43}$/);
    const at = (id: unknown, query: string) => `${world.url}/v1/properties/${id}/calendar.ics${query}`;
    const refused = [
      at(mine.id, ''),
      at(mine.id, '?key='),
      at(mine.id, `?key=${key.slice(1)}A`),
      at(mine.id, `?key=${key}&key=${key}`),
      at(second.id, `?key=${key}`),
      at(theirs.id, `?key=${key}`),
      at('nonsense', `?key=${key}`),
    ];
    expect((await read(feed.url)).status).toBe(200);
    expect((await read(`${feed.url}&t=1790000000`)).status).toBe(200); // Some channels add a number against caches.
    for (const method of ['first', 'again']) {
      expect([method, (await world.delete(`/v1/ical-feeds/${feed.id}`)).status]).toEqual([method, 204]);
    }
    const shapes = new Set<string>();
    for (const url of [...refused, feed.url]) {
      const answer = await read(url);
      const { request_id: _, ...body } = JSON.parse(answer.text);
      expect([url, answer.status, answer.headers.get('content-type')]).toEqual([url, 404, 'application/json']);
      shapes.add(JSON.stringify(body));
    }
    expect(shapes.size).toBe(1);
    const { body } = await world.get(`/v1/ical-feeds/${feed.id}`);
    expect(body.data.revoked_at).not.toBe(null);
    expect((await world.get('/v1/ical-feeds?revoked=false')).body.data).toEqual([]);
  });

  test('each feed shows its own agency’s property, and nobody makes, sees or ends another agency’s', async () => {
    const world = await startWorld({ today: '2027-05-01' });
    const other = await world.anotherAgency();
    const mine = await world.book();
    const theirs = await other.book();
    const feed = await feedOf(world, mine.property_id);
    const foreign = await feedOf(other, theirs.property_id);
    expect(await closed(feed.url)).toEqual([expect.stringContaining(`booking-${mine.id}@`)]);
    expect(await closed(foreign.url)).toEqual([expect.stringContaining(`booking-${theirs.id}@`)]);
    expect((await world.post(`/v1/properties/${theirs.property_id}/ical-feeds`, {})).status).toBe(404);
    expect((await world.post('/v1/properties/999999/ical-feeds', {})).status).toBe(404);
    expect((await world.get(`/v1/ical-feeds/${foreign.id}`)).status).toBe(404);
    expect((await world.delete(`/v1/ical-feeds/${foreign.id}`)).status).toBe(404);
    expect((await world.get('/v1/ical-feeds')).body.data.map(({ id }: { id: number }) => id)).toEqual([feed.id]);
    expect((await read(foreign.url)).status).toBe(200);
  });

  // A database that leaks must not hand out the addresses, and neither must a log that is sent to a third party.
  test('the key is shown once, and is in no list, audit line, log or table', async () => {
    const world = await startWorld({ today: '2027-05-01' });
    const { id } = await world.property();
    const { url } = await feedOf(world, id, { channel: 'vrbo' });
    const key = new URL(url).searchParams.get('key')!;
    expect(url).toBe(`${world.config.publicUrl}/v1/properties/${id}/calendar.ics?key=${key}`);
    const list = await world.get('/v1/ical-feeds');
    expect(list.body.data).toMatchObject([{ property_id: id, channel: 'vrbo', source_id: null }]);
    expect(Object.keys(list.body.data[0])).not.toContain('url');
    const again = await world.graphql('{ icalFeeds { nodes { url } } }');
    expect(again.body.data.icalFeeds.nodes).toEqual([{ url: null }]);
    const kept = await world.database.asAgency(world.agencyId, (client) =>
      client.query('select f::text as text from ical_feed f union all select a::text from audit_entry a'),
    );
    expect(kept.rows.map(({ text }) => text).join('\n')).toContain('ical_feed.created');
    const lines: string[] = [];
    const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
    const broken = { ...world.database, system: { query: async () => Promise.reject(new Error('gone')) } as never };
    const { config, viewer } = world;
    const serve = doorServer(doors, {
      database: broken,
      wake: viewer.wake,
      config,
      log,
      limits: openLimits(config, log),
    });
    const { pathname, search } = new URL(url);
    const request = { method: 'GET', url: pathname + search, headers: {}, socket: {} };
    await serve(pathname)!(request as never, { writeHead: () => undefined, end: () => undefined } as never);
    expect(lines.join('')).toContain('gone');
    for (const text of [list.text, again.text, ...kept.rows.map((row) => row.text), ...lines])
      expect(text).not.toContain(key);
  });

  test('properties:write makes and ends feeds, properties:read sees them, and neither does the other’s', async () => {
    const world = await startWorld({ today: '2027-05-01' });
    const { id } = await world.property();
    const writer = await world.withAbilities('properties:write');
    const reader = await world.withAbilities('properties:read');
    const feed = await feedOf(writer, id, { channel: 'airbnb' });
    expect((await writer.get('/v1/ical-feeds')).status).toBe(403);
    expect((await reader.get(`/v1/ical-feeds?property_id=${id}&channel=airbnb`)).body.data).toHaveLength(1);
    expect((await reader.get('/v1/ical-feeds?channel=vrbo')).body.data).toEqual([]);
    expect((await reader.get(`/v1/ical-feeds/${feed.id}`)).body.data.id).toBe(feed.id);
    expect((await reader.post(`/v1/properties/${id}/ical-feeds`, {})).status).toBe(403);
    expect((await reader.delete(`/v1/ical-feeds/${feed.id}`)).status).toBe(403);
    expect((await writer.delete(`/v1/ical-feeds/${feed.id}`)).status).toBe(204);
  });

  test('a source of another property, or of another channel than is said, is refused by name and nothing is made', async () => {
    const world = await startWorld({ today: '2027-05-01' });
    const { id } = await world.property();
    const elsewhere = await source(world, (await world.property()).id, 'AIRBNB');
    const here = await source(world, id, 'AIRBNB');
    const asked = async (body: object) => {
      const answer = await world.post(`/v1/properties/${id}/ical-feeds`, body);
      return [answer.status, Object.keys(answer.body.errors ?? {})];
    };
    expect(await asked({ source_id: elsewhere })).toEqual([422, ['source_id']]);
    expect(await asked({ source_id: 999_999 })).toEqual([422, ['source_id']]);
    expect(await asked({ source_id: here, channel: 'vrbo' })).toEqual([422, ['channel']]);
    expect(await asked({ channel: 'expedia' })).toEqual([422, ['channel']]);
    expect(await asked({ key: 'mine' })).toEqual([422, ['key']]);
    expect((await world.get('/v1/ical-feeds')).body.data).toEqual([]);
    expect((await feedOf(world, id, { source_id: here })) as object).toMatchObject({
      channel: 'airbnb',
      source_id: here,
    });
  });

  test('a source’s own feed is made in the transaction that makes the source, and goes with it', async () => {
    const world = await startWorld({ today: '2027-05-01' });
    const { id: propertyId } = await world.property();
    const sourceId = await source(world, propertyId, 'VRBO');
    const feed = await world.viewer.write((tx) =>
      makeFeed(world.viewer, tx, { propertyId, channel: 'VRBO', sourceId }),
    );
    expect((await read(feed.url)).status).toBe(200);
    await world.database.asAgency(world.agencyId, (client) =>
      client.query('delete from ical_source where id = $1', [sourceId]),
    );
    expect((await read(feed.url)).status).toBe(404);
  });

  test('the document says how it is read, and that it takes no token', () => {
    const told = document.paths['/v1/properties/{id}/calendar.ics'].get;
    expect(told.security).toEqual([]);
    expect(told.parameters.map(({ name, $ref }: { name: string; $ref: string }) => name ?? $ref)).toEqual([
      'id',
      'key',
      '#/components/parameters/IfNoneMatch',
    ]);
    expect(Object.keys(told.responses)).toEqual(['200', '304', '404', '500', '503', '504']);
    expect(Object.keys(told.responses[200].content)).toEqual(['text/calendar']);
  });
});
