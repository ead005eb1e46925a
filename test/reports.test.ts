import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { migrate } from '../src/database/migrate.ts';
import { foldReports } from '../src/finance/reports/fold.ts';
import { createTestDatabase } from './support/database.ts';
import { type Integrator, startWorld, type World } from './support/world.ts';

const JULY = 'from=2026-07-01&to=2026-07-31';

const revenue = async (mine: Integrator, query: string) => (await mine.get(`/v1/reports/revenue?${query}`)).body;
const occupancy = async (mine: Integrator, query: string) => (await mine.get(`/v1/reports/occupancy?${query}`)).body;
const sql = (mine: Integrator, text: string) =>
  mine.viewer.database.asAgency(mine.agencyId, (client) => client.query(text));

// Owners are paid, and banks convinced, by these five numbers. The sample is what the contract promises to the letter.
test('July of ten villas reads as the contract’s sample does, to the letter', async () => {
  const world = await startWorld({ today: '2026-06-01' });
  for (let villa = 0; villa < 10; villa++) {
    const { id: property_id } = await world.property();
    if (villa >= 6) continue;
    const stay = { property_id, check_in: '2026-07-01', check_out: '2026-08-01' };
    await world.book({ ...stay, gross_amount: 23_750, commission_amount: 2_375 });
  }
  for (const folded of [false, true]) {
    if (folded) expect(await foldReports(world)).toBeGreaterThan(0);
    const answer = await world.get(`/v1/reports/revenue?${JULY}&granularity=day`);
    const { from, to, currency, data } = answer.body;
    expect(Object.keys(answer.body).slice(0, 4)).toEqual(['from', 'to', 'currency', 'data']);
    expect([from, to, currency]).toEqual(['2026-07-01', '2026-07-31', 'MAD']);
    expect(Object.keys(data)).toEqual(['global', 'per_property', 'series']);
    expect(Object.entries(data.global).slice(0, 5)).toEqual(
      Object.entries({ gross_revenue: 142500, net_revenue: 128250, nights_booked: 186, adr: 766.13, revpar: 459.68 }),
    );
    expect([data.per_property.length, data.series.length]).toEqual([10, 31]);
    const full = await occupancy(world, JULY);
    expect(full.data.global).toMatchObject({ occupancy: 0.6, nights_booked: 186, nights_available: 310 });
  }
});

/** A small generator, so that a failure can be had again. */
function dice(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const day = (offset: number) => new Date(Date.UTC(2026, 5, 1 + offset)).toISOString().slice(0, 10);
const daysBetween = (from: string, to: string) => Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000);
const halfUp = (value: number, places: number) => Math.round(value * 10 ** places + 1e-9) / 10 ** places;
const ratio = (above: number, below: number, places: number) => (below > 0 ? halfUp(above / below, places) : null);

interface Place {
  id: number;
  units: number;
  active_from: string | null;
  active_to: string | null;
  /** The day in the agency's timezone. */
  archived: string | null;
}

const open = (place: Place, date: string) =>
  (place.active_from === null || date >= place.active_from) &&
  (place.active_to === null || date <= place.active_to) &&
  (place.archived === null || date < place.archived);

