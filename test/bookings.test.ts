import { describe, expect, test } from 'vitest';
import { startWorld } from './support/world.ts';

describe('the life of a booking', () => {
  // The receiver is a channel manager: what it isn't told, it sells again or never sells.
  test('a booking enters by REST, and a signed webhook leaves', async () => {
    const world = await startWorld();
    const receiver = await world.subscribe('booking.*');
    const booking = await world.book({ source: 'airbnb', guest_email: 'Karim@Example.com' });
    await world.relay();
    expect(receiver.received).toMatchObject([
      { event: 'booking.created', signature: 'valid', xSignature: 'valid', attempt: 1 },
    ]);
    const { json } = receiver.received[0]!;
    expect(Object.keys(json)).toEqual(['id', 'event', 'created_at', 'agency_id', 'data']);
    expect(Object.keys(json.data.booking).slice(0, 8)).toEqual([
      'id',
      'reference',
      'status',
      'source',
      'check_in',
      'check_out',
      'guests_count',
      'guest_name',
    ]);
    expect(json).toMatchObject({
      agency_id: world.agencyId,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/),
      data: { booking: { id: booking.id, reference: booking.reference, status: 'confirmed', source: 'airbnb' } },
    });
    expect(booking.reference).toMatch(/^BKG-[A-Z0-9]{6}$/);
  });

  test('a booking enters by GraphQL, and the same webhook leaves, in Connect’s words for those who read them', async () => {
    const world = await startWorld();
    const receiver = await world.subscribe('create_reservation', { format: 'connect' });
    const { id } = await world.property();
    const { body } = await world.graphql(
      `mutation Book($input: CreateBookingInput!) { createBooking(input: $input) { id reference } }`,
      { input: { propertyId: id, checkIn: '2027-06-01', checkOut: '2027-06-03', guestsCount: 2, guestName: 'Ana' } },
    );
    await world.relay();
    const { id: bookingId, reference } = body.data.createBooking;
    expect(receiver.received).toMatchObject([{ event: 'create_reservation', signature: 'valid', xSignature: 'valid' }]);
    const { json } = receiver.received[0]!;
    expect(Object.keys(json)).toEqual(['created_at', 'event', 'id', 'data', 'object']);
    expect(Number.isInteger(json.id)).toBe(true);
    expect(json).toMatchObject({ event: 'create_reservation', object: 'event' });
    expect(json.data).toEqual({
      arrival_date: '2027-06-01',
      arrival_time: null,
      confirmation_number: reference,
      departure_date: '2027-06-03',
      departure_time: null,
      hotel_id: id,
      id: Number(bookingId),
      object: 'reservation',
      status: 'reserved',
    });
  });

  test('pending, confirmed, checked in, checked out: each step tells its event once, even when the client asks twice', async () => {
    const world = await startWorld();
    const receiver = await world.subscribe('booking.*');
    const { id } = await world.book({ status: 'pending' });
    for (const step of ['confirm', 'check-in', 'check-out']) {
      for (const _ask of ['first', 'again']) expect((await world.post(`/v1/bookings/${id}/${step}`)).status).toBe(200);
    }
    await world.relay();
    expect(receiver.received.map(({ event, json }) => [event, json.data.booking.status])).toEqual([
      ['booking.created', 'pending'],
      ['booking.confirmed', 'confirmed'],
      ['booking.checked_in', 'checked_in'],
      ['booking.checked_out', 'checked_out'],
    ]);
  });

  // A channel manager resells freed nights the moment it hears of them, so telling it twice could sell a night twice.
  test('cancelling a booking frees its nights and tells the subscriber once, even when the client asks again', async () => {
    const world = await startWorld({ today: '2027-05-01' });
    const booking = await world.book({ check_in: '2027-06-01', check_out: '2027-06-03' });
    const receiver = await world.subscribe('booking.cancelled');
    expect(await world.openNights(booking.property_id, '2027-06-01', '2027-06-03')).toEqual([]);
    for (const _ask of ['first', 'again']) {
      const answer = await world.post(`/v1/bookings/${booking.id}/cancel`, { reason: 'illness' });
      expect(answer.body.data).toMatchObject({ status: 'cancelled', cancel_reason: 'illness' });
    }
    await world.relay();
    expect(await world.openNights(booking.property_id, '2027-06-01', '2027-06-03')).toEqual([
      '2027-06-01',
      '2027-06-02',
    ]);
    expect(receiver.received).toMatchObject([{ event: 'booking.cancelled', signature: 'valid' }]);
  });

  test('a stay that has begun is not cancelled', async () => {
    const world = await startWorld({ today: '2027-06-01' });
    const { id } = await world.book({ check_in: '2027-06-01', check_out: '2027-06-03' });
    const answer = await world.post(`/v1/bookings/${id}/cancel`, {});
    expect([answer.status, answer.body.code]).toEqual([409, 'BOOKING_STARTED']);
  });

  // A mistaken click at the desk must be undone without a second booking, or the reports count the stay twice.
  test('a cancellation, a no-show, a check-in and a check-out can each be taken back', async () => {
    const world = await startWorld();
    const { id, property_id } = await world.book();
    const does = async (step: string) => (await world.post(`/v1/bookings/${id}/${step}`)).body.data.status;
    expect(await does('cancel')).toBe('cancelled');
    expect(await does('reinstate')).toBe('confirmed');
    expect(await does('no-show')).toBe('no_show');
    expect(await world.openNights(property_id, '2027-06-01', '2027-06-03')).toHaveLength(2);
    expect(await does('reinstate')).toBe('confirmed');
    expect(await world.openNights(property_id, '2027-06-01', '2027-06-03')).toHaveLength(0);
    expect(await does('check-in')).toBe('checked_in');
    expect(await does('check-out')).toBe('checked_out');
    expect(await does('reinstate')).toBe('checked_in');
    expect(await does('reinstate')).toBe('confirmed');
    expect((await world.post(`/v1/bookings/${id}/reinstate`)).body.code).toBe('INVALID_TRANSITION');
  });

  test('a cancelled booking whose nights were sold meanwhile is not reinstated', async () => {
    const world = await startWorld();
    const { id, property_id } = await world.book();
    await world.post(`/v1/bookings/${id}/cancel`);
    await world.book({ property_id });
    const answer = await world.post(`/v1/bookings/${id}/reinstate`);
    expect([answer.status, answer.body.code]).toEqual([409, 'DATES_TAKEN']);
    expect((await world.get(`/v1/bookings/${id}`)).body.data.status).toBe('cancelled');
  });
});

