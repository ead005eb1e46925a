import { execute, parse } from 'graphql';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { schema } from '../src/domains.ts';
import { generateDueTaxReports } from '../src/finance/tax-reports/due.ts';
import { planQuery } from '../src/planner/plan.ts';
import { type Answer, type Integrator, startWorld, type World } from './support/world.ts';

/** A property in a commune, of a category. */
async function place(mine: Integrator, commune: string | null, category: string | null = null): Promise<number> {
  const { id } = await mine.property({ units: 9, kind: 'hotel' });
  await mine.viewer.database.asAgency(mine.agencyId, (client) =>
    client.query('update property set commune = $2, tax_category = $3 where id = $1', [id, commune, category]),
  );
  return id;
}

async function tariff(mine: Integrator, fields: object) {
  const answer = await mine.post('/v1/tax-tariffs', { tax: 'taxe_de_sejour', valid_from: '2026-01-01', ...fields });
  if (answer.status !== 201) throw new Error(answer.text);
  return answer.body.data;
}

async function generate(mine: Integrator, period: string, fields: object = {}) {
  const answer = await mine.post('/v1/tax-reports/generate', { period, ...fields });
  if (answer.status !== 200) throw new Error(answer.text);
  return answer.body;
}

const stay = (property_id: number, check_in: string, check_out: string, fields: object = {}) => ({
  ...{ property_id, check_in, check_out, guests_count: 2, gross_amount: 1000 },
  ...fields,
});

/** The figures of a line, in the order in which somebody with a pencil writes them. */
const figures = (line: Record<string, unknown>) =>
  ['stays', 'persons', 'exempt_persons', 'person_nights', 'taxable_person_nights', 'rate', 'base', 'amount'].map(
    (key) => line[key],
  );
const errorsOf = ({ status, body }: Answer) => [status, Object.keys(body.errors ?? {}).sort()];

const QUARTER_LATER = '2026-11-15';