/** The same figures, worked out from what GET /v1/bookings says, in plain loops. */
function workedOut(bookings: Record<string, never>[], places: Place[], from: string, to: string) {
  const nights = bookings
    // biome-ignore lint/suspicious/noExplicitAny: bodies of bookings
    .filter((b: any) => ['confirmed', 'checked_in', 'checked_out'].includes(b.status) && b.source !== 'owner')
    // biome-ignore lint/suspicious/noExplicitAny: bodies of bookings
    .flatMap((b: any) =>
      Array.from({ length: b.nights }, (_, n) => {
        const share = (amount: number) => {
          const minor = Math.round(amount * 100);
          const each = Math.floor(minor / b.nights);
          return n === b.nights - 1 ? minor - each * (b.nights - 1) : each;
        };
        const date = day(daysBetween('2026-06-01', b.check_in) + n);
        const { property_id, currency, source } = b;
        return { date, property_id, currency, source, gross: share(b.gross_amount), net: share(b.net_amount) };
      }),
    )
    .filter(({ date }) => date >= from && date <= to);
  const days = Array.from({ length: daysBetween(from, to) + 1 }, (_, n) => day(daysBetween('2026-06-01', from) + n));
  const figures = (which: typeof nights, available: number) => {
    const own = which.filter(({ currency }) => currency === 'MAD');
    const gross = own.reduce((sum, night) => sum + night.gross, 0);
    return {
      gross_revenue: gross / 100,
      net_revenue: own.reduce((sum, night) => sum + night.net, 0) / 100,
      nights_booked: own.length,
      adr: ratio(gross / 100, own.length, 2),
      revpar: ratio(gross / 100, available, 2),
      nights_available: available,
    };
  };
  const availableOf = (place: Place) => days.filter((date) => open(place, date)).length * place.units;
  return {
    global: figures(
      nights,
      places.reduce((sum, place) => sum + availableOf(place), 0),
    ),
    per_property: places
      .map((place) => ({
        property_id: place.id,
        ...figures(
          nights.filter(({ property_id }) => property_id === place.id),
          availableOf(place),
        ),
      }))
      .filter(
        ({ property_id, nights_available }) =>
          nights_available > 0 || nights.some((night) => night.property_id === property_id),
      ),
    months: [...new Set(days.map((date) => date.slice(0, 7)))].map((period) => ({
      period,
      ...figures(
        nights.filter(({ date }) => date.startsWith(period)),
        days
          .filter((date) => date.startsWith(period))
          .reduce((sum, date) => sum + places.reduce((all, p) => all + (open(p, date) ? p.units : 0), 0), 0),
      ),
    })),
  };
}

// Totals are kept beside the nights. One write that doesn't reach them, and every report from then on is wrong by it.
test.each([1, 2])(
  'whatever is booked, changed, cancelled and taken back, every report is what the bookings add up to (%i)',
  async (seed) => {
    const world = await startWorld({ today: '2026-07-10' });
    const roll = dice(seed);
    const places: Place[] = [];
    for (const fields of [
      {},
      { units: 7 },
      { units: 2, active_from: '2026-07-09' },
      { active_from: '2026-06-20', active_to: '2026-08-15' },
    ]) {
      const { id, units, active_from, active_to } = await world.property(fields);
      places.push({ id, units, active_from, active_to, archived: null });
    }
    const ids: number[] = [];
    for (let step = 0; step < 90; step++) {
      await anything(world, roll, places, ids);
      if (roll(4) === 0) await marketChanges(world, roll, places);
      if (roll(6) === 0) await foldReports(world);
      if (step === 60) {
        await world.post(`/v1/properties/${places[0]!.id}/archive`);
        places[0]!.archived = '2026-07-10';
      }
      if (step % 9 === 8) await compare(world, roll, places);
    }
    await foldReports(world);
    await compare(world, roll, places);
    expect(ids.length).toBeGreaterThan(20); // There was something to add up.
  },
  60_000,
);

async function anything(world: World, roll: (below: number) => number, places: Place[], ids: number[]) {
  const from = roll(90);
  const dates = { check_in: day(from), check_out: day(from + 1 + roll(12)) };
  const gross_amount = 100 + roll(100_000) / 100;
  const amounts = { gross_amount, commission_amount: roll(100) };
  const source = ['airbnb', 'booking', 'direct', 'owner'][roll(4)]!;
  const id = ids[roll(ids.length)];
  const what = roll(10);
  if (id === undefined || what < 4) {
    const property_id = places[roll(places.length)]!.id;
    const status = roll(5) === 0 ? 'pending' : 'confirmed';
    const answer = await world.post('/v1/bookings', {
      ...{ property_id, guests_count: 2, guest_name: 'Karim B.', source, status },
      ...dates,
      ...amounts,
    });
    if (answer.status === 201) ids.push(answer.body.data.id);
  } else if (what === 4) await world.patch(`/v1/bookings/${id}`, dates);
  else if (what === 5) await world.patch(`/v1/bookings/${id}`, roll(2) ? { ...amounts, source } : { source });
  else if (what === 6) await world.post(`/v1/bookings/${id}/cancel`, {});
  else if (what === 7) await world.post(`/v1/bookings/${id}/reinstate`);
  else if (what === 8) await world.post(`/v1/bookings/${id}/${['confirm', 'check-in', 'no-show'][roll(3)]}`);
  else if (roll(3) === 0)
    // What an import of another currency leaves behind.
    await sql(
      world,
      `update booking set currency = 'EUR' where id = ${id}; update night set currency = 'EUR' where booking_id = ${id}`,
    );
}