describe('what a stay costs', () => {
  test('the base price for each night when no amount is given; net is gross less the commission', async () => {
    const world = await startWorld();
    const { id } = await world.property({ base_price: 850.5 });
    const booking = await world.book({ property_id: id, check_out: '2027-06-04', commission_amount: 255.15 });
    expect(booking).toMatchObject({
      nights: 3,
      gross_amount: 2551.5,
      commission_amount: 255.15,
      net_amount: 2296.35,
      currency: 'MAD',
    });
  });

  // Reports add nights up; a centime lost in a division is a centime that the owner's statement can't explain.
  test('the nights add up to the booking to the centime, the remainder on the last, and follow every change', async () => {
    const world = await startWorld();
    const { id } = await world.book({ check_out: '2027-06-08', gross_amount: '1000.00', commission_amount: 100.01 });
    const nights = async () => {
      const { rows } = await world.database.asAgency(world.agencyId, (client) =>
        client.query('select gross_minor, net_minor, counts from night where booking_id = $1 order by date', [id]),
      );
      return rows;
    };
    expect((await nights()).map((night) => night.gross_minor)).toEqual([
      14285, 14285, 14285, 14285, 14285, 14285, 14290,
    ]);
    expect((await nights()).reduce((sum, night) => sum + night.net_minor, 0)).toBe(89999);
    await world.patch(`/v1/bookings/${id}`, { check_out: '2027-06-04' });
    expect((await nights()).map((night) => night.gross_minor)).toEqual([33333, 33333, 33334]);
    await world.post(`/v1/bookings/${id}/no-show`);
    expect((await nights()).map((night) => night.counts)).toEqual([false, false, false]);
  });
});

