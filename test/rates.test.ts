import { execute, parse } from 'graphql';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { schema } from '../src/domains.ts';
import { planQuery } from '../src/planner/plan.ts';
import { type Answer, type Integrator, startWorld } from './support/world.ts';

/** A season of a property; the rest is said by the test. */
const season = (property_id: number, fields: object = {}) => ({
  ...{ property_id, from: '2027-06-01', to: '2027-06-30', price: 2000 },
  ...fields,
});

async function rate(mine: Integrator, body: object) {
  const answer = await mine.post('/v1/rates', body);
  if (answer.status !== 201) throw new Error(answer.text);
  return answer.body.data;
}

async function quote(mine: Integrator, property_id: number, check_in: string, check_out: string): Promise<Answer> {
  return mine.get(`/v1/quote?property_id=${property_id}&check_in=${check_in}&check_out=${check_out}`);
}

/** What each night costs, as a guest would be told. */
async function prices(mine: Integrator, property: number, from: string, checkOut: string): Promise<number[]> {
  const { body } = await quote(mine, property, from, checkOut);
  return body.data.nights.map(({ price }: { price: number }) => price);
}

const stay = (property_id: number, fields: object = {}) => ({
  ...{ property_id, check_in: '2027-06-01', check_out: '2027-06-03', guests_count: 2, guest_name: 'Karim B.' },
  ...fields,
});

const errorsOf = ({ status, body }: Answer) => [status, Object.keys(body.errors ?? {}).sort()];
const codeOf = ({ status, body }: Answer) => [status, body.code];

const day = (n: number) => new Date(Date.UTC(2027, 0, 1 + n)).toISOString().slice(0, 10);
const nightByNight = (nights: number, price: (n: number) => number) =>
  Array.from({ length: nights }, (_, n) => ({ from: day(n), to: day(n), price: price(n), min_stay: 1 + (n % 3) }));

describe('what a night costs', () => {
  // Two people who read the same rates must come to the same price, or one of them sells too cheaply.
  test('the base price, then the rate written last, then the one with the higher priority', async () => {
    const world = await startWorld();
    const { id } = await world.property({ base_price: 1000 });
    const price = async () => (await prices(world, id, '2027-06-04', '2027-06-05'))[0];
    expect(await price()).toBe(1000);
    const summer = await rate(world, season(id, { price: 2000 }));
    expect(await price()).toBe(2000);
    const later = await rate(world, season(id, { from: '2027-06-04', to: '2027-06-04', price: 1500 }));
    expect(await price()).toBe(1500);
    await world.patch(`/v1/rates/${summer.id}`, { price: 2100 });
    expect(await price()).toBe(2100); // A change makes it the one written last.
    await world.patch(`/v1/rates/${later.id}`, { priority: 1 });
    await world.patch(`/v1/rates/${summer.id}`, { price: 2200 });
    expect(await price()).toBe(1500);
    await world.delete(`/v1/rates/${later.id}`);
    expect(await price()).toBe(2200);
    await world.delete(`/v1/rates/${summer.id}`);
    expect(await price()).toBe(1000);
  });

  test('a rate for weekends is for those nights alone, and its last night is its `to`', async () => {
    const world = await startWorld();
    const { id } = await world.property({ base_price: 1000 });
    await rate(world, season(id, { from: '2027-06-01', to: '2027-06-11', weekdays: ['fri', 'sat'] }));
    // 4, 5 and 11 June 2027 are a Friday, a Saturday and a Friday; the 12th is a Saturday after the season.
    expect(await prices(world, id, '2027-06-03', '2027-06-14')).toEqual([
      ...[1000, 2000, 2000, 1000, 1000, 1000, 1000, 1000, 2000, 1000, 1000],
    ]);
  });
});

