import { expect, test } from 'vitest';
import { revokeToken } from '../src/platform/tokens/revoke.ts';
import { type Integrator, startWorld, type World } from './support/world.ts';

const WEBHOOKS = ['webhooks:read', 'webhooks:write'];

async function deliveriesOf(world: Integrator, endpointId: number) {
  const { body } = await world.get(`/v1/webhook-deliveries?endpoint_id=${endpointId}`);
  return body.data;
}

const take = (world: World, tokenId: number, abilities: string[]) =>
  world.database.system.query('update access_token set abilities = $2 where id = $1', [tokenId, abilities]);

// A channel manager that was let go must not learn who arrives tomorrow because it had registered an endpoint in time.
test('a subscriber whose token is revoked after a booking was made, and before it is told, is told nothing', async () => {
  const world = await startWorld();
  const partner = await world.withAbilities('bookings:read', ...WEBHOOKS);
  const receiver = await partner.subscribe('booking.*');
  await world.book();
  await revokeToken(world.viewer, partner.tokenId);
  await world.relay();
  expect(receiver.received).toEqual([]);
  const [delivery] = await deliveriesOf(world, receiver.endpointId);
  expect(delivery).toMatchObject({ event: 'booking.created', status: 'failed', attempt_count: 0 });
  expect(delivery.error).toContain('bookings:read');
  // Who only looks at the endpoint's health must not read that all is well.
  const { body } = await world.get(`/v1/webhooks/${receiver.endpointId}`);
  expect(body.data.health).toMatchObject({ delivered: 0, failed: 1 });
});

test('a retry is not sent either, once the right is gone', async () => {
  const world = await startWorld();
  const partner = await world.withAbilities('bookings:read', ...WEBHOOKS);
  const receiver = await partner.subscribe('booking.*');
  receiver.respondWith(503);
  await world.book();
  await world.relay();
  expect(receiver.received).toHaveLength(1);
  await take(world, partner.tokenId, WEBHOOKS);
  receiver.respondWith(200);
  world.pass(25 * 3_600_000);
  await world.relay();
  expect(receiver.received).toHaveLength(1);
  const [{ id }] = await deliveriesOf(world, receiver.endpointId);
  const { body } = await world.get(`/v1/webhook-deliveries/${id}`);
  expect(body.data.status).toBe('failed');
  expect(body.data.attempts.map(({ outcome }: { outcome: string }) => outcome)).toEqual(['server_error', 'forbidden']);
});

// Held back for ever, a booking that was missed is a cleaning that nobody ordered.
test('what was withheld is sent once a token with the right has saved the endpoint', async () => {
  const world = await startWorld();
  const partner = await world.withAbilities('bookings:read', ...WEBHOOKS);
  const receiver = await partner.subscribe('booking.*');
  await revokeToken(world.viewer, partner.tokenId);
  await world.book();
  await world.relay();
  const successor = await world.withAbilities('bookings:read', ...WEBHOOKS);
  const saved = await successor.patch(`/v1/webhooks/${receiver.endpointId}`, { description: 'Taken over' });
  expect(saved.body.data.token_id).toBe(successor.tokenId);
  await successor.post('/v1/webhook-replays', { endpoint_id: receiver.endpointId });
  await world.relay();
  expect(receiver.received).toMatchObject([{ event: 'booking.created', signature: 'valid' }]);
});

test('an endpoint that asks for everything is told as much as its token may read, and of the rest there is no trace', async () => {
  const world = await startWorld();
  const partner = await world.withAbilities('bookings:read', ...WEBHOOKS);
  const receiver = await partner.subscribe('*');
  await world.book();
  await world.relay();
  expect(receiver.received.map(({ event }) => event)).toEqual(['booking.created']); // And no property.created.
  expect(await deliveriesOf(world, receiver.endpointId)).toHaveLength(1);
});

test('nobody registers for events that his token may not read, by name or by family', async () => {
  const world = await startWorld();
  const partner = await world.withAbilities('bookings:read', ...WEBHOOKS);
  const hooks = (events: string[]) => partner.post('/v1/webhooks', { url: 'https://example.com/hook', events });
  for (const events of [['invoice.paid'], ['booking.created', 'maintenance.*']]) {
    const { status, body } = await hooks(events);
    expect([status, body.message]).toEqual([403, 'Invalid ability provided.']);
  }
  const { body: made } = await hooks(['booking.*']);
  expect((await partner.patch(`/v1/webhooks/${made.data.id}`, { events: ['invoice.*'] })).status).toBe(403);
});

// Else a cleaner's token could have the agency's whole log sent to a server of its own, by changing one address.
test('whoever moves an endpoint to another address is told no more there than his own token may read', async () => {
  const world = await startWorld();
  const receiver = await world.subscribe('*');
  const partner = await world.withAbilities('cleaning:read', ...WEBHOOKS);
  expect((await partner.patch(`/v1/webhooks/${receiver.endpointId}`, { url: `${receiver.url}/mine` })).status).toBe(
    200,
  );
  await world.book();
  await world.relay();
  expect(receiver.received).toEqual([]);
});

test('a token that may not read what an endpoint tells can pause it, and doesn’t take it on', async () => {
  const world = await startWorld();
  const receiver = await world.subscribe('booking.*');
  const partner = await world.withAbilities(...WEBHOOKS);
  const { body } = await partner.patch(`/v1/webhooks/${receiver.endpointId}`, { enabled: false });
  expect(body.data).toMatchObject({ enabled: false, token_id: world.tokenId });
});

test('a token that has expired is as good as revoked', async () => {
  const world = await startWorld();
  const partner = await world.withAbilities('bookings:read', ...WEBHOOKS);
  const receiver = await partner.subscribe('booking.*');
  const tomorrow = new Date(Date.now() + 86_400_000);
  await world.database.system.query('update access_token set expires_at = $2 where id = $1', [
    partner.tokenId,
    tomorrow,
  ]);
  world.pass(2 * 86_400_000);
  await world.book();
  await world.relay();
  expect(receiver.received).toEqual([]);
});
