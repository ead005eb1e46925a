import pg from 'pg';
import type { Viewer } from '../../src/core/viewer.ts';
import { askOf, type ReportArgs } from '../../src/finance/reports/ask.ts';
import { FOLD, FOLD_SUPPLY } from '../../src/finance/reports/fold.ts';
import { type Part, readReport } from '../../src/finance/reports/read.ts';
import { type Bench, query } from './bench.ts';
import { median, type Outcome, range } from './outcome.ts';
import { seed } from './seed.ts';

const PROPERTIES = 10_000;
const BOOKINGS = 1_000_000;
const YEARS = 9;
const NIGHTS = 5;
const TIMES = 15;
const WRITES = 300;
const MANY = 500;

/** What a manager's screen may wait for, in database time. */
const WHOLE_MS = 10;
const PROPERTIES_MS = 150;

/**
 * Reports of one large agency with nine years behind it, as the one statement that each is; and what keeping the totals costs
 * whoever writes bookings, beside the same writes with the triggers off.
 */
export async function reports(bench: Bench): Promise<Outcome> {
  const url = await bench.database('bench_reports');
  await seed(url, { agencies: 1, properties: PROPERTIES, guests: 1_000, bookings: 0 });
  await fill(url);
  const client = await workingClient(url);
  const owner = new pg.Client({ connectionString: url });
  await owner.connect();
  await foldAll(client); // The properties.
  try {
    const time = async (variant: string, args: ReportArgs, ...parts: Part[]) => {
      const times: number[] = [];
      for (let i = 0; i < TIMES; i++)
        times.push(await timed(() => readReport(askOf(viewerOf(client), args), new Set(parts))));
      return { variant, ms: median(times.slice(3)), range: range(times.slice(3)) };
    };
    const [month, year, three, all] = [
      { from: '2025-07-01', to: '2025-07-31' },
      { from: '2025-01-01', to: '2025-12-31' },
      { from: '2023-01-01', to: '2025-12-31' },
      { from: '2017-01-01', to: '2025-12-31' },
    ];
    const table = [
      await time('whole and series, a month by the day', month, 'days'),
      await time('whole and series, a year by the day', year, 'days'),
      await time('whole and series, three years by the day', three, 'days'),
      await time('whole and series, nine years by the month', { ...all, granularity: 'MONTH' }, 'days'),
      await time('all properties, a year', year, 'properties'),
      await time('all properties, a year from the 15th', { from: '2024-07-15', to: '2025-07-14' }, 'properties'),
      await time('occupancy with blocked nights, a year', year, 'days', 'off'),
      await time('occupancy with blocked nights, three years', three, 'days', 'off'),
      await time('occupancy, all properties, a year', year, 'properties', 'off'),
      await time('one property, three years by the day', { ...three, propertyId: ['77'] }, 'days', 'properties'),
      await time('a hundred properties, a year', { ...year, propertyId: ids(100) }, 'days', 'properties'),
      await time('as of a day, a month', { ...month, asOf: '2025-06-01' }, 'days'),
      await time('as of a day, a year', { ...year, asOf: '2025-06-01' }, 'days'),
      await time('what was left out, a year', year, 'leftOut'),
    ];
    const one = await writes(client, owner, 1, WRITES);
    const many = await writes(client, owner, MANY, 20);
    const unfolded = await time('whole and series, three years, nothing folded since', three, 'days');
    const { rows } = await client.query('select count(*)::int as waiting from report_delta');
    const folding = await timed(() => foldAll(client));
    const ms = (at: number) => table[at]!.ms;
    return {
      part: 'reports',
      method: `one agency, ${BOOKINGS} bookings of ${NIGHTS} nights in ${YEARS} years at ${PROPERTIES} properties; the statement alone, through the wall, ${TIMES} times, medians in ms`,
      table: [
        ...table,
        unfolded,
        { variant: 'a booking written, triggers on', ms: one.on, range: '' },
        { variant: 'a booking written, triggers off', ms: one.off, range: '' },
        { variant: `${MANY} bookings written, triggers on`, ms: many.on, range: '' },
        { variant: `${MANY} bookings written, triggers off`, ms: many.off, range: '' },
      ],
      figures: [
        { name: 'whole and series of three years', value: ms(2), unit: 'ms', goal: { atMost: WHOLE_MS } },
        { name: 'all properties of a year', value: ms(4), unit: 'ms', goal: { atMost: PROPERTIES_MS } },
        { name: 'of a booking’s own writing, the triggers', value: one.on - one.off, unit: 'ms' },
      ],
      notes: [`${rows[0].waiting} changes were folded in ${Math.round(folding)} ms.`],
    };
  } finally {
    await client.end();
    await owner.end();
  }
}

async function foldAll(client: pg.Client): Promise<void> {
  for (const fold of [FOLD, FOLD_SUPPLY])
    for (let taken = 1; taken > 0; ) taken = (await client.query(fold, [1])).rows[0].taken;
}

const ids = (count: number) => Array.from({ length: count }, (_, i) => String(i + 1));

