import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { decimals, toDecimal } from '../src/core/money.ts';
import { Viewer } from '../src/core/viewer.ts';
import { openEmbedded } from '../src/database/embedded.ts';
import { openDatabase } from '../src/database/index.ts';
import { holesInTheWall } from '../src/database/wall.ts';
import { foldReports } from '../src/finance/reports/fold.ts';
import { endLongSessions } from '../src/platform/bi/end-long-sessions.ts';
import { createBiRole, dropBiRole, listBiRoles } from '../src/platform/bi/index.ts';
import { createAgency } from '../src/platform/create-agency.ts';
import { asAgency, connect, day, login, type Row, summer } from './support/bi.ts';
import { openTerminal } from './support/cli.ts';
import { NOUNS } from './support/nouns.ts';
import { startWorld, type World } from './support/world.ts';

const noop = () => {};

/** As the owner of the database. */
async function asOwner<T>({ database }: World, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: database.ownerUrl });
  await client.connect();
  return work(client).finally(() => client.end());
}

const VIEWS = `select c.relname as view from pg_class c where c.relnamespace = 'reporting'::regnamespace and c.relkind = 'v' order by 1`;

// A dashboard that shows another agency's revenue is the end of the product, and SQL is the widest door to it.
test('a login sees its own agency in every view, and another’s at the same time sees the other', async () => {
  const world = await startWorld();
  const other = await world.anotherAgency();
  for (const mine of [world, other]) for (const make of Object.values(NOUNS)) await make(mine);
  const logins = [await login(world), await login(other)];
  const views = (await logins[0]!.sql(VIEWS)).map(({ view }) => view);
  expect(views.length).toBeGreaterThanOrEqual(20);
  for (const view of views.filter((view) => !['span', 'days', 'agency'].includes(String(view)))) {
    const [here, there] = await Promise.all(
      logins.map(({ sql }) => sql(`select t::text as row from reporting.${view} t`)),
    );
    const both = here!.filter(({ row }) => there!.some((theirs) => theirs.row === row));
    const hasId = (await logins[0]!.sql(`select * from reporting.${view} limit 1`)).some((row) => 'id' in row);
    if (hasId) expect([view, both]).toEqual([view, []]);
  }
  const ids = async (text: string) =>
    (await Promise.all(logins.map(({ sql }) => sql(text)))).map((rows) => rows.map((r) => r.id));
  for (const view of [
    'agency',
    'properties',
    'bookings',
    'owners',
    'invoices',
    'payments',
    'expenses',
    'reviews',
    'cleaning_tasks',
    'maintenance_tickets',
    'statements',
    'tax_reports',
  ]) {
    const [here, there] = await ids(`select id from reporting.${view}`);
    expect([view, here!.length > 0, there!.length > 0]).toEqual([view, true, true]);
    expect([view, here!.filter((id) => there!.includes(id))]).toEqual([view, []]);
  }
  // Two hundred questions at once through one pool each.
  const pools = logins.map(({ url }) => new pg.Pool({ connectionString: url, max: 3 }));
  onTestFinished(() => Promise.all(pools.map((pool) => pool.end())).then(noop));
  const asked = await Promise.all(
    Array.from({ length: 200 }, (_, i) => pools[i % 2]!.query('select id from reporting.agency')),
  );
  expect(asked.map(({ rows }) => rows)).toEqual(
    Array.from({ length: 200 }, (_, i) => [{ id: [world, other][i % 2]!.agencyId }]),
  );
});