/** Nights are blocked and freed, and a property comes to the market earlier or later. */
async function marketChanges(world: World, roll: (below: number) => number, places: Place[]) {
  const place = places[roll(places.length)]!;
  const from = roll(90);
  await sql(
    world,
    `insert into inventory (agency_id, room_type_id, date, total, blocked)
     select r.agency_id, r.id, d::date, r.units, 1
     from room_type r, generate_series('${day(from)}'::date, '${day(from + roll(9))}'::date, interval '1 day') d
     where r.property_id = ${place.id}
     on conflict (agency_id, room_type_id, date) do update
     set blocked = case when inventory.blocked = 0 and inventory.sold < inventory.total then 1 else 0 end`,
  );
  if (place.archived || roll(3) > 0) return;
  const opening = day(roll(60));
  const days = { active_from: roll(4) ? opening : null, active_to: roll(2) ? day(60 + roll(40)) : null };
  expect(await world.patch(`/v1/properties/${place.id}`, days)).toMatchObject({ status: 200 });
  Object.assign(place, days);
}

/** Blocked nights and the owner's own, by what the tables say of each. */
async function offWorkedOut(world: World, places: Place[], from: string, to: string) {
  const { rows } = await sql(
    world,
    `select r.property_id, i.date::text, 'blocked' as why, i.blocked as units from inventory i join room_type r on r.id = i.room_type_id
     union all select property_id, date::text, 'owner', 1 from night where counts and source = 'owner'`,
  );
  const units = (why: string) =>
    rows
      .filter((row) => row.why === why && row.date >= from && row.date <= to)
      .filter((row) => open(places.find(({ id }) => id === row.property_id)!, row.date))
      .reduce((sum, row) => sum + row.units, 0);
  return { nights_blocked: units('blocked'), nights_owner: units('owner') };
}

async function compare(world: World, roll: (below: number) => number, places: Place[]) {
  const { body } = await world.get('/v1/bookings?per_page=1000');
  const start = roll(60);
  for (const [from, to] of [
    [day(start), day(start + roll(50))],
    ['2026-06-01', '2026-09-30'],
  ] as const) {
    const wanted = workedOut(body.data, places, from, to);
    const { data } = await revenue(world, `from=${from}&to=${to}&granularity=month`);
    expect(data.global).toMatchObject(wanted.global);
    expect(data.per_property).toMatchObject(wanted.per_property);
    expect(data.series).toMatchObject(wanted.months);
    expect(data.series).toHaveLength(wanted.months.length);
    const bySource = data.global.revenue_by_source.reduce(
      (sum: number, row: { gross_revenue: number }) => sum + Math.round(row.gross_revenue * 100),
      0,
    );
    expect(bySource).toBe(Math.round(data.global.gross_revenue * 100));

    // Named properties are added up another way, and say the same.
    const some = places.slice(1);
    const named = await revenue(
      world,
      `from=${from}&to=${to}&granularity=month&property_id=${some.map(({ id }) => id).join(',')}`,
    );
    const few = workedOut(
      body.data.filter((b: { property_id: number }) => b.property_id !== places[0]!.id),
      some,
      from,
      to,
    );
    expect(named.data.global).toMatchObject(few.global);
    expect(named.data.series).toMatchObject(few.months);
    const all = await revenue(world, `from=${from}&to=${to}&property_id=${places.map(({ id }) => id).join(',')}`);
    expect(all.data.global).toEqual(data.global);
    expect(all.data.per_property).toEqual(data.per_property);

    const query = `from=${from}&to=${to}&granularity=month`;
    const full = await occupancy(world, query);
    expect(full.data.global).toMatchObject(await offWorkedOut(world, places, from, to));
    expect(await occupancy(world, `${query}&property_id=${places.map(({ id }) => id).join(',')}`)).toEqual(full);
  }
}

