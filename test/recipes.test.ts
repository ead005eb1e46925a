import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { isAbility } from '../src/core/abilities.ts';
import { addDays } from '../src/core/dates.ts';
import { sealAudit } from '../src/platform/audit/seal.ts';
import { freePort } from './support/free-port.ts';
import { startReceiver } from './support/receiver.ts';
import { keepRelaying, run } from './support/recipe.ts';
import { document } from './support/told.ts';
import { startWorld } from './support/world.ts';

const tomorrow = (days: number) => addDays(new Date().toISOString().slice(0, 10), days);

// A recipe that doesn't run is read, copied, and cursed. The last handler runs first: relaying ends before the world does.
test('yield management: the calendar is read and a year of prices pushed', async () => {
  const world = await startWorld();
  const villa = await world.property();
  for (const offset of [40, 42]) {
    await world.book({ property_id: villa.id, check_in: tomorrow(offset), check_out: tomorrow(offset + 2) });
  }
  const receiver = await world.subscribe('property.rate_changed');
  const recipe = await run(world, 'yield-management', ['calendar:read', 'rates:write']);
  expect((await recipe.ended()).join()).toMatch(/nights have a new price, at 1 properties/);
  await world.relay();
  expect(receiver.received).toMatchObject([{ event: 'property.rate_changed', signature: 'valid' }]);
  const { body } = await world.get(`/v1/calendar?from=${tomorrow(44)}&to=${tomorrow(44)}`);
  expect(body.data[0].price).toBe(1250);
});

test('cleaning: a check-out makes a task, the team hears of it, and reports it done with a photo', async () => {
  const world = await startWorld();
  const villa = await world.property({ cleaning_checklist: ['Change the sheets'], cleaning_assignee: 'Fatima' });
  const stay = await world.book({ property_id: villa.id, check_in: tomorrow(0), check_out: tomorrow(1) });
  const recipe = await run(world, 'cleaning', ['cleaning:read', 'cleaning:write', 'webhooks:write']);
  await recipe.said('listening');
  keepRelaying(world);
  await world.post(`/v1/bookings/${stay.id}/check-in`);
  await world.post(`/v1/bookings/${stay.id}/check-out`);
  const lines = await recipe.ended();
  expect(lines[2]).toMatch(/Fatima cleans property \d+ on .*: Change the sheets/);
  expect(lines[3]).toMatch(/is done: 1 photo/);
});

test('maintenance: a leak is sent to the supplier, wakes who is on call, and is closed with its cost', async () => {
  const world = await startWorld();
  const villa = await world.property();
  const recipe = await run(world, 'maintenance', ['maintenance:read', 'maintenance:write', 'webhooks:write']);
  await recipe.said('listening');
  keepRelaying(world);
  await world.post('/v1/maintenance-tickets', { property_id: villa.id, title: 'A pipe leaks', priority: 'urgent' });
  const lines = (await recipe.ended()).sort();
  expect(lines.join('\n')).toMatch(/Urgent at property \d+: A pipe leaks/);
  expect(lines.join('\n')).toMatch(/ticket \d+ cost 350 MAD/);
});

test('OTA sync: a calendar is looked at, then read, and its stay is a booking', async () => {
  const world = await startWorld();
  const villa = await world.property();
  const feed = createServer((_request, response) => {
    const day = (offset: number) => tomorrow(offset).replaceAll('-', '');
    response.end(
      `BEGIN:VCALENDAR\r\nPRODID:-//Airbnb Inc//Hosting Calendar 1.0//EN\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nDTEND;VALUE=DATE:${day(33)}\r\nDTSTART;VALUE=DATE:${day(30)}\r\nUID:1418fb94e984-a@airbnb.com\r\nSUMMARY:Reserved\r\nDESCRIPTION:Reservation URL: https://www.airbnb.com/hosting/reservations/details/HMABCDEFGH\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`,
    );
  });
  await new Promise<void>((resolve) => feed.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void feed.close());
  const FEED_URL = `http://127.0.0.1:${(feed.address() as AddressInfo).port}/calendar.ics`;
  const recipe = await run(world, 'ota-sync', ['properties:read', 'properties:write'], {
    PROPERTY_ID: String(villa.id),
    FEED_URL,
  });
  const lines = await recipe.ended();
  expect(lines[1]).toContain(`would create ${tomorrow(30)} to ${tomorrow(33)}`);
  expect(lines[2]).toBe('ok: 1 created, 0 updated, 0 cancelled, 0 in conflict');
  const { body } = await world.get(`/v1/bookings?property_id=${villa.id}`);
  expect(body.data).toMatchObject([{ source: 'airbnb', check_in: tomorrow(30), check_out: tomorrow(33) }]);
});

