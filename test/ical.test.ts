import dns from 'node:dns';
import { describe, expect, test, vi } from 'vitest';
import { calendarOf, hookUp, type Told, untilGone } from './support/channel.ts';
import { startWorld } from './support/world.ts';

const HOUR = 3_600_000;
const TODAY = '2027-05-01';
const AUGUST: Told = { code: 'HMAAAAAAAA', from: '2027-08-12', to: '2027-08-15' };

const events = (received: { event: string }[]) => received.map(({ event }) => event);

describe('what a channel has sold is booked here', () => {
  // A reservation that is missing here is a night that is sold twice.
  test('a reservation becomes a confirmed booking and a closure a block, once, and one signed event tells of the booking', async () => {
    const world = await startWorld({ today: TODAY });
    const receiver = await world.subscribe('*');
    const closure = { uid: 'closed@airbnb', from: '2027-08-20', to: '2027-08-22', summary: 'Airbnb (Not available)' };
    const airbnb = await hookUp(world, [AUGUST, closure]);
    expect(await airbnb.sync()).toMatchObject({
      ...{ status: 'ok', created: 1, updated: 0, cancelled: 0, conflicts: 0, blocked: 1, warnings: [], dry_run: false },
      changes: [{ action: 'create', check_in: '2027-08-12', check_out: '2027-08-15' }, { action: 'block' }],
    });
    expect(await airbnb.sync()).toMatchObject({ status: 'ok', created: 0, blocked: 0, changes: [] });
    expect(await airbnb.bookings()).toMatchObject([
      {
        ...{ status: 'confirmed', source: 'airbnb', channel_reference: 'HMAAAAAAAA', guest_name: 'Airbnb guest' },
        ...{ check_in: '2027-08-12', check_out: '2027-08-15', nights: 3, guests_count: 1, gross_amount: 0 },
      },
    ]);
    expect(await world.openNights(airbnb.property.id, '2027-08-11', '2027-08-23')).toEqual([
      ...['2027-08-11', '2027-08-15', '2027-08-16', '2027-08-17', '2027-08-18', '2027-08-19', '2027-08-22'],
    ]);
    await world.relay();
    expect(receiver.received).toMatchObject([
      { event: 'property.created' },
      { event: 'booking.created', signature: 'valid', json: { data: { booking: { source: 'airbnb' } } } },
    ]);
    expect(await airbnb.source()).toMatchObject({ status: 'ok', failures: 0, reason: null });
  });

  // Guests ask for the house under their name, and a stay in the house must not be sold again.
  test('Vrbo’s guests come with their names, who is in the house is booked and who has left is not, and no event fails the others', async () => {
    const world = await startWorld({ today: TODAY });
    const vrbo = await hookUp(
      world,
      [
        { uid: 'left', from: '2027-04-20', to: TODAY, summary: 'Reserved - Gone' },
        { uid: 'here', from: '2027-04-28', to: '2027-05-03', summary: 'Reserved - Amina' },
        { uid: 'backwards', from: '2027-09-09', to: '2027-09-01', summary: 'Reserved - Nobody' },
        { uid: 'next', from: '2027-05-03', to: '2027-05-05', summary: 'Reserved - Karim' },
      ],
      { channel: 'vrbo' },
    );
    expect(await vrbo.sync()).toMatchObject({
      status: 'ok',
      created: 2,
      warnings: [expect.stringContaining('Nobody')],
    });
    expect((await vrbo.bookings()).map((one: { guest_name: string }) => one.guest_name)).toEqual(['Amina', 'Karim']);
  });

  // One guest who stands in the calendar twice is no house that was sold twice, and is still there when one of the two goes.
  test('a reservation that is told under two names is one booking, in conflict with nobody', async () => {
    const world = await startWorld({ today: TODAY });
    const [first, second] = [
      { ...AUGUST, uid: 'a' },
      { ...AUGUST, uid: 'b' },
    ];
    const airbnb = await hookUp(world, [first, second]);
    expect(await airbnb.sync()).toMatchObject({ created: 1, conflicts: 0 });
    airbnb.shows(second);
    expect(await untilGone(world, airbnb)).toMatchObject({ cancelled: 0, conflicts: 0, changes: [] });
    expect(await airbnb.bookings()).toMatchObject([{ status: 'confirmed' }]);
  });

  // One guest is no quarrel of a channel with itself; and in a place of two rooms, two who look alike are two.
  test.each(['vrbo', 'booking'])(
    'so is one at %s, which tells no code, where one unit is all there is',
    async (channel) => {
      const world = await startWorld({ today: TODAY });
      const summary = channel === 'vrbo' ? 'Reserved - Amina' : 'CLOSED - Not available';
      const told = { from: '2027-08-12', to: '2027-08-15', summary };
      const [first, second] = [
        { ...told, uid: 'a' },
        { ...told, uid: 'b' },
      ];
      const villa = await hookUp(world, [first, second], { channel });
      expect(await villa.sync()).toMatchObject({ created: 1, conflicts: 0 });
      villa.shows(second, first);
      expect(await villa.sync()).toMatchObject({ conflicts: 0, changes: [] });
      villa.shows(second);
      expect(await untilGone(world, villa)).toMatchObject({ cancelled: 0, conflicts: 0, changes: [] });
      villa.shows(first, second);
      expect(await villa.sync()).toMatchObject({ conflicts: 0, changes: [] });
      expect(await villa.bookings()).toMatchObject([{ status: 'confirmed' }]);
      const riad = await hookUp(world, [first, second], { channel, property: await world.property({ units: 2 }) });
      expect(await riad.sync()).toMatchObject({ created: 2, conflicts: 0 });
    },
  );

  // Who tries what would happen must not have done it.
  test('a dry run says what a sync would do, and does nothing', async () => {
    const world = await startWorld({ today: TODAY });
    const receiver = await world.subscribe(['booking.*', 'ical.*']);
    const airbnb = await hookUp(world, [AUGUST]);
    const before = await airbnb.source();
    const answer = await world.post(`/v1/ical-sources/${airbnb.id}/sync?dry_run=true`);
    expect(answer.body.data).toMatchObject({
      dry_run: true,
      created: 1,
      changes: [{ action: 'create', booking_id: null }],
    });
    expect(await airbnb.sync({ dry_run: true })).toMatchObject({ dry_run: true, created: 1 });
    const both = await world.post(`/v1/ical-sources/${airbnb.id}/sync?dry_run=true`, { dry_run: false });
    expect([both.status, both.body.errors]).toEqual([422, { dry_run: [expect.any(String)] }]);
    expect([await airbnb.bookings(), await airbnb.source()]).toEqual([[], before]);
    airbnb.answers((_request, response) => response.writeHead(404).end());
    expect(await airbnb.sync({ dry_run: true })).toMatchObject({
      dry_run: true,
      status: 'failed',
      reason: 'not_found',
    });
    expect(await airbnb.source()).toEqual(before);
    await world.relay();
    expect(receiver.received).toEqual([]);
    expect(await world.viewer.db.auditEntry.count({ where: { action: { startsWith: 'ical' } } })).toBe(1); // Of the creation.
  });

  // A stay that was typed in before its calendar was connected is one stay, not two.
  test('a booking that was here before is recognised by its code or its dates, and is told of no second time', async () => {
    const world = await startWorld({ today: TODAY });
    const typed = await world.book({ source: 'airbnb', check_in: '2027-08-12', check_out: '2027-08-15' });
    const receiver = await world.subscribe('booking.*');
    const airbnb = await hookUp(world, [AUGUST], { property: { id: typed.property_id } });
    expect(await airbnb.sync()).toMatchObject({
      created: 0,
      conflicts: 0,
      changes: [{ action: 'link', booking_id: typed.id }],
    });
    // Without the old calendar, the new one finds it again.
    expect((await world.delete(`/v1/ical-sources/${airbnb.id}`)).status).toBe(204);
    const again = await hookUp(world, [AUGUST], { property: airbnb.property });
    expect(await again.sync()).toMatchObject({ created: 0, conflicts: 0 });
    expect(await again.bookings()).toMatchObject([{ id: typed.id, status: 'confirmed' }]);
    await world.relay();
    expect(receiver.received).toEqual([]);
  });

  // Two clicks on one button, and a timer besides.
  test('two readings of one calendar at the same time book each stay once', async () => {
    const world = await startWorld({ today: TODAY });
    const airbnb = await hookUp(world, [AUGUST, { code: 'HMBBBBBBBB', from: '2027-09-01', to: '2027-09-03' }]);
    const answers = await Promise.all([1, 2, 3].map(() => world.post(`/v1/ical-sources/${airbnb.id}/sync`)));
    expect(answers.every(({ status, body }) => status === 200 || body.code === 'SYNC_RUNNING')).toBe(true);
    expect(answers.reduce((sum, { body }) => sum + (body.data?.created ?? 0), 0)).toBe(2);
    expect(await airbnb.bookings()).toHaveLength(2);
  });
});