// Whoever gets a BI password must get no further than the views.
test('nothing that a login tries shows it another agency, the tables, or a way to write', async () => {
  const world = await startWorld();
  const other = await world.anotherAgency();
  await world.book();
  await other.book();
  const { sql, user, database, url } = await login(world);
  const { user: others } = await login(other, 'power_bi');
  await sql('set default_transaction_read_only = off'); // A login can lift what it begins with.
  const refused = [
    ...[
      'bellhop_app',
      'bellhop_system',
      'bellhop_reporting',
      'bellhop_bi',
      others,
      new URL(world.database.ownerUrl).username,
    ].map((role) => `set role ${role}`),
    `set session authorization ${others}`,
    ...['booking', 'guest', 'agency', 'bi_role', 'night', 'access_token', 'outbox_event', 'audit_entry'].map(
      (table) => `select * from public.${table}`,
    ),
    'select * from audit.audit_entry_default',
    'select * from pg_authid',
    'select reporting.amount(1, $$MAD$$) from public.booking',
    'insert into reporting.owners (name) values ($$x$$)',
    'update reporting.expenses set date = date',
    'delete from reporting.expenses',
    'truncate public.booking',
    'create table public.t (a int)',
    'create table reporting.t (a int)',
    'create temporary table t (a int)',
    'create schema mine',
    'create view reporting.v as select 1 as a',
    'create function public.f() returns int language sql as $$ select 1 $$',
    'create function reporting.f() returns int language sql as $$ select 1 $$',
    'create function pg_temp.f() returns int language sql cost 0.0001 as $$ select 1 $$',
    'create operator public.=== (leftarg = int, rightarg = int, function = int4eq)',
    'create or replace view reporting.agency as select 1 as id',
    'create policy mine on public.booking using (true)',
    'alter table public.booking disable row level security',
    `alter role ${user} bypassrls`,
    `alter role ${user} connection limit 1000`,
    `grant bellhop_app to ${user}`,
    `grant ${others} to ${user}`,
    `create role mine`,
    `copy public.booking to stdout`,
    `copy (select 1) to program 'id'`,
    `copy (select 1) to '/tmp/mine'`,
    `select pg_read_file('/etc/passwd')`,
    `select pg_ls_dir('.')`,
    `select lo_import('/etc/passwd')`,
    'select lo_create(0)',
    'select lo_from_bytea(0, $$x$$)',
    'select pg_advisory_lock(7106003, 1)',
    'select pg_try_advisory_lock(7106001)',
    `select pg_terminate_backend(pid) from pg_stat_activity where usename <> '${user}'`,
    'select public.bi_end_long(0)',
    'select public.audit_retain(1)',
    'select pg_reload_conf()',
    `alter system set log_min_messages = 'debug5'`,
    'create extension dblink',
    'create extension file_fdw',
    'do $do$ begin lock table public.booking; end $do$',
    'select nextval($$public.booking_id_seq$$)',
  ];
  for (const attempt of refused) {
    const answer = await sql(attempt).catch((error) => error);
    expect([attempt, answer]).toEqual([attempt, expect.any(Error)]);
    expect([attempt, answer.message]).toEqual([
      attempt,
      expect.stringMatching(
        /permission denied|must be (owner|superuser)|not view|cannot (update|insert|delete)|only roles|no schema|not possible/i,
      ),
    ]);
  }
  // What is allowed, and changes nothing.
  for (const harmless of [
    `set app.agency_id = '${other.agencyId}'`,
    `select set_config('app.agency_id', '${other.agencyId}', false)`,
    'set row_security = off',
    'reset role',
    'set role none',
    'set search_path = public, reporting',
  ]) {
    await sql(harmless);
    await sql('set row_security = on');
    expect([harmless, await sql('select id from reporting.agency')]).toEqual([harmless, [{ id: world.agencyId }]]);
    expect([harmless, await sql('select count(*) from reporting.bookings')]).toEqual([harmless, [{ count: 1 }]]);
  }
  await sql('set row_security = off');
  await expect(sql('select * from reporting.bookings')).rejects.toThrow('row-level security');
  // What others are asking isn't shown, and EXPLAIN runs behind the wall.
  const activity = await sql(`select distinct query from pg_stat_activity where usename <> '${user}' and query <> ''`);
  expect(activity).toEqual([{ query: '<insufficient privilege>' }]);
  expect(await sql('select * from pg_stats where schemaname = $$public$$')).toEqual([]);
  // It may not be used to look at the other databases of the server either.
  expect(database).toBe(new URL(world.database.ownerUrl).pathname.slice(1));
  // Nor to keep something in the one that all others are copies of.
  await expect(connect({ url: url.replace(/[^/?]+(?=$|\?)/, 'template1') })).rejects.toThrow('permission denied');
});

// A condition of one's own that is asked before the wall's would tell of every row that it is shown.
test('a condition that fails on a foreign row never meets one', async () => {
  const world = await startWorld();
  const other = await world.anotherAgency();
  const mine = await world.book({ gross_amount: 100 });
  await other.book({ gross_amount: 777 });
  const { sql } = await login(world);
  expect(await sql('select id from reporting.bookings where 1 / (gross_amount - 777) < 1')).toEqual([{ id: mine.id }]);
  expect(await sql('select booking_id from reporting.nights where 1 / (gross_amount - 388.5) < 1 limit 1')).toEqual([
    { booking_id: mine.id },
  ]);
});

