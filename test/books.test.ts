import { describe, expect, test } from 'vitest';
import { randomFrom } from '../src/demo/random.ts';
import { pdfPages } from './support/pdf.ts';
import { type Integrator, startWorld } from './support/world.ts';

// The figures that money changes hands by, worked out a second time with nothing but the rules as they are written: night by
// night, guest by guest, in whole centimes.

// biome-ignore lint/suspicious/noExplicitAny: the body of an answer
type Body = any;

async function made(mine: Integrator, path: string, body: object): Promise<Body> {
  const answer = await mine.post(path, body);
  if (answer.status >= 300) throw new Error(answer.text);
  return answer.body.data;
}

const cents = (amount: number): number => Math.round(amount * 100);
const dayAfter = (day: string, days: number): string =>
  new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);
const nightsOf = (check_in: string, nights: number): string[] =>
  Array.from({ length: nights }, (_, i) => dayAfter(check_in, i));
/** An amount shared among nights: the same for each, and what is left over on the last. */
const shared = (minor: number, nights: number): number[] =>
  Array.from({ length: nights }, (_, i) => Math.floor(minor / nights) + (i === nights - 1 ? minor % nights : 0));
const sum = (numbers: number[]): number => numbers.reduce((a, b) => a + b, 0);

describe('statements', () => {
  // The owner is paid by it, and the agency's accountant adds it up again.
  test('of several owners and properties are revenue less commission less expenses, worked out night by night', async () => {
    const world = await startWorld({ today: '2026-06-01' });
    const random = randomFrom('statements');
    const owners: Body[] = [];
    for (const commission_percent of [12.5, 0, 33.33]) {
      const owner = await made(world, '/v1/owners', { name: `Owner ${commission_percent}`, commission_percent });
      const places = [];
      for (let i = 0; i < 2; i++) places.push(await world.property({ owner_id: owner.id, units: 9, kind: 'hotel' }));
      owners.push({ ...owner, points: cents(commission_percent), places, revenue: 0, net: 0, expenses: 0, lines: [] });
    }
    for (let i = 0; i < 36; i++) {
      const owner = random.pick(owners);
      const [nights, minor] = [random.between(1, 9), random.between(1, 900_000)];
      const check_in = dayAfter('2026-06-25', random.below(38));
      const own = random.chance(0.2) ? random.between(0, minor) : undefined;
      const status = random.chance(0.15) ? 'pending' : 'confirmed';
      const booking = await world.book({
        ...{ property_id: random.pick<Body>(owner.places).id, check_in, check_out: dayAfter(check_in, nights), status },
        ...{ gross_amount: minor / 100, commission_amount: own === undefined ? undefined : own / 100 },
      });
      const gone = random.chance(0.15);
      if (gone) await world.post(`/v1/bookings/${booking.id}/cancel`, { reason: 'illness' });
      if (gone || status === 'pending') continue;
      const commission = own ?? Math.floor((minor * owner.points + 5_000) / 10_000);
      const [grosses, nets] = [shared(minor, nights), shared(minor - commission, nights)];
      const july = nightsOf(check_in, nights).flatMap((day, n) => (day.startsWith('2026-07') ? [n] : []));
      if (july.length === 0) continue;
      const [gross, net] = [sum(july.map((n) => grosses[n]!)), sum(july.map((n) => nets[n]!))];
      owner.revenue += gross;
      owner.net += net;
      owner.lines.push([booking.id, july.length, gross, gross - net]);
    }
    for (let i = 0; i < 12; i++) {
      const owner = random.pick(owners);
      const [minor, day] = [random.between(0, 99_999), random.between(28, 34)];
      const date = dayAfter('2026-07-01', day - 1);
      const property_id = random.pick<Body>(owner.places).id;
      await made(world, '/v1/expenses', { property_id, date, label: 'Paint', amount: minor / 100 });
      if (date.startsWith('2026-07')) owner.expenses += minor;
    }

    const statements = await made(world, '/v1/statements/generate', { month: '2026-07' });
    expect(statements).toHaveLength(3);
    for (const { id } of statements) {
      const statement = (await world.get(`/v1/statements/${id}`)).body.data;
      const owner = owners.find((one) => one.id === statement.owner_id);
      const stays = statement.lines.filter(({ kind }: Body) => kind === 'booking');
      const told = stays.map((line: Body) => [
        line.booking_id,
        line.nights,
        cents(line.revenue),
        cents(line.commission),
      ]);
      const byId = (a: number[], b: number[]) => a[0]! - b[0]!;
      expect(told.sort(byId)).toEqual(owner.lines.sort(byId));
      const { revenue, commission, expenses, net } = statement;
      expect([revenue, commission, expenses, net].map(cents)).toEqual([
        ...[owner.revenue, owner.revenue - owner.net, owner.expenses, owner.net - owner.expenses],
      ]);
      await expectSamePrints(world, statement);
    }
  });

  // Ten houses in a currency of small units turn over more than four bytes hold.
  test('and reports hold what a large agency turns over, in a currency without decimals', async () => {
    const world = await startWorld({ today: '2026-06-01' });
    await world.database.system.query(`update agency set currency = 'JPY' where id = $1`, [world.agencyId]);
    const mine = await world.withAbilities('*'); // A token that no gateway has seen yet.
    const owner = await made(mine, '/v1/owners', { name: 'Hotel', commission_percent: 10 });
    const { id: property_id } = await mine.property({ owner_id: owner.id, units: 9, kind: 'hotel' });
    for (let i = 0; i < 5; i++)
      await mine.book({ property_id, check_in: '2026-07-10', check_out: '2026-07-12', gross_amount: 2_000_000_001 });
    await made(mine, '/v1/expenses', { property_id, date: '2026-07-09', label: 'A roof', amount: 3_000_000_000 });
    const [{ id: statementId }] = await made(mine, '/v1/statements/generate', { month: '2026-07' });
    const statement = (await mine.get(`/v1/statements/${statementId}`)).body.data;
    expect(statement).toMatchObject({
      ...{ currency: 'JPY', revenue: 10_000_000_005, commission: 1_000_000_000, expenses: 3_000_000_000 },
      ...{ net: 6_000_000_005 },
    });
    await expectSamePrints(mine, statement, 1);
    await made(mine, '/v1/tax-tariffs', { tax: 'vat', valid_from: '2026-01-01', rate_percent: 33.33 });
    const report = await made(mine, '/v1/tax-reports/generate', { period: '2026-07' });
    expect(report).toMatchObject({ total: 3_333_000_002, lines: [{ base: 10_000_000_005, amount: 3_333_000_002 }] });

    const { id } = await made(mine, '/v1/invoices', {
      customer_name: 'Hotel',
      lines: [{ description: 'The year', quantity: 3, unit_price: 1_999_999_999, tax_percent: 10 }],
    });
    await mine.post(`/v1/invoices/${id}/send`);
    const receiver = await mine.subscribe('*');
    await made(mine, '/v1/payments', { purpose: 'invoice', invoice_id: id, amount: 4_000_000_000, method: 'wire' });
    const paid = await made(mine, `/v1/invoices/${id}/pay`, {});
    expect(paid).toMatchObject({
      net_amount: 5_999_999_997,
      tax_amount: 600_000_000,
      paid_amount: 6_599_999_997,
      status: 'paid',
    });
    await world.relay();
    const payments = receiver.received.flatMap(({ json }) => json.data.payment?.amount ?? []);
    expect(payments.sort()).toEqual([2_599_999_997, 4_000_000_000]);
    for (const path of ['statements', 'tax-reports', 'invoices', 'payments', 'expenses', 'tax-report-lines']) {
      const json = (await mine.get(`/v1/${path}`)).body;
      const csv = (await mine.get(`/v1/${path}?format=csv&all=true`)).text.trim().split('\n');
      expect([path, csv.length - 1]).toEqual([path, json.meta.total]);
    }
  });
});

