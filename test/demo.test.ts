import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { readConfig } from '../src/config.ts';
import { clock } from '../src/core/clock.ts';
import { openDatabase } from '../src/database/index.ts';
import { makeDemo } from '../src/demo/demo.ts';
import { createTestDatabase } from './support/database.ts';
import { startWorld } from './support/world.ts';

/** A database in which the demo has just been made at noon of `today`, and a way to look at it. */
async function demoOn(today: string) {
  const testDatabase = await createTestDatabase();
  const config = readConfig({ DATABASE_URL: testDatabase.url, DATA_DIR: mkdtempSync(join(tmpdir(), 'bellhop-demo-')) });
  const database = await openDatabase(config, pino({ level: 'silent' }));
  onTestFinished(async () => {
    clock.aheadMs = 0;
    await database.close();
    await testDatabase.drop();
  });
  clock.aheadMs = new Date(`${today}T12:00:00Z`).getTime() - Date.now();
  const { agencyId, token } = await makeDemo(database, config);
  const sql = (text: string) => database.asAgency(agencyId, (client) => client.query(text)).then(({ rows }) => rows);
  return { testDatabase, database, config, agencyId, token, sql };
}

// It is the first thing that anybody sees of the product; a hotelier notices at once what can't be.
test('the demo is a season that could have happened', async () => {
  const today = '2027-05-14';
  const { sql } = await demoOn(today);
  const [count] = await sql(`select
    (select count(*)::int from owner) as owners,
    (select count(*)::int from property) as properties,
    (select units from property where kind = 'HOTEL') as rooms,
    (select count(*)::int from booking) as bookings,
    (select count(distinct source)::int from booking) as sources,
    (select count(*)::int from guest) as guests`);
  expect(count).toMatchObject({ owners: 4, properties: 12, rooms: 7, sources: 4 });
  expect(count.bookings).toBeGreaterThan(400);
  expect(count.bookings).toBeLessThan(650);
  expect(count.guests).toBeLessThan(count.bookings); // Some come back.

  const states = await sql('select distinct status::text from booking order by 1');
  expect(states.map(({ status }) => status)).toEqual([
    'CANCELLED',
    'CHECKED_IN',
    'CHECKED_OUT',
    'CONFIRMED',
    'NO_SHOW',
    'PENDING',
  ]);
  const impossible =
    await sql(`select reference, status, check_in::text, check_out::text from booking where not case status
      when 'CHECKED_OUT' then check_out < '${today}' and checked_in_at < checked_out_at and confirmed_at < checked_in_at
      when 'CHECKED_IN' then '${today}' between check_in and check_out and checked_in_at > confirmed_at
      when 'NO_SHOW' then check_in < '${today}'
      when 'CANCELLED' then cancelled_at > booked_at and cancel_reason is not null
      else check_in >= '${today}'
    end
    or greatest(booked_at, confirmed_at, checked_in_at, checked_out_at, cancelled_at) > '${today}T12:00:00Z'
    or booked_at::date > check_in`);
  expect(impossible).toEqual([]);
});

// A demo whose report doesn't add up is a demo of a product that can't count.
test('the demo adds up: nights to stays, stays to inventory, and no night is sold twice', async () => {
  const { sql } = await demoOn('2027-05-14');
  const apart = await sql(`select b.id from booking b join night n on n.booking_id = b.id group by b.id
    having sum(n.gross_minor) <> b.gross_minor or sum(n.net_minor) <> b.net_minor or count(*) <> b.nights
      or bool_or(n.counts <> (b.status in ('CONFIRMED', 'CHECKED_IN', 'CHECKED_OUT')))`);
  expect(apart).toEqual([]);
  const miscounted = await sql(`select coalesce(i.room_type_id, h.room_type_id) from inventory i
    full join (select n.room_type_id, n.date, count(*)::int as held from night n join booking b on b.id = n.booking_id
      where b.status in ('PENDING', 'CONFIRMED', 'CHECKED_IN', 'CHECKED_OUT') group by 1, 2) h using (room_type_id, date)
    where i.sold is distinct from h.held or i.sold > i.total`);
  expect(miscounted).toEqual([]);
  const [money] = await sql(
    `select bool_and(commission_minor = round(gross_minor * 0.1)) as tenth, min(gross_minor) > 0 as priced from booking`,
  );
  expect(money).toEqual({ tenth: true, priced: true });
});