// Two processes run the timer. A change that both take over would be paid out twice.
test('figures stay what they are while several processes fold at once and guests go on booking', async () => {
  const world = await startWorld({ today: '2026-06-01' });
  const { id: property_id } = await world.property({ units: 50 });
  const book = () => world.book({ property_id, check_in: '2026-07-10', check_out: '2026-07-12', gross_amount: 200 });
  await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 ? book() : foldReports(world))));
  expect((await revenue(world, JULY)).data.global).toMatchObject({ gross_revenue: 2000, nights_booked: 20 });
  await Promise.all([foldReports(world), foldReports(world), foldReports(world)]);
  await foldReports(world);
  expect((await revenue(world, JULY)).data.global).toMatchObject({ gross_revenue: 2000, nights_booked: 20 });
  for (const table of ['report_delta', 'supply_delta'])
    expect((await sql(world, `select count(*)::int as left from ${table}`)).rows).toEqual([{ left: 0 }]);
});

// A week that is cut by the end of the range and counted whole would make a bad week look worse.
test('a series has every period of the range, cut to it: days, weeks from Monday, months, years', async () => {
  const world = await startWorld({ today: '2026-06-01' });
  await world.property();
  const periods = async (query: string) =>
    (await revenue(world, query)).data.series.map((row: Record<string, unknown>) => [
      row.period,
      row.from,
      row.to,
      row.nights_available,
    ]);
  expect(await periods('from=2026-12-30&to=2027-01-05&granularity=week')).toEqual([
    ['2026-W53', '2026-12-30', '2027-01-03', 5],
    ['2027-W01', '2027-01-04', '2027-01-05', 2],
  ]);
  expect(await periods('from=2028-02-15&to=2028-03-01&granularity=month')).toEqual([
    ['2028-02', '2028-02-15', '2028-02-29', 15],
    ['2028-03', '2028-03-01', '2028-03-01', 1],
  ]);
  expect(await periods('from=2026-12-31&to=2027-01-01&granularity=year')).toEqual([
    ['2026', '2026-12-31', '2026-12-31', 1],
    ['2027', '2027-01-01', '2027-01-01', 1],
  ]);
  expect(await periods('from=2026-07-31&to=2026-08-01')).toEqual([
    ['2026-07-31', '2026-07-31', '2026-07-31', 1],
    ['2026-08-01', '2026-08-01', '2026-08-01', 1],
  ]);
});

// A zero where nothing could be sold reads like failure, and drags every average of averages down.
test('where there is nothing to divide by, a figure is null', async () => {
  const world = await startWorld({ today: '2026-06-01' });
  expect((await revenue(world, JULY)).data).toMatchObject({
    global: {
      ...{ gross_revenue: 0, net_revenue: 0, nights_booked: 0, adr: null, revpar: null, nights_available: 0 },
      ...{ average_length_of_stay: null, average_lead_time: null, cancellation_rate: null },
    },
    per_property: [],
  });
  expect((await occupancy(world, JULY)).data.global).toMatchObject({ occupancy: null, adjusted_occupancy: null });
});

// An owner who stays in his own villa would see his income fall by it, or a hole in the market where there was none.
test('owner stays and blocked nights are available, not sold, and taken out of the adjusted figures while on the market', async () => {
  const world = await startWorld({ today: '2026-06-01' });
  const { id: property_id } = await world.property({ units: 2, active_from: '2026-07-11' });
  const book = (check_in: string, check_out: string, source: string) =>
    world.book({ property_id, check_in, check_out, source, gross_amount: 100, commission_amount: 0 });
  await book('2026-07-21', '2026-07-25', 'airbnb');
  await book('2026-07-09', '2026-07-13', 'owner'); // Two of its nights are before the market opens.
  await sql(
    world,
    `insert into inventory (agency_id, room_type_id, date, total, blocked)
     select r.agency_id, r.id, d, 2, 2 from room_type r, unnest('{2026-07-02,2026-07-30,2026-07-31}'::date[]) d
     on conflict (agency_id, room_type_id, date) do update set blocked = 2`,
  );
  for (const filter of ['', `&property_id=${property_id}`]) {
    const { data } = await occupancy(world, `${JULY}&granularity=month${filter}`);
    const wanted = {
      ...{ nights_available: 42, nights_booked: 4, occupancy: 0.0952, nights_blocked: 4, nights_owner: 2 },
      ...{ adjusted_nights_available: 36, adjusted_occupancy: 0.1111 },
    };
    expect(data).toMatchObject({ global: wanted, per_property: [wanted], series: [wanted] });
    const { data: earned } = await revenue(world, `${JULY}${filter}`);
    expect(earned.global).toMatchObject({ gross_revenue: 100, nights_booked: 4, adr: 25, revpar: 2.38 });
    expect(earned.global.revenue_by_source).toMatchObject([{ source: 'airbnb', nights_booked: 4 }]);
  }
});

