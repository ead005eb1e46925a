import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { asAgency, day, login, type Row, summer } from './support/bi.ts';
import { NOUNS } from './support/nouns.ts';
import { startWorld } from './support/world.ts';

const DOCS = readFileSync(new URL('../docs/bi.md', import.meta.url), 'utf8');
const blocks = (language: string): string[] =>
  [...DOCS.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, text]) => text!);

// A recipe that doesn't run is read, copied, and cursed.
test('every question in SQL of the docs has an answer, and it is the report’s', async () => {
  const world = await startWorld({ today: day(60) });
  await summer(world, 3);
  for (const make of Object.values(NOUNS)) await make(world);
  const { sql } = await login(world);
  const answers: Row[][] = [];
  for (const question of blocks('sql')) answers.push(await sql(question));
  expect(answers.length).toBeGreaterThanOrEqual(8);
  const [months, byProperty, , sources, pace] = answers as [Row[], Row[], Row[], Row[], Row[]];

  const { data } = (await world.get('/v1/reports/revenue?from=2026-06-01&to=2026-08-31&granularity=month')).body;
  expect(months).toEqual(
    data.series.map(({ from, gross_revenue, adr, revpar }: Row) => ({ month: from, gross_revenue, adr, revpar })),
  );
  expect(byProperty).toHaveLength(data.per_property.length);
  expect(byProperty).toEqual(
    expect.arrayContaining(
      data.per_property.map(({ name, gross_revenue, nights_booked, revpar }: Row) => ({
        name,
        gross_revenue,
        nights_booked,
        revpar,
      })),
    ),
  );
  expect(
    sources
      .filter(({ nights_booked }) => nights_booked)
      .map(({ source, gross_revenue, nights_booked }) => ({ source, gross_revenue, nights_booked })),
  ).toEqual(
    data.global.revenue_by_source.map(({ source, gross_revenue, nights_booked }: Row) => ({
      source,
      gross_revenue,
      nights_booked,
    })),
  );
  // The docs ask of a day before anything was booked here; what was known now is asked of the same statement.
  const { gross_revenue, nights_booked } = (
    await world.get('/v1/reports/revenue?from=2026-07-01&to=2026-07-31&as_of=2026-06-20')
  ).body.data.global;
  expect(pace).toEqual([{ gross_revenue: gross_revenue || null, nights_booked }]);
  await asAgency(
    world,
    `update booking set booked_at = timestamptz '2026-06-10 12:00+00' + id % 20 * interval '1 day'`,
  );
  await asAgency(world, `update booking set confirmed_at = booked_at where status <> 'PENDING'`);
  const then = (await world.get('/v1/reports/revenue?from=2026-07-01&to=2026-07-31&as_of=2026-06-20')).body.data.global;
  expect(then.nights_booked).toBeGreaterThan(5);
  expect(await sql(blocks('sql')[4]!)).toEqual([
    { gross_revenue: then.gross_revenue, nights_booked: then.nights_booked },
  ]);
});

/** Power Query's types by those of /v1/reports/{name}/schema. */
const TYPES: Record<string, string> = {
  money: 'Currency.Type',
  integer: 'Int64.Type',
  id: 'Int64.Type',
  number: 'type number',
  text: 'type text',
  date: 'type date',
};

test('Power BI and Excel get every column of a report, typed as its schema says', async () => {
  const world = await startWorld({ today: day(60) });
  await world.book({ check_in: day(70), check_out: day(73) });
  const { token } = await world.withAbilities('reports:read', 'bookings:read');
  const basic = { authorization: `Basic ${Buffer.from(`${token}:`).toString('base64')}` };
  const programs = blocks('powerquery');
  expect(programs).toHaveLength(2);
  for (const program of programs) {
    const path = /RelativePath = "([^"]+)"/.exec(program)![1]!;
    const query = new URLSearchParams(
      [.../Query = \[([^\]]+)\]/.exec(program)![1]!.matchAll(/(\w+) = "([^"]*)"/g)].map(([, name, value]) => [
        name!,
        value!,
      ]),
    );
    const answer = await fetch(`${world.url}/${path}?${query}`, { headers: basic });
    expect(answer.status).toBe(200);
    const [headers, ...rows] = parse(await answer.text()) as string[][];
    const typed = [
      .../TransformColumnTypes\(Headers, \{(.*?)\}, "en-US"\)/s.exec(program)![1]!.matchAll(/\{"(\w+)", ([\w. ]+)\}/g),
    ];
    expect(typed.map(([, column]) => column)).toEqual(headers);
    expect(rows.length).toBeGreaterThan(0);
    const { body } = await world.get(`/${path}/schema`);
    const columns = body.data.filter(({ table }: Row) => table === (query.get('rows') ?? 'series'));
    expect(typed.map(([, name, type]) => ({ name, type }))).toEqual(
      columns.map(({ name, type }: Row) => ({ name, type: TYPES[String(type)] })),
    );
  }
  const bookings = await fetch(`${world.url}/v1/bookings?all=true&format=csv`, { headers: basic });
  expect(parse(await bookings.text())).toHaveLength(2);
});

test('Looker Studio’s sheet is filled by the script of the docs', async () => {
  const world = await startWorld({ today: day(60) });
  await world.book({ check_in: day(70), check_out: day(73), gross_amount: 300 });
  const { token } = await world.withAbilities('reports:read');
  const script = blocks('js')[0]!.replace('https://bellhop.example.com', world.url);
  const sheets: Record<string, string[][]> = {};
  const sheet = (name: string) => ({
    clearContents() {
      sheets[name] = [];
    },
    getRange: (_row: number, _column: number, height: number, width: number) => ({
      setValues(rows: string[][]) {
        expect([rows.length, rows[0]!.length]).toEqual([height, width]);
        sheets[name] = rows;
      },
    }),
  });
  // Google's fetch waits for its answer; so what it will ask for is found out, and fetched, before it asks.
  const answers = new Map<string, string>();
  const google = (fetchNow: (url: string, how: RequestInit) => string) => [
    { getScriptProperties: () => ({ getProperty: () => token }) },
    { fetch: (url: string, how: RequestInit) => ({ getContentText: () => fetchNow(url, how) }) },
    { parseCsv: (text: string) => parse(text) },
    { getActive: () => ({ getSheetByName: () => null, insertSheet: sheet }) },
  ];
  const pull = new Function('PropertiesService', 'UrlFetchApp', 'Utilities', 'SpreadsheetApp', `${script}\npull();`);
  const asked: [string, RequestInit][] = [];
  pull(
    ...google((url, how) => {
      asked.push([url, how]);
      return 'nothing yet';
    }),
  );
  for (const [url, how] of asked) answers.set(url, await (await fetch(url, how)).text());
  pull(...google((url) => answers.get(url)!));
  expect(Object.keys(sheets)).toEqual(['revenue', 'occupancy']);
  expect([sheets.revenue!.length, sheets.occupancy!.length]).toEqual([366, 366]);
  const gross = sheets.revenue![0]!.indexOf('gross_revenue');
  expect(sheets.revenue!.slice(1).reduce((sum, row) => sum + Number(row[gross]), 0)).toBe(300);
});
