import { describe, expect, test } from 'vitest';
import { schema } from '../src/domains.ts';
import { rows } from '../src/routes.ts';
import { type Answer, type Integrator, startWorld } from './support/world.ts';

/** Ids of things of one agency, by the parameter that would reach them. */
async function belongings(mine: Integrator & { relay?: () => Promise<void> }) {
  const property = await mine.property();
  const booking = await mine.book({ property_id: property.id });
  const receiver = await mine.subscribe('*');
  await mine.post(`/v1/webhooks/${receiver.endpointId}/test`, {});
  await mine.relay?.();
  const { rows: owners } = await mine.viewer.database.asAgency(mine.agencyId, (client) =>
    client.query(`insert into owner (agency_id, name, updated_at) values ($1, 'Owner', now()) returning id`, [
      mine.agencyId,
    ]),
  );
  const deliveries = (await mine.get('/v1/webhook-deliveries')).body.data;
  return {
    property: property.id,
    booking: booking.id,
    webhook: receiver.endpointId,
    delivery: deliveries[0].id,
    owner: owners[0].id,
  };
}

/** The id that a path of /v1 takes, from what the first agency owns. */
function idFor(path: string, owned: Awaited<ReturnType<typeof belongings>>): number | string {
  if (path.startsWith('/v1/properties')) return owned.property;
  if (path.startsWith('/v1/bookings')) return owned.booking;
  if (path.startsWith('/v1/webhook-deliveries')) return owned.delivery;
  if (path.startsWith('/v1/webhooks')) return owned.webhook;
  if (path.startsWith('/v1/owners')) return owned.owner;
  throw new Error(`Nothing to try ${path} with: add it here.`);
}

// One agency that sees another's guest list is the end of the product.
describe('a second agency', () => {
  test('is told of another’s row exactly what it is told of one that never was, by every row of /v1', async () => {
    const world = await startWorld();
    const owned = await belongings(world);
    const stranger = await world.anotherAgency();
    const ask = (row: (typeof rows)[number], id: number | string): Promise<Answer> => {
      const path = row.path.replace('{id}', String(id));
      if (row.method === 'GET') return stranger.get(path);
      if (row.method === 'DELETE') return stranger.delete(path);
      return row.method === 'PATCH' ? stranger.patch(path, {}) : stranger.post(path, {});
    };
    for (const row of rows.filter(({ path }) => path.includes('{id}'))) {
      const theirs = await ask(row, idFor(row.path, owned));
      const nobodys = await ask(
        row,
        row.path.includes('deliveries') ? '019a0000-0000-7000-8000-000000000000' : 2_000_000_000,
      );
      const seen = ({ status, body }: Answer) => ({ status, ...body, request_id: undefined });
      expect([row.method, row.path, seen(theirs)]).toEqual([row.method, row.path, seen(nobodys)]);
      expect([row.path, theirs.status]).toEqual([row.path, 404]);
    }
  });

  test('finds nothing of the first in any list, whatever it filters by', async () => {
    const world = await startWorld();
    const owned = await belongings(world);
    const stranger = await world.anotherAgency();
    const lists = rows.filter(({ method, path, walk }) => method === 'GET' && walk && !path.includes('{id}'));
    expect(lists.length).toBeGreaterThanOrEqual(5);
    for (const { path } of lists) expect([path, (await stranger.get(path)).body.data]).toEqual([path, []]);
    expect((await stranger.get(`/v1/bookings?property_id=${owned.property}`)).body.data).toEqual([]);
    expect((await stranger.get(`/v1/webhook-deliveries?endpoint_id=${owned.webhook}`)).body.data).toEqual([]);
    expect((await stranger.get('/v1/events')).body.data).toEqual([]);
  });

  test('gets nothing by another’s cursor', async () => {
    const world = await startWorld();
    const { property_id } = await world.book();
    await world.book({ property_id, check_in: '2027-07-01', check_out: '2027-07-02' });
    const { endCursor } = (await world.graphql('{ bookings(first: 1) { pageInfo { endCursor } } }')).body.data.bookings
      .pageInfo;
    const { next_cursor } = (await world.get('/v1/events?limit=1')).body;
    const stranger = await world.anotherAgency();
    const { body } = await stranger.graphql(`{ bookings(after: "${endCursor}") { nodes { id } totalCount } }`);
    expect(body.data.bookings).toEqual({ nodes: [], totalCount: 0 });
    expect((await stranger.get(`/v1/events?after=${next_cursor}`)).body.data).toEqual([]);
  });

  test('can’t book, own or be told anything by pointing at another’s rows', async () => {
    const world = await startWorld();
    const owned = await belongings(world);
    const stranger = await world.anotherAgency();
    const stay = { check_in: '2027-08-01', check_out: '2027-08-02', guests_count: 1, guest_name: 'S' };
    const booked = await stranger.post('/v1/bookings', { property_id: owned.property, ...stay });
    expect([booked.status, Object.keys(booked.body.errors)]).toEqual([422, ['property_id']]);
    const made = await stranger.post('/v1/properties', { code: 'X', name: 'X', owner_id: owned.owner });
    expect([made.status, Object.keys(made.body.errors)]).toEqual([422, ['owner_id']]);
    expect(await world.openNights(owned.property, '2027-08-01', '2027-08-02')).toHaveLength(1);
  });

  test('is refused by every mutation and read by id of GraphQL', async () => {
    const world = await startWorld();
    const owned = await belongings(world);
    const stranger = await world.anotherAgency();
    const byName = { booking: owned.booking, property: owned.property, webhook: owned.webhook, owner: owned.owner };
    const tried: string[] = [];
    for (const type of [schema.getQueryType()!, schema.getMutationType()!]) {
      for (const field of Object.values(type.getFields())) {
        const id = field.args.find(({ name }) => name === 'id');
        if (!id) continue;
        const noun = /delivery/i.test(field.name)
          ? 'delivery'
          : Object.keys(byName).find((word) => new RegExp(word, 'i').test(field.name));
        if (!noun) throw new Error(`Nothing to try ${field.name} with: add it here.`);
        const value = noun === 'delivery' ? owned.delivery : byName[noun as keyof typeof byName];
        const input = field.args.some(({ name }) => name === 'input') ? ', input: {}' : '';
        const keyword = type === schema.getQueryType() ? 'query' : 'mutation';
        const { body } = await stranger.graphql(`${keyword} { ${field.name}(id: "${value}"${input}) { __typename } }`);
        const answer = body.errors ? body.errors[0].extensions.code : body.data[field.name];
        expect([field.name, answer]).toEqual([field.name, keyword === 'query' ? null : 'NOT_FOUND']);
        tried.push(field.name);
      }
    }
    expect(tried.length).toBeGreaterThanOrEqual(18);
    expect((await world.get(`/v1/bookings/${owned.booking}`)).body.data.status).toBe('confirmed');
  });
});