test('a session begins read-only, gives up after half a minute, and there are ten of them at most', async () => {
  const world = await startWorld();
  const { sql, url } = await login(world);
  const settings = await sql(
    `select name, setting from pg_settings where name in ('default_transaction_read_only', 'statement_timeout', 'temp_file_limit') order by 1`,
  );
  expect(settings.map(({ setting }) => setting)).toEqual(['on', '30000', '1048576']);
  await expect(sql('select lo_create(0)')).rejects.toThrow(/read-only|permission/);
  await sql('set statement_timeout = 100');
  await expect(sql('select pg_sleep(5)')).rejects.toThrow('statement timeout');
  await Promise.all(Array.from({ length: 9 }, () => connect({ url })));
  await expect(connect({ url })).rejects.toThrow('too many connections');
});

// Webhooks wait for the oldest transaction that runs. One analyst's forgotten window would stop those of every agency.
test('a session that lifts its limits and stays is ended, and nobody else’s is', async () => {
  const world = await startWorld();
  const patient = await login(world, 'patient');
  const other = await login(await world.anotherAgency(), 'short');
  await patient.sql('set statement_timeout = 0; set idle_in_transaction_session_timeout = 0');
  await patient.sql('begin read write; select pg_current_xact_id()');
  await other.sql('select 1');
  const warned: unknown[] = [];
  const log = { warn: (facts: unknown) => warned.push(facts) } as never;
  await endLongSessions({ database: world.database, log });
  expect(warned).toEqual([]);
  await expect
    .poll(async () => {
      await endLongSessions({ database: world.database, log }, 1);
      return warned;
    })
    .toEqual([{ roles: [patient.user], seconds: 1 }]);
  await expect(patient.sql('select 1')).rejects.toThrow();
  expect(await other.sql('select 1 as still')).toEqual([{ still: 1 }]);
});

// Guests never agreed to be in a spreadsheet.
test('every view and column says what it is, and none is a guest’s name, address or word', async () => {
  const world = await startWorld();
  const secret = {
    guest_name: 'Xanthippe Quux',
    guest_email: 'xanthippe@quux.example',
    guest_phone: '+212600000001',
    notes: 'allergic to quuxes',
  };
  const stay = await world.book(secret);
  await world.post('/v1/reviews', {
    property_id: stay.property_id,
    booking_id: stay.id,
    source: 'direct',
    rating: 5,
    rating_scale: 5,
    guest_name: secret.guest_name,
    comment: 'Quux!',
  });
  await world.post('/v1/invoices', {
    booking_id: stay.id,
    customer_name: secret.guest_name,
    notes: 'for Quux',
    lines: [{ description: 'Quux', quantity: 1, unit_price: 10 }],
  });
  await world.post(`/v1/bookings/${stay.id}/cancel`, { reason: 'Xanthippe is ill' });
  const { sql } = await login(world);
  const undescribed = await sql(`
    select c.relname, a.attname from pg_class c left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
    where c.relnamespace = 'reporting'::regnamespace
      and (obj_description(c.oid) is null or col_description(c.oid, a.attnum) is null)`);
  expect(undescribed).toEqual([]);
  const columns = await sql(
    `select table_name, column_name from information_schema.columns where table_schema = 'reporting'`,
  );
  expect(columns.length).toBeGreaterThan(150);
  expect(
    columns.filter(
      ({ column_name }) =>
        /guest_|email|phone|address|customer|iban|comment|notes|assignee|reason$|_minor|agency_id/.test(
          String(column_name),
        ) && column_name !== 'guests_count',
    ),
  ).toEqual([]);
  let rows = 0;
  for (const { view } of await sql(VIEWS)) {
    const found = await sql(`select t::text as row from reporting.${view} t`);
    rows += found.length;
    expect([view, found.filter(({ row }) => /quux|xanthippe|212600000001/i.test(String(row)))]).toEqual([view, []]);
  }
  expect(rows).toBeGreaterThan(5);
});