describe('what a report says is owed', () => {
  // An agency that declares too little is fined, and one that declares too much pays for its guests.
  test('each tax is counted as with a pencil: by person and night, children exempt, and VAT of the gross amount', async () => {
    const world = await startWorld({ today: QUARTER_LATER });
    const riad = await place(world, 'Marrakech', 'maison_dhotes');
    const sejour = await tariff(world, { commune: 'Marrakech', amount: 25, reference: 'Arrêté 12/2025' });
    await tariff(world, { tax: 'tpt', amount: 7.5, children_exempt: false });
    await tariff(world, { tax: 'vat', rate_percent: 10 });
    // Two adults and a child, 3 nights: 9 person-nights, of which 6 are taxed where children are exempt.
    await world.book(stay(riad, '2026-07-10', '2026-07-13', { guests_count: 3, children: 1, gross_amount: 3000.05 }));
    // Four nights for two, of which the last two are in the quarter: 333.33 and, with the remainder of 1333.35, 333.36.
    await world.book(stay(riad, '2026-06-29', '2026-07-03', { gross_amount: 1333.35 }));
    // Neither of these counts: a request, a no-show.
    await world.book(stay(riad, '2026-08-01', '2026-08-05', { status: 'pending' }));
    const noShow = await world.book(stay(riad, '2026-08-05', '2026-08-09'));
    expect((await world.post(`/v1/bookings/${noShow.id}/no-show`)).status).toBe(200);

    const { data, changed, left_out, warnings } = await generate(world, '2026-Q3');
    expect([changed, left_out, warnings]).toEqual([true, [], []]);
    expect(data.lines.map((line: { tax: string }) => [line.tax, figures(line)])).toEqual([
      ['taxe_de_sejour', [2, 5, 1, 13, 10, 25, 10, 250]],
      ['tpt', [2, 5, 0, 13, 13, 7.5, 13, 97.5]],
      // 3000.05 + 333.33 + 333.36; a tenth of 3666.74 is 366.674.
      ['vat', [2, 5, 0, 13, 13, 10, 3666.74, 366.67]],
    ]);
    expect(data.lines[0]).toMatchObject({
      ...{ property_id: riad, property: { id: riad }, tariff_id: sejour.id, rate_ref: 'Arrêté 12/2025' },
    });
    expect(data).toMatchObject({
      ...{ period: '2026-Q3', granularity: 'quarter', from: '2026-07-01', to: '2026-09-30', commune: null },
      ...{ revision: 1, latest: true, final: true, currency: 'MAD', due_on: '2026-10-20' },
      totals_by_tax: { taxe_de_sejour: 250, tpt: 97.5, vat: 366.67 },
      total: 714.17,
      sources_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect((await world.get(`/v1/tax-reports/${data.id}`)).body.data).toEqual(data);
  });

  test('half a centime is rounded up, once a line and not once a stay', async () => {
    const world = await startWorld({ today: QUARTER_LATER });
    const riad = await place(world, 'Marrakech');
    await tariff(world, { tax: 'vat', rate_percent: 10 });
    for (const day of ['01', '02', '03'])
      await world.book(stay(riad, `2026-07-${day}`, `2026-07-${Number(day) + 10}`, { gross_amount: 0.05 }));
    expect((await generate(world, '2026-07')).data.total).toBe(0.02); // A tenth of 0.15 is 0.015; of 0.05 thrice, 0.03.
  });

  test('the most specific tariff holds, a later one takes over in the middle of a stay, and months add up to the quarter', async () => {
    const world = await startWorld({ today: QUARTER_LATER });
    const [both, commune, category, neither] = [
      await place(world, 'Marrakech', 'riad'),
      await place(world, ' MARRAKECH ', 'villa'),
      await place(world, 'Essaouira', 'Riad'),
      await place(world, 'Essaouira', 'villa'),
    ];
    await tariff(world, { amount: 1 });
    await tariff(world, { category: 'riad', amount: 2 });
    await tariff(world, { commune: 'Marrakech', amount: 3, valid_from: '2020-01-01' });
    await tariff(world, { commune: 'Marrakech', category: 'riad', amount: 4 });
    await tariff(world, { commune: 'Marrakech', category: 'riad', amount: 5, valid_from: '2026-08-01' });
    for (const property of [both, commune, category, neither])
      await world.book(stay(property, '2026-07-30', '2026-08-03', { guests_count: 1 }));
    const { data } = await generate(world, '2026-Q3');
    const owed = (lines: { property_id: number; rate: number; amount: number }[]) =>
      lines.map(({ property_id, rate, amount }) => [property_id, rate, amount]);
    expect(owed(data.lines)).toEqual([
      ...[
        [both, 4, 8],
        [both, 5, 10],
        [commune, 3, 12],
        [category, 2, 8],
        [neither, 1, 4],
      ],
    ]);
    const months = [];
    for (const month of ['07', '08', '09']) months.push((await generate(world, `2026-${month}`)).data.total);
    expect(months).toEqual([20, 22, 0]);
    expect(data.total).toBe(42);
    expect(owed((await generate(world, '2026-Q3', { commune: 'essaouira' })).data.lines)).toEqual([
      [category, 2, 8],
      [neither, 1, 4],
    ]);
  });

  test('a tariff that has ended holds no longer, and one of the same day that was entered later puts it right', async () => {
    const world = await startWorld({ today: QUARTER_LATER });
    const riad = await place(world, 'Marrakech');
    const wrong = await tariff(world, { commune: 'Marrakech', amount: 250 });
    const right = await tariff(world, { commune: 'Marrakech', amount: 25 });
    await world.book(stay(riad, '2026-07-01', '2026-07-05', { guests_count: 1 }));
    const owed = async () =>
      (await generate(world, '2026-07')).data.lines.map((line: { tariff_id: number; amount: number }) => [
        ...[line.tariff_id, line.amount],
      ]);
    expect(await owed()).toEqual([[right.id, 100]]);
    const ended = await world.post(`/v1/tax-tariffs/${wrong.id}/end`, { valid_to: '2026-07-02' });
    expect(ended.body.data).toMatchObject({ valid_to: '2026-07-02', amount: 250 });
    expect(await owed()).toEqual([[right.id, 100]]);
    await world.post(`/v1/tax-tariffs/${right.id}/end`, { valid_to: '2026-07-03' });
    expect(await owed()).toEqual([[right.id, 75]]);
  });

  test('nights beyond a limit are counted from the check-in, even when that was in the month before', async () => {
    const world = await startWorld({ today: QUARTER_LATER });
    const riad = await place(world, 'Marrakech');
    await tariff(world, { amount: 10, exempt_after_nights: 4 });
    await world.book(stay(riad, '2026-06-29', '2026-07-06', { guests_count: 3, children: 1 }));
    // Of 5 nights in July the first two are the third and the fourth of the stay: 2 nights of 2 adults.
    const { data } = await generate(world, '2026-07');
    expect(figures(data.lines[0])).toEqual([1, 3, 1, 15, 4, 10, 4, 40]);
  });

  // What is left out in silence is found by an inspector.
  test('what no tariff applies to and what the owner slept through is in no line, and is said', async () => {
    const world = await startWorld({ today: QUARTER_LATER });
    const [nowhere, elsewhere, here] = [
      await place(world, null),
      await place(world, 'Essaouira'),
      await place(world, 'Marrakech'),
    ];
    await tariff(world, { commune: 'Marrakech', amount: 25 });
    await tariff(world, { tax: 'vat', rate_percent: 20, valid_from: '2026-07-02' });
    for (const property of [nowhere, elsewhere, here]) await world.book(stay(property, '2026-07-01', '2026-07-03'));
    await world.book(stay(here, '2026-07-01', '2026-07-08', { source: 'owner' }));
    await world.viewer.db.night.updateMany({ where: { propertyId: elsewhere }, data: { currency: 'EUR' } });
    const { data, left_out, warnings } = await generate(world, '2026-07');
    expect(data.lines.map((line: Record<string, unknown>) => [line.property_id, line.tax, line.amount])).toEqual([
      [nowhere, 'vat', 100],
      [here, 'taxe_de_sejour', 100],
      [here, 'vat', 100],
    ]);
    const told = left_out.map((one: Record<string, unknown>) => [one.property_id, one.tax, one.reason, one.nights]);
    expect(told).toEqual([
      [nowhere, 'taxe_de_sejour', 'no_commune', 2],
      [nowhere, 'vat', 'no_commune', 1],
      [elsewhere, 'taxe_de_sejour', 'no_tariff', 2],
      [elsewhere, 'vat', 'no_tariff', 1],
      [elsewhere, 'vat', 'other_currency', 1],
      [here, null, 'owner_stay', 7],
      [here, 'vat', 'no_tariff', 1],
    ]);
    expect(warnings).toHaveLength(4);
  });

  test('a quarter without a taxed night has a report of nothing, so that nothing can be declared', async () => {
    const world = await startWorld({ today: QUARTER_LATER });
    const { data, warnings } = await generate(world, '2026-Q3');
    expect(data).toMatchObject({ total: 0, lines: [], due_on: null, revision: 1 });
    expect(warnings).toHaveLength(1);
  });
});

describe('a report', () => {
  // What was declared must be what is found when it is looked at again.
  test('stays as it was when bookings change; generating again makes the next revision, and tells it once', async () => {
    const world = await startWorld({ today: QUARTER_LATER });
    const riad = await place(world, 'Marrakech');
    await tariff(world, { amount: 25 });
    const booking = await world.book(stay(riad, '2026-07-01', '2026-07-05'));
    const receiver = await world.subscribe('tax_report.*');
    const first = (await generate(world, '2026-Q3')).data;
    const again = await generate(world, '2026-Q3');
    expect([again.changed, again.data]).toEqual([false, first]);
    await world.patch(`/v1/bookings/${booking.id}`, { guests_count: 3 });
    expect((await world.get(`/v1/tax-reports/${first.id}`)).body.data).toEqual(first);
    const second = (await generate(world, '2026-Q3')).data;
    expect(second).toMatchObject({ revision: 2, total: 300, latest: true });
    expect((await world.get(`/v1/tax-reports/${first.id}`)).body.data).toEqual({ ...first, latest: false });
    const found = async (query: string) =>
      (await world.get(`/v1/tax-reports?sort=id_asc&${query}`)).body.data.map(({ id }: { id: number }) => id);
    expect(await found('latest=true')).toEqual([second.id]);
    expect(await found('latest=false')).toEqual([first.id]);
    expect(await found('')).toEqual([first.id, second.id]);
    await world.patch(`/v1/bookings/${booking.id}`, { notes: 'late arrival' });
    expect((await generate(world, '2026-Q3')).data.id).toBe(second.id); // Nothing that a tax is made of.
    await world.relay();
    expect(receiver.received.map(({ event, signature }) => [event, signature])).toEqual([
      ['tax_report.generated', 'valid'],
      ['tax_report.generated', 'valid'],
    ]);
    const { id, period, from, to, commune, revision, currency, totals_by_tax, total, sources_hash, generated_at } =
      second;
    expect(receiver.received[1]!.json.data).toEqual({
      ...{
        tax_report: {
          id,
          period,
          from,
          to,
          commune,
          revision,
          currency,
          totals_by_tax,
          total,
          sources_hash,
          generated_at,
        },
      },
    });
  });

  test('is made once by two clients who ask at once', async () => {
    const world = await startWorld({ today: QUARTER_LATER });
    await world.book(stay(await place(world, 'Marrakech'), '2026-07-01', '2026-07-05'));
    const receiver = await world.subscribe('tax_report.generated');
    await Promise.all(['a', 'b'].map(() => tariff(world, { amount: 25 })));
    const made = await Promise.all(Array.from({ length: 6 }, () => generate(world, '2026-Q3')));
    expect(new Set(made.map(({ data }) => data.id)).size).toBe(1);
    expect(made.filter(({ changed }) => changed)).toHaveLength(1);
    expect((await world.get('/v1/tax-reports')).body.meta.total).toBe(1);
    expect((await world.get('/v1/tax-tariffs')).body.meta.total).toBe(1);
    await world.relay();
    expect(receiver.received).toHaveLength(1);
  });

  // What holds when the process that promised it is an old one, a second region, or somebody with psql.
  test('can’t be there twice in one revision, whoever writes it and however the commune is cased', async () => {
    const world = await startWorld({ today: QUARTER_LATER });
    await world.book(stay(await place(world, 'Marrakech', 'riad'), '2026-07-01', '2026-07-05'));
    await tariff(world, { amount: 25 });
    await generate(world, '2026-Q3');
    await generate(world, '2026-Q3', { commune: 'MARRAKECH' });
    for (const commune of ['null', `'marrakech'`]) {
      const again = world.database.asAgency(world.agencyId, (client) =>
        client.query(`insert into tax_report (agency_id, period, "from", "to", commune, revision, currency, total_minor, sources_hash, generated_at, updated_at)
          select agency_id, period, "from", "to", ${commune}, revision, currency, 0, sources_hash, now(), now() from tax_report limit 1`),
      );
      await expect(again).rejects.toThrow(/tax_report_revision_key/);
    }
  });

  test('keeps where a property was and what it was when it is moved or regraded afterwards', async () => {
    const world = await startWorld({ today: QUARTER_LATER });
    const riad = await place(world, ' Marrakech ', 'riad');
    await world.book(stay(riad, '2026-07-01', '2026-07-05'));
    await tariff(world, { amount: 25 });
    const { data } = await generate(world, '2026-Q3');
    await world.patch(`/v1/properties/${riad}`, { commune: 'Imlil', tax_category: 'hotel' });
    const { lines } = (await world.get(`/v1/tax-reports/${data.id}`)).body.data;
    expect(lines).toMatchObject([{ commune: 'Marrakech', category: 'riad' }]);
    expect((await world.get('/v1/tax-report-lines')).body.data).toMatchObject([{ commune: 'Marrakech' }]);
  });

  test('before its period is over is not final, and is followed by one that is, though nothing else has changed', async () => {
    const world = await startWorld({ today: '2026-09-30' });
    await world.book(stay(await place(world, 'Marrakech'), '2026-07-01', '2026-07-05'));
    await tariff(world, { amount: 25 });
    const before = await generate(world, '2026-Q3');
    expect([before.data.final, before.warnings.length]).toEqual([false, 1]);
    world.pass(86_400_000);
    const after = (await generate(world, '2026-Q3')).data;
    expect(after).toMatchObject({ final: true, revision: 2, total: before.data.total });
  });

  test('is found by period, and lists and lines cost one SQL statement, at 5 rows and at 50', async () => {
    const world = await startWorld({ today: QUARTER_LATER });
    await tariff(world, { amount: 25, reference: '12/2025' });
    await tariff(world, { tax: 'vat', rate_percent: 5.5 });
    const riad = await place(world, 'Marrakech');
    await world.book(stay(riad, '2026-07-30', '2026-08-02'));
    for (let year = 2010; year < 2027; year++)
      for (const part of ['Q1', '03', 'Q3', '07']) await generate(world, `${year}-${part}`);
    await generate(world, '2026-07', { commune: 'Marrakech' });
    for (const path of ['tax-reports', 'tax-tariffs', 'tax-report-lines'])
      for (const count of [5, 50])
        expect(await world.statements(() => world.get(`/v1/${path}?per_page=${count}`))).toBe(1);
    const periods = async (query: string) =>
      (await world.get(`/v1/tax-reports?sort=id_asc&${query}`)).body.data.map((one: { period: string }) => one.period);
    expect(await periods('from=2026-01-01&granularity=quarter')).toEqual(['2026-Q1', '2026-Q3']);
    expect(await periods('from=2026-03-01&to=2026-07-31')).toEqual(['2026-03', '2026-07', '2026-07']);
    expect(await periods('commune=Marrakech')).toEqual(['2026-07']);

    const { id } = (await world.get('/v1/tax-reports?from=2026-07-01&granularity=quarter')).body.data[0];
    const csv = (await world.get(`/v1/tax-report-lines?report_id=${id}&format=csv`)).text.trim().split('\n');
    expect(csv).toHaveLength(3);
    expect(csv[0]).toContain('report_id,report_period,report_commune,report_revision,property_id');
    expect(csv[2]).toMatch(/,vat,\d+,,1,2,0,6,6,5\.5,1000,55,MAD,Marrakech,$/);
    expect((await world.get('/v1/tax-report-lines?report_id=2000000000')).body.data).toEqual([]);

    // Both ways of reading come to the same bytes.
    const text = `{ taxReports(first: 9) { nodes { id period granularity latest final totalsByTax { taxeDeSejour tpt vat } total dueOn } }
      taxReportLines { nodes { id rate base amount currency rateRef tax property { id } tariff { id amount ratePercent } report { period } } } }`;
    const document = parse(text);
    const context = { viewer: world.viewer, signal: new AbortController().signal };
    const planned = await planQuery(schema, document, document.definitions[0] as never, {})!.run(context, {});
    expect(planned).toBe(JSON.stringify((await execute({ schema, document, contextValue: context })).data));
  });
});

describe('the report of a quarter', () => {
  const due = (world: World) =>
    generateDueTaxReports({
      ...world.viewer,
      database: world.database,
      wake: world.viewer.wake,
      config: world.config,
      log: pino({ level: 'silent' }),
    });

  // TPT is due twenty days after the quarter, whether somebody thought of it or not.
  test('is made on the first of the next quarter at the agency, once, for agencies with tariffs', async () => {
    const world = await startWorld({ today: '2026-09-30' });
    const stranger = await world.anotherAgency();
    await stranger.book({ check_in: '2026-07-01', check_out: '2026-07-03' });
    await world.book(stay(await place(world, 'Marrakech'), '2026-07-01', '2026-07-05'));
    await tariff(world, { amount: 25, valid_from: '2026-07-01' });
    const receiver = await world.subscribe('tax_report.generated');
    expect(await due(world)).toBe(0); // The second quarter knew no tariff, and the third isn't over.
    await generate(world, '2026-Q3');
    world.pass(11.5 * 3_600_000); // Half past eleven in the evening, UTC: in Casablanca it is October.
    expect(await due(world)).toBe(1);
    expect(await due(world)).toBe(0);
    world.pass(80 * 86_400_000);
    expect(await due(world)).toBe(0);
    await world.relay();
    expect(receiver.received.map(({ json }) => [json.data.tax_report.period, json.data.tax_report.revision])).toEqual([
      ['2026-Q3', 1],
      ['2026-Q3', 2],
    ]);
    expect((await stranger.get('/v1/tax-reports')).body.data).toEqual([]);
  });

  test('is made by two processes at once as by one', async () => {
    const world = await startWorld({ today: QUARTER_LATER });
    await tariff(world, { amount: 25 });
    const made = await Promise.all([due(world), due(world), due(world)]);
    expect(made.sort()).toEqual([0, 0, 1]);
  });
});

describe('who may, and what is refused', () => {
  test('reading takes tax_reports:read, entering and generating tax_reports:write, and nothing else opens either', async () => {
    const world = await startWorld({ today: QUARTER_LATER });
    const { id } = await tariff(world, { amount: 25 });
    const report = (await generate(world, '2026-Q3')).data;
    const reads = [
      '/v1/tax-reports',
      `/v1/tax-reports/${report.id}`,
      '/v1/tax-report-lines',
      '/v1/tax-tariffs',
      `/v1/tax-tariffs/${id}`,
    ];
    const writes: [string, object][] = [
      ['/v1/tax-reports/generate', { period: '2026-Q3' }],
      ['/v1/tax-tariffs', { tax: 'tpt', valid_from: '2026-01-01', amount: 1 }],
      [`/v1/tax-tariffs/${id}/end`, { valid_to: '2026-12-31' }],
    ];
    const [reader, writer] = [
      await world.withAbilities('tax_reports:read'),
      await world.withAbilities('tax_reports:write'),
    ];
    const other = await world.withAbilities('reports:read', 'statements:read', 'invoices:write', 'properties:manage');
    for (const path of reads) {
      expect([path, (await reader.get(path)).status]).toEqual([path, 200]);
      for (const token of [writer, other]) expect([path, (await token.get(path)).status]).toEqual([path, 403]);
    }
    for (const [path, body] of writes) {
      for (const token of [reader, other]) expect([path, (await token.post(path, body)).status]).toEqual([path, 403]);
      expect([path, [200, 201]]).toEqual([path, expect.arrayContaining([(await writer.post(path, body)).status])]);
    }
    const stranger = await world.anotherAgency();
    for (const path of [reads[1]!, reads[4]!]) expect((await stranger.get(path)).status).toBe(404);
    expect((await stranger.post(`/v1/tax-tariffs/${id}/end`, { valid_to: '2026-12-31' })).status).toBe(404);
    await place(world, 'Marrakech');
    const theirs = await stranger.post('/v1/tax-reports/generate', { period: '2026-Q3', commune: 'Marrakech' });
    expect(errorsOf(theirs)).toEqual([422, ['commune']]);
  });

  test('what can’t be true of a tariff or a period is refused with its name, and nothing is written', async () => {
    const world = await startWorld({ today: QUARTER_LATER });
    const refusals: [object, string[]][] = [
      [{}, ['amount']],
      [{ amount: -1 }, ['amount']],
      [{ amount: '1.005' }, ['amount']],
      [{ amount: 1, rate_percent: 10 }, ['rate_percent']],
      [{ tax: 'vat', amount: 1 }, ['amount', 'rate_percent']],
      [{ tax: 'vat', rate_percent: 100.01 }, ['rate_percent']],
      [{ tax: 'vat', rate_percent: -0.5 }, ['rate_percent']],
      [{ tax: 'vat', rate_percent: 5.555 }, ['rate_percent']],
      [
        { tax: 'vat', rate_percent: 10, exempt_after_nights: 3, children_exempt: true },
        ['children_exempt', 'exempt_after_nights'],
      ],
      [{ amount: 1, exempt_after_nights: 0 }, ['exempt_after_nights']],
      [{ amount: 1, valid_to: '2025-12-31' }, ['valid_to']],
      [{ amount: 1, valid_from: '2026-02-30' }, ['valid_from']],
      [{ amount: 1, valid_from: '1899-12-31' }, ['valid_from']],
      [
        { amount: 1, commune: ' ', category: 'x'.repeat(101), reference: 'x'.repeat(501) },
        ['category', 'commune', 'reference'],
      ],
      [{ amount: 1, tax: 'income' }, ['tax']],
    ];
    for (const [fields, named] of refusals) {
      const body = { tax: 'taxe_de_sejour', valid_from: '2026-01-01', ...fields };
      expect([fields, errorsOf(await world.post('/v1/tax-tariffs', body))]).toEqual([fields, [422, named]]);
    }
    for (const period of ['2026', '2026-Q5', '2026-13', '2026-Q0', '2026-7', 'Q3-2026', '0001-Q1', '9999-12', ''])
      expect([period, errorsOf(await world.post('/v1/tax-reports/generate', { period }))]).toEqual([
        ...[period, [422, ['period']]],
      ]);
    expect(errorsOf(await world.post('/v1/tax-reports/generate', { period: '2026-Q3', commune: 'Atlantis' }))).toEqual([
      ...[422, ['commune']],
    ]);
    for (const path of ['tax-tariffs', 'tax-reports']) expect((await world.get(`/v1/${path}`)).body.data).toEqual([]);
  });

  test('a tariff ends once: the same day again says so, another is refused', async () => {
    const world = await startWorld();
    const { id } = await tariff(world, { amount: 25 });
    const end = (valid_to: string) => world.post(`/v1/tax-tariffs/${id}/end`, { valid_to });
    expect(errorsOf(await end('2025-12-31'))).toEqual([422, ['valid_to']]);
    const ended = (await end('2026-06-30')).body.data;
    expect((await end('2026-06-30')).body.data).toEqual(ended);
    const answer = await end('2026-07-31');
    expect([answer.status, answer.body.code]).toEqual([409, 'TARIFF_ENDED']);
    const { rows } = await world.database.asAgency(world.agencyId, (client) =>
      client.query(`select action from audit_entry where subject = $1 order by occurred_at, id`, [`tax_tariff:${id}`]),
    );
    expect(rows.map(({ action }) => action)).toEqual(['tax_tariff.created', 'tax_tariff.ended']);
  });
});