describe('a rate', () => {
  test('is made, read, listed, changed and removed, alike through both doors', async () => {
    const world = await startWorld();
    const { id: property_id } = await world.property();
    const made = await rate(world, season(property_id, { name: ' Été ', weekdays: ['sat', 'fri'], min_stay: 3 }));
    expect(made).toMatchObject({
      ...{ property_id, name: 'Été', from: '2027-06-01', to: '2027-06-30', weekdays: ['sat', 'fri'] },
      ...{ price: 2000, currency: 'MAD', min_stay: 3, closed_to_arrival: false, closed_to_departure: false },
      ...{ priority: 0, pushed: false, property: { id: property_id } },
    });
    expect((await world.get(`/v1/rates/${made.id}`)).body.data).toEqual(made);
    const { body } = await world.graphql(
      `mutation ($id: ID!) { updateRate(id: $id, input: { price: "1999.90", weekdays: null, name: null, closedToArrival: true }) {
        id name weekdays price closedToArrival property { id } } }`,
      { id: made.id },
    );
    expect(body.data.updateRate).toEqual({
      ...{ id: String(made.id), name: null, weekdays: [], price: 1999.9, closedToArrival: true },
      property: { id: String(property_id) },
    });
    expect((await world.delete(`/v1/rates/${made.id}`)).status).toBe(204);
    expect((await world.delete(`/v1/rates/${made.id}`)).status).toBe(404);
    expect((await world.get(`/v1/rates/${made.id}`)).status).toBe(404);
  });

  test('is found by property, by the dates it touches, and by how it was written', async () => {
    const world = await startWorld();
    const [a, b] = [await world.property(), await world.property()];
    const june = await rate(world, season(a.id));
    const july = await rate(world, season(a.id, { from: '2027-07-01', to: '2027-07-31' }));
    const other = await rate(world, season(b.id));
    await world.put(`/v1/properties/${b.id}/rates`, { rates: [{ from: '2027-09-01', to: '2027-09-01', price: 1 }] });
    const ids = async (query: string) =>
      (await world.get(`/v1/rates?sort=id_asc&${query}`)).body.data.map(({ id }: { id: number }) => id);
    expect(await ids(`property_id=${a.id}`)).toEqual([june.id, july.id]);
    expect(await ids('from=2027-06-30&to=2027-06-30')).toEqual([june.id, other.id]);
    expect(await ids('from=2027-06-30&to=2027-07-01&pushed=false')).toEqual([june.id, july.id, other.id]);
    expect(await ids('pushed=true')).toHaveLength(1);
    expect((await world.get('/v1/rates?sort=from_desc&per_page=1')).body.data[0].from).toBe('2027-09-01');
  });

  // One statement is what a page costs; a second would be a round trip a row.
  test('costs one SQL statement a page, at 5 rows and at 50, with its weekdays as the executor writes them', async () => {
    const world = await startWorld();
    const { id } = await world.property();
    const rates = nightByNight(60, () => 1234.5).map((one, n) => ({ ...one, weekdays: n % 2 ? ['fri', 'sat'] : [] }));
    for (const one of rates) one.to = day(90);
    await world.put(`/v1/properties/${id}/rates`, { rates: rates.map((one, n) => ({ ...one, priority: n })) });
    for (const first of [5, 50]) expect(await world.statements(() => world.get(`/v1/rates?per_page=${first}`))).toBe(1);
    expect((await world.get('/v1/rates?sort=id_desc&per_page=1')).body.data[0].weekdays).toEqual(['fri', 'sat']);
    const text =
      '{ rates(first: 7) { nodes { id weekdays price currency from to minStay pushed property { id name } } } }';
    const document = parse(text);
    const context = { viewer: world.viewer, signal: new AbortController().signal };
    const planned = await planQuery(schema, document, document.definitions[0] as never, {})!.run(context, {});
    const ordinary = await execute({ schema, document, contextValue: context });
    expect(planned).toBe(JSON.stringify(ordinary.data));
  });

  // A refusal that names nothing is guessed at; one that writes half is worse.
  test('is refused with the name of each field that is wrong, and nothing is written', async () => {
    const world = await startWorld();
    const { id } = await world.property();
    const good = await rate(world, season(id));
    const refusals: [object, string[]][] = [
      [{ from: '2027-06-30', to: '2027-06-01' }, ['to']],
      [{ from: '2027-01-01', to: '2030-01-01' }, ['to']],
      [{ from: '1899-12-31' }, ['from', 'to']],
      [{ to: '2200-01-01' }, ['to']],
      [{ from: '2027-02-30' }, ['from']],
      [{ price: -1 }, ['price']],
      [{ price: '10.005' }, ['price']],
      [{ price: 21_474_836.48 }, ['price']],
      [{ price: 1e21 }, ['price']],
      [{ min_stay: 0, priority: 1001 }, ['min_stay', 'priority']],
      [{ min_stay: 366, priority: -1001 }, ['min_stay', 'priority']],
      [{ weekdays: ['fri', 'fri'] }, ['weekdays']],
      [{ weekdays: ['freitag'] }, ['weekdays.0']],
      [{ name: 'x'.repeat(201) }, ['name']],
      [{ name: 'Été \ud83c' }, ['name']],
      [{ min_stay: 1.5 }, ['min_stay']],
    ];
    for (const [fields, named] of refusals) {
      expect([fields, errorsOf(await world.post('/v1/rates', season(id, fields)))]).toEqual([fields, [422, named]]);
      expect([fields, errorsOf(await world.patch(`/v1/rates/${good.id}`, fields))[0]]).toEqual([fields, 422]);
    }
    expect(errorsOf(await world.post('/v1/rates', season(2_000_000)))).toEqual([422, ['property_id']]);
    for (const field of ['from', 'to', 'price', 'min_stay', 'closed_to_arrival', 'closed_to_departure', 'priority'])
      expect(errorsOf(await world.patch(`/v1/rates/${good.id}`, { [field]: null }))).toEqual([422, [field]]);
    expect(errorsOf(await world.patch(`/v1/rates/${good.id}`, { to: '2027-05-31' }))).toEqual([422, ['to']]);
    expect((await world.get('/v1/rates')).body.data).toEqual([good]);
  });

  test('has no place at an archived property, from which it can still be removed', async () => {
    const world = await startWorld();
    const { id } = await world.property();
    const old = await rate(world, season(id));
    await world.post(`/v1/properties/${id}/archive`);
    expect(codeOf(await world.post('/v1/rates', season(id)))).toEqual([409, 'PROPERTY_ARCHIVED']);
    expect(codeOf(await world.patch(`/v1/rates/${old.id}`, { price: 1 }))).toEqual([409, 'PROPERTY_ARCHIVED']);
    const push = { rates: [{ from: '2027-06-01', to: '2027-06-01', price: 1 }] };
    expect(codeOf(await world.put(`/v1/properties/${id}/rates`, push))).toEqual([409, 'PROPERTY_ARCHIVED']);
    expect((await world.delete(`/v1/rates/${old.id}`)).status).toBe(204);
  });
});