test('amounts have the decimals that the product gives each currency', async () => {
  const world = await startWorld();
  const { sql } = await login(world);
  const currencies = Intl.supportedValuesOf('currency');
  const told = await sql(
    `select c as currency, reporting.amount(1234567, c::char(3)) as amount from unnest('{${currencies}}'::text[]) c`,
  );
  expect(told).toEqual(currencies.map((currency) => ({ currency, amount: toDecimal(1234567, currency) })));
  // By ISO 4217, whatever the ICU of this Node says of them.
  expect(['MAD', 'HUF', 'IDR', 'JPY', 'TND', 'IQD'].map(decimals)).toEqual([2, 2, 2, 0, 3, 3]);
});

// The same question asked in Metabase and in Power BI must not have two answers.
test.each([1, 2])('SQL says what the reports of /v1 say, to the cent (%i)', async (seed) => {
  const world = await startWorld({ today: day(60) });
  await summer(world, seed);
  const { sql } = await login(world);
  const [from, to] = [day(0), day(121)];
  const { data: revenue } = (await world.get(`/v1/reports/revenue?from=${from}&to=${to}`)).body;
  const { data: occupancy } = (await world.get(`/v1/reports/occupancy?from=${from}&to=${to}`)).body;
  const between = `date between '${from}' and '${to}'`;
  const ofDays = (series: Row[]) =>
    series.map(({ period, from: _from, to: _to, ...figures }) => ({ date: period, ...figures }));

  const { currency: _of, ...columns } = (await sql('select * from reporting.revenue_by_day limit 1'))[0]!;
  expect(
    await sql(`select ${Object.keys(columns)} from reporting.revenue_by_day where ${between} order by date`),
  ).toEqual(ofDays(revenue.series));
  expect(await sql(`select * from reporting.occupancy_by_day where ${between} order by date`)).toEqual(
    ofDays(occupancy.series),
  );
  expect(
    await sql(
      `select source, sum(gross_revenue) as gross_revenue, sum(net_revenue) as net_revenue, sum(nights_booked) as nights_booked
       from reporting.sources_by_day where ${between} and currency = 'MAD' group by source having sum(nights_booked) > 0 order by 2 desc`,
    ),
  ).toEqual(revenue.global.revenue_by_source);
  expect(
    await sql(
      `select round(sum(stay_nights)::numeric / sum(stays), 2) as average_length_of_stay, round(sum(lead_days)::numeric / sum(stays), 2) as average_lead_time,
         round(sum(cancelled)::numeric / sum(bookings), 4) as cancellation_rate from reporting.sources_by_day where ${between}`,
    ),
  ).toEqual([
    (({ average_length_of_stay, average_lead_time, cancellation_rate }) => ({
      average_length_of_stay,
      average_lead_time,
      cancellation_rate,
    }))(revenue.global),
  ]);
  for (const [month, last] of [
    ['2026-06', '30'],
    ['2026-07', '31'],
    ['2026-08', '31'],
    ['2026-09', '30'],
  ]) {
    const { data } = (await world.get(`/v1/reports/revenue?from=${month}-01&to=${month}-${last}`)).body;
    const told = await sql(
      `select * from reporting.revenue_by_property_month where month = '${month}-01' order by property_id`,
    );
    expect(told.map(({ month: _month, currency: _currency, ...row }) => row)).toEqual(data.per_property);
  }
  const nights = await sql(
    `select sum(gross_amount) as gross, sum(net_amount) as net, count(*) from reporting.nights where sold and currency = 'MAD' and ${between}`,
  );
  expect(nights).toEqual([
    { gross: revenue.global.gross_revenue, net: revenue.global.net_revenue, count: revenue.global.nights_booked },
  ]);
  expect(revenue.global.nights_booked).toBeGreaterThan(50); // There was something to add up.
});

test('the year of the first booking is whole: its RevPAR is the report’s, whenever that booking was', async () => {
  const world = await startWorld();
  await world.book({ check_in: '2026-07-25', check_out: '2026-07-28', gross_amount: 900 });
  const { sql } = await login(world);
  const { data } = (await world.get('/v1/reports/revenue?from=2026-01-01&to=2026-12-31&granularity=year')).body;
  const [year] = await sql(
    `select sum(gross_revenue) as gross_revenue, sum(nights_available) as nights_available,
       round(sum(gross_revenue) / sum(nights_available), 2) as revpar
     from reporting.revenue_by_day where date between '2026-01-01' and '2026-12-31'`,
  );
  expect(data.global).toMatchObject({ nights_available: 365, ...year });
  expect(
    await sql('select extract(doy from first_day) as first, extract(doy from last_day + 1) as next from span'),
  ).toEqual([{ first: 1, next: 1 }]);
});