// Dirhams and euros in one sum are a number that means nothing.
test('nights in another currency are named and never added', async () => {
  const world = await startWorld({ today: '2026-06-01' });
  const { property_id, id } = await world.book({ check_in: '2026-07-01', check_out: '2026-07-03', gross_amount: 300 });
  await sql(
    world,
    `update booking set currency = 'EUR' where id = ${id}; update night set currency = 'EUR' where booking_id = ${id}`,
  );
  await world.book({ property_id, check_in: '2026-07-05', check_out: '2026-07-06', gross_amount: 900 });
  const report = await revenue(world, `${JULY}&explain=true`);
  expect(report.data.global).toMatchObject({ gross_revenue: 900, nights_booked: 1, adr: 900 });
  expect(report.other_currencies).toEqual([{ currency: 'EUR', gross_revenue: 300, nights: 2 }]);
  expect(report.explain.left_out).toEqual([{ reason: 'other_currency', nights: 2, bookings: 1 }]);
  const full = await occupancy(world, `${JULY}&explain=true`);
  expect(full.data.global).toMatchObject({ nights_booked: 3 });
  expect(full.explain.left_out).toEqual([]); // What a night earns in doesn't matter to how full the place was.
});

// Whoever compares this July with last needs last July as it stood then, not as it ended.
test('as_of says what was on the books on a day, and how long before arrival guests book', async () => {
  const world = await startWorld({ today: '2026-06-01' });
  const { id: property_id } = await world.property();
  const book = (check_in: string, check_out: string) =>
    world.book({ property_id, check_in, check_out, gross_amount: 100 });
  const early = await book('2026-07-01', '2026-07-03');
  world.pass(5 * 86_400_000);
  await book('2026-07-11', '2026-07-15');
  world.pass(5 * 86_400_000);
  await world.post(`/v1/bookings/${early.id}/cancel`, {});
  const nights = async (asOf: string) => (await revenue(world, `${JULY}&as_of=${asOf}`)).data.global.nights_booked;
  expect(await nights('2026-05-31')).toBe(0);
  expect(await nights('2026-06-01')).toBe(2);
  expect(await nights('2026-06-06')).toBe(6);
  expect(await nights('2026-06-10')).toBe(6);
  expect(await nights('2026-06-11')).toBe(4);
  expect(await nights('2026-08-01')).toBe(4);
  for (const query of [JULY, `${JULY}&property_id=${property_id}`])
    expect((await revenue(world, query)).data.global).toMatchObject({
      average_length_of_stay: 4,
      average_lead_time: 35,
      cancellation_rate: 0.5,
    });
  const then = await revenue(world, `${JULY}&as_of=2026-06-05&explain=true`);
  expect(then.data.global).toMatchObject({ cancellation_rate: 0, average_lead_time: 30 });
  expect(then.explain.left_out).toEqual([{ reason: 'booked_later', nights: 4, bookings: 1 }]);
  expect((await revenue(world, `${JULY}&explain=true`)).explain).toMatchObject({
    formulas: expect.arrayContaining([{ name: 'adr', formula: 'gross_revenue / nights_booked' }]),
    left_out: [{ reason: 'cancelled', nights: 2, bookings: 1 }],
  });
});