describe('who may', () => {
  test('rates:read reads, rates:write writes, calendar:read quotes, and none of them does another’s work', async () => {
    const world = await startWorld();
    const { id } = await world.property();
    const one = await rate(world, season(id));
    const push = { rates: [{ from: '2027-06-01', to: '2027-06-01', price: 1 }] };
    const doors: [string, (mine: Integrator) => Promise<Answer>][] = [
      ['rates:read', (mine) => mine.get('/v1/rates')],
      ['rates:read', (mine) => mine.get(`/v1/rates/${one.id}`)],
      ['rates:write', (mine) => mine.post('/v1/rates', season(id))],
      ['rates:write', (mine) => mine.patch(`/v1/rates/${one.id}`, { price: 5 })],
      ['rates:write', (mine) => mine.put(`/v1/properties/${id}/rates`, push)],
      ['rates:write', (mine) => mine.put('/v1/rates', { properties: [{ property_id: id, ...push }] })],
      ['rates:write', (mine) => mine.delete(`/v1/rates/${one.id}`)],
      ['calendar:read', (mine) => quote(mine, id, '2027-08-01', '2027-08-02')],
    ];
    for (const ability of ['rates:read', 'rates:write', 'calendar:read', 'bookings:write', 'properties:manage']) {
      const mine = await world.withAbilities(ability);
      for (const [needed, ask] of doors) {
        const { status } = await ask(mine);
        expect([ability, needed, status === 403]).toEqual([ability, needed, ability !== needed]);
      }
    }
  });

  test('another agency finds no rate, changes none, and sets none at a property that isn’t its own', async () => {
    const world = await startWorld();
    const { id } = await world.property();
    const one = await rate(world, season(id));
    const stranger = await world.anotherAgency();
    const own = await stranger.property();
    const push = { rates: [{ from: '2027-06-01', to: '2027-06-01', price: 1 }] };
    expect((await stranger.get('/v1/rates')).body.data).toEqual([]);
    expect((await stranger.get(`/v1/rates/${one.id}`)).status).toBe(404);
    expect((await stranger.patch(`/v1/rates/${one.id}`, { price: 1 })).status).toBe(404);
    expect((await stranger.delete(`/v1/rates/${one.id}`)).status).toBe(404);
    expect(errorsOf(await stranger.post('/v1/rates', season(id)))).toEqual([422, ['property_id']]);
    expect((await stranger.put(`/v1/properties/${id}/rates`, push)).status).toBe(404);
    const properties = [
      { property_id: own.id, ...push },
      { property_id: id, ...push },
    ];
    expect(errorsOf(await stranger.put('/v1/rates', { properties }))).toEqual([422, ['properties.1.property_id']]);
    expect((await stranger.get('/v1/rates')).body.data).toEqual([]);
    expect(errorsOf(await quote(stranger, id, '2027-06-01', '2027-06-02'))).toEqual([422, ['property_id']]);
    expect((await world.get('/v1/rates')).body.data).toEqual([one]);
  });
});

