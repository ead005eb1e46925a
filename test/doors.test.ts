import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { type Answer, type Integrator, startWorld } from './support/world.ts';

/** What is asked, through each door, and the code that both must answer with. */
interface Refusal {
  title: string;
  code: string;
  status: number;
  fields?: string[];
  rest: (world: Integrator) => Promise<Answer>;
  graphql: (world: Integrator) => Promise<Answer>;
}

const BOOK = 'mutation ($input: CreateBookingInput!) { createBooking(input: $input) { id } }';
const stay = { check_in: '2027-06-01', check_out: '2027-06-03', guests_count: 2, guest_name: 'G' };
const camelStay = { checkIn: '2027-06-01', checkOut: '2027-06-03', guestsCount: 2, guestName: 'G' };

/** The same wrong booking by both doors. */
function booking(title: string, wrong: Record<string, [string, unknown]>, fields: string[]): Refusal {
  const rest = Object.fromEntries(Object.entries(wrong).map(([key, [, value]]) => [key, value]));
  const camel = Object.fromEntries(Object.values(wrong));
  return {
    title,
    code: 'VALIDATION',
    status: 422,
    fields,
    rest: async (world) => world.post('/v1/bookings', { property_id: (await world.property()).id, ...stay, ...rest }),
    graphql: async (world) =>
      world.graphql(BOOK, { input: { propertyId: (await world.property()).id, ...camelStay, ...camel } }),
  };
}

const REFUSALS: Refusal[] = [
  booking('a check-out before the check-in', { check_out: ['checkOut', '2027-05-30'] }, ['check_out']),
  booking('a stay without a night', { check_out: ['checkOut', '2027-06-01'] }, ['check_out']),
  booking('a day that the calendar doesn’t have', { check_in: ['checkIn', '2027-02-30'] }, ['check_in']),
  booking('negative money', { gross_amount: ['grossAmount', -1] }, ['gross_amount']),
  booking('more decimals than the currency has', { gross_amount: ['grossAmount', 10.001] }, ['gross_amount']),
  booking(
    'a commission above the price',
    { gross_amount: ['grossAmount', 10], commission_amount: ['commissionAmount', 11] },
    ['commission_amount'],
  ),
  booking('nobody staying', { guests_count: ['guestsCount', 0] }, ['guests_count']),
  booking('no name', { guest_name: ['guestName', '  '] }, ['guest_name']),
  booking('another agency’s or no property', { property_id: ['propertyId', '999999'] }, ['property_id']),
  booking('a number where a text belongs', { guest_name: ['guestName', 5] }, ['guest_name']),
  {
    title: 'a code that another property has',
    code: 'CODE_TAKEN',
    status: 409,
    rest: async (world) => world.post('/v1/properties', { code: (await world.property()).code, name: 'Again' }),
    graphql: async (world) =>
      world.graphql('mutation ($input: CreatePropertyInput!) { createProperty(input: $input) { id } }', {
        input: { code: (await world.property()).code, name: 'Again' },
      }),
  },
  {
    title: 'cancelling what isn’t there',
    code: 'NOT_FOUND',
    status: 404,
    rest: (world) => world.post('/v1/bookings/999999/cancel', {}),
    graphql: (world) => world.graphql('mutation { cancelBooking(id: 999999) { id } }'),
  },
  {
    title: 'checking a guest out who isn’t in',
    code: 'INVALID_TRANSITION',
    status: 409,
    rest: async (world) => world.post(`/v1/bookings/${(await world.book()).id}/check-out`, {}),
    graphql: async (world) =>
      world.graphql('mutation ($id: ID!) { checkOutBooking(id: $id) { id } }', { id: (await world.book()).id }),
  },
  {
    title: 'a page that is too large',
    code: 'VALIDATION',
    status: 422,
    rest: (world) => world.get('/v1/bookings?per_page=1001'),
    graphql: (world) => world.graphql('{ bookings(first: 1001) { nodes { id } } }'),
  },
  {
    title: 'an unknown event',
    code: 'VALIDATION',
    status: 422,
    fields: ['events'],
    rest: (world) => world.post('/v1/webhooks', { url: 'https://example.com/hook', events: ['booking.createt'] }),
    graphql: (world) =>
      world.graphql('mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { id } }', {
        input: { url: 'https://example.com/hook', events: ['booking.createt'] },
      }),
  },
  {
    title: 'an ability that the token doesn’t have',
    code: 'FORBIDDEN',
    status: 403,
    rest: async (world) => (await world.withAbilities('properties:read')).get('/v1/bookings'),
    graphql: async (world) => (await world.withAbilities('properties:read')).graphql('{ bookings { totalCount } }'),
  },
];