// An owner who asks why a month looks poor adds up what was sold and what was left out. A night in neither looks like a lie.
test('as of an earlier day too, every night is either sold or left out for a reason, and so is the owner’s own', async () => {
  const world = await startWorld({ today: '2026-06-01' });
  const { id: property_id } = await world.property({ units: 9 });
  const book = (check_in: string, check_out: string, source: string) =>
    world.book({ property_id, check_in, check_out, source, gross_amount: 100 });
  await book('2026-07-01', '2026-07-03', 'airbnb');
  const left = await book('2026-07-01', '2026-07-02', 'owner');
  await sql(world, "update booking set currency = 'EUR'; update night set currency = 'EUR'");
  await book('2026-07-01', '2026-07-04', 'direct');
  // What an import leaves behind of a cancelled stay: nobody knows when it was confirmed or cancelled.
  const never = await book('2026-07-01', '2026-07-06', 'owner');
  await world.post(`/v1/bookings/${never.id}/cancel`, {});
  await sql(world, `update booking set confirmed_at = null, cancelled_at = null where id = ${never.id}`);
  world.pass(5 * 86_400_000);
  await book('2026-07-01', '2026-07-08', 'owner');
  await world.post(`/v1/bookings/${left.id}/cancel`, {});
  for (const filter of ['', `&property_id=${property_id}`]) {
    const query = `${JULY}&granularity=month&as_of=2026-06-03&explain=true${filter}`;
    const earned = await revenue(world, query);
    expect(earned.data.global).toMatchObject({ nights_booked: 3 });
    expect(earned.explain.left_out).toEqual([
      { reason: 'booked_later', nights: 7, bookings: 1 },
      { reason: 'cancelled', nights: 5, bookings: 1 },
      { reason: 'other_currency', nights: 2, bookings: 1 },
      { reason: 'owner_stay', nights: 1, bookings: 1 },
    ]);
    const { data } = await occupancy(world, query);
    const wanted = { nights_booked: 5, nights_available: 279, nights_owner: 1, adjusted_nights_available: 278 };
    expect(data).toMatchObject({ global: wanted, per_property: [wanted], series: [wanted] });
  }
});

// A spreadsheet that is refreshed every morning knows its columns by their places.
test('CSV is one table of the report, with the columns that its schema names', async () => {
  const world = await startWorld({ today: '2026-06-01' });
  const { id } = await world.property({ name: '=SUM(A1)', code: 'A' });
  await world.book({ property_id: id, check_in: '2026-07-01', check_out: '2026-07-03', gross_amount: 301 });
  const csv = await world.get('/v1/reports/revenue?from=2026-07-01&to=2026-07-03&format=csv');
  expect(csv.headers.get('content-type')).toContain('text/csv');
  expect(csv.text).toBe(
    'period,from,to,gross_revenue,net_revenue,nights_booked,adr,revpar,nights_available\n' +
      '2026-07-01,2026-07-01,2026-07-01,150.5,150.5,1,150.5,150.5,1\n' +
      '2026-07-02,2026-07-02,2026-07-02,150.5,150.5,1,150.5,150.5,1\n' +
      '2026-07-03,2026-07-03,2026-07-03,0,0,0,,0,1\n',
  );
  const places = await world.get(`/v1/reports/occupancy?${JULY}&rows=per_property`, { accept: 'text/csv' });
  expect(places.text).toBe(
    'property_id,code,name,occupancy,nights_booked,nights_available,adjusted_occupancy,adjusted_nights_available,nights_blocked,nights_owner\n' +
      `${id},A,'=SUM(A1),0.0645,2,31,0.0645,31,0,0\n`,
  );
  const lines = await world.get(`/v1/reports/revenue?${JULY}&granularity=year&format=ndjson`);
  expect(JSON.parse(lines.text)).toMatchObject({ period: '2026', gross_revenue: 301 });
  for (const [name, table, heading] of [
    ['revenue', 'series', csv.text.split('\n')[0]],
    ['occupancy', 'per_property', places.text.split('\n')[0]],
  ] as const) {
    const { data } = (await world.get(`/v1/reports/${name}/schema`)).body;
    const own = data.filter((column: { table: string }) => column.table === table);
    expect(own.map((column: { name: string }) => column.name).join(',')).toBe(heading);
  }
});

