import { describe, expect, test } from 'vitest';
import { hookUp, type Told, untilGone } from './support/channel.ts';
import { startWorld } from './support/world.ts';

const HOUR = 3_600_000;
const TODAY = '2027-05-01';
const AUGUST: Told = { code: 'HMAAAAAAAA', from: '2027-08-12', to: '2027-08-15' };
/** As Booking.com writes all that it has, guests and closures alike. */
const closed = (from: string, to: string, uid = `${from}@booking.com`): Told => ({
  uid,
  from,
  to,
  summary: 'CLOSED - Not available',
});

describe('nights that somebody else has', () => {
  // A conflict that nobody hears of is a guest before a door that another has the key to.
  test('are a conflict: nothing is booked, and it is told once, however often the calendar is read', async () => {
    const world = await startWorld({ today: TODAY });
    const direct = await world.book({ check_in: '2027-08-10', check_out: '2027-08-13' });
    const receiver = await world.subscribe(['ical.*', 'booking.*']);
    const airbnb = await hookUp(world, [AUGUST], { property: { id: direct.property_id } });
    for (const _reading of [1, 2, 3])
      expect(await airbnb.sync()).toMatchObject({
        status: 'ok',
        created: 0,
        conflicts: 1,
        changes: [{ action: 'conflict' }],
      });
    expect(await airbnb.bookings()).toHaveLength(1);
    const [conflict] = await airbnb.conflicts('&open=true');
    expect(conflict).toMatchObject({
      ...{
        kind: 'overlap',
        nights: ['2027-08-12'],
        booking_id: direct.id,
        check_in: '2027-08-12',
        check_out: '2027-08-15',
      },
      ...{ open: true, resolution: null, source_id: airbnb.id },
    });
    await world.relay();
    expect(receiver.received).toMatchObject([
      {
        event: 'ical.conflict_detected',
        signature: 'valid',
        json: {
          data: {
            conflict: {
              ...{ id: conflict.id, property_id: direct.property_id, kind: 'overlap', nights: ['2027-08-12'] },
              a: { booking_id: direct.id, source: 'direct', check_in: '2027-08-10', check_out: '2027-08-13' },
              b: { ical_source_id: airbnb.id, summary: 'Reserved', check_in: '2027-08-12', check_out: '2027-08-15' },
            },
          },
        },
      },
    ]);
    await world.post(`/v1/bookings/${direct.id}/cancel`);
    expect(await airbnb.sync()).toMatchObject({ created: 1, conflicts: 0 });
    expect(await airbnb.conflicts()).toMatchObject([{ id: conflict.id, open: false, resolution: 'nights_freed' }]);
    expect(await airbnb.conflicts('&open=true')).toEqual([]);
  });

  test('are no conflict any more when the event goes or moves away, and touching stays never were one', async () => {
    const world = await startWorld({ today: TODAY });
    const direct = await world.book({ check_in: '2027-08-10', check_out: '2027-08-13' });
    const touching = { code: 'HMBBBBBBBB', from: '2027-08-08', to: '2027-08-10' };
    const airbnb = await hookUp(world, [AUGUST, touching], { property: { id: direct.property_id } });
    expect(await airbnb.sync()).toMatchObject({ created: 1, conflicts: 1 });
    airbnb.shows(touching);
    expect(await airbnb.sync()).toMatchObject({ conflicts: 0 });
    expect(await airbnb.conflicts()).toMatchObject([{ resolution: 'event_gone' }]);
    const receiver = await world.subscribe('ical.*');
    airbnb.shows(AUGUST, touching); // The channel's bad minute is not news.
    expect(await airbnb.sync()).toMatchObject({ conflicts: 1 });
    airbnb.shows({ ...AUGUST, from: '2027-08-13', to: '2027-08-15' }, touching);
    expect(await airbnb.sync()).toMatchObject({ conflicts: 0, created: 1 });
    await world.relay();
    expect(receiver.received).toEqual([]);
  });

  // A person has telephoned with both guests; the next reading must not ring again.
  test('are settled when somebody says so: the conflict stays closed, with the note, until something is new', async () => {
    const world = await startWorld({ today: TODAY });
    const direct = await world.book({ check_in: '2027-08-10', check_out: '2027-08-13' });
    const airbnb = await hookUp(world, [AUGUST], { property: { id: direct.property_id } });
    await airbnb.sync();
    const [{ id }] = await airbnb.conflicts();
    const receiver = await world.subscribe('ical.*');
    const [note, later] = ['Villa Jasmine is free.', 'Again'];
    for (const said of [note, later]) {
      const { body } = await world.post(`/v1/ical-conflicts/${id}/resolve`, { note: said });
      expect(body.data).toMatchObject({ open: false, resolution: 'manual', note });
    }
    expect(await airbnb.sync()).toMatchObject({ conflicts: 0, created: 0 });
    expect(await airbnb.conflicts()).toMatchObject([{ id, open: false }]);
    expect(await world.post(`/v1/ical-conflicts/${id}/resolve`, { note: 'x'.repeat(1_001) })).toMatchObject({
      status: 422,
      body: { errors: { note: [expect.any(String)] } },
    });
    await world.relay();
    expect(receiver.received).toEqual([]);
    airbnb.shows({ ...AUGUST, from: '2027-08-11' });
    expect(await airbnb.sync()).toMatchObject({ conflicts: 1 });
    await world.relay();
    expect(receiver.received).toMatchObject([{ event: 'ical.conflict_detected' }]);
  });

  // Two channels sold the same week: the case that all of this is for.
  test('with the same dates at another channel are the same stay imported twice, or a house sold twice; a person decides', async () => {
    const world = await startWorld({ today: TODAY });
    const airbnb = await hookUp(world, [AUGUST]);
    await airbnb.sync();
    const vrbo = await hookUp(world, [{ uid: 'v', from: AUGUST.from, to: AUGUST.to, summary: 'Reserved - Karim' }], {
      channel: 'vrbo',
      property: airbnb.property,
    });
    expect(await vrbo.sync()).toMatchObject({ created: 0, conflicts: 1 });
    expect(await vrbo.conflicts()).toMatchObject([
      { kind: 'double_import', nights: ['2027-08-12', '2027-08-13', '2027-08-14'] },
    ]);
    expect(await airbnb.bookings()).toHaveLength(1);
  });

  // The website sells the night in the very second in which the channel’s calendar is read.
  test('are sold once, when a calendar and a client want them at the same time, or two calendars do', async () => {
    const world = await startWorld({ today: TODAY });
    const airbnb = await hookUp(world, [AUGUST]);
    const [read, booked] = await Promise.all([
      airbnb.sync(),
      world.post('/v1/bookings', {
        ...{ property_id: airbnb.property.id, check_in: AUGUST.from, check_out: AUGUST.to },
        ...{ guests_count: 1, guest_name: 'Quick' },
      }),
    ]);
    expect([read.created, read.conflicts, booked.status]).toEqual(read.created ? [1, 0, 409] : [0, 1, 201]);
    const first = await hookUp(world, [AUGUST]);
    const second = await hookUp(world, [{ ...AUGUST, code: 'HMBBBBBBBB' }], { property: first.property });
    const reads = await Promise.all([first.sync(), second.sync()]);
    expect(reads.map(({ created, conflicts }) => created + conflicts)).toEqual([1, 1]);
    expect(await first.bookings()).toHaveLength(1);
  });

  test('are a conflict only when no unit is left, and whose block has them is said too', async () => {
    const world = await startWorld({ today: TODAY });
    const hotel = await world.property({ kind: 'hotel', units: 2 });
    await world.book({ property_id: hotel.id, check_in: '2027-08-12', check_out: '2027-08-15' });
    const airbnb = await hookUp(
      world,
      [{ uid: 'c', from: '2027-08-12', to: '2027-08-14', summary: 'Airbnb (Not available)' }],
      { property: hotel },
    );
    expect(await airbnb.sync()).toMatchObject({ blocked: 1, conflicts: 0 });
    const vrbo = await hookUp(
      world,
      [{ uid: 'v', from: '2027-08-13', to: '2027-08-17', summary: 'Reserved - Karim' }],
      { channel: 'vrbo', property: hotel },
    );
    expect(await vrbo.sync()).toMatchObject({ created: 0, conflicts: 1 });
    expect(await vrbo.conflicts()).toMatchObject([{ nights: ['2027-08-13'] }]);
    const villa = await hookUp(world, [{ uid: 'c', from: '2027-08-12', to: '2027-08-14', summary: 'Blocked' }], {
      channel: 'other',
    });
    await villa.sync();
    const receiver = await world.subscribe('ical.*');
    const booking = await hookUp(world, [{ code: 'HMCCCCCCCC', from: '2027-08-13', to: '2027-08-16' }], {
      property: villa.property,
    });
    await booking.sync();
    await world.relay();
    expect(receiver.received[0]!.json.data.conflict.a).toEqual({
      ...{ booking_id: null, source: 'other', check_in: '2027-08-12', check_out: '2027-08-14' },
    });
  });

  // The nights of a guest who has just gone from the calendar are still held for twelve hours.
  test('of a stay that is vanishing from the same calendar are waited for, and nobody is alarmed', async () => {
    const world = await startWorld({ today: TODAY });
    const other = { code: 'HMDDDDDDDD', from: '2027-10-01', to: '2027-10-03' };
    const airbnb = await hookUp(world, [AUGUST, other]);
    await airbnb.sync();
    airbnb.shows({ code: 'HMCCCCCCCC', from: '2027-08-13', to: '2027-08-16' }, other);
    expect(await airbnb.sync()).toMatchObject({
      created: 0,
      conflicts: 0,
      changes: [{ action: 'missing' }, { action: 'wait' }],
    });
    expect(await untilGone(world, airbnb)).toMatchObject({ cancelled: 1, created: 1, conflicts: 0 });
  });
});