describe('property.rate_changed', () => {
  // A channel manager that isn't told sells at yesterday's price; one that is told of nothing learns to ignore us.
  test('leaves once for each rate that is added, changed or removed, with what its nights cost before and now', async () => {
    const world = await startWorld();
    const receiver = await world.subscribe('*');
    const { id } = await world.property({ base_price: 1000, code: 'VILLA-R' });
    const one = await rate(world, season(id, { min_stay: 2 }));
    const path = `/v1/rates/${one.id}`;
    for (const _ask of ['first', 'again'])
      expect((await world.patch(path, { price: 2500 })).body.data.price).toBe(2500);
    expect((await world.patch(path, { to: '2027-06-30', weekdays: [] })).body.data.updated_at).toBeDefined();
    await world.patch(path, { from: '2027-06-02', to: '2027-07-01' });
    await world.post('/v1/rates', season(id, { price: -1 })); // Refused: nobody is told.
    await world.delete(path);
    await world.delete(path);
    await world.relay();
    const told = receiver.received.filter(({ event }) => event !== 'property.created');
    expect(told.map(({ event, signature, json }) => [event, signature, json.data.change.kind])).toEqual([
      ['property.rate_changed', 'valid', 'added'],
      ['property.rate_changed', 'valid', 'modified'],
      ['property.rate_changed', 'valid', 'modified'],
      ['property.rate_changed', 'valid', 'removed'],
    ]);
    const [added, , moved, removed] = told.map(({ json }) => json.data);
    expect(Object.keys(added)).toEqual(['property', 'rate', 'change']);
    expect(added).toMatchObject({
      property: { id, code: 'VILLA-R', base_price: 1000 },
      rate: { id: one.id, price: 2000, min_stay: 2, weekdays: [] },
      change: {
        ...{ kind: 'added', from: '2027-06-01', to: '2027-06-30', nights: 30, truncated: false },
        changes: [
          {
            ...{ from: '2027-06-01', to: '2027-06-30', price: 2000, min_stay: 2, previous_price: 1000 },
            ...{ previous_min_stay: 1, closed_to_arrival: false, previous_closed_to_arrival: false },
          },
        ],
      },
    });
    expect(moved.change).toMatchObject({
      ...{ from: '2027-06-01', to: '2027-07-01', nights: 2 },
      changes: [
        { from: '2027-06-01', to: '2027-06-01', price: 1000, previous_price: 2500 },
        { from: '2027-07-01', to: '2027-07-01', price: 2500, previous_price: 1000 },
      ],
    });
    expect(removed).toMatchObject({ rate: { id: one.id, from: '2027-06-02' }, change: { nights: 30 } });
  });

  test('says of a rate that stands below another that no night has changed', async () => {
    const world = await startWorld();
    const receiver = await world.subscribe('property.rate_changed');
    const { id } = await world.property();
    await rate(world, season(id, { priority: 5 }));
    await rate(world, season(id, { price: 3000 }));
    await world.relay();
    expect(receiver.received[1]!.json.data.change).toMatchObject({ kind: 'added', nights: 0, changes: [] });
  });

  test('is numbered by its property, also where two tools write its rates at once', async () => {
    const world = await startWorld();
    const { id } = await world.property();
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, n) => world.post('/v1/rates', season(id, { price: 1000 + n, priority: n }))),
    );
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201, 201]);
    const { rows } = await world.database.system.query(
      `select subject_seq from outbox_event where subject = $1 order by subject_seq`,
      [`property:${id}`],
    );
    expect(rows.map(({ subject_seq }) => subject_seq)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(await prices(world, id, '2027-06-01', '2027-06-02')).toEqual([1005]);
  });
});