/** The same figures on paper and in a spreadsheet as in JSON. */
async function expectSamePrints(mine: Integrator, statement: Body, scale = 100): Promise<void> {
  const minor = (amount: string | number) => Math.round(Number(amount) * scale);
  const csv = (await mine.get(`/v1/statements/${statement.id}?format=csv`)).text.trim().split('\n').slice(1);
  const columns = csv.map((row) => row.split(',').slice(-4).map(minor));
  const total = (i: number) => sum(columns.map((row) => row[i]!));
  const { revenue, commission, expenses, net } = statement;
  expect([0, 1, 2, 3].map(total)).toEqual([revenue, commission, expenses, net].map(minor));

  const { token } = mine;
  const { origin } = new URL((await mine.get('/v1/statements')).body.links.first);
  const pdf = await fetch(`${origin}/v1/statements/${statement.id}?format=pdf`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const words = pdfPages(new Uint8Array(await pdf.arrayBuffer()))
    .join('\n')
    .split('\n');
  const begin = words.indexOf('Total');
  const printed = words.slice(begin + 1).filter((word) => /^-?\d+(\.\d+)?$/.test(word));
  expect(printed.slice(0, 4).map(minor)).toEqual([revenue, commission, expenses, net].map(minor));
  const kept = new Set(words);
  const text = (amount: number) => amount.toFixed(scale === 1 ? 0 : 2);
  for (const line of statement.lines) expect(kept).toContain(text(line.net));
}

describe('an invoice', () => {
  // Three half centimes are one and a half together, and two when each is rounded up by itself.
  test('of two rates of VAT is rounded line by line, not once by rate', async () => {
    const world = await startWorld();
    const lines = [20, 20, 20, 10, 10].map((tax_percent) => {
      return { description: 'Soap', quantity: 0.5, unit_price: 0.25, tax_percent };
    });
    const invoice = await made(world, '/v1/invoices', { customer_name: 'A', lines });
    // 0.125 is 0.13 a line; its tax is 0.026, so 0.03, or 0.013, so 0.01. By rate the tax would be 0.08 and 0.03.
    expect(invoice).toMatchObject({ net_amount: 0.65, tax_amount: 0.11, total_amount: 0.76 });
    expect(invoice.lines.map((line: Body) => [line.net_amount, line.tax_amount])).toEqual([
      ...[1, 2, 3].map(() => [0.13, 0.03]),
      ...[4, 5].map(() => [0.13, 0.01]),
    ]);
  });
});

interface Terms {
  id: number;
  tax: 'taxe_de_sejour' | 'tpt' | 'vat';
  commune?: string;
  category?: string;
  valid_from: string;
  valid_to?: string;
  amount?: number;
  rate_percent?: number;
  children_exempt?: boolean;
  exempt_after_nights?: number;
}

describe('a tax report', () => {
  // Tariffs begin and end while people are asleep; communes count the nights, not the bookings.
  test('of many stays, tariffs and exemptions is what counting each guest and night by hand comes to', async () => {
    const world = await startWorld({ today: '2026-06-01' });
    const random = randomFrom('taxes');
    const places: { id: number; commune: string; category: string }[] = [];
    for (const [commune, category] of [
      ['Marrakech', 'riad'],
      ['Marrakech', 'hotel'],
      ['Imlil', 'riad'],
      ['Imlil', ''],
    ]) {
      const { id } = await world.property({ units: 60, kind: 'hotel' });
      await world.database.asAgency(world.agencyId, (client) =>
        client.query('update property set commune = $2, tax_category = nullif($3, $4) where id = $1', [
          id,
          commune,
          category,
          '',
        ]),
      );
      places.push({ id, commune: commune!, category: category! });
    }
    const tariffs: Terms[] = [];
    for (const terms of [
      { tax: 'taxe_de_sejour', valid_from: '2026-01-01', amount: 10, exempt_after_nights: 6 },
      { tax: 'taxe_de_sejour', valid_from: '2026-08-10', amount: 12 },
      { tax: 'taxe_de_sejour', commune: 'Marrakech', valid_from: '2026-01-01', valid_to: '2026-09-04', amount: 25 },
      {
        tax: 'taxe_de_sejour',
        commune: 'Marrakech',
        category: 'riad',
        valid_from: '2026-07-20',
        amount: 31.5,
        exempt_after_nights: 3,
      },
      { tax: 'tpt', valid_from: '2026-07-08', amount: 7.5, children_exempt: false },
      { tax: 'vat', valid_from: '2026-01-01', rate_percent: 10 },
      { tax: 'vat', category: 'hotel', valid_from: '2026-08-15', rate_percent: 13.37 },
    ] as Omit<Terms, 'id'>[])
      tariffs.push({ ...terms, id: (await made(world, '/v1/tax-tariffs', terms)).id });

    const lines = new Map<string, Record<'stays' | 'persons' | 'exempt' | 'nights' | 'taxable' | 'gross', number>>();
    for (let i = 0; i < 60; i++) {
      const place = random.pick(places);
      const [nights, minor, guests] = [random.between(1, 12), random.between(1_000, 900_000), random.between(1, 5)];
      const check_in = dayAfter('2026-06-24', random.below(100));
      const children = random.chance(0.5) ? random.between(0, guests - 1) : undefined;
      const source = random.chance(0.1) ? 'owner' : 'airbnb';
      await world.book({
        ...{
          property_id: place.id,
          check_in,
          check_out: dayAfter(check_in, nights),
          guests_count: guests,
          children,
          source,
        },
        gross_amount: minor / 100,
      });
      if (source === 'owner') continue;
      const seen = new Set<string>();
      for (const [n, night] of nightsOf(check_in, nights).entries()) {
        if (night < '2026-07-01' || night > '2026-09-30') continue;
        for (const tax of ['taxe_de_sejour', 'tpt', 'vat']) {
          const held = tariffOf(tariffs, tax, place, night);
          if (!held) continue;
          const key = `${place.id} ${held.id}`;
          const line = lines.get(key) ?? { stays: 0, persons: 0, exempt: 0, nights: 0, taxable: 0, gross: 0 };
          const exempt = tax !== 'vat' && held.children_exempt !== false ? (children ?? 0) : 0;
          if (!seen.has(key)) {
            line.stays += 1;
            line.persons += guests;
            line.exempt += exempt;
          }
          seen.add(key);
          line.nights += guests;
          if (held.exempt_after_nights === undefined || n < held.exempt_after_nights) line.taxable += guests - exempt;
          line.gross += shared(minor, nights)[n]!;
          lines.set(key, line);
        }
      }
    }

    const report = await made(world, '/v1/tax-reports/generate', { period: '2026-Q3' });
    let total = 0;
    for (const line of report.lines) {
      const terms = tariffs.find(({ id }) => id === line.tariff_id)!;
      const by = lines.get(`${line.property_id} ${line.tariff_id}`)!;
      const owed =
        terms.tax === 'vat'
          ? Math.floor((by.gross * cents(terms.rate_percent!) + 5_000) / 10_000)
          : by.taxable * cents(terms.amount!);
      const { stays, persons, exempt_persons, person_nights, taxable_person_nights } = line;
      expect([stays, persons, exempt_persons, person_nights, cents(line.amount)]).toEqual([
        ...[by.stays, by.persons, by.exempt, by.nights, owed],
      ]);
      if (terms.tax !== 'vat') expect(taxable_person_nights).toBe(by.taxable);
      const { commune, category } = places.find(({ id }) => id === line.property_id)!;
      expect([line.commune, line.category]).toEqual([commune, category || null]);
      total += owed;
    }
    expect(report.lines).toHaveLength(lines.size);
    expect(cents(report.total)).toBe(total);
    const months = [];
    for (const period of ['2026-07', '2026-08', '2026-09'])
      months.push(await made(world, '/v1/tax-reports/generate', { period }));
    const nights = (reports: Body[]) =>
      sum(reports.flatMap((one) => one.lines.map((line: Body) => line.person_nights)));
    expect(nights(months)).toBe(nights([report]));
  });
});

/** Commune and category, else the commune, else the category, else neither; then what begins last, then what came last. */
function tariffOf(tariffs: Terms[], tax: string, place: { commune: string; category: string }, night: string) {
  const weight = ({ commune, category }: Terms) => (commune ? 2 : 0) + (category ? 1 : 0);
  return tariffs
    .filter((one) => one.tax === tax && one.valid_from <= night && (one.valid_to ?? '9999') >= night)
    .filter(
      (one) => (one.commune ?? place.commune) === place.commune && (one.category ?? place.category) === place.category,
    )
    .sort((a, b) => weight(b) - weight(a) || b.valid_from.localeCompare(a.valid_from) || b.id - a.id)[0];
}