describe('our own stays, come back from a channel', () => {
  // Each would be a conflict with itself, every quarter of an hour.
  test('are recognised: exactly, several back to back as one, and with their start trimmed to today', async () => {
    const world = await startWorld({ today: TODAY });
    const { id } = await world.property();
    const book = (check_in: string, check_out: string) => world.book({ property_id: id, check_in, check_out });
    await book('2027-05-01', '2027-05-06');
    await book('2027-08-12', '2027-08-15');
    await book('2027-08-15', '2027-08-20');
    world.pass(48 * HOUR);
    const receiver = await world.subscribe(['ical.*', 'booking.*']);
    const booking = await hookUp(world, [closed('2027-05-03', '2027-05-06'), closed('2027-08-12', '2027-08-20')], {
      channel: 'booking',
      property: { id },
    });
    const read = await booking.sync();
    expect(read).toMatchObject({ created: 0, conflicts: 0, changes: [{ action: 'echo' }, { action: 'echo' }] });
    const airbnb = await hookUp(
      world,
      [{ uid: 'e', from: '2027-08-12', to: '2027-08-15', summary: 'Airbnb (Not available)' }],
      { property: { id } },
    );
    expect(await airbnb.sync()).toMatchObject({ blocked: 0, conflicts: 0, changes: [{ action: 'echo' }] });
    expect(await booking.sync()).toMatchObject({ changes: [] });
    await world.relay();
    expect(receiver.received).toEqual([]);
    expect(await booking.bookings()).toHaveLength(3);
  });

  // The channel needs hours to notice that the stay has gone; a guest made of its shadow would keep the house empty.
  test('become no booking when the stay is cancelled here; what is still there half a day later does', async () => {
    const world = await startWorld({ today: TODAY });
    const stay = await world.book({ check_in: '2027-08-12', check_out: '2027-08-15' });
    const booking = await hookUp(world, [closed('2027-08-12', '2027-08-15')], {
      channel: 'booking',
      property: { id: stay.property_id },
    });
    await booking.sync();
    await world.post(`/v1/bookings/${stay.id}/cancel`);
    expect(await booking.sync()).toMatchObject({ created: 0, conflicts: 0, changes: [{ action: 'wait' }] });
    expect(await untilGone(world, booking)).toMatchObject({ created: 1 });
  });

  test('that don’t come back exactly are suspected, and what only overlaps is an overlap', async () => {
    const world = await startWorld({ today: TODAY });
    const stay = await world.book({ check_in: '2027-08-10', check_out: '2027-08-15' });
    const property = { id: stay.property_id };
    const booking = await hookUp(world, [closed('2027-08-11', '2027-08-13')], { channel: 'booking', property });
    expect(await booking.sync()).toMatchObject({ conflicts: 1 });
    expect(await booking.conflicts()).toMatchObject([{ kind: 'echo_suspected' }]);
    const other = await hookUp(world, [closed('2027-08-14', '2027-08-17')], { channel: 'booking', property });
    await other.sync();
    expect(await other.conflicts()).toMatchObject([{ kind: 'overlap', nights: ['2027-08-14'] }]);
  });

  // Airbnb closes the nights that it has sold, and Booking.com's own guest on the same dates is a second guest.
  test('are never guests whom the channel is sure of, even on the same dates', async () => {
    const world = await startWorld({ today: TODAY });
    const stay = await world.book({ check_in: AUGUST.from, check_out: AUGUST.to });
    const airbnb = await hookUp(world, [AUGUST], { property: { id: stay.property_id } });
    expect(await airbnb.sync()).toMatchObject({ created: 0, conflicts: 1 });
  });
});