// A range that is quietly cut would be taken for a bad year; and one at the end of the calendar, whose periods never ended, has
// taken the whole server down with it.
test('what can’t be reported is refused by the name of the field', async () => {
  const world = await startWorld({ today: '2026-06-01' });
  const many = Array.from({ length: 101 }, (_, i) => i + 1).join(',');
  for (const [query, field] of [
    ['to=2026-07-31', 'from'],
    ['from=2026-02-30&to=2026-07-31', 'from'],
    ['from=2026-07-31&to=2026-07-01', 'to'],
    ['from=2000-01-01&to=2026-07-01', 'to'],
    ['from=9999-12-20&to=9999-12-31&granularity=week', 'to'],
    [`${JULY}&granularity=hour`, 'granularity'],
    ['from=2025-01-01&to=2026-12-31&as_of=2026-01-01', 'as_of'],
    [`${JULY}&property_id=${many}`, 'property_id'],
    [`${JULY}&format=xls`, 'format'],
    [`${JULY}&format=csv&rows=both`, 'rows'],
    [`${JULY}&colour=red`, 'colour'],
  ]) {
    const { status, body } = await world.get(`/v1/reports/revenue?${query}`);
    expect([query, status, Object.keys(body.errors ?? {})]).toEqual([query, 422, [field]]);
  }
  for (const granularity of ['day', 'week', 'month', 'year']) {
    const last = await revenue(world, `from=9998-11-20&to=9998-12-31&granularity=${granularity}`);
    expect(last.data.series.at(-1)).toMatchObject({ to: '9998-12-31' });
  }
});

// What a neighbour earns is the last thing that an agency may learn here.
test('another agency’s nights are in no report, and its property is one that nobody has', async () => {
  const world = await startWorld({ today: '2026-06-01' });
  const { property_id } = await world.book({ check_in: '2026-07-01', check_out: '2026-07-03', gross_amount: 300 });
  const stranger = await world.anotherAgency();
  await foldReports(world);
  await stranger.book({ check_in: '2026-07-01', check_out: '2026-07-02', gross_amount: 50 });
  expect((await revenue(stranger, JULY)).data.global).toMatchObject({ gross_revenue: 50, nights_available: 31 });
  for (const id of [property_id, 2_000_000_000]) {
    const { data } = await revenue(stranger, `${JULY}&property_id=${id}`);
    expect(data).toMatchObject({ global: { gross_revenue: 0, adr: null, nights_available: 0 }, per_property: [] });
  }
  expect((await revenue(world, JULY)).data.global).toMatchObject({ gross_revenue: 300 });
});

// A token for the calendar that also told the turnover would be a leak with a key.
test('reports:read alone opens the reports, and nothing else does', async () => {
  const world = await startWorld({ today: '2026-06-01' });
  const reader = await world.withAbilities('reports:read');
  const others = await world.withAbilities('bookings:read', 'properties:read', 'calendar:read', 'statements:read');
  for (const path of [
    `/v1/reports/revenue?${JULY}`,
    `/v1/reports/revenue?${JULY}&format=csv`,
    `/v1/reports/occupancy?${JULY}`,
    '/v1/reports/revenue/schema',
    '/v1/reports/occupancy/schema',
  ]) {
    expect([path, (await reader.get(path)).status]).toEqual([path, 200]);
    expect([path, (await others.get(path)).status]).toEqual([path, 403]);
  }
  expect((await reader.get('/v1/bookings')).status).toBe(403);
  expect((await world.get('/v1/reports/forecast/schema')).status).toBe(404);
});

// A report that asks once a property is fast in the demo and times out at the first customer.
test('a report is one statement, however many properties there are', async () => {
  const world = await startWorld({ today: '2026-06-01' });
  const cost = (path: string) => world.statements(() => world.get(path));
  const paths = [`/v1/reports/revenue?${JULY}&explain=true`, `/v1/reports/occupancy?${JULY}`];
  for (const more of [5, 45]) {
    for (let i = 0; i < more; i++) await world.property();
    for (const path of paths) expect([path, await cost(path)]).toEqual([path, 1]);
  }
  const { body } = await world.graphql(
    `{ revenueReport(from: "2026-07-01", to: "2026-07-31") { figures { global { nightsAvailable } perProperty { name } } } }`,
  );
  expect(body.data.revenueReport.figures.global).toEqual({ nightsAvailable: 1550 });
  expect(body.data.revenueReport.figures.perProperty).toHaveLength(50);
});

