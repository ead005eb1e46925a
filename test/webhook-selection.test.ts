import { expect, test } from 'vitest';
import { type Integrator, startWorld } from './support/world.ts';

const WEBHOOKS = ['webhooks:read', 'webhooks:write'];
const SELECTION = '{ id reference status total: grossAmount property { name city } guestName }';

const register = (world: Integrator, fields: object) =>
  world.post('/v1/webhooks', { url: 'https://example.com/hook', events: ['booking.*'], ...fields });

// A receiver that needs the villa's city would otherwise have to call back for each booking, and be late with it.
test('an endpoint with a selection is sent the booking in its own shape, in the usual envelope', async () => {
  const world = await startWorld();
  const shaped = await world.subscribe('booking.*', { selection: SELECTION });
  const plain = await world.subscribe('booking.*');
  const property = await world.property();
  const booking = await world.book({ property_id: property.id, gross_amount: '1500.50' });
  await world.relay();
  const [call] = shaped.received;
  expect(call).toMatchObject({ signature: 'valid', xSignature: 'valid', event: 'booking.created' });
  const { data: _data, ...envelope } = plain.received[0]!.json;
  expect(call!.body.toString()).toBe(
    JSON.stringify({
      ...envelope,
      data: {
        booking: {
          id: String(booking.id),
          reference: booking.reference,
          status: 'CONFIRMED',
          total: 1500.5,
          property: { name: property.name, city: 'Marrakech' },
          guestName: 'Karim B.',
        },
      },
    }),
  );
});

// A receiver that recognises a second copy by its bytes must not find that they changed with the booking.
test('what was rendered once is sent again byte for byte, by retries and replays, whatever has changed since', async () => {
  const world = await startWorld();
  const receiver = await world.subscribe('booking.created', { selection: '{ id status guestName }' });
  receiver.respondWith(503);
  const booking = await world.book();
  await world.relay();
  await world.patch(`/v1/bookings/${booking.id}`, { guest_name: 'Somebody Else' });
  receiver.respondWith(200);
  world.pass(90_000);
  await world.relay();
  await world.patch(`/v1/webhooks/${receiver.endpointId}`, { selection: '{ id }' });
  const { body } = await world.get(`/v1/webhook-deliveries?endpoint_id=${receiver.endpointId}`);
  await world.post(`/v1/webhook-deliveries/${body.data[0].id}/replay`);
  await world.relay();
  expect(receiver.received).toHaveLength(3);
  expect(new Set(receiver.received.map(({ body }) => body.toString())).size).toBe(1);
  expect(receiver.received[0]!.json.data.booking.guestName).toBe('Karim B.');
  const shown = await world.get(`/v1/webhook-deliveries/${body.data[0].id}`);
  expect(shown.body.data.body).toBe(receiver.received[0]!.body.toString());
});

// The right to read owners is taken away because somebody must not see them any more, in whatever shape.
test('a selection needs the rights to all of it: when it is saved, and each time that it is sent', async () => {
  const world = await startWorld();
  const selection = '{ id property { name owner { name } } }';
  const rights = ['bookings:read', 'properties:read', ...WEBHOOKS];
  const partner = await world.withAbilities(...rights);
  const refused = await register(partner, { selection });
  expect([refused.status, refused.body.message]).toEqual([403, 'Invalid ability provided.']);

  const able = await world.withAbilities('owners:read', ...rights);
  const receiver = await able.subscribe('booking.*', { selection });
  receiver.respondWith(503);
  await world.book(); // Rendered, and to be tried again with the bytes that are kept.
  await world.relay();
  expect(receiver.received).toHaveLength(1);
  await world.database.system.query('update access_token set abilities = $2 where id = $1', [able.tokenId, rights]);
  receiver.respondWith(200);
  await world.book();
  world.pass(90_000);
  await world.relay();
  expect(receiver.received).toHaveLength(1);
  const { body } = await world.get(`/v1/webhook-deliveries?endpoint_id=${receiver.endpointId}`);
  for (const { status, error } of body.data) {
    expect([status, error]).toEqual(['failed', expect.stringContaining('owners:read')]);
  }
});