describe('the booking follows the calendar', () => {
  // A guest who stays a night longer must find the house empty of others.
  test('new dates move the booking, also where two change places, and a taken night leaves it where it was', async () => {
    const world = await startWorld({ today: TODAY });
    const [first, second]: [Told, Told] = [
      { code: 'HMAAAAAAAA', from: '2027-08-12', to: '2027-08-15' },
      { code: 'HMBBBBBBBB', from: '2027-08-15', to: '2027-08-18' },
    ];
    const airbnb = await hookUp(world, [first, second]);
    await airbnb.sync();
    const receiver = await world.subscribe(['booking.*', 'ical.*']);
    airbnb.shows({ ...first, to: '2027-08-16' }, { ...second, from: '2027-08-16', to: '2027-08-19' });
    expect(await airbnb.sync()).toMatchObject({ updated: 2, created: 0, conflicts: 0 });
    expect(await airbnb.bookings()).toMatchObject([
      { check_in: '2027-08-12', check_out: '2027-08-16', nights: 4 },
      { check_in: '2027-08-16', check_out: '2027-08-19', nights: 3 },
    ]);
    expect(await world.openNights(airbnb.property.id, '2027-08-11', '2027-08-20')).toEqual([
      '2027-08-11',
      '2027-08-19',
    ]);
    expect(await airbnb.sync()).toMatchObject({ updated: 0, changes: [] });

    const direct = await world.book({
      property_id: airbnb.property.id,
      check_in: '2027-08-20',
      check_out: '2027-08-22',
    });
    const late = { ...second, from: '2027-08-16', to: '2027-08-21' };
    airbnb.shows({ ...first, to: '2027-08-16' }, late);
    for (const _reading of ['first', 'second'])
      expect(await airbnb.sync()).toMatchObject({ updated: 0, conflicts: 1, status: 'ok' });
    expect((await airbnb.bookings())[1]).toMatchObject({ check_out: '2027-08-19' });
    expect(await airbnb.conflicts()).toMatchObject([{ booking_id: direct.id, nights: ['2027-08-20'], open: true }]);
    await world.post(`/v1/bookings/${direct.id}/cancel`);
    expect(await airbnb.sync()).toMatchObject({ updated: 1, conflicts: 0 });
    expect(await airbnb.conflicts()).toMatchObject([{ resolution: 'nights_freed', open: false }]);
    await world.relay();
    expect(events(receiver.received).sort()).toEqual([
      ...['booking.cancelled', 'booking.created', 'booking.updated', 'booking.updated', 'booking.updated'],
      'ical.conflict_detected',
    ]);
  });

  // What somebody changed by hand after a telephone call must not be undone a quarter of an hour later.
  test('dates that a person changed stay until the calendar says something new, and what a person cancelled stays cancelled', async () => {
    const world = await startWorld({ today: TODAY });
    const other = { code: 'HMBBBBBBBB', from: '2027-09-01', to: '2027-09-03' };
    const airbnb = await hookUp(world, [AUGUST, other]);
    await airbnb.sync();
    const [stay, cancelled] = await airbnb.bookings();
    await world.patch(`/v1/bookings/${stay.id}`, { check_out: '2027-08-17' });
    await world.post(`/v1/bookings/${cancelled.id}/cancel`, { reason: 'by telephone' });
    const receiver = await world.subscribe('booking.*');
    for (const _reading of ['first', 'second']) {
      const read = await airbnb.sync();
      expect(read).toMatchObject({ created: 0, updated: 0, changes: [] });
      expect(read.warnings).toEqual([expect.stringContaining(cancelled.reference)]);
    }
    await world.relay();
    expect(receiver.received).toEqual([]);
    expect((await airbnb.bookings())[0].check_out).toBe('2027-08-17');
    airbnb.shows({ ...AUGUST, to: '2027-08-18' }, other);
    expect(await airbnb.sync()).toMatchObject({ updated: 1 });
    expect((await airbnb.bookings())[0].check_out).toBe('2027-08-18');
  });

  // Airbnb gives closed nights a new name and a later start every day; each day would free and take them again.
  test('a start that passes with the days is no change, whatever the event is called now', async () => {
    const world = await startWorld({ today: TODAY });
    const closed = (uid: string, from: string, to = '2027-05-30') => ({
      uid,
      from,
      to,
      summary: 'Airbnb (Not available)',
    });
    const guest = (from: string, to = '2027-05-20') => ({
      uid: `g-${from}`,
      from,
      to,
      summary: 'CLOSED - Not available',
    });
    const airbnb = await hookUp(world, [closed('a', '2027-05-02')]);
    const booking = await hookUp(world, [guest('2027-05-10')], { channel: 'booking' });
    await airbnb.sync();
    await booking.sync();
    world.pass(11 * 24 * HOUR); // The 12th.
    airbnb.shows(closed('b', '2027-05-12'));
    booking.shows(guest('2027-05-12'));
    expect(await booking.sync()).toMatchObject({ status: 'ok', created: 0, updated: 0, cancelled: 0, changes: [] });
    expect(await booking.bookings()).toMatchObject([
      { check_in: '2027-05-10', check_out: '2027-05-20', status: 'confirmed' },
    ]);
    booking.shows(guest('2027-05-13', '2027-05-22')); // It is the guest who stays on.
    expect(await booking.sync()).toMatchObject({ updated: 1, created: 0 });
    expect(await booking.bookings()).toMatchObject([{ check_in: '2027-05-10', check_out: '2027-05-22' }]);
    expect(await airbnb.sync()).toMatchObject({ status: 'ok', changes: [] });
  });

  // The nights of guests who book closed nights would stay closed, and the guests unknown.
  test('closed nights that are sold become a booking at once', async () => {
    const world = await startWorld({ today: TODAY });
    const airbnb = await hookUp(world, [{ ...AUGUST, code: undefined, uid: 'x', summary: 'Airbnb (Not available)' }]);
    await airbnb.sync();
    airbnb.shows(AUGUST);
    expect(await airbnb.sync()).toMatchObject({ created: 1, unblocked: 1, conflicts: 0 });
    const { rows } = await world.database.asAgency(world.agencyId, (client) =>
      client.query('select distinct sold, blocked from inventory'),
    );
    expect(rows).toEqual([{ sold: 1, blocked: 0 }]);
  });
});