// An agency that has worked with Bellhop for a year must not find its reports empty after an update.
test('an update adds up the nights that were there before it', async () => {
  const database = await createTestDatabase();
  const url = new URL(database.url);
  const admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  const name = `${url.pathname.slice(1)}_before`;
  await admin.query(`create database ${name}`);
  url.pathname = `/${name}`;
  const folder = mkdtempSync(join(tmpdir(), 'bellhop-before-'));
  const client = new pg.Client({ connectionString: url.href });
  onTestFinished(async () => {
    await client.end();
    await admin.query(`drop database ${name} with (force)`);
    await admin.end();
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });
  const migrations = ['20261122000000_init', '20261122034306_concierge_day', '20261122050847_concierge_money'];
  const add = (migration: string) => {
    mkdirSync(join(folder, migration));
    cpSync(join('prisma/migrations', migration), join(folder, migration), { recursive: true });
  };
  migrations.forEach(add);
  const log = pino({ level: 'silent' });
  await migrate(url.href, log, folder);
  await client.connect();
  await client.query(`
    insert into agency (id, name, updated_at) values (1, 'Atlas', now());
    insert into property (id, agency_id, code, name, updated_at) values (1, 1, 'A', 'A', now());
    insert into room_type (id, agency_id, property_id, code, name, units, updated_at) values (1, 1, 1, 'STD', 'A', 1, now());
    insert into guest (id, agency_id, name, updated_at) values (1, 1, 'Karim B.', now());
    insert into booking (agency_id, property_id, room_type_id, guest_id, reference, status, source, check_in, check_out, nights,
      guests_count, guest_name, currency, gross_minor, commission_minor, net_minor, booked_at, updated_at)
    select 1, 1, 1, 1, 'BKG-' || n, (array['CONFIRMED', 'CANCELLED'])[n]::"BookingStatus", 'airbnb', '2026-07-30', '2026-08-02', 3,
      2, 'Karim B.', 'MAD', 300, 30, 270, '2026-06-30T23:30:00Z', now() from generate_series(1, 2) n;
    insert into night (agency_id, booking_id, date, property_id, room_type_id, currency, gross_minor, net_minor, counts)
    select 1, id, check_in + n, 1, 1, 'MAD', 100, 90, status = 'CONFIRMED' from booking, generate_series(0, 2) n;
    insert into inventory (agency_id, room_type_id, date, total, blocked) values (1, 1, '2026-08-05', 1, 1), (1, 1, '2026-09-05', 1, 1);
    update property set active_to = '2026-09-01'`);
  add('20261122060000_report_totals');
  await migrate(url.href, log, folder);
  const days = await client.query(
    `select date::text, source, nights, gross_minor::int as gross, bookings, cancelled, stays, stay_nights, lead_days from agency_day order by date`,
  );
  const night = {
    source: 'airbnb',
    nights: 1,
    gross: 100,
    bookings: 0,
    cancelled: 0,
    stays: 0,
    stay_nights: 0,
    lead_days: 0,
  };
  expect(days.rows).toEqual([
    { ...night, date: '2026-07-30', bookings: 2, cancelled: 1, stays: 1, stay_nights: 3, lead_days: 29 },
    { ...night, date: '2026-07-31' },
    { ...night, date: '2026-08-01' },
  ]);
  const months = await client.query(
    `select month::text, nights, net_minor::int as net from property_month order by month`,
  );
  expect(months.rows).toEqual([
    { month: '2026-07-01', nights: 2, net: 180 },
    { month: '2026-08-01', nights: 1, net: 90 },
  ]);
  add('20261122103000_report_supply');
  await migrate(url.href, log, folder);
  const supply = await client.query('select date::text, units, blocked, owner from supply_delta order by date');
  expect(supply.rows).toEqual([
    { date: '-infinity', units: 1, blocked: 0, owner: 0 },
    { date: '2026-08-05', units: 0, blocked: 1, owner: 0 },
    { date: '2026-09-02', units: -1, blocked: 0, owner: 0 },
  ]);
});