test('a selection that can’t be had is refused with what is wrong with it', async () => {
  const world = await startWorld();
  const wide = `{ ${Array.from({ length: 400 }, (_, n) => `p${n}: property { name }`).join(' ')} }`;
  const refusals: [object, RegExp][] = [
    [{ selection: '{ id nonsense }' }, /is not a selection of Booking: .*nonsense/],
    [{ selection: '{ id ' }, /can't be read/],
    [{ selection: 'id reference' }, /can't be read|in braces/],
    [{ selection: 'query { bookings { nodes { id } } }' }, /in braces/],
    [{ selection: '{ id } other: bookings { nodes { id } }' }, /can't be read/],
    [{ selection: '{ id } query Q { bookings { nodes { id } } }' }, /in braces/],
    [{ selection: '{ id property(id: $x) { name } }' }, /is not a selection/],
    [{ selection: '{ id }', events: ['*'] }, /one subject/],
    [{ selection: '{ id }', events: ['webhook.*'] }, /webhook\.delivery_exhausted/],
    [{ selection: '{ id }', events: ['booking.*', 'property.created'] }, /booking, property/],
    [{ selection: '{ id }', events: ['subscription.renewed'] }, /subscription\.renewed/],
    [{ selection: '{ id }', format: 'connect' }, /standard/],
    [{ selection: wide }, /more that 2000 tokens/],
  ];
  for (const [fields, reason] of refusals) {
    const { status, body } = await register(world, fields);
    expect([fields, status, body.errors?.selection?.[0]]).toEqual([fields, 422, expect.stringMatching(reason)]);
  }
});

test('a selection can be changed and taken away, and keeps to the events of the endpoint', async () => {
  const world = await startWorld();
  const receiver = await world.subscribe('booking.*', { selection: '{ id }' });
  const path = `/v1/webhooks/${receiver.endpointId}`;
  expect((await world.patch(path, { events: ['*'] })).body.errors).toHaveProperty('selection');
  expect((await world.get(path)).body.data.selection).toBe('{ id }');
  expect((await world.patch(path, { events: ['*'], selection: null })).body.data.selection).toBeNull();
  await world.book();
  await world.relay();
  expect(receiver.received.find(({ event }) => event === 'booking.created')!.json.data.booking).toHaveProperty(
    'guest_name',
  );
});

test('a subject that is gone by the time it is told is null in the body, so that its receiver still hears of the event', async () => {
  const world = await startWorld();
  const receiver = await world.subscribe('maintenance.*', { selection: '{ id title }' });
  const { id } = await world.property();
  await world.post('/v1/maintenance-tickets', { property_id: id, title: 'The tap drips' });
  await world.database.asAgency(world.agencyId, (client) => client.query('delete from maintenance_ticket'));
  await world.relay();
  expect(receiver.received.map(({ json }) => json.data)).toEqual([{ maintenance_ticket: null }]);
});

// Our own mistake must not use up the five attempts that the receiver was promised.
test('what can’t be rendered just now waits without an attempt, and is sent once it can', async () => {
  const world = await startWorld();
  const receiver = await world.subscribe('booking.*', { selection: '{ id status }' });
  const shape = (selection: string) =>
    world.database.system.query('update webhook_endpoint set selection = $2 where id = $1', [
      receiver.endpointId,
      selection,
    ]);
  await shape('{ id fieldOfAnotherVersion }');
  await world.book();
  await world.relay();
  const read = async () => (await world.get(`/v1/webhook-deliveries?endpoint_id=${receiver.endpointId}`)).body.data[0];
  expect(await read()).toMatchObject({ status: 'pending', attempt_count: 0 });
  await shape('{ id status }');
  world.pass(61_000);
  await world.relay();
  expect(receiver.received).toMatchObject([{ attempt: 1, json: { data: { booking: { status: 'CONFIRMED' } } } }]);

  await shape('{ id fieldOfAnotherVersion }');
  await world.book();
  await world.relay();
  world.pass(24 * 3_600_000);
  await world.relay();
  const failed = await read();
  expect(failed).toMatchObject({ status: 'failed' });
  expect(failed.error).toContain('fieldOfAnotherVersion');
});

test('the test button sends the example as it stands in the catalogue, whatever the selection', async () => {
  const world = await startWorld();
  const receiver = await world.subscribe('booking.*', { selection: '{ id }' });
  const sent = await world.post(`/v1/webhooks/${receiver.endpointId}/test`, { event: 'booking.created' });
  expect(sent.status).toBe(200);
  await world.relay();
  expect(receiver.received[0]!.json.data.booking).toHaveProperty('guest_name');
});