describe('what vanishes from a calendar', () => {
  // One bad reading must not cancel a family’s holiday; and a cancelled stay must not keep the house empty.
  test('is cancelled only after three readings and twelve hours, once, with the reason; and what comes back before is as it was', async () => {
    const world = await startWorld({ today: TODAY });
    const others = ['C', 'D'].map((letter, i) => ({
      code: `HM${letter.repeat(8)}`,
      from: `2027-10-0${i + 1}`,
      to: `2027-10-0${i + 2}`,
    }));
    const airbnb = await hookUp(world, [AUGUST, ...others]);
    await airbnb.sync();
    const receiver = await world.subscribe('booking.*');
    airbnb.shows(...others);
    for (const _reading of [1, 2, 3, 4])
      expect(await airbnb.sync()).toMatchObject({ status: 'ok', cancelled: 0, changes: [{ action: 'missing' }] });
    airbnb.shows(AUGUST, ...others);
    expect(await airbnb.sync()).toMatchObject({ changes: [] });
    airbnb.shows(...others);
    await airbnb.sync();
    world.pass(13 * HOUR);
    expect(await airbnb.sync()).toMatchObject({ cancelled: 0 }); // Twelve hours, but two readings.
    expect(await airbnb.sync()).toMatchObject({ cancelled: 1, changes: [{ action: 'cancel' }] });
    expect(await airbnb.sync()).toMatchObject({ cancelled: 0, changes: [] });
    expect((await airbnb.bookings())[0]).toMatchObject({
      status: 'cancelled',
      cancel_reason: 'No longer in the Airbnb calendar',
    });
    expect(await world.openNights(airbnb.property.id, '2027-08-12', '2027-08-15')).toHaveLength(3);
    await world.relay();
    expect(receiver.received).toMatchObject([
      {
        event: 'booking.cancelled',
        json: { data: { booking: { cancel_reason: 'No longer in the Airbnb calendar' } } },
      },
    ]);
    airbnb.shows(AUGUST, ...others); // The guest has booked again.
    expect(await airbnb.sync()).toMatchObject({ created: 1 });
  });

  // Most channels answer 304 for hours after a guest has cancelled.
  test('goes on being missing while the channel says that nothing has changed', async () => {
    const world = await startWorld({ today: TODAY });
    const other = { code: 'HMBBBBBBBB', from: '2027-09-01', to: '2027-09-03' };
    const airbnb = await hookUp(world, [AUGUST, other]);
    let body = '';
    airbnb.answers((request, response) => {
      if (request.headers['if-none-match'] === '"2"') return response.writeHead(304).end();
      response.writeHead(200, { etag: body ? '"2"' : '"1"' }).end(body || calendar);
    });
    const calendar = calendarOf([AUGUST, other]);
    await airbnb.sync();
    body = calendarOf([other]);
    await airbnb.sync();
    await airbnb.sync();
    expect(airbnb.calls.at(-1)!.headers['if-none-match']).toBe('"2"');
    world.pass(13 * HOUR);
    expect(await airbnb.sync()).toMatchObject({ status: 'ok', cancelled: 1 });
    expect(await airbnb.bookings()).toMatchObject([{ status: 'cancelled' }, { status: 'confirmed' }]);
  });

  // One letter that the channel drops is no guest who has cancelled.
  test('is only what has gone: an event whose dates can’t be read is warned of, and its booking stays', async () => {
    const world = await startWorld({ today: TODAY });
    const airbnb = await hookUp(world, [AUGUST, { code: 'HMBBBBBBBB', from: '2027-09-01', to: '2027-09-03' }]);
    await airbnb.sync();
    airbnb.answers(
      calendarOf([AUGUST, { code: 'HMBBBBBBBB', from: '2027-09-01', to: '2027-09-03' }]).replace('20270812', '2027081'),
    );
    const read = await untilGone(world, airbnb);
    expect(read).toMatchObject({ status: 'ok', cancelled: 0, changes: [] });
    expect(read.warnings).toEqual([expect.stringContaining('HMAAAAAAAA')]);
    expect((await airbnb.bookings())[0]).toMatchObject({ status: 'confirmed', check_in: AUGUST.from });
  });

  // The guest is in the house; nobody may free the nights over the guest’s head.
  test('is never cancelled once the stay has begun, not even when somebody accepts the calendar as it is', async () => {
    const world = await startWorld({ today: TODAY });
    const airbnb = await hookUp(world, [{ code: 'HMAAAAAAAA', from: '2027-05-01', to: '2027-05-05' }]);
    await airbnb.sync();
    airbnb.shows();
    expect(await untilGone(world, airbnb)).toMatchObject({ status: 'ok', cancelled: 0 });
    expect(await airbnb.sync({ accept: true })).toMatchObject({ cancelled: 0 });
    airbnb.shows({ code: 'HMAAAAAAAA', from: '2027-05-01', to: '2027-05-05', status: 'CANCELLED' });
    expect(await airbnb.sync()).toMatchObject({ cancelled: 0 });
    expect(await airbnb.bookings()).toMatchObject([{ status: 'confirmed' }]);
  });

  // Some channels say it outright; then there is nothing to wait for.
  test('or is marked as cancelled there, is cancelled at once; closed nights that vanish are free again', async () => {
    const world = await startWorld({ today: TODAY });
    const closed = { uid: 'c', from: '2027-09-01', to: '2027-09-03', summary: 'Airbnb (Not available)' };
    const airbnb = await hookUp(world, [AUGUST, closed]);
    await airbnb.sync();
    airbnb.shows({ ...AUGUST, status: 'CANCELLED' });
    expect(await airbnb.sync()).toMatchObject({ cancelled: 1, unblocked: 0 });
    expect((await airbnb.bookings())[0].cancel_reason).toBe('Cancelled in the Airbnb calendar');
    expect(await untilGone(world, airbnb)).toMatchObject({ unblocked: 1 });
    expect(await world.openNights(airbnb.property.id, '2027-09-01', '2027-09-03')).toHaveLength(2);
  });

  // An unlinked listing, a page to log in, a channel’s bad day: they all look like guests who cancel.
  test('all at once, or more than half, is held until somebody accepts it; what is new is booked meanwhile', async () => {
    const world = await startWorld({ today: TODAY });
    const stays = [1, 2, 3, 4].map((n) => ({
      code: `HM${String(n).repeat(8)}`,
      from: `2027-08-1${n}`,
      to: `2027-08-1${n + 1}`,
    }));
    const airbnb = await hookUp(world, stays);
    await airbnb.sync();
    airbnb.shows();
    for (const _reading of [1, 2, 3, 4, 5]) {
      const read = await airbnb.sync();
      expect(read).toMatchObject({ status: 'held', reason: 'empty', cancelled: 0 });
      expect(read.warnings[0]).toContain('accept');
      world.pass(5 * HOUR);
    }
    airbnb.shows(stays[0]!, { code: 'HMNEWNEWNE', from: '2027-09-01', to: '2027-09-03' });
    expect(await airbnb.sync()).toMatchObject({ status: 'held', reason: 'shrunk', cancelled: 0, created: 1 });
    expect(await airbnb.source()).toMatchObject({
      status: 'held',
      reason: 'shrunk',
      message: expect.stringContaining('3 of the 4'),
    });
    expect(await airbnb.sync({ dry_run: true, accept: true })).toMatchObject({ cancelled: 3 });
    const accepted = await world.post(`/v1/ical-sources/${airbnb.id}/sync?accept=true`);
    expect(accepted.body.data).toMatchObject({ status: 'ok', cancelled: 3, created: 0 });
    expect(await airbnb.sync()).toMatchObject({ status: 'ok', changes: [] });
  });
});