test('the columns of lists are those of /v1, with the same values', async () => {
  const world = await startWorld();
  const { sql } = await login(world); // First, because what it closes must stay open to those who work.
  for (const make of Object.values(NOUNS)) await make(world);
  expect(await foldReports(world)).toBeGreaterThan(0);
  for (const [view, path] of Object.entries({
    properties: 'properties',
    owners: 'owners',
    bookings: 'bookings',
    invoices: 'invoices',
    payments: 'payments',
    statements: 'statements',
    tax_reports: 'tax-reports',
    expenses: 'expenses',
    reviews: 'reviews',
    cleaning_tasks: 'cleaning-tasks',
    maintenance_tickets: 'maintenance-tickets',
  })) {
    const told = await sql(`select * from reporting.${view} order by id desc`);
    const { data } = (await world.get(`/v1/${path}?per_page=100`)).body;
    const shared = Object.keys(told[0] ?? {}).filter((column) => column in data[0] && !/_at$/.test(column));
    expect([view, shared.length >= 3]).toEqual([view, true]);
    const only = (row: Row) => Object.fromEntries(shared.map((column) => [column, row[column]]));
    expect([view, told.map(only)]).toEqual([
      view,
      data.map(only).sort((one: Row, other: Row) => Number(other.id) - Number(one.id)),
    ]);
  }
});

// The operator hands the printed lines to whoever runs Metabase, and takes them back one day.
test('bellhop bi makes a login that works as it is printed, lists it, and drops it', async () => {
  const { bellhop, databaseUrl } = await openTerminal();
  const { json: agency } = await bellhop('agency', 'create', '--name', 'Atlas', '--json');
  const asked = ['--agency', String(agency.id), '--name', 'metabase_one'];
  const made = await bellhop('bi', 'create-role', ...asked, '--json');
  expect(made).toMatchObject({ exitCode: 0, stderr: '' });
  onTestFinished(() => bellhop('bi', 'drop-role', ...asked).then(noop));
  const { user, password, host, port, database, url, psql, warnings } = made.json;
  expect([user, warnings]).toEqual([`bellhop_bi_${agency.id}_metabase_one`, []]);
  expect(psql).toBe(`psql '${url}'`);
  const client = new pg.Client({ host, port, database, user, password });
  await client.connect();
  client.on('error', noop);
  expect((await client.query('select name from agency')).rows).toEqual([{ name: 'Atlas' }]);
  await expect(connect({ url: url.replace(password, 'wrong') })).rejects.toMatchObject({ code: '28P01' });

  const again = await bellhop('bi', 'create-role', ...asked, '--json');
  expect(again).toMatchObject({ exitCode: 1, json: { error: { code: 'CODE_TAKEN' } } });
  for (const [argv, code] of [
    [['create-role', '--agency', '99', '--name', 'x'], 'NOT_FOUND'],
    [['create-role', '--agency', String(agency.id), '--name', 'Meta base'], 'VALIDATION'],
    [['create-role', '--agency', String(agency.id)], 'USAGE'],
    [['drop-role', '--agency', String(agency.id), '--name', 'never_was'], 'NOT_FOUND'],
    [['list', '--agency', '99'], 'NOT_FOUND'],
  ] as const)
    expect([argv, (await bellhop('bi', ...argv, '--json')).json.error.code]).toEqual([argv, code]);
  expect((await bellhop('bi', 'list', '--json')).json.data).toMatchObject([
    { agency_id: agency.id, name: 'metabase_one', user, usable: true },
  ]);

  const owner = new pg.Client({ connectionString: databaseUrl });
  await owner.connect();
  onTestFinished(() => owner.end());
  const { rows: kept } = await owner.query('select rolpassword from pg_authid where rolname = $1', [user]);
  expect(kept[0].rolpassword).toMatch(/^SCRAM-SHA-256\$4096:/);
  expect((await bellhop('bi', 'drop-role', ...asked)).stdout).toContain(user);
  await expect(client.query('select 1')).rejects.toThrow();
  await expect(connect({ url })).rejects.toThrow();
  const { rows: lines } = await owner.query(
    `select action, severity::text, changes::text from audit_entry where action like 'bi.%' order by occurred_at, id`,
  );
  expect(lines.map(({ action, severity }) => [action, severity])).toEqual([
    ['bi.role_created', 'CRITICAL'],
    ['bi.role_dropped', 'WARNING'],
  ]);
  expect(JSON.stringify(lines)).not.toContain(password);
  expect(
    (await owner.query(`select count(*)::int from outbox_event where type = 'audit.critical_event'`)).rows,
  ).toEqual([{ count: 1 }]);
});