/** Nine years of stays, a few of them cancelled, in euros or the owner's; and a twentieth of the nights of one year blocked. */
async function fill(url: string): Promise<void> {
  const each = BOOKINGS / PROPERTIES;
  await query(
    url,
    `set session_replication_role = replica;
     insert into booking (agency_id, property_id, room_type_id, guest_id, reference, status, source, check_in, check_out,
       nights, guests_count, guest_name, currency, gross_minor, commission_minor, net_minor, booked_at, confirmed_at, cancelled_at, updated_at)
     select 1, p, p, 1, 'BKG-' || p || '-' || k, (case when k % 10 = 9 then 'CANCELLED' else 'CONFIRMED' end)::"BookingStatus",
       (array['airbnb', 'booking', 'direct', 'vrbo', 'owner'])[1 + (k + p) % 5], d, d + ${NIGHTS}, ${NIGHTS}, 2, 'Karim B.',
       case when k % 40 = 7 then 'EUR' else 'MAD' end, 500000, 50000, 450000, d - 30, d - 30, case when k % 10 = 9 then d - 10 end, now()
     from generate_series(0, ${each - 1}) k, generate_series(1, ${PROPERTIES}) p
     cross join lateral (select date '2017-01-01' + k * ${Math.floor((YEARS * 365) / each)} + p % 25 as d) at;
     insert into night (agency_id, booking_id, date, property_id, room_type_id, source, currency, gross_minor, net_minor, counts)
     select 1, id, check_in + n, property_id, room_type_id, source, currency, 100000, 90000, status = 'CONFIRMED'
     from booking, generate_series(0, ${NIGHTS - 1}) n;
     insert into inventory (agency_id, room_type_id, date, total, blocked)
     select 1, p, date '2025-01-01' + n, 1, 1 from generate_series(1, ${PROPERTIES}) p, generate_series(0, 364, 20) n;
     insert into agency_day
     select 1, date, source, currency, sum(nights), sum(gross), sum(net), sum(b), sum(c), sum(s), sum(s * ${NIGHTS}), sum(s * 30) from (
       select date, source, currency, 1 as nights, gross_minor as gross, net_minor as net, 0 as b, 0 as c, 0 as s from night where counts
       union all select check_in, source, currency, 0, 0, 0, 1, (status = 'CANCELLED')::int, (status = 'CONFIRMED')::int from booking
     ) f group by date, source, currency;
     insert into property_month
     select 1, date_trunc('month', date)::date, property_id, source, currency, count(*), sum(gross_minor), sum(net_minor)
     from night where counts group by 2, 3, 4, 5;
     with off as (
       select i.date, r.property_id, i.blocked, 0 as owner from inventory i join room_type r on r.id = i.room_type_id where i.blocked > 0
       union all select date, property_id, 0, 1 from night where source = 'owner' and counts
     ), months as (
       insert into property_off
       select 1, date_trunc('month', date)::date, property_id, sum(blocked), sum(owner) from off group by 2, 3
     )
     insert into agency_supply
     select 1, date, 0, sum(blocked), sum(owner) from off group by date`,
  );
  await query(url, 'vacuum analyze');
}

/** As much of a viewer as a report asks for. */
function viewerOf(client: pg.Client): Viewer {
  const agency = { id: 1, name: 'Agency 1', currency: 'MAD', timezone: 'Africa/Casablanca', commissionBasisPoints: 0 };
  const read = (text: string, values: unknown[]) =>
    client.query({ name: nameOf(text), text, values, rowMode: 'array' });
  return { agency, today: '2026-01-01', read } as unknown as Viewer;
}

const names = new Map<string, string>();
const nameOf = (text: string): string => {
  const name = names.get(text) ?? `report${names.size}`;
  names.set(text, name);
  return name;
};

async function workingClient(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(
    `select set_config('role', 'bellhop_app', false), set_config('timezone', 'UTC', false), set_config('jit', 'off', false),
       set_config('app.agency_id', '1', false)`,
  );
  return client;
}

let written = 0;

/** Milliseconds of `count` bookings with their nights in one transaction: what PostgreSQL does of it, on and off in turn. */
async function writes(client: pg.Client, owner: pg.Client, count: number, times: number) {
  const found = { on: [] as number[], off: [] as number[] };
  for (let i = 0; i < times * 2; i++) {
    const way = i % 2 ? 'on' : 'off';
    if (way === 'off') await switchTriggers('off');
    found[way].push(await timed(() => write(client, count)));
    if (way === 'off') await switchTriggers('on');
  }
  return { on: median(found.on), off: median(found.off) };

  async function switchTriggers(way: 'on' | 'off') {
    const verb = way === 'on' ? 'enable' : 'disable';
    await owner.query(
      `alter table booking ${verb} trigger report_inserted; alter table night ${verb} trigger report_inserted`,
    );
  }
}

async function write(client: pg.Client, count: number): Promise<void> {
  const first = written;
  written += count;
  await client.query('begin');
  await client.query({
    name: 'book',
    text: `insert into booking (agency_id, property_id, room_type_id, guest_id, reference, status, source, check_in, check_out,
       nights, guests_count, guest_name, currency, gross_minor, commission_minor, net_minor, updated_at)
     select 1, 1 + n % ${PROPERTIES}, 1 + n % ${PROPERTIES}, 1, 'NEW-' || n, 'CONFIRMED', 'airbnb', date '2025-01-01' + n % 300,
       date '2025-01-01' + n % 300 + ${NIGHTS}, ${NIGHTS}, 2, 'Karim B.', 'MAD', 500000, 50000, 450000, now()
     from generate_series($1::int, $2::int) n`,
    values: [first, first + count - 1],
  });
  await client.query({
    name: 'nights',
    text: `insert into night (agency_id, booking_id, date, property_id, room_type_id, source, currency, gross_minor, net_minor, counts)
     select agency_id, b.id, check_in + n, property_id, room_type_id, source, currency, 100000, 90000, true
     from booking b, generate_series(0, nights - 1) n
     where agency_id = 1 and reference = any(array(select 'NEW-' || k from generate_series($1::int, $2::int) k))`,
    values: [first, first + count - 1],
  });
  await client.query('commit');
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}