describe('setting many rates', () => {
  test('gives exactly the nights that are named these terms, above what was set one at a time before', async () => {
    const world = await startWorld();
    const { id } = await world.property({ base_price: 1000 });
    await rate(world, season(id, { price: 2000 }));
    const path = `/v1/properties/${id}/rates`;
    const first = await world.put(path, {
      rates: [
        { from: '2027-06-03', to: '2027-06-04', price: 3000, min_stay: 2 },
        { from: '2027-06-06', to: '2027-06-06', price: 3100 },
      ],
    });
    const again = await world.graphql(
      `mutation ($rates: [RateInput!]!) { setRates(propertyId: "${id}", rates: $rates) { rates nights changedNights } }`,
      { rates: [{ from: '2027-06-03', to: '2027-06-04', price: '3000.00', minStay: 2 }] },
    );
    expect(again.body.data.setRates).toEqual({ rates: 1, nights: 2, changedNights: 0 });
    expect([first.status, first.body]).toEqual([
      200,
      { data: { property_id: id, rates: 2, nights: 3, changed_nights: 3 } },
    ]);
    const now = () => prices(world, id, '2027-06-01', '2027-06-08');
    expect(await now()).toEqual([2000, 2000, 3000, 3000, 2000, 3100, 2000]);
    await rate(world, season(id, { from: '2027-06-05', to: '2027-06-06', price: 2500 }));
    expect(await now()).toEqual([2000, 2000, 3000, 3000, 2500, 2500, 2000]);
    // The first night of the pair is named again: the second stays as it was.
    await world.put(path, { rates: [{ from: '2027-06-03', to: '2027-06-03', price: 3333 }] });
    expect(await now()).toEqual([2000, 2000, 3333, 3000, 2500, 2500, 2000]);
    const kept = (await world.get(`/v1/rates?property_id=${id}&pushed=true&sort=from_asc`)).body.data;
    expect(kept.map(({ from, to, price }: Record<string, unknown>) => [from, to, price])).toEqual([
      ['2027-06-03', '2027-06-03', 3333],
      ['2027-06-04', '2027-06-04', 3000],
      ['2027-06-06', '2027-06-06', 3100],
    ]);
  });

  // What is left of an old price where nobody looks is sold for a year.
  test('agrees with a plain model of the rule after any series of writes', async () => {
    const world = await startWorld();
    const { id } = await world.property({ base_price: 1 });
    const NIGHTS = 28;
    const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
    let seed = 7;
    const below = (most: number) => {
      seed = (seed * 16_807) % 2_147_483_647;
      return seed % most;
    };
    const drawn = (price: number) => {
      const from = below(NIGHTS);
      const weekdays = WEEKDAYS.filter(() => below(3) === 0);
      const some = below(2) ? weekdays : [];
      return { from: day(from), to: day(Math.min(NIGHTS - 1, from + below(12))), price, weekdays: some };
    };
    const nightsOf = ({ from, to, weekdays }: ReturnType<typeof drawn>) =>
      Array.from({ length: NIGHTS }, (_, n) => day(n)).filter(
        (date) =>
          date >= from &&
          date <= to &&
          (weekdays.length === 0 || weekdays.includes(WEEKDAYS[new Date(date).getUTCDay()]!)),
      );
    let model: { nights: string[]; priority: number; price: number; pushed: boolean }[] = [];
    for (let step = 1; step <= 40; step++) {
      const pushed = below(3) > 0;
      let rates = Array.from({ length: pushed ? 1 + below(3) : 1 }, (_, n) => ({
        ...drawn(step * 10 + n),
        priority: pushed ? n : below(2),
      }));
      if (pushed && below(2)) rates = rates.flatMap((one) => nightsOf(one).map((d) => ({ ...one, from: d, to: d }))); // As tools do.
      if (rates.length === 0) continue;
      if (pushed) {
        expect((await world.put(`/v1/properties/${id}/rates`, { rates })).status).toBe(200);
        const named = new Set(rates.flatMap(nightsOf));
        model = model.map((one) => (one.pushed ? { ...one, nights: one.nights.filter((d) => !named.has(d)) } : one));
      } else await rate(world, { property_id: id, ...rates[0] });
      model.push(...rates.map((one) => ({ nights: nightsOf(one), priority: one.priority, price: one.price, pushed })));
      const expected = Array.from({ length: NIGHTS }, (_, n) => {
        const best = model
          .filter(({ nights }) => nights.includes(day(n)))
          .reduce<(typeof model)[number] | undefined>(
            (top, one) => (top && top.priority > one.priority ? top : one),
            undefined,
          );
        return best?.price ?? 1;
      });
      expect([step, await prices(world, id, day(0), day(NIGHTS))]).toEqual([step, expected]);
    }
    const left = (await world.get(`/v1/rates?property_id=${id}&pushed=true&per_page=1000`)).body.data;
    const leftNights = left.flatMap(nightsOf).sort();
    const modelNights = model.flatMap(({ nights, pushed }) => (pushed ? nights : [])).sort();
    expect(leftNights).toEqual(modelNights); // Nothing of a pushed rate is lost, and nothing is left behind.
  });

  // A yield tool pushes its whole calendar each night; whoever listens would read a year of nothing.
  test('tells each property once, of the nights that changed, and nobody of a push that says what holds already', async () => {
    const world = await startWorld();
    const [a, b] = [await world.property({ base_price: 1000 }), await world.property({ base_price: 1000 })];
    const receiver = await world.subscribe('property.rate_changed');
    const rates = [
      { from: '2027-06-01', to: '2027-06-03', price: 2000 },
      { from: '2027-06-04', to: '2027-06-05', price: 1000 },
      { from: '2027-06-06', to: '2027-06-06', price: 1000, closed_to_arrival: true },
    ];
    const body = { properties: [a, b].map(({ id }) => ({ property_id: id, rates })) };
    expect((await world.put('/v1/rates', body)).body.data).toMatchObject({ rates: 6, nights: 12, changed_nights: 8 });
    expect((await world.put('/v1/rates', body)).body.data).toMatchObject({ rates: 6, nights: 12, changed_nights: 0 });
    // The same prices, said otherwise: still nothing has changed.
    const apart = nightByNight(0, () => 0).concat(
      ['01', '02', '03'].map((d) => ({ from: `2027-06-${d}`, to: `2027-06-${d}`, price: 2000, min_stay: 1 })),
    );
    expect((await world.put(`/v1/properties/${a.id}/rates`, { rates: apart })).body.data.changed_nights).toBe(0);
    await world.relay();
    expect(receiver.received).toHaveLength(2);
    expect(receiver.received.map(({ json }) => json.data.property.id).sort()).toEqual([a.id, b.id].sort());
    for (const { json, signature } of receiver.received) {
      expect(signature).toBe('valid');
      expect(json.data.rate).toBeNull();
      expect(json.data.change).toMatchObject({
        ...{ kind: 'replaced', from: '2027-06-01', to: '2027-06-06', nights: 4, truncated: false },
        changes: [
          { from: '2027-06-01', to: '2027-06-03', price: 2000, previous_price: 1000 },
          { from: '2027-06-06', to: '2027-06-06', closed_to_arrival: true, previous_closed_to_arrival: false },
        ],
      });
    }
    await world.put(`/v1/properties/${a.id}/rates`, { rates: [{ from: '2027-06-02', to: '2027-06-02', price: 2001 }] });
    await world.relay();
    expect(receiver.received).toHaveLength(3);
    expect(receiver.received[2]!.json.data.change).toMatchObject({ nights: 1, from: '2027-06-02', to: '2027-06-02' });
  });

  test('carries four hundred changes in an event, and says so when there are more', async () => {
    const world = await startWorld();
    const receiver = await world.subscribe('property.rate_changed');
    const { id } = await world.property();
    await world.put(`/v1/properties/${id}/rates`, { rates: nightByNight(401, (n) => 2000 + n) });
    await world.relay();
    const { change } = receiver.received[0]!.json.data;
    expect([change.nights, change.changes.length, change.truncated]).toEqual([401, 400, true]);
  });

  test('is refused whole, each rate that is wrong by its path', async () => {
    const world = await startWorld();
    const [a, b] = [await world.property(), await world.property()];
    const night = (fields: object = {}) => ({ from: '2027-06-01', to: '2027-06-01', price: 1000, ...fields });
    const path = `/v1/properties/${a.id}/rates`;
    const refusals: [unknown, string[]][] = [
      [[], ['rates']],
      [
        [night(), night({ from: '2027-06-02', to: '2027-06-02', price: -1, min_stay: 0 })],
        ['rates.1.min_stay', 'rates.1.price'],
      ],
      [[night({ name: '\ud83c' })], ['rates.0.name']],
      [
        [
          night({ to: '2027-06-03' }),
          night({ from: '2027-06-09', to: '2027-06-09' }),
          night({ from: '2027-06-03', to: '2027-06-04' }),
        ],
        ['rates.2.from'],
      ],
      [[night({ price: undefined })], ['rates.0.price']],
      [
        [night({ to: '2027-06-31' }), night({ prise: 1 })],
        ['rates.0.to', 'rates.1.prise'],
      ],
      ['all', ['rates']],
    ];
    for (const [rates, named] of refusals)
      expect([rates, errorsOf(await world.put(path, { rates }))]).toEqual([rates, [422, named]]);
    const many = [
      { property_id: a.id, rates: [night()] },
      { property_id: b.id, rates: [night(), night({ price: 0.001, from: '2027-06-02', to: '2027-06-02' })] },
    ];
    expect(errorsOf(await world.put('/v1/rates', { properties: many }))).toEqual([422, ['properties.1.rates.1.price']]);
    const twice = [many[0], many[0]];
    expect(errorsOf(await world.put('/v1/rates', { properties: twice }))).toEqual([422, ['properties.1.property_id']]);
    expect(errorsOf(await world.put('/v1/rates', { properties: [] }))).toEqual([422, ['properties']]);
    const long = Array.from({ length: 120 }, (_, n) => night({ to: '2030-05-30', priority: n }));
    expect(errorsOf(await world.put(path, { rates: long }))).toEqual([422, ['rates']]);
    expect((await world.get('/v1/rates')).body.data).toEqual([]);
    // Apart by their weekdays or their priorities, two rates may share their dates.
    const shared = [
      night({ to: '2027-06-10', weekdays: ['fri'] }),
      night({ to: '2027-06-10', weekdays: ['sat'] }),
      night({ to: '2027-06-10', priority: -1 }),
    ];
    expect((await world.put(path, { rates: shared })).body.data).toMatchObject({ rates: 3, nights: 10 });
  });

  // Half of one tool's prices and half of another's is a calendar that nobody has decided on.
  test('two tools that write the same nights at once come one after the other: all of one, then all of the other', async () => {
    const world = await startWorld();
    const properties = [await world.property(), await world.property(), await world.property()];
    const push = (price: number, ids: number[]) => ({
      properties: ids.map((property_id) => ({ property_id, rates: nightByNight(30, () => price) })),
    });
    const ids = properties.map(({ id }) => id as number);
    for (let round = 0; round < 5; round++) {
      const answers = await Promise.all([
        world.put('/v1/rates', push(1100 + round, ids)),
        world.put('/v1/rates', push(2200 + round, [...ids].reverse())),
        world.put(`/v1/properties/${ids[1]}/rates`, { rates: nightByNight(30, () => 3300 + round) }),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
      for (const id of ids) expect(new Set(await prices(world, id, day(0), day(30))).size).toBe(1);
      expect((await world.get('/v1/rates?pushed=true')).body.meta.total).toBe(90);
    }
  });

  test('takes a year of a hundred properties night by night in one call, and the same again', async () => {
    const world = await startWorld();
    const owner = new pg.Client({ connectionString: world.database.ownerUrl });
    await owner.connect();
    await owner.query(
      `insert into property (agency_id, code, name, base_price_minor, updated_at)
       select $1, 'B-' || n, 'B', 100000, now() from generate_series(1, 100) n`,
      [world.agencyId],
    );
    await owner.query('analyze property'); // As the server does by itself, in time; else each foreign key reads all of it.
    await owner.end();
    const properties = (await world.get('/v1/properties?per_page=100')).body.data.map(({ id }: { id: number }) => ({
      property_id: id,
      rates: nightByNight(365, (n) => 1000 + (n % 60) + 0.5),
    }));
    for (const changed_nights of [36_500, 0]) {
      const { status, body } = await world.put('/v1/rates', { properties });
      expect([status, body.data.rates, body.data.changed_nights]).toEqual([200, 36_500, changed_nights]);
    }
    expect((await world.get('/v1/rates?per_page=1')).body.meta.total).toBe(36_500);
  }, 60_000);
});

describe('what a booking costs', () => {
  const nightsOf = async (mine: Integrator, id: number) => {
    const { rows } = await mine.viewer.database.asAgency(mine.agencyId, (client) =>
      client.query('select gross_minor, net_minor from night where booking_id = $1 order by date', [id]),
    );
    return rows.map(({ gross_minor, net_minor }) => [gross_minor, net_minor]);
  };

  // What was quoted is what is paid; and each night carries its own price into the reports.
  test('is the quote to the centime, night by night, with a net that adds up', async () => {
    const world = await startWorld();
    const { id } = await world.property({ base_price: 850.5 });
    await rate(world, season(id, { from: '2027-06-03', to: '2027-06-04', price: 1200.35 }));
    const { body } = await quote(world, id, '2027-06-01', '2027-06-05');
    const rate_id = body.data.nights[2].rate_id;
    expect(body.data).toMatchObject({
      nights: [
        { date: '2027-06-01', price: 850.5, rate_id: null },
        { date: '2027-06-02', price: 850.5, rate_id: null },
        { date: '2027-06-03', price: 1200.35, rate_id },
        { date: '2027-06-04', price: 1200.35, rate_id },
      ],
      ...{ nights_count: 4, gross_amount: 4101.7, average_price: 1025.43, currency: 'MAD' },
      ...{ available: true, bookable: true, problems: [] },
    });
    expect(rate_id).toBeGreaterThan(0);
    const booking = await world.book(stay(id, { check_out: '2027-06-05', commission_amount: 100.01 }));
    expect(booking).toMatchObject({ gross_amount: body.data.gross_amount, net_amount: 4001.69 });
    const nights = await nightsOf(world, booking.id);
    expect(nights.map(([gross]) => gross)).toEqual([85_050, 85_050, 120_035, 120_035]);
    expect(nights.reduce((sum, [, net]) => sum + net, 0)).toBe(400_169);
    expect(nights[0]![1]).toBe(Math.floor((400_169 * 85_050) / 410_170));
  });

  test('is what is said, where something is said, split evenly', async () => {
    const world = await startWorld();
    const { id } = await world.property();
    await rate(world, season(id, { min_stay: 9, closed_to_arrival: true }));
    const booking = await world.book(stay(id, { gross_amount: 100, check_out: '2027-06-04' }));
    expect(await nightsOf(world, booking.id)).toEqual([
      [3333, 3333],
      [3333, 3333],
      [3334, 3334],
    ]);
  });

  test('keeps its nights as they were priced until its dates or its amounts change', async () => {
    const world = await startWorld();
    const { id } = await world.property({ base_price: 1000 });
    await rate(world, season(id, { from: '2027-06-02' }));
    const booking = await world.book(stay(id));
    await rate(world, season(id, { price: 9000 })); // Sold already.
    await world.patch(`/v1/bookings/${booking.id}`, { notes: 'Late', gross_amount: 3000 });
    expect(await nightsOf(world, booking.id)).toEqual([
      [100_000, 100_000],
      [200_000, 200_000],
    ]);
    await world.patch(`/v1/bookings/${booking.id}`, { gross_amount: 3000.01 });
    expect(await nightsOf(world, booking.id)).toEqual([
      [150_000, 150_000],
      [150_001, 150_001],
    ]);
  });

  // The owner closed the day for a reason; only who has sold the stay already knows better.
  test('is refused where the rates ask for more than the dates have, in the words of the quote', async () => {
    const world = await startWorld();
    const { id } = await world.property();
    await rate(world, season(id, { from: '2027-06-01', to: '2027-06-01', min_stay: 3, closed_to_arrival: true }));
    await rate(world, season(id, { from: '2027-06-03', to: '2027-06-03', closed_to_departure: true }));
    const cases: [string, string, string[]][] = [
      ['2027-06-01', '2027-06-03', ['min_stay', 'closed_to_arrival', 'closed_to_departure']],
      ['2027-06-01', '2027-06-04', ['closed_to_arrival']],
      ['2027-06-02', '2027-06-03', ['closed_to_departure']],
      ['2027-05-31', '2027-06-02', []], // It passes through the night; it neither arrives nor leaves on it.
      ['2027-06-03', '2027-06-04', []],
    ];
    for (const [check_in, check_out, codes] of cases) {
      const { body } = await quote(world, id, check_in, check_out);
      const problems: { code: string; message: string }[] = body.data.problems;
      expect([check_in, problems.map(({ code }) => code), body.data.bookable]).toEqual([
        check_in,
        codes,
        !codes.length,
      ]);
      const answer = await world.post('/v1/bookings', stay(id, { check_in, check_out }));
      expect([check_in, answer.status]).toEqual([check_in, codes.length ? 409 : 201]);
      if (codes.length === 0) continue;
      expect(answer.body.code).toBe('STAY_RESTRICTED');
      for (const { message } of problems) expect(answer.body.message).toContain(message);
      expect(answer.body.message).toContain('gross amount');
    }
    expect((await world.get('/v1/bookings')).body.data).toHaveLength(2);
    const sold = await world.post('/v1/bookings', stay(id, { check_in: '2027-06-02', gross_amount: 100 }));
    expect(codeOf(sold)).toEqual([201, undefined]);
  });

  test('carries what the channel calls the booking through every door', async () => {
    const world = await startWorld();
    const receiver = await world.subscribe('booking.*');
    const booking = await world.book({ source: 'airbnb', channel_reference: ' HMABCDEFGH ' });
    expect(booking.channel_reference).toBe('HMABCDEFGH');
    await world.book();
    const found = await world.get('/v1/bookings?channel_reference=HMABCDEFGH');
    expect(found.body.data.map(({ id }: { id: number }) => id)).toEqual([booking.id]);
    const { body } = await world.graphql(
      `mutation { updateBooking(id: "${booking.id}", input: { channelReference: "HM2" }) { channelReference } }`,
    );
    expect(body.data.updateBooking.channelReference).toBe('HM2');
    const path = `/v1/bookings/${booking.id}`;
    expect((await world.patch(path, { notes: 'x' })).body.data.channel_reference).toBe('HM2');
    expect((await world.patch(path, { channel_reference: null })).body.data.channel_reference).toBeNull();
    for (const ask of [
      world.patch(path, { channel_reference: 'x'.repeat(101) }),
      world.post('/v1/bookings', stay(1, { channel_reference: 'x'.repeat(101) })),
    ])
      expect(errorsOf(await ask)).toEqual([422, ['channel_reference']]);
    await world.relay();
    const { booking: told } = receiver.received[0]!.json.data;
    expect(Object.entries(told).at(-1)).toEqual(['channel_reference', 'HMABCDEFGH']);
  });
});

describe('a quote', () => {
  test('says why a stay can’t be booked: nights that are taken, a property that is archived', async () => {
    const world = await startWorld();
    const { property_id } = await world.book();
    const codes = async (from: string, to: string) => {
      const { body } = await quote(world, property_id, from, to);
      return [body.data.available, body.data.bookable, body.data.problems.map(({ code }: { code: string }) => code)];
    };
    expect(await codes('2027-06-02', '2027-06-04')).toEqual([false, false, ['dates_taken']]);
    expect(await codes('2027-06-03', '2027-06-04')).toEqual([true, true, []]);
    await world.post(`/v1/properties/${property_id}/archive`);
    expect(await codes('2027-06-03', '2027-06-04')).toEqual([true, false, ['property_archived']]);
  });

  test('is one SQL statement however long the stay, and the same through both doors', async () => {
    const world = await startWorld();
    const { id } = await world.property();
    await rate(world, season(id));
    for (const check_out of ['2027-06-02', '2029-05-31'])
      expect(await world.statements(() => quote(world, id, '2027-06-01', check_out))).toBe(1);
    const { body } = await world.graphql(
      `{ quote(propertyId: "${id}", checkIn: "2027-06-29", checkOut: "2027-07-02", guestsCount: 2) {
        nights { date price rateId } nightsCount grossAmount averagePrice bookable problems { code } } }`,
    );
    const rest = (await quote(world, id, '2027-06-29', '2027-07-02')).body.data;
    expect(body.data.quote).toMatchObject({
      nightsCount: 3,
      grossAmount: rest.gross_amount,
      bookable: true,
      problems: [],
    });
    expect(body.data.quote.nights.map(({ price }: { price: number }) => price)).toEqual([2000, 2000, 1000]);
  });

  test('is refused for a stay that can’t be', async () => {
    const world = await startWorld();
    const { id } = await world.property();
    expect(errorsOf(await quote(world, id, '2027-06-02', '2027-06-02'))).toEqual([422, ['check_out']]);
    expect(errorsOf(await quote(world, id, '2027-06-02', '2029-06-02'))).toEqual([422, ['check_out']]);
    expect(errorsOf(await quote(world, id, '2027-02-30', '2027-03-02'))).toEqual([422, ['check_in']]);
    expect(errorsOf(await world.get(`/v1/quote?property_id=${id}`))).toEqual([422, ['check_in', 'check_out']]);
    expect(
      errorsOf(await world.get(`/v1/quote?property_id=${id}&check_in=2027-06-01&check_out=2027-06-02&guests_count=0`)),
    ).toEqual([422, ['guests_count']]);
  });
});