describe('a calendar that can’t be read', () => {
  // A calendar fails silently for weeks, and the house is sold twice.
  test('costs no booking, is told once an episode with a masked address, and is asked less and less often', async () => {
    const world = await startWorld({ today: TODAY });
    const airbnb = await hookUp(world, [AUGUST]);
    await airbnb.sync();
    const receiver = await world.subscribe(['ical.*', 'booking.*']);
    airbnb.answers((_request, response) => response.writeHead(404).end());
    for (const failures of [1, 2, 3]) {
      expect(await airbnb.sync()).toMatchObject({
        status: 'failed',
        reason: 'not_found',
        created: 0,
        cancelled: 0,
        conflicts: 0,
      });
      const { next_sync_at, last_sync_at, ...source } = await airbnb.source();
      expect(source).toMatchObject({ status: 'failed', failures, reason: 'not_found', message: expect.any(String) });
      expect(Date.parse(next_sync_at) - Date.parse(last_sync_at)).toBeCloseTo(15 * 60_000 * 2 ** (failures - 1), -4);
    }
    airbnb.shows(AUGUST);
    expect(await airbnb.sync()).toMatchObject({ status: 'ok' });
    airbnb.answers('<html>Log in</html>');
    for (const _reading of ['first', 'second'])
      expect(await airbnb.sync()).toMatchObject({ status: 'held', reason: 'not_a_calendar', cancelled: 0 });
    await world.relay();
    expect(receiver.received).toMatchObject([
      {
        event: 'ical.sync_failed',
        signature: 'valid',
        json: {
          data: { ical_source: { id: airbnb.id, channel: 'airbnb', failures: 1 }, error: { reason: 'not_found' } },
        },
      },
      { event: 'ical.sync_failed', json: { data: { error: { reason: 'not_a_calendar' } } } },
    ]);
    for (const { json } of receiver.received) expect(JSON.stringify(json)).not.toContain('very-secret');
    expect(await airbnb.bookings()).toMatchObject([{ status: 'confirmed' }]);
  });

  test('and never held a stay has failed, whether it is a page or nothing at all', async () => {
    const world = await startWorld({ today: TODAY });
    const other = await hookUp(world, [], { channel: 'other' });
    for (const text of ['', '<html>Log in</html>']) {
      other.answers(text);
      expect(await other.sync()).toMatchObject({ status: 'failed', reason: 'not_a_calendar' });
    }
  });

  // Whoever may name an address could otherwise read the cloud’s secrets through us.
  test('at an address that is not public is refused, by its number at once and by its name when it is read', async () => {
    const world = await startWorld({ today: TODAY, env: { WEBHOOK_ALLOWED_NETWORKS: '10.99.0.0/16' } });
    const { id } = await world.property();
    for (const url of [
      'http://169.254.169.254/latest/',
      'http://127.0.0.1/c.ics',
      'ftp://example.com/c.ics',
      'calendar',
    ])
      expect(await world.post(`/v1/properties/${id}/ical-sources`, { channel: 'airbnb', url })).toMatchObject({
        status: 422,
        body: { errors: { url: [expect.any(String)] } },
      });
    const made = await world.post(`/v1/properties/${id}/ical-sources`, {
      channel: 'airbnb',
      url: 'http://calendar.example/c.ics?t=1',
    });
    vi.spyOn(dns, 'lookup').mockImplementation(((
      _host: string,
      _options: object,
      done: (...found: unknown[]) => void,
    ) => done(null, [{ address: '169.254.169.254', family: 4 }])) as never);
    try {
      const { body } = await world.post(`/v1/ical-sources/${made.body.data.id}/sync`);
      expect(body.data).toMatchObject({ status: 'failed', reason: 'blocked' });
    } finally {
      vi.restoreAllMocks();
    }
  });
});