test('guest CRM: a confirmed booking starts a sequence of messages, and a cancelled one ends it', async () => {
  const world = await startWorld();
  const folder = mkdtempSync(join(tmpdir(), 'bellhop-crm-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const PORT = String(await freePort());
  const hook = { url: `http://127.0.0.1:${PORT}`, events: ['booking.*'] };
  const { secret } = (await world.post('/v1/webhooks', hook)).body.data;
  const start = async () => {
    const env = { PORT, BELLHOP_SECRET: secret, MESSAGES: join(folder, 'messages.json') };
    const recipe = await run(world, 'guest-crm', ['bookings:read', 'whatsapp:write'], env);
    await recipe.said('listening');
    return recipe;
  };
  const first = await start();
  keepRelaying(world);
  await world.book({ check_in: tomorrow(30), check_out: tomorrow(33) });
  await first.said('the guest of this booking has left no telephone number');
  const stay = await world.book({
    status: 'pending',
    check_in: tomorrow(30),
    check_out: tomorrow(33),
    guest_phone: '+212 612 345 678',
  });
  await world.post(`/v1/bookings/${stay.id}/confirm`);
  for (const said of [
    'booking_confirmed: prepared\n',
    `before_your_stay: prepared for ${tomorrow(23)}`,
    `how_to_arrive: prepared for ${tomorrow(29)}`,
  ])
    await first.said(said);
  await expect.poll(() => readFileSync(join(folder, 'messages.json'), 'utf8')).toContain('how_to_arrive');
  await first.killed();
  const again = await start();
  await world.post(`/v1/bookings/${stay.id}/cancel`);
  expect((await again.ended()).at(-1)).toBe(`3 messages of ${stay.reference} cancelled`);
  const { body } = await world.get(`/v1/whatsapp-messages?booking_id=${stay.id}`);
  expect(body.data.map(({ to, status }: { to: string; status: string }) => [to, status])).toEqual(
    Array(3).fill(['+212612345678', 'cancelled']),
  );
});

// The owner's accountant files this: an entry that doesn't balance, or one that is there twice, is found by the tax office.
test('owner accounting: a statement, its revision and an invoice are booked to the cent, once, also after a restart', async () => {
  const world = await startWorld({ today: '2026-07-20' });
  const owner = (
    await world.post('/v1/owners', {
      name: 'Leïla Bennani',
      commission_percent: 12.5,
      iban: 'FR7630006000011234567890189',
    })
  ).body.data;
  const villa = await world.property({ owner_id: owner.id });
  for (const [check_in, check_out, gross_amount] of [
    ['2026-06-29', '2026-07-03', 1000.01],
    ['2026-07-10', '2026-07-13', 333.34],
  ])
    await world.book({ property_id: villa.id, check_in, check_out, gross_amount });

  const BOOKS = mkdtempSync(join(tmpdir(), 'bellhop-books-'));
  onTestFinished(() => rmSync(BOOKS, { recursive: true }));
  const PORT = String(await freePort());
  const hook = { url: `http://127.0.0.1:${PORT}`, events: ['owner.statement_ready', 'invoice.*'] };
  const { secret } = (await world.post('/v1/webhooks', hook)).body.data;
  const start = async () => {
    const abilities = ['statements:read', 'owners:read', 'invoices:read'];
    const recipe = await run(world, 'owner-accounting', abilities, { PORT, BOOKS, BELLHOP_SECRET: secret });
    await recipe.said('listening');
    return recipe;
  };
  const generate = async () =>
    (await world.post('/v1/statements/generate', { month: '2026-07', owner_id: owner.id })).body.data[0];
  const spend = (amount: number) =>
    world.post('/v1/expenses', { property_id: villa.id, date: '2026-07-14', label: 'Pool,\nchemicals', amount });

  const first = await start();
  await spend(80.1);
  const early = await generate();
  await world.relay();
  await first.said(`transfer ${early.net.toFixed(2)} MAD to Leïla Bennani, FR76`);
  await spend(20.05);
  const late = await generate();
  await world.relay();
  await first.said(`Leïla Bennani owes 20.05 MAD`);
  expect([early.revision, late.revision]).toEqual([1, 2]);
  const invoice = (
    await world.post('/v1/invoices', {
      owner_id: owner.id,
      lines: [{ description: 'Deep cleaning', quantity: 2.5, unit_price: 33.33, tax_percent: 20 }],
    })
  ).body.data;
  await world.post(`/v1/invoices/${invoice.id}/send`);
  await world.post(`/v1/invoices/${invoice.id}/pay`);
  await world.relay();
  await first.said('invoice.paid INV-2026-0001: 2 rows booked');

  const journal = () => readFileSync(join(BOOKS, 'journal.txt'), 'utf8');
  const [columns, ...rows] = journal()
    .trim()
    .split('\r\n')
    .map((line) => line.split('\t'));
  expect(columns).toHaveLength(18);
  const cents = (text = '') => Math.round(Number(text.replace(',', '.')) * 100);
  const entries = new Map<string, number>();
  const accounts = new Map<string, number>();
  for (const row of rows) {
    const [, , number = '', , account = ''] = row;
    const amount = cents(row[11]) - cents(row[12]);
    entries.set(number, (entries.get(number) ?? 0) + amount);
    accounts.set(account, (accounts.get(account) ?? 0) + amount);
  }
  // Two statements and two steps of an invoice, each of which balances.
  expect([...entries.entries()]).toEqual([
    ['1', 0],
    ['2', 0],
    ['3', 0],
    ['4', 0],
  ]);
  const minor = (amount: number) => Math.round(amount * 100);
  expect(Object.fromEntries(accounts)).toEqual({
    7124: -minor(late.revenue),
    6136: minor(late.commission),
    6133: minor(late.expenses) + minor(invoice.net_amount),
    3488: minor(late.net),
    34552: minor(invoice.tax_amount),
    4411: 0,
    5141: -minor(invoice.total_amount),
  });
  const transfers = readFileSync(join(BOOKS, 'transfers.csv'), 'utf8').split('\n').slice(1);
  expect(transfers.map((line) => line.split(',')[3])).toEqual([early.net.toFixed(2), '-20.05']);
  expect(
    readFileSync(join(BOOKS, `statement-${late.id}.pdf`))
      .subarray(0, 5)
      .toString(),
  ).toBe('%PDF-');

  await first.killed();
  const before = journal();
  const again = await start();
  for (const { id } of (await world.get('/v1/webhook-deliveries')).body.data)
    await world.post(`/v1/webhook-deliveries/${id}/replay`);
  await world.relay();
  const { body } = await world.get('/v1/webhook-deliveries');
  expect(body.data.map(({ status }: { status: string }) => status)).toEqual(Array(8).fill('delivered'));
  await again.said('is booked already');
  expect(journal()).toBe(before);
});

// An auditor asks for three years of lines: one that is missing is what an intruder would have taken out.
test('SIEM: every line is in the file once and in order, over a kill, a torn line and a rotated file; what is critical is told at once', async () => {
  const world = await startWorld();
  const folder = mkdtempSync(join(tmpdir(), 'bellhop-siem-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const LOG = join(folder, 'audit.ndjson');
  const onCall = await startReceiver({ respond: 503 });
  onTestFinished(() => onCall.close());
  const env = { LOG, EVERY_SECONDS: '0.05', ALERT_URL: onCall.url, ALERT_AUTHORIZATION: 'Splunk key' };
  const start = () => run(world, 'siem', ['audit:read', 'webhooks:write'], env);
  const kept = (file: string): { seq: number; id: string; hash: string }[] =>
    (existsSync(file) ? readFileSync(file, 'utf8') : '')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  /** Everything that is written is sealed and in the files. */
  const followed = (...files: string[]) =>
    expect
      .poll(
        async () => {
          await sealAudit(world.database);
          const { body } = await world.get('/v1/audit-log');
          return body.meta.total - files.flatMap((file) => kept(file)).length;
        },
        { timeout: 20_000, interval: 50 },
      )
      .toBe(0);

  /** Sealing stops at the oldest transaction that still runs, and the relay's may. */
  const sealed = (seq: number) =>
    expect
      .poll(
        async () => {
          await sealAudit(world.database);
          return (await world.get(`/v1/audit-log/sealed?per_page=100`)).body.data.at(-1).seq;
        },
        { timeout: 20_000, interval: 50 },
      )
      .toBeGreaterThanOrEqual(seq);

  const first = await start();
  await first.said('listening');
  keepRelaying(world);
  await world.property();
  await world.withAbilities('*');
  onCall.respondWith(200);
  world.pass(120_000); // The second attempt.
  await first.said('critical: token.created');
  const alert = onCall.received.at(-1)!;
  expect([alert.headers.authorization, alert.json.data.audit_entry.severity]).toEqual(['Splunk key', 'critical']);
  await followed(LOG);

  await first.killed();
  appendFileSync(LOG, '{"seq":');
  await world.property();
  const second = await start();
  await second.said('going on after line');
  await followed(LOG);
  await second.killed();
  // As if it had been killed between a line and the note of it; a kill right after `followed` may do so.
  writeFileSync(`${LOG}.last`, JSON.stringify(kept(LOG).at(-2)));
  const rotated = `${LOG}.1`;
  renameSync(LOG, rotated);
  await world.property();
  const third = await start();
  await followed(rotated, LOG);
  const all = [...kept(rotated), ...kept(LOG)];
  expect(all.map(({ seq }) => seq)).toEqual(all.map((_line, i) => i + 1));
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);

  // The chain is held to what this file has, so an owner of the database can't write history anew.
  await third.killed();
  const { seq, hash } = all.at(-1)!;
  writeFileSync(LOG, readFileSync(LOG, 'utf8').replace(hash, '0'.repeat(64)));
  await world.property();
  await sealed(seq + 1);
  await (await start()).said(`does not follow line ${seq}`);
});

// A page that names what isn't there costs its reader an evening, as a program that doesn't run does.
test('every row, ability and file that the pages name is there, and every file has its place in the list', () => {
  const folder = new URL('../docs/recipes/', import.meta.url);
  const files = readdirSync(folder);
  const list = readFileSync(new URL('README.md', folder), 'utf8');
  for (const file of files) if (file !== 'README.md') expect([file, list.includes(file)]).toEqual([file, true]);
  for (const file of files) {
    const text = readFileSync(new URL(file, folder), 'utf8');
    for (const [said, method, path] of text.matchAll(/`(GET|POST|PUT|PATCH|DELETE) (\/v1\/[^?\s`]+)/g))
      expect(document.paths[path!]?.[method!.toLowerCase()], `${file}: ${said}`).toBeDefined();
    for (const [, ability] of text.matchAll(/`([a-z_]+:(?:read|write|manage))`/g))
      expect([file, ability, isAbility(ability!)]).toEqual([file, ability, true]);
    for (const [, link] of text.matchAll(/\]\((?!http)([^)#]+)\)/g))
      expect([file, link, existsSync(new URL(link!, folder))]).toEqual([file, link, true]);
  }
});