describe('a night is sold once', () => {
  test('touching stays are no conflict, overlapping ones are, and the refusal names the nights', async () => {
    const world = await startWorld();
    const { property_id } = await world.book({ check_in: '2027-06-01', check_out: '2027-06-03' });
    await world.book({ property_id, check_in: '2027-06-03', check_out: '2027-06-05' });
    const answer = await world.post('/v1/bookings', {
      property_id,
      check_in: '2027-05-30',
      check_out: '2027-06-02',
      guests_count: 1,
      guest_name: 'Late',
    });
    expect([answer.status, answer.body.code]).toEqual([409, 'DATES_TAKEN']);
    // Not the nights before, which whoever is refused may still have.
    expect(answer.body.message).toMatch(/^No unit is left on 2027-06-01\. /);
    expect(await world.openNights(property_id, '2027-05-30', '2027-06-01')).toHaveLength(2); // The refused stay holds nothing.
  });

  test('a property of seven units takes seven stays a night and refuses the eighth', async () => {
    const world = await startWorld();
    const { id } = await world.property({ kind: 'hotel', units: 7 });
    const asked = await Promise.all(
      Array.from({ length: 8 }, () =>
        world.post('/v1/bookings', {
          property_id: id,
          check_in: '2027-06-01',
          check_out: '2027-06-02',
          guests_count: 1,
          guest_name: 'G',
        }),
      ),
    );
    expect(asked.map(({ status }) => status).sort()).toEqual([201, 201, 201, 201, 201, 201, 201, 409]);
  });

  test('new dates take the new nights and free the old, or change nothing', async () => {
    const world = await startWorld();
    const first = await world.book({ check_in: '2027-06-01', check_out: '2027-06-03' });
    const { property_id } = first;
    await world.book({ property_id, check_in: '2027-06-05', check_out: '2027-06-07' });
    const refused = await world.patch(`/v1/bookings/${first.id}`, { check_out: '2027-06-06' });
    expect([refused.body.code, refused.body.message]).toEqual([
      'DATES_TAKEN',
      expect.stringMatching(/^No unit is left on 2027-06-05\. /),
    ]);
    expect((await world.get(`/v1/bookings/${first.id}`)).body.data).toMatchObject({
      check_out: '2027-06-03',
      nights: 2,
    });
    const moved = await world.patch(`/v1/bookings/${first.id}`, { check_in: '2027-06-02', check_out: '2027-06-05' });
    expect(moved.body.data).toMatchObject({ nights: 3, gross_amount: first.gross_amount });
    expect(await world.openNights(property_id, '2027-06-01', '2027-06-07')).toEqual(['2027-06-01']);
  });

  // A desk that rebooks a group would be told after fifteen seconds that it took too long, and nobody would have moved.
  test('stays that change places at once all do', async () => {
    const world = await startWorld();
    const { id: property_id } = await world.property({ kind: 'hotel', units: 24 });
    const [may, july] = [
      { check_in: '2027-05-10', check_out: '2027-05-20' },
      { check_in: '2027-07-01', check_out: '2027-07-11' },
    ];
    const stays = [];
    for (let i = 0; i < 24; i++) stays.push(await world.book({ property_id, ...(i % 2 ? may : july) }));
    const moved = await Promise.all(stays.map(({ id }, i) => world.patch(`/v1/bookings/${id}`, i % 2 ? july : may)));
    expect(moved.map(({ status, body }) => [status, body.data?.check_in])).toEqual(
      stays.map((_, i) => [200, (i % 2 ? july : may).check_in]),
    );
    const { rows } = await world.database.asAgency(world.agencyId, (client) =>
      client.query('select sold, count(*)::int as nights from inventory group by sold'),
    );
    expect(rows).toEqual([{ sold: 12, nights: 20 }]);
  });

  // A client that heard nothing asks again; whoever listens must not take it for a second change.
  test('a booking that is changed is told of once, however often the change is asked for', async () => {
    const world = await startWorld();
    const { id } = await world.book({ notes: 'Late', gross_amount: 2000 });
    const receiver = await world.subscribe('booking.*');
    const change = { check_out: '2027-06-04', guest_name: ' Karim B. ', notes: null, gross_amount: '2000.00' };
    const answers = [];
    for (const body of [change, change, {}]) answers.push((await world.patch(`/v1/bookings/${id}`, body)).body.data);
    expect(answers[0]).toMatchObject({ check_out: '2027-06-04', nights: 3, notes: null, gross_amount: 2000 });
    expect([answers[1], answers[2]]).toEqual([answers[0], answers[0]]);
    await world.relay();
    expect(receiver.received.map(({ event }) => event)).toEqual(['booking.updated']);
  });

  test('an archived property takes no bookings', async () => {
    const world = await startWorld();
    const { id } = await world.property();
    await world.post(`/v1/properties/${id}/archive`);
    const answer = await world.post('/v1/bookings', {
      property_id: id,
      check_in: '2027-06-01',
      check_out: '2027-06-02',
      guests_count: 1,
      guest_name: 'G',
    });
    expect(answer.body.code).toBe('PROPERTY_ARCHIVED');
  });
});