// Roles belong to the whole server. Two databases there both have an agency 1.
test('a login of one database reads nothing in another, nor does one that took a dropped login’s name', async () => {
  const [here, there] = [await startWorld(), await startWorld()];
  await here.book();
  await there.book();
  const one = await login(here, 'same_name');
  const two = await login(there, 'same_name');
  expect(one.user).not.toBe(two.user);
  const elsewhere = await connect({ url: one.url.replace(`/${one.database}`, `/${two.database}`) });
  expect(await elsewhere('select * from reporting.bookings')).toEqual([]);

  await asOwner(here, async (owner) => {
    await owner.query(`drop role ${one.user}`);
    await owner.query(`create role ${one.user} login password 'guessed' in role bellhop_bi`);
    onTestFinished(() => asOwner(there, (client) => client.query(`drop role if exists ${one.user}`)).then(noop));
  });
  expect(await listBiRoles(here.database, undefined)).toMatchObject([{ usable: false }]);
  const impostor = await connect({ url: one.url.replace(one.password, 'guessed') });
  expect(await impostor('select * from reporting.bookings')).toEqual([]);
  expect(await impostor('select * from reporting.revenue_by_day')).toEqual([]);
});

// Nothing in a dashboard says that it has stopped being true.
test('when the plan has run out views refuse and say why, and go on when it is renewed', async () => {
  const world = await startWorld();
  await world.book();
  const { sql } = await login(world);
  const plan = (text: string) => world.database.system.query(`update agency set ${text} where id = ${world.agencyId}`);
  for (const over of [
    `plan = 'TRIAL', trial_ends_at = now() - interval '1 minute'`,
    `plan = 'STARTER'`,
    `plan = 'BUSINESS', paid_until = now() - interval '1 day', grace_until = now() - interval '1 minute'`,
  ]) {
    await plan(over);
    for (const { view } of await sql(VIEWS))
      await expect(sql(`select * from reporting.${view}`)).rejects.toThrow(/Renew it to go on/);
  }
  await plan(`grace_until = now() + interval '1 day'`);
  expect(await sql('select * from reporting.bookings')).toHaveLength(1);
});

// A month of one agency must not read the nights of all.
test('what is asked for a month is found by an index, in the views over nights and over totals', async () => {
  const world = await startWorld();
  const other = await world.anotherAgency();
  for (const mine of [world, other]) {
    const { property_id, guest_id, room_type_id } = await mine.book();
    await asAgency(
      mine,
      `with made as (
         insert into booking (agency_id, property_id, room_type_id, guest_id, reference, status, source, check_in, check_out, nights,
           guests_count, guest_name, currency, gross_minor, commission_minor, net_minor, updated_at)
         select ${mine.agencyId}, ${property_id}, ${room_type_id}, ${guest_id}, 'R' || n, 'CONFIRMED', 'direct', date '2020-01-01' + n % 1800,
           date '2020-01-02' + n % 1800, 1, 2, 'Guest', 'MAD', 100, 0, 100, now()
         from generate_series(1, 10000) n returning *)
       insert into night (agency_id, booking_id, date, property_id, room_type_id, source, currency, gross_minor, net_minor, counts)
       select agency_id, id, check_in, property_id, room_type_id, source, currency, gross_minor, net_minor, true from made`,
    );
  }
  await asOwner(world, (owner) => owner.query('vacuum analyze'));
  const { sql } = await login(world);
  for (const [view, column] of [
    ['nights', 'date'],
    ['bookings', 'check_in'],
    ['sources_by_day', 'date'],
    ['revenue_by_day', 'date'],
  ]) {
    const plan = await sql(
      `explain (analyze, timing off) select * from reporting.${view} where ${column} between '2021-07-01' and '2021-07-31'`,
    );
    const text = plan.map((line) => line['QUERY PLAN']).join('\n');
    expect([view, /Seq Scan on (night|booking|report_delta)/.exec(text)?.[0]]).toEqual([view, undefined]);
  }
});