// An empty list teaches nobody what it is for.
test('the demo has every kind of money in it: bills, payments, expenses, last month’s statements and last quarter’s taxes', async () => {
  const { sql } = await demoOn('2027-05-14');
  const [kinds] = await sql(`select
    (select array_agg(distinct status::text order by status::text) from invoice) as invoices,
    (select array_agg(distinct status::text order by status::text) from payment) as payments,
    (select count(*)::int from expense where date >= '2027-04-01' and date < '2027-05-01') as expenses,
    (select count(distinct owner_id)::int from statement where "from" = '2027-04-01' and superseded_at is null) as owners,
    (select array_agg(distinct l.tax::text order by l.tax::text) from tax_report_line l join tax_report r on r.id = l.report_id
      where r."from" = '2027-01-01' and r.period = 'QUARTER') as taxes`);
  expect(kinds).toEqual({
    invoices: ['DRAFT', 'PAID', 'SENT', 'VOID'],
    payments: ['FAILED', 'PENDING', 'SUCCEEDED'],
    expenses: 6,
    owners: 4,
    taxes: ['TAXE_DE_SEJOUR', 'TPT', 'VAT'],
  });
});

// Screenshots and documentation are made from it.
test('the same day makes the same demo', async () => {
  const digest = async (today: string) => {
    const { sql } = await demoOn(today);
    const [row] = await sql(
      `select md5(string_agg(concat_ws(',', reference, status, check_in, gross_minor, guest_name, property_id), ';' order by reference)) as stays,
         (select md5(string_agg(concat_ws(',', order_id, status, amount_minor), ';' order by id)) from payment) as payments,
         (select md5(string_agg(concat_ws(',', owner_id, revenue_minor, net_minor), ';' order by owner_id)) from statement) as statements,
         (select total_minor from tax_report) as taxes
       from booking`,
    );
    return row;
  };
  const first = await digest('2027-05-14');
  expect(await digest('2027-05-14')).toEqual(first);
  expect(await digest('2027-05-15')).not.toEqual(first);
});

// The token that the first start prints has to open every door, and nothing of the past may ring at a webhook.
test('the demo token opens the API on a log of silent events', async () => {
  const { token, sql, testDatabase } = await demoOn('2027-05-14');
  const world = await startWorld({ env: { DATABASE_URL: testDatabase.url } });
  const get = async (path: string) =>
    (await fetch(`${world.url}${path}`, { headers: { authorization: `Bearer ${token}` } })).json();
  expect((await get('/v1/me')).data.agency).toMatchObject({ name: 'Atlas Conciergerie', plan: 'business' });
  expect((await get('/v1/bookings?per_page=3')).meta.total).toBeGreaterThan(400);
  // The log waits for the transactions of other tests on the same server.
  await expect.poll(async () => (await get('/v1/events?limit=5')).data, { timeout: 25_000 }).toHaveLength(5);
  // Every fact is told once, and so is that somebody has made a token that may do everything.
  const [log] = await sql(
    `select count(*)::int as events, bool_and(silent) as silent,
       (select count(*)::int from booking)
       + (select count(*)::int from property)
       + (select count(*)::int from cleaning_task)
       + (select count(*)::int from maintenance_ticket)
       + (select count(*)::int from review)
       + (select count(*)::int from statement)
       + (select count(*)::int from tax_report)
       + (select count(*) filter (where status <> 'DRAFT')::int + count(*) filter (where status = 'PAID')::int from invoice)
       + (select count(*) filter (where status <> 'PENDING')::int + count(*) filter (where status = 'SUCCEEDED' and booking_id is not null)::int from payment) + 1 as facts
     from outbox_event`,
  );
  expect(log).toEqual({ events: log.facts, silent: true, facts: log.facts });
});

test('a demo that was cut off is made anew', async () => {
  const { database, config, agencyId } = await demoOn('2027-05-14');
  await database.system.query('delete from access_token');
  const again = await makeDemo(database, config);
  expect((await database.system.query('select id from agency')).rows).toEqual([{ id: again.agencyId }]);
  expect(again.agencyId).not.toBe(agencyId);
});
