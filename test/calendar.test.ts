import { execute, parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import { addDays } from '../src/core/dates.ts';
import { schema } from '../src/domains.ts';
import { planQuery } from '../src/planner/plan.ts';
import { type Integrator, startWorld } from './support/world.ts';

type Night = Record<string, unknown>;

const JUNE = 'from=2027-06-01&to=2027-06-05';

const nightsOf = async (mine: Integrator, query = JUNE): Promise<Night[]> =>
  (await mine.get(`/v1/calendar?${query}`)).body.data;

const statuses = async (mine: Integrator, query?: string) =>
  (await nightsOf(mine, query)).map(({ status }) => status).join(' ');

/** Units that nobody may sell, as the owner of a villa blocks his own weeks. */
function block(mine: Integrator, propertyId: number, date: string, units = 1) {
  return mine.viewer.database.asAgency(mine.agencyId, (client) =>
    client.query(
      `insert into inventory (agency_id, room_type_id, date, total, blocked)
       select agency_id, id, $2::date, units, $3 from room_type where property_id = $1
       on conflict (agency_id, room_type_id, date) do update set blocked = inventory.blocked + $3`,
      [propertyId, date, units],
    ),
  );
}

/** A season of a property, past the product: the calendar is held to the table, whoever has written it. */
function season(mine: Integrator, propertyId: number, from: string, to: string, fields: Record<string, unknown>) {
  const said = { min_stay: 1, priority: 0, rank: 2, closed_to_arrival: false, closed_to_departure: false, ...fields };
  return mine.viewer.database.asAgency(mine.agencyId, (client) =>
    client.query(
      `insert into rate (agency_id, property_id, "from", "to", updated_at, ${Object.keys(said).join(', ')})
       values ($1, $2, $3, $4, now(), ${Object.keys(said).map((_key, i) => `$${i + 5}`)})`,
      [mine.agencyId, propertyId, from, to, ...Object.values(said)],
    ),
  );
}

/** Several properties with stays, blocked nights and seasons among them. */
async function quarter(mine: Integrator, properties: number) {
  const ids: number[] = [];
  for (let i = 0; i < properties; i++) {
    const { id } = await mine.property({ base_price: 500 + i * 10.5, units: i % 3 === 2 ? 2 : 1 });
    ids.push(id);
    await mine.book({ property_id: id, check_in: `2027-06-0${(i % 4) + 1}`, check_out: '2027-06-06' });
    await block(mine, id, '2027-06-08');
    await season(mine, id, '2027-06-04', '2027-06-10', { price_minor: 77_733, min_stay: 3 });
  }
  return ids;
}

describe('a night of the calendar', () => {
  // A channel that is shown a sold night as free sells it a second time, and a guest stands before a closed door.
  test('a villa’s night is available, booked or blocked, and a cancelled stay leaves it available again', async () => {
    const world = await startWorld();
    const { id } = await world.property();
    const booking = await world.book({ property_id: id, check_in: '2027-06-02', check_out: '2027-06-04' });
    await block(world, id, '2027-06-05');
    expect(await statuses(world)).toBe('available booked booked available blocked');
    expect((await nightsOf(world)).map(({ booking_id }) => booking_id)).toEqual([
      null,
      booking.id,
      booking.id,
      null,
      null,
    ]);
    await world.post(`/v1/bookings/${booking.id}/cancel`);
    expect(await statuses(world)).toBe('available available available available blocked');
    expect((await nightsOf(world)).every(({ booking_id }) => booking_id === null)).toBe(true);
  });

  // A request that somebody is about to confirm, and a stay that is over, are both on the calendar that the desk prints.
  test('a stay is on its nights while it is pending, confirmed, checked in and checked out, and not as a no-show', async () => {
    const world = await startWorld();
    const { id, property_id } = await world.book({ status: 'pending' });
    const nights = () => statuses(world, `from=2027-06-01&to=2027-06-03&property_id=${property_id}`);
    expect(await nights()).toBe('booked booked available');
    for (const step of ['confirm', 'check-in', 'check-out']) {
      expect((await world.post(`/v1/bookings/${id}/${step}`)).status).toBe(200);
      expect([step, await nights()]).toEqual([step, 'booked booked available']);
    }
    for (const _back of ['checked in', 'confirmed']) await world.post(`/v1/bookings/${id}/reinstate`);
    await world.post(`/v1/bookings/${id}/no-show`);
    expect(await nights()).toBe('available available available');
  });

  // A hotel that closes its calendar with the first room sold earns nothing with the others.
  test('a hotel of three rooms is available while one is left, and says how many are', async () => {
    const world = await startWorld();
    const { id } = await world.property({ kind: 'hotel', units: 3 });
    const stay = { property_id: id, check_out: '2027-06-05' };
    const first = await world.book({ ...stay, check_in: '2027-06-01' });
    await world.book({ ...stay, check_in: '2027-06-02' });
    await world.book({ ...stay, check_in: '2027-06-03' });
    await block(world, id, '2027-06-02');
    await block(world, id, '2027-06-05', 3);
    const nights = await nightsOf(world);
    expect(nights.map(({ status }) => status)).toEqual(['available', 'booked', 'booked', 'booked', 'blocked']);
    expect(nights.map(({ units_available }) => units_available)).toEqual([2, 0, 0, 0, 0]);
    expect(nights.map(({ units_total }) => units_total)).toEqual([3, 3, 3, 3, 3]);
    expect(nights.map(({ booking_id }) => booking_id)).toEqual([first.id, first.id, first.id, first.id, null]);
    await world.patch(`/v1/properties/${id}`, { units: 5 });
    expect((await nightsOf(world)).map(({ units_available }) => units_available)).toEqual([4, 2, 2, 2, 2]);
  });

  test('the room types of a property are counted together', async () => {
    const world = await startWorld();
    const { id } = await world.property({ kind: 'hotel', units: 1 });
    await world.database.asAgency(world.agencyId, (client) =>
      client.query(
        `insert into room_type (agency_id, property_id, code, name, units, updated_at) values ($1, $2, 'SUITE', 'Suite', 2, now())`,
        [world.agencyId, id],
      ),
    );
    await world.book({ property_id: id, check_in: '2027-06-01', check_out: '2027-06-02' });
    expect(await nightsOf(world, 'from=2027-06-01&to=2027-06-02')).toMatchObject([
      { units_total: 3, units_available: 2, status: 'available' },
      { units_total: 3, units_available: 3, status: 'available' },
    ]);
  });

  // A yield tool that reads another price than the guest pays moves the wrong one.
  test('a night costs what its rate says, or else the base price, and asks for the rate’s stay and closures', async () => {
    const world = await startWorld();
    const { id } = await world.property({ base_price: 850.5 });
    await season(world, id, '2027-06-02', '2027-06-04', { price_minor: 120_000, min_stay: 3, closed_to_arrival: true });
    await season(world, id, '2027-06-03', '2027-06-03', { price_minor: 99_999, rank: 3, closed_to_departure: true });
    const nights = await nightsOf(world);
    expect(nights.map(({ price }) => price)).toEqual([850.5, 1200, 999.99, 1200, 850.5]);
    expect(nights.map(({ min_stay }) => min_stay)).toEqual([1, 3, 1, 3, 1]);
    expect(nights.map(({ closed_to_arrival }) => closed_to_arrival)).toEqual([false, true, false, true, false]);
    expect(nights.map(({ closed_to_departure }) => closed_to_departure)).toEqual([false, false, true, false, false]);
    expect(nights.map(({ rate_id }) => rate_id === null)).toEqual([true, false, false, false, true]);
    expect(nights[0]).toEqual({
      property_id: id,
      date: '2027-06-01',
      status: 'available',
      price: 850.5,
      currency: 'MAD',
      min_stay: 1,
      closed_to_arrival: false,
      closed_to_departure: false,
      rate_id: null,
      booking_id: null,
      units_total: 1,
      units_available: 1,
    });
  });
});

describe('which nights', () => {
  test('every property’s, by property and then by date, or those of the properties that are named', async () => {
    const world = await startWorld();
    const [a, b, c] = [await world.property(), await world.property(), await world.property()];
    const places = async (query = '') =>
      (await nightsOf(world, `from=2027-06-01&to=2027-06-02${query}`)).map((n) => [n.property_id, n.date]);
    const both = (id: number) => [
      [id, '2027-06-01'],
      [id, '2027-06-02'],
    ];
    expect(await places()).toEqual([...both(a.id), ...both(b.id), ...both(c.id)]);
    expect(await places(`&property_id=${b.id}`)).toEqual(both(b.id));
    expect(await places(`&property_id=${c.id},${a.id}`)).toEqual([...both(a.id), ...both(c.id)]);
    expect(await places('&property_id=999')).toEqual([]);
    expect(await places('&sort=id_desc')).toEqual([...both(a.id), ...both(b.id), ...both(c.id)].reverse());
    expect((await nightsOf(world, `from=2027-06-01&to=2027-06-01&property_id=${a.id}`)).length).toBe(1);
  });

  // A villa that is off the market must not come back to a channel by way of the calendar.
  test('an archived property’s only when it is asked for by its id', async () => {
    const world = await startWorld();
    const { id } = await world.property();
    await world.post(`/v1/properties/${id}/archive`);
    expect((await world.get(`/v1/calendar?${JUNE}`)).body).toMatchObject({ data: [], meta: { total: 0 } });
    expect(await nightsOf(world, `${JUNE}&property_id=${id}`)).toHaveLength(5);
  });

  test('of a state, when one is asked for, and the total counts those', async () => {
    const world = await startWorld();
    await quarter(world, 4);
    const all = await nightsOf(world, 'from=2027-06-01&to=2027-06-10');
    for (const status of ['available', 'booked', 'blocked']) {
      const { body } = await world.get(`/v1/calendar?from=2027-06-01&to=2027-06-10&status=${status}`);
      expect(body.data).toEqual(all.filter((night) => night.status === status));
      expect(body.data.length).toBeGreaterThan(0);
      expect(body.meta.total).toBe(body.data.length);
    }
  });

  test('another agency sees none of them', async () => {
    const world = await startWorld();
    const { property_id } = await world.book();
    const other = await world.anotherAgency();
    for (const query of [JUNE, `${JUNE}&property_id=${property_id}`])
      expect((await other.get(`/v1/calendar?${query}`)).body).toMatchObject({ data: [], meta: { total: 0 } });
    const mine = await other.property();
    expect((await nightsOf(other)).map((night) => night.property_id)).toEqual(Array(5).fill(mine.id));
  });
});

describe('the calendar in parts', () => {
  // A program that pages loses a night of somebody's villa when two pages don't meet.
  test('numbered pages, a walk by cursor in either direction, CSV and NDJSON hold the same nights as the whole', async () => {
    const world = await startWorld();
    await quarter(world, 5);
    for (const query of ['from=2027-06-01&to=2027-06-09', 'from=2027-06-01&to=2027-06-09&status=available,booked']) {
      for (const sort of ['id_asc', 'id_desc']) {
        const base = `${query}&sort=${sort}`;
        const whole = await world.get(`/v1/calendar?${base}`);
        const { total } = whole.body.meta;
        expect(whole.body.data).toHaveLength(total);
        for (const size of [1, 7, 9, 10, 44, 45, 1000]) {
          const pages: Night[] = [];
          for (let page = 1; page <= Math.ceil(total / size); page++) {
            const { body } = await world.get(`/v1/calendar?${base}&per_page=${size}&page=${page}`);
            expect(body.meta).toMatchObject({ total, per_page: size, last_page: Math.ceil(total / size) });
            pages.push(...body.data);
          }
          expect(pages).toEqual(whole.body.data);
        }
        expect(await walked(world, base, 7)).toEqual(whole.body.data);
        expect(await walked(world, base, 9)).toEqual(whole.body.data);
        const csv = await world.get(`/v1/calendar?${base}&format=csv`);
        expect(csv.text.trim().split('\n')).toHaveLength(total + 1);
        expect((await world.get(`/v1/calendar?${base}&format=csv&all=true`)).text).toBe(csv.text);
        const lines = (await world.get(`/v1/calendar?${base}&format=ndjson&all=true`)).text.trim().split('\n');
        expect(lines.map((line) => JSON.parse(line))).toEqual(whole.body.data);
      }
    }
  }, 60_000);

  test('a year of a hundred properties is one answer, by REST and by GraphQL', async () => {
    const world = await startWorld();
    await world.database.asAgency(world.agencyId, async (client) => {
      await client.query(
        `insert into property (agency_id, code, name, base_price_minor, updated_at)
         select $1, 'Y' || n, 'Villa ' || n, 100000, now() from generate_series(1, 100) n`,
        [world.agencyId],
      );
      await client.query(
        `insert into room_type (agency_id, property_id, code, name, units, updated_at)
         select agency_id, id, 'UNIT', 'The whole villa', 1, now() from property`,
      );
    });
    const year = 'from=2028-01-01&to=2028-12-31';
    const { body } = await world.get(`/v1/calendar?${year}`);
    expect(body.data).toHaveLength(36_600);
    expect(body.meta).toMatchObject({ total: 36_600, last_page: 1, per_page: 36_600 });
    const asked = await world.graphql(
      `{ calendar(from: "2028-01-01", to: "2028-12-31") { nodes { date status price } pageInfo { hasNextPage } totalCount } }`,
    );
    expect(asked.body.data.calendar.nodes).toHaveLength(36_600);
    expect(asked.body.data.calendar).toMatchObject({ pageInfo: { hasNextPage: false }, totalCount: 36_600 });
    // What hangs on a night costs what it costs elsewhere; a property's year of it is cheap, a hundred properties' isn't.
    const withStays = (ids: string) =>
      world.graphql(
        `{ calendar(from: "2028-01-01", to: "2028-12-31"${ids}) { nodes { booking { guestName } property { name } } } }`,
      );
    const [refused, answered] = [await withStays(''), await withStays(', propertyId: [1]')];
    expect(refused.body.errors[0].extensions.code).toBe('COST_EXCEEDED');
    expect(answered.body.data.calendar.nodes).toHaveLength(366);
    expect(answered.body.extensions.cost.requested).toBe(1 + Math.ceil(366 * 2.125));
    expect((await world.get(`/v1/calendar?${year}&per_page=36601`)).body.errors.per_page).toEqual([
      'must be from 1 to 36600',
    ]);
    expect((await world.get('/v1/bookings?per_page=1001')).status).toBe(422);
  }, 30_000);

  // A statement a property would be a hundred round trips for one page of a revenue manager's screen.
  test('it is one SQL statement, at 1 property and at 20, with the property and the stay of each night', async () => {
    const world = await startWorld();
    const graphql = () =>
      world.graphql(
        '{ calendar(from: "2027-06-01", to: "2027-06-09", first: 1000) { totalCount nodes { date property { name } booking { reference guest { name } } } } }',
      );
    for (const properties of [1, 19]) {
      await quarter(world, properties);
      for (const query of ['', '&status=booked', '&per_page=5&page=2'])
        expect(await world.statements(() => world.get(`/v1/calendar?from=2027-06-01&to=2027-06-09${query}`))).toBe(1);
      expect(await world.statements(graphql)).toBe(1);
    }
    expect((await graphql()).body.data.calendar.totalCount).toBe(180);
  });
});

describe('through both doors', () => {
  const FIELDS = `id propertyId property { name owner { name } } date status price currency minStay closedToArrival
    closedToDeparture rateId bookingId booking { reference status guest { name } } unitsTotal unitsAvailable`;
  const DOCUMENTS = [
    `nodes { ${FIELDS} } totalCount`,
    `edges { cursor node { ${FIELDS} } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }`,
  ];

  test('the planned statement answers with the bytes of the ordinary executor, which asks no more for more nights', async () => {
    const world = await startWorld();
    const ids = await quarter(world, 4);
    const range = 'from: "2027-06-01", to: "2027-06-09"';
    const { body } = await world.graphql(`{ calendar(${range}, first: 12) { pageInfo { endCursor } } }`);
    const cursor = body.data.calendar.pageInfo.endCursor;
    for (const selection of DOCUMENTS) {
      for (const more of [
        '',
        ', first: 5, page: 4',
        `, first: 10, after: "${cursor}"`,
        `, last: 4, before: "${cursor}"`,
        ', last: 3, orderBy: ID_DESC',
        ', status: [BOOKED, BLOCKED], first: 3, page: 2',
        `, propertyId: [${ids[2]}, ${ids[0]}, 999]`,
        `, propertyId: ${ids[1]}, status: AVAILABLE`,
      ]) {
        const document = parse(`{ calendar(${range}${more}) { ${selection} } }`, { noLocation: true });
        const context = { viewer: world.viewer, signal: new AbortController().signal };
        const plan = planQuery(schema, document, document.definitions[0] as never, {})!;
        const ordinary = await execute({ schema, document, contextValue: context });
        expect(await plan.run(context, {})).toBe(JSON.stringify(ordinary.data));
      }
    }
    const document = parse(`{ calendar(${range}) { ${DOCUMENTS[0]} } }`);
    const ordinarily = () => execute({ schema, document, contextValue: { viewer: world.viewer } });
    const few = await world.statements(async () => ordinarily());
    await quarter(world, 10);
    expect(await world.statements(async () => ordinarily())).toBe(few);
  });

  test('GraphQL and REST say the same of every night, with the planner and without', async () => {
    for (const env of [{}, { BELLHOP_PLANNER: 'off' }]) {
      const world = await startWorld({ env });
      await quarter(world, 3);
      const rest = await nightsOf(world, 'from=2027-06-01&to=2027-06-09');
      const { body } = await world.graphql(
        '{ calendar(from: "2027-06-01", to: "2027-06-09") { nodes { propertyId date status price minStay bookingId } } }',
      );
      expect(body.data.calendar.nodes).toHaveLength(27);
      expect(body.data.calendar.nodes).toEqual(
        rest.map((night) => ({
          propertyId: String(night.property_id),
          date: night.date,
          status: String(night.status).toUpperCase(),
          price: night.price,
          minStay: night.min_stay,
          bookingId: night.booking_id && String(night.booking_id),
        })),
      );
    }
  });

  // A yield tool may read the calendar without learning who stays; whoever reads bookings has no business with prices.
  test('calendar:read alone opens it, and no other does; the stay itself needs bookings:read too', async () => {
    const world = await startWorld();
    await world.book();
    const range = 'from: "2027-06-01", to: "2027-06-02"';
    const [nights, stays] = ['date', 'booking { guestName }'].map(
      (f) => `{ calendar(${range}, first: 9) { nodes { ${f} } } }`,
    );
    const opens = async (...abilities: Parameters<Integrator['withAbilities']>) => {
      const mine = await world.withAbilities(...abilities);
      const asked = [await mine.graphql(nights!), await mine.graphql(stays!)];
      return [(await mine.get(`/v1/calendar?${JUNE}`)).status, ...asked.map(({ body }) => !body.errors)];
    };
    expect(await opens('calendar:read')).toEqual([200, true, false]);
    expect(await opens('calendar:read', 'bookings:read')).toEqual([200, true, true]);
    for (const ability of ['rates:read', 'bookings:read', 'properties:read', 'inventory:read'])
      expect([ability, ...(await opens(ability))]).toEqual([ability, 403, false, false]);
  });

  test('a range that is missing, impossible, backwards or too long is refused by name', async () => {
    const world = await startWorld();
    await world.property();
    for (const [query, ...fields] of [
      ['', 'from', 'to'],
      ['from=2027-06-01', 'to'],
      ['to=2027-06-01', 'from'],
      ['from=2027-02-30&to=2027-03-01', 'from'],
      ['from=2027-06-01&to=soon', 'to'],
      ['from=0000-06-01&to=0000-06-02', 'from', 'to'],
      ['from=2027-06-02&to=2027-06-01', 'to'],
      ['from=2027-01-01&to=2029-01-01', 'to'],
      [`${JUNE}&status=sold`, 'status'],
      [`${JUNE}&property_id=villa`, 'property_id'],
      [`${JUNE}&per_page=0`, 'per_page'],
      [`${JUNE}&cursor=nonsense`, 'cursor'],
      [`${JUNE}&cursor=${Buffer.from('[-5.5]').toString('base64url')}`, 'cursor'],
      [`${JUNE}&updated_since=2027-01-01T00:00:00Z`, 'updated_since'],
    ] as [string, ...string[]][]) {
      const { status, body } = await world.get(`/v1/calendar?${query}`);
      expect([query, status, Object.keys(body.errors ?? {})]).toEqual([query, 422, fields]);
    }
    const backwards = await world.graphql('{ calendar(from: "2027-06-02", to: "2027-06-01") { totalCount } }');
    expect(backwards.body.errors[0].extensions).toMatchObject({ code: 'VALIDATION' });
    const longest = `from=2027-01-01&to=${addDays('2027-01-01', 730)}`;
    expect(await nightsOf(world, longest)).toHaveLength(731);
    // A cursor is text from outside, however large the number in it.
    for (const key of [Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER, 0])
      expect(
        (await world.get(`/v1/calendar?${JUNE}&cursor=${Buffer.from(`[${key}]`).toString('base64url')}`)).status,
      ).toBe(200);
  });
});

/** By cursor to the end; the way back must meet the same nights. */
async function walked(mine: Integrator, query: string, size: number): Promise<Night[]> {
  const pages: Night[][] = [];
  let cursor: string | null = '';
  let back: string | null = null;
  while (cursor !== null) {
    const { body } = await mine.get(`/v1/calendar?${query}&per_page=${size}&cursor=${cursor}`);
    pages.push(body.data);
    ({ next_cursor: cursor, prev_cursor: back } = body.meta);
  }
  for (let i = pages.length - 2; i >= 0; i--) {
    const { body } = await mine.get(`/v1/calendar?${query}&per_page=${size}&cursor=${encodeURIComponent(back!)}`);
    expect(body.data).toEqual(pages[i]);
    back = body.meta.prev_cursor;
  }
  return pages.flat();
}