test('a view that reads with its owner’s eyes, or a policy without the login, is a hole in the wall', async () => {
  const world = await startWorld();
  await asOwner(world, async (owner) => {
    expect(await holesInTheWall(owner)).toEqual([]);
    await owner.query('begin');
    await owner.query('create view reporting.leak as select * from booking');
    await owner.query('create policy everything on guest for select to bellhop_reporting using (true)');
    expect(await holesInTheWall(owner)).toEqual([
      'reporting.leak: it isn’t bellhop_reporting’s, so it reads past that role’s policies',
      'guest: the policy everything lets bellhop_reporting see more than whoever has logged in',
    ]);
    await owner.query('rollback');
  });
});

// Whoever rents PostgreSQL is seldom its superuser.
test('an owner who is no superuser has the same logins, is told what stays open, and the embedded server keeps its port', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'bellhop-test-'));
  chmodSync(dir, 0o755); // As root, the server runs as another user, who has to enter.
  const log = pino({ level: 'silent' });
  const start = () => openEmbedded(dir, log, { fsync: 'off' });
  const server = await start();
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const admin = new pg.Client({ connectionString: server.url });
  await admin.connect();
  await admin.query(`create role tenant login createrole password 'x'`);
  await admin.query('create database tenant owner tenant');
  const url = new URL(server.url);
  Object.assign(url, { pathname: '/tenant', username: 'tenant', password: 'x' });
  const database = await openDatabase({ databaseUrl: url.href, dataDir: '', databasePool: 2 }, log);
  try {
    const wake = { poke: noop } as never;
    const facts = { currency: 'MAD', timezone: 'Africa/Casablanca', commissionPercent: 10 };
    const [atlas, medina] = [
      await createAgency(database, { name: 'Atlas', ...facts }, 'cli'),
      await createAgency(database, { name: 'Medina', ...facts }, 'cli'),
    ];
    const viewerOf = (agency: typeof atlas) =>
      new Viewer(agency, { name: 'test' }, new Set(['*']), { database, wake, config: {} as never });
    const made = await createBiRole(viewerOf(atlas), { name: 'metabase' });
    await createBiRole(viewerOf(medina), { name: 'metabase' });
    expect(made.warnings.join()).toMatch(/large objects.*advisory locks.*template1/s);
    const client = new pg.Client({ connectionString: made.url });
    client.on('error', noop);
    await client.connect();
    expect((await client.query('select name from agency')).rows).toEqual([{ name: 'Atlas' }]);
    await client.query('set default_transaction_read_only = off');
    for (const attempt of [
      'set role bellhop_bi',
      'set role tenant',
      'select * from public.agency',
      'create temporary table t (a int)',
    ])
      await expect(client.query(attempt)).rejects.toThrow('permission denied');
    await client.query('begin; select 1');
    await expect
      .poll(
        async () => {
          await endLongSessions({ database, log }, 1);
          return client.query('select 1').then(noop, () => 'ended');
        },
        { timeout: 10_000, interval: 1_200 },
      )
      .toBe('ended');
    await dropBiRole(viewerOf(atlas), { name: 'metabase' });
    expect((await listBiRoles(database, undefined)).map(({ agencyId }) => agencyId)).toEqual([medina.id]);

    // The administrator runs what the sentences say, and only what is said of each login is left to say.
    const inside = new pg.Client({ connectionString: server.url.replace(/postgres$/, 'tenant') });
    await inside.connect();
    for (const warning of [...made.warnings.slice(0, 2), made.warnings.at(-1)!])
      await inside.query(warning.slice(warning.indexOf('\n')));
    await inside.end();
    const { warnings } = await createBiRole(viewerOf(atlas), { name: 'metabase' });
    expect(warnings).toEqual([expect.stringMatching(/temp_file_limit/)]);
  } finally {
    await admin.end();
    await database.close();
    await server.close();
  }
  const again = await start();
  expect(again.url).toBe(server.url);
  await again.close();
});