// Legacy integrations read REST and new ones GraphQL; one must never be let through where the other is refused.
describe('both doors refuse the same things with the same code', async () => {
  test.each(REFUSALS)('$title', async ({ rest, graphql, code, status, fields }) => {
    const world = await startWorld();
    const [byRest, byGraphql] = [await rest(world), await graphql(world)];
    expect([byRest.status, byRest.body.code]).toEqual([status, code]);
    expect(byGraphql.body.errors?.[0]?.extensions.code).toBe(code);
    if (fields) expect(Object.keys(byRest.body.errors)).toEqual(fields);
    expect(byRest.body.request_id).toMatch(/^[0-9a-f-]{36}$/);
  });
});

// What went wrong inside is for our log: a table's name helps an attacker and nobody else.
test('our own mistakes are told by both doors as a request id and nothing more', async () => {
  const world = await startWorld();
  const owner = new pg.Client({ connectionString: world.database.ownerUrl });
  await owner.connect();
  await owner.query('alter table property rename to somewhere_else');
  await owner.end();
  const rest = await world.get('/v1/properties');
  expect([rest.status, rest.body.message, rest.body.code]).toEqual([500, 'Server Error', 'INTERNAL']);
  expect(rest.body.request_id).toBe(rest.headers.get('x-request-id'));
  const graphql = await world.graphql('{ properties { nodes { id } } }');
  expect(graphql.body.errors).toMatchObject([{ message: 'Server Error', extensions: { code: 'INTERNAL' } }]);
  expect(graphql.body.errors[0].extensions.requestId).toBe(graphql.headers.get('x-request-id'));
  expect(rest.text + graphql.text).not.toMatch(/property|somewhere|relation|42P01/);
});

describe('both doors tell the same facts', () => {
  test('a booking reads the same through either, value by value', async () => {
    const world = await startWorld();
    const { id } = await world.book({
      source: 'airbnb',
      gross_amount: 1234.56,
      guest_email: 'a@b.co',
      notes: 'Zoé ✨',
    });
    const { data: rest } = (await world.get(`/v1/bookings/${id}`)).body;
    const fields = Object.keys(rest).filter((key) => typeof rest[key] !== 'object' || rest[key] === null);
    const camel = fields.map((key) => `${key}: ${key.replace(/_([a-z])/g, (_m, c) => c.toUpperCase())}`);
    const { booking } = (await world.graphql(`query ($id: ID!) { booking(id: $id) { ${camel.join(' ')} } }`, { id }))
      .body.data;
    for (const key of fields) {
      const value = /(^|_)id$/.test(key)
        ? Number(booking[key])
        : key === 'status'
          ? booking[key].toLowerCase()
          : booking[key];
      expect([key, rest[key]]).toEqual([key, value]);
    }
  });

  test('lists hold the same rows in the same order, with the same total', async () => {
    const world = await startWorld();
    const { id } = await world.property({ kind: 'hotel', units: 50 });
    for (let i = 0; i < 7; i++) await world.book({ property_id: id, source: i % 2 ? 'airbnb' : 'direct' });
    const rest = (await world.get('/v1/bookings?source=direct&per_page=3&page=1')).body;
    const { bookings } = (await world.graphql('{ bookings(source: ["direct"], first: 3) { totalCount nodes { id } } }'))
      .body.data;
    expect(rest.meta.total).toBe(bookings.totalCount);
    expect(rest.data.map((row: { id: number }) => row.id)).toEqual(
      bookings.nodes.map((row: { id: string }) => Number(row.id)),
    );
  });
});
