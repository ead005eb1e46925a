import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { execute, parse } from 'graphql';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { schema } from '../src/domains.ts';
import { generateMonthly } from '../src/finance/statements/monthly.ts';
import { planQuery } from '../src/planner/plan.ts';
import { importBookings } from '../src/stays/bookings/import.ts';
import { pdfPages } from './support/pdf.ts';
import { type Integrator, startWorld, type World } from './support/world.ts';

// biome-ignore lint/suspicious/noExplicitAny: the body of a statement
type Body = any;

async function made(mine: Integrator, path: string, body: object): Promise<Body> {
  const answer = await mine.post(path, body);
  if (answer.status !== 201) throw new Error(answer.text);
  return answer.body.data;
}

/** An owner with a villa. */
async function villa(mine: Integrator, fields: object = {}) {
  const owner = await made(mine, '/v1/owners', { name: 'Leïla Bennani', commission_percent: 10, ...fields });
  return { owner, property: await mine.property({ owner_id: owner.id }) };
}

async function generate(mine: Integrator, month = '2026-07', owner_id?: number): Promise<Body[]> {
  const answer = await mine.post('/v1/statements/generate', { month, owner_id });
  if (answer.status !== 200) throw new Error(answer.text);
  return answer.body.data;
}

const read = async (mine: Integrator, id: number): Promise<Body> => (await mine.get(`/v1/statements/${id}`)).body.data;

const stay = (property_id: number, check_in: string, check_out: string, fields: object = {}) => ({
  ...{ property_id, check_in, check_out, gross_amount: 1000 },
  ...fields,
});

const expense = (property_id: number, fields: object = {}) => ({
  ...{ property_id, date: '2026-07-14', label: 'Pool chemicals', amount: 420.5 },
  ...fields,
});

async function resolved(mine: Integrator, property_id: number, cost: number | null): Promise<Body> {
  const ticket = await made(mine, '/v1/maintenance-tickets', { property_id, title: 'The tap drips' });
  await mine.post(`/v1/maintenance-tickets/${ticket.id}/resolve`, { resolution: 'A new seal', cost });
  return ticket;
}

const timer = (world: World) =>
  generateMonthly({
    ...{ database: world.database, wake: world.viewer.wake, config: world.config },
    log: pino({ level: 'silent' }),
  });

const sum = (numbers: number[]): number => numbers.reduce((a, b) => a + Math.round(b * 100), 0) / 100;

describe('the statement of a month', () => {
  // The owner is paid by it: a cent too much is the agency's, a cent too little a quarrel.
  test('has a line for each stay with its nights in the month, a line for each expense, and figures that add up', async () => {
    const world = await startWorld({ today: '2026-07-20' });
    const { owner, property } = await villa(world);
    const second = await world.property({ owner_id: owner.id });
    const over = await world.book(stay(property.id, '2026-06-29', '2026-07-03', { gross_amount: 1000.01 }));
    const within = await world.book(stay(second.id, '2026-07-10', '2026-07-11', { gross_amount: 333.33 }));
    const late = await world.book(stay(property.id, '2026-07-31', '2026-08-02', { commission_amount: 7.77 }));
    await made(world, '/v1/expenses', expense(property.id));
    await made(world, '/v1/expenses', expense(property.id, { date: '2026-08-01' }));
    await resolved(world, second.id, 80);
    const [{ id }] = (await generate(world)) as [Body];
    const statement = await read(world, id);
    // 1000.01 over four nights is 250.00 each and the rest on the last; of the net 900.01 each night has 225.00.
    expect(statement.lines).toMatchObject([
      { position: 1, kind: 'booking', booking_id: over.id, nights: 2, revenue: 500.01, commission: 50, net: 450.01 },
      { position: 2, booking_id: within.id, property_id: second.id, nights: 1, revenue: 333.33, commission: 33.33 },
      { position: 3, booking_id: late.id, nights: 1, revenue: 500, commission: 3.89, net: 496.11 },
      { position: 4, kind: 'expense', booking_id: null, label: 'Pool chemicals', expense: 420.5, net: -420.5 },
      { position: 5, kind: 'expense', property_id: second.id, label: 'The tap drips', expense: 80, net: -80 },
    ]);
    expect(statement.lines[0].label).toBe(`${over.reference} (nights of 2026-07-01 to 2026-07-02)`);
    expect(statement).toMatchObject({
      ...{ owner_id: owner.id, owner_name: 'Leïla Bennani', from: '2026-07-01', to: '2026-07-31', revision: 1 },
      ...{ currency: 'MAD', revenue: 1333.34, commission: 87.22, expenses: 500.5, net: 745.62 },
    });
    for (const [total, part] of [
      ...[['revenue', 'revenue'] as const, ['commission', 'commission'] as const],
      ...[['expenses', 'expense'] as const, ['net', 'net'] as const],
    ])
      expect(sum(statement.lines.map((line: Body) => line[part]))).toBe(statement[total]);
    const { body } = await world.graphql(
      `{ statement(id: "${id}") { net owner { name } lines { kind net property { id } } } }`,
    );
    expect(body.data.statement).toMatchObject({ net: 745.62, owner: { name: 'Leïla Bennani' } });
    expect(body.data.statement.lines).toHaveLength(5);
  });

  test('counts stays that are settled, and neither requests, cancellations nor somebody else’s', async () => {
    const world = await startWorld({ today: '2026-06-01' });
    const { property } = await villa(world);
    const other = await villa(world, { name: 'Omar' });
    await world.book(stay(property.id, '2026-07-01', '2026-07-03', { status: 'pending' }));
    const gone = await world.book(stay(property.id, '2026-07-05', '2026-07-07'));
    await world.post(`/v1/bookings/${gone.id}/cancel`, { reason: 'illness' });
    await world.book(stay((await world.property()).id, '2026-07-01', '2026-07-03'));
    await world.book(stay(other.property.id, '2026-07-01', '2026-07-03'));
    await resolved(world, property.id, null);
    expect(await generate(world)).toMatchObject([{ owner_id: other.owner.id, revenue: 1000 }]);
  });

  // What can't be added up must be seen to be missing.
  test('shows an owner’s own stay and one in another currency without an amount, and says so', async () => {
    const world = await startWorld({ today: '2026-06-01' });
    const { property } = await villa(world);
    await world.book(stay(property.id, '2026-07-01', '2026-07-02', { source: 'owner' }));
    const file = `reference,property,status,source,check_in,check_out,adults,children,guest_name,guest_email,gross_amount,commission_amount,currency,booked_at
IMP-1,${property.code},confirmed,airbnb,2026-07-03,2026-07-05,2,0,Karim,,300.5,0,EUR,`;
    expect((await importBookings(world.viewer, Readable.from([file]), {})).errors).toEqual([]);
    const [{ id }] = (await generate(world)) as [Body];
    const statement = await read(world, id);
    expect(statement.lines.map(({ nights, net, label }: Body) => [nights, net, label.replace(/^\S+ /, '')])).toEqual([
      [1, 0, '(night of 2026-07-01; the owner’s own stay)'],
      [2, 0, '(nights of 2026-07-03 to 2026-07-04; 300.5 EUR, not added up)'],
    ]);
    expect(statement).toMatchObject({ revenue: 0, net: 0 });
  });

  test('has a repair on the day it was done at the property, not in London', async () => {
    const world = await startWorld({ today: '2026-07-31' });
    const { property } = await villa(world);
    world.pass(11.5 * 3_600_000); // 23:30 in London is half past midnight in Marrakech.
    await resolved(world, property.id, 80);
    expect(await generate(world, '2026-07')).toEqual([]);
    expect(await generate(world, '2026-08')).toMatchObject([{ expenses: 80, net: -80 }]);
  });
});

describe('a statement that is made', () => {
  // An accountant books it. It may be replaced, with a word; it may not change under their hands.
  test('stays as it is: the same sources make no other, and changed ones a new revision, told once each', async () => {
    const world = await startWorld({ today: '2026-08-01' });
    const receiver = await world.subscribe('owner.*');
    const { owner, property } = await villa(world);
    const booking = await world.book(stay(property.id, '2026-07-05', '2026-07-07'));
    const [first] = (await generate(world)) as [Body];
    expect(await generate(world)).toEqual([first]);
    const frozen = await read(world, first.id);
    await made(world, '/v1/expenses', expense(property.id, { amount: 100 }));
    const [second] = (await generate(world, '2026-07', owner.id)) as [Body];
    expect(second).toMatchObject({ revision: 2, revenue: 1000, expenses: 100, net: 800 });
    expect(second.sources_hash).not.toBe(first.sources_hash);
    expect(await read(world, first.id)).toEqual(frozen);
    await world.post(`/v1/bookings/${booking.id}/cancel`, { reason: 'never came' });
    await world.patch(`/v1/bookings/${booking.id}`, { notes: 'Said nothing' });
    await world.relay();
    const told = [...receiver.received].sort((a, b) => (a.id < b.id ? -1 : 1));
    expect(told.map(({ event, signature }) => [event, signature])).toEqual(
      [1, 2].map(() => ['owner.statement_ready', 'valid']),
    );
    expect(told[1]!.json.data).toEqual({
      statement: {
        ...{ id: second.id, owner_id: owner.id, owner_name: 'Leïla Bennani', from: '2026-07-01', to: '2026-07-31' },
        ...{ revision: 2, currency: 'MAD', revenue: 1000, commission: 100, expenses: 100, net: 800 },
        generated_at: second.generated_at,
      },
    });
  });

  // The last revision is what is paid: one that promised money for a stay that fell through must be taken back.
  test('is taken back by one of nothing when nothing is left of what it was made from', async () => {
    const world = await startWorld({ today: '2026-06-01' });
    const { property } = await villa(world);
    const spent = await made(world, '/v1/expenses', expense(property.id));
    expect(await generate(world)).toMatchObject([{ revision: 1, net: -420.5 }]);
    await world.delete(`/v1/expenses/${spent.id}`);
    const [empty] = (await generate(world)) as [Body];
    expect(empty).toMatchObject({ revision: 2, revenue: 0, expenses: 0, net: 0 });
    expect((await read(world, empty.id)).lines).toEqual([]);
    expect(await generate(world)).toEqual([empty]);
    expect((await world.get('/v1/statements')).body.data).toHaveLength(2);
  });

  test('can be proved: its hash is of the nights and expenses, written out line by line', async () => {
    const world = await startWorld({ today: '2026-06-01' });
    const { owner, property } = await villa(world);
    const { id, reference } = await world.book(stay(property.id, '2026-06-30', '2026-07-03', { gross_amount: 100 }));
    const spent = await made(world, '/v1/expenses', expense(property.id, { label: 'Été' }));
    const [{ sources_hash }] = (await generate(world)) as [Body];
    const sources = [
      `statement|${owner.id}|2026-07-01|2026-07-31|MAD`,
      `night|${id}|${reference}|${property.id}|2026-07-01|MAD|3333|3000`,
      `night|${id}|${reference}|${property.id}|2026-07-02|MAD|3334|3000`,
      `expense|${spent.id}|${property.id}|2026-07-14|MAD|42050|Été`,
    ];
    expect(sources_hash).toBe(createHash('sha256').update(sources.join('\n')).digest('hex'));
  });

  // Two clerks press the button at once, or two processes have the same timer.
  test('is made once and told once when two ask at the same time', async () => {
    const world = await startWorld({ today: '2026-06-01' });
    const receiver = await world.subscribe('owner.statement_ready');
    for (const name of ['Leïla', 'Omar', 'Nadia']) {
      const { property } = await villa(world, { name });
      await world.book(stay(property.id, '2026-07-05', '2026-07-07'));
    }
    const [one, ...others] = await Promise.all([1, 2, 3, 4].map(() => generate(world)));
    for (const other of others) expect(other).toEqual(one);
    await world.relay();
    expect(receiver.received).toHaveLength(3);
    expect((await world.get('/v1/statements')).body.data).toHaveLength(3);
  });
});

// One owner's impossible month must not keep all the others from being paid.
test('totals that are larger than can be kept are refused by name, and the other owners get theirs', async () => {
  const world = await startWorld({ today: '2026-06-01' });
  const [huge, usual] = [await villa(world), await villa(world, { name: 'Omar' })];
  for (const _bill of ['one', 'two'])
    await made(world, '/v1/expenses', expense(huge.property.id, { amount: 9_000_000_000_000 }));
  await made(world, '/v1/expenses', expense(usual.property.id));
  const body = { month: '2026-07', owner_id: huge.owner.id };
  const refused = await world.post('/v1/statements/generate', body);
  expect([refused.status, refused.body.code]).toEqual([409, 'AMOUNT_TOO_LARGE']);
  expect(await generate(world)).toMatchObject([{ owner_id: usual.owner.id, net: -420.5 }]);
});

describe('on the 1st', () => {
  // The owner waits for the money; nobody should have to remember the day.
  test('the statements of last month are made by themselves, as soon as the month is over at the agency', async () => {
    const world = await startWorld({ today: '2026-07-31' });
    const receiver = await world.subscribe('owner.statement_ready');
    const { property } = await villa(world);
    await world.book(stay(property.id, '2026-07-05', '2026-07-07'));
    const count = async () => (await world.get('/v1/statements')).body.data.length;
    world.pass(10 * 3_600_000); // 22:00 UTC, an hour before midnight at the agency.
    await timer(world);
    expect(await count()).toBe(0);
    world.pass(1.5 * 3_600_000);
    await Promise.all([timer(world), timer(world)]);
    await timer(world);
    expect(await count()).toBe(1);
    await world.relay();
    expect(receiver.received).toHaveLength(1);
    expect(receiver.received[0]!.json.data.statement).toMatchObject({ from: '2026-07-01', net: 900 });
  });

  test('what was made before the month was over is made anew; what was made after is left to people', async () => {
    const world = await startWorld({ today: '2026-07-20' });
    const [early, done] = [await villa(world), await villa(world, { name: 'Omar' })];
    for (const { property } of [early, done]) await world.book(stay(property.id, '2026-07-05', '2026-07-07'));
    await generate(world, '2026-07', early.owner.id);
    await world.book(stay(early.property.id, '2026-07-25', '2026-07-27'));
    world.pass(20 * 24 * 3_600_000); // The process was down until the 9th of August.
    await generate(world, '2026-07', done.owner.id);
    await made(world, '/v1/expenses', expense(done.property.id));
    await timer(world);
    const { body } = await world.get('/v1/statements?sort=id_asc');
    expect(body.data.map(({ owner_id, revision, net }: Body) => [owner_id, revision, net])).toEqual([
      [early.owner.id, 1, 900],
      [done.owner.id, 1, 900],
      [early.owner.id, 2, 1800],
    ]);
  });

  // The same rule as at the gate: who can't read their statements doesn't have them made either.
  test('every agency gets its own, and one whose plan has ended or run out none', async () => {
    const world = await startWorld({ today: '2026-08-03' });
    const others = [];
    for (let i = 0; i < 4; i++) others.push(await world.anotherAgency());
    for (const mine of [world, ...others]) {
      const { property } = await villa(mine);
      await mine.book(stay(property.id, '2026-07-05', '2026-07-07'));
    }
    for (const [i, change] of [
      `plan = 'STARTER'`,
      `paid_until = '2026-08-01'`, // Business that has run out.
      `paid_until = '2026-08-01', grace_until = '2026-08-05'`, // In its days of grace.
    ].entries())
      await world.database.system.query(`update agency set ${change} where id = $1`, [others[i + 1]!.agencyId]);
    await timer(world);
    const made = [];
    for (const mine of [world, ...others]) made.push(await mine.viewer.db.statement.count());
    expect(made).toEqual([1, 1, 0, 0, 1]);
  });
});

describe('reading statements', () => {
  test('they are found by owner and by months', async () => {
    const world = await startWorld({ today: '2026-06-01' });
    const [a, b] = [await villa(world), await villa(world, { name: 'Omar' })];
    for (const date of ['2026-06-10', '2026-07-10', '2026-08-10'])
      for (const { property } of [a, b]) await made(world, '/v1/expenses', expense(property.id, { date }));
    for (const month of ['2026-06', '2026-07', '2026-08']) await generate(world, month);
    const months = async (query: string) =>
      (await world.get(`/v1/statements?sort=id_asc&${query}`)).body.data.map(({ from }: Body) => from.slice(0, 7));
    expect(await months(`owner_id=${a.owner.id}`)).toEqual(['2026-06', '2026-07', '2026-08']);
    expect(await months(`owner_id=${b.owner.id}&from=2026-07-01`)).toEqual(['2026-07', '2026-08']);
    expect(await months('from=2026-06-01&to=2026-06-30')).toEqual(['2026-06', '2026-06']);
  });

  // Who adds a list up must not pay an owner once for each time that the month was corrected.
  test('latest leaves out what another revision has taken the place of, through both doors', async () => {
    const world = await startWorld({ today: '2026-08-01' });
    const { property } = await villa(world);
    const ids: number[] = [];
    for (const amount of [100, 200, 300]) {
      await made(world, '/v1/expenses', expense(property.id, { amount }));
      ids.push((await generate(world))[0].id);
    }
    const found = async (query: string) =>
      (await world.get(`/v1/statements?sort=id_asc&${query}`)).body.data.map(({ id }: Body) => id);
    expect(await found('')).toEqual(ids);
    expect(await found('latest=true')).toEqual([ids[2]]);
    expect(await found('latest=false')).toEqual([ids[0], ids[1]]);
    const { body } = await world.graphql('{ statements(latest: true) { totalCount nodes { id revision latest } } }');
    expect(body.data.statements).toEqual({ totalCount: 1, nodes: [{ id: `${ids[2]}`, revision: 3, latest: true }] });
    const one = await world.graphql(`{ statement(id: "${ids[0]}") { latest lines { net } } }`);
    expect(one.body.data.statement.latest).toBe(false);
  });

  // Accounting software takes the CSV, the owner the PDF; both must say what the API says.
  test('as CSV and as PDF, by name or by Accept, with the figures of the JSON', async () => {
    const world = await startWorld({ today: '2026-06-01' });
    const { property } = await villa(world, { name: '=Łucja Őry-Ångström' });
    for (let day = 1; day < 30; day++) {
      const dates = [day, day + 1].map((one) => `2026-07-${String(one).padStart(2, '0')}`) as [string, string];
      await world.book(stay(property.id, ...dates, { gross_amount: 100 + day / 4 }));
    }
    await made(
      world,
      '/v1/expenses',
      expense(property.id, { label: 'Peinture à l’huile, façade côté jardin. '.repeat(4) }),
    );
    const [{ id }] = (await generate(world)) as [Body];
    const statement = await read(world, id);
    const csv = await world.get(`/v1/statements/${id}?format=csv`);
    expect(csv.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    const [head, ...rows] = csv.text.trim().split('\n');
    expect(head).toMatch(/^statement_id,owner_id,owner_name,from,to,revision,currency,position,kind,/);
    expect(rows).toHaveLength(30);
    expect(rows[0]).toContain(`'=Łucja Őry-Ångström,2026-07-01,2026-07-31,1,MAD,1,booking,`);
    expect(sum(rows.map((row) => Number(row.split(',').at(-1))))).toBe(statement.net);
    expect((await world.get(`/v1/statements/${id}`, { accept: 'text/csv' })).text).toBe(csv.text);

    const pdf = await fetch(`${world.url}/v1/statements/${id}`, {
      headers: { authorization: `Bearer ${world.token}`, accept: 'application/pdf' },
    });
    expect(pdf.headers.get('content-type')).toBe('application/pdf');
    const pages = pdfPages(new Uint8Array(await pdf.arrayBuffer()));
    expect(pages.length).toBeGreaterThan(1);
    const text = pages.join('\n');
    const { revenue, commission, expenses, net } = statement;
    for (const amount of [revenue, commission, expenses, net]) expect(text).toContain(`\n${amount.toFixed(2)}\n`);
    for (const line of statement.lines) expect(text).toContain(`\n${line.net.toFixed(2)}\n`);
    for (const words of [world.viewer.agency.name, '=Łucja Őry-Ångström', '2026-07-01 to 2026-07-31', 'façade côté'])
      expect(text).toContain(words);
    expect(text).toContain(`To be paid to the owner: ${net.toFixed(2)} MAD`);
    expect(text).not.toContain('\uFFFD');

    const again = await world.get(`/v1/statements/${id}?format=pdf`, { 'if-none-match': pdf.headers.get('etag')! });
    expect(again.status).toBe(304);
    const refused = await world.get(`/v1/statements/${id}?format=xml`);
    expect([refused.status, refused.body.errors]).toEqual([422, { format: ['must be json, csv or pdf'] }]);
    expect((await world.get('/v1/statements/999?format=pdf')).status).toBe(404);
  });

  // One statement is what a page costs; a second would be a round trip a row.
  test('a page costs one SQL statement at 5 rows and at 50, and one statement as many whatever its lines', async () => {
    const world = await startWorld({ today: '2026-06-01' });
    for (let n = 0; n < 50; n++) {
      const { property } = await villa(world, { name: `Owner ${n}` });
      await made(world, '/v1/expenses', expense(property.id));
      if (n === 49) for (let i = 0; i < 20; i++) await made(world, '/v1/expenses', expense(property.id));
    }
    const all = await generate(world);
    expect(all).toHaveLength(50);
    for (const rows of [5, 50])
      expect(await world.statements(() => world.get(`/v1/statements?cursor=&per_page=${rows}`))).toBe(1);
    for (const list of [
      'statements { ownerName owner { id } from to revision revenue commission expenses net sourcesHash generatedAt }',
      'expenses { id property { id } date label amount currency }',
      'owners { id name commissionPercent taxId }',
    ]) {
      const [field, fields] = list.split(/ (.*)/) as [string, string];
      const document = parse(`{ ${field}(first: 50) { totalCount nodes ${fields} } }`);
      const context = { viewer: world.viewer, signal: new AbortController().signal };
      const planned = await planQuery(schema, document, document.definitions[0] as never, {})!.run(context, {});
      expect(planned).toBe(JSON.stringify((await execute({ schema, document, contextValue: context })).data));
    }
    const one = await world.statements(() => read(world, all[0].id));
    expect(await world.statements(() => read(world, all[49].id))).toBe(one);
    // 50 owners in as many statements as one: nothing is asked owner by owner.
    await made(world, '/v1/expenses', expense((await villa(world)).property.id));
    const few = await world.statements(() => generate(world));
    expect(few).toBeLessThan(15);
  });
});

describe('who may', () => {
  test('another agency sees none of it, and can’t have statements made of owners that aren’t its own', async () => {
    const world = await startWorld({ today: '2026-06-01' });
    const stranger = await world.anotherAgency();
    const { owner, property } = await villa(world);
    const spent = await made(world, '/v1/expenses', expense(property.id));
    const [{ id }] = (await generate(world)) as [Body];
    expect((await stranger.get(`/v1/statements/${id}`)).status).toBe(404);
    expect((await stranger.get(`/v1/statements/${id}?format=pdf`)).status).toBe(404);
    expect((await stranger.get('/v1/statements')).body.data).toEqual([]);
    expect(await generate(stranger)).toEqual([]);
    const refused = await stranger.post('/v1/statements/generate', { month: '2026-07', owner_id: owner.id });
    expect([refused.status, Object.keys(refused.body.errors)]).toEqual([422, ['owner_id']]);
    expect((await stranger.post('/v1/expenses', expense(property.id))).body.errors).toHaveProperty('property_id');
    for (const ask of [stranger.get, stranger.patch, stranger.delete])
      expect((await ask(`/v1/expenses/${spent.id}`)).status).toBe(404);
  });

  test('statements:read reads statements; statements:write makes them, and reads and writes the expenses in them; each alone', async () => {
    const world = await startWorld({ today: '2026-06-01' });
    const { property } = await villa(world);
    const spent = await made(world, '/v1/expenses', expense(property.id));
    const [{ id }] = (await generate(world)) as [Body];
    const reader = await world.withAbilities('statements:read');
    const writer = await world.withAbilities('statements:write');
    for (const path of [`/v1/statements/${id}`, '/v1/statements']) {
      expect((await reader.get(path)).status).toBe(200);
      expect((await writer.get(path)).status).toBe(403);
    }
    for (const path of ['/v1/expenses', `/v1/expenses/${spent.id}`]) {
      expect((await reader.get(path)).status).toBe(403);
      expect((await writer.get(path)).status).toBe(200);
    }
    const writes: [string, string, object][] = [
      ['POST', '/v1/statements/generate', { month: '2026-07' }],
      ['POST', '/v1/expenses', expense(property.id)],
      ['PATCH', `/v1/expenses/${spent.id}`, { amount: 1 }],
      ['DELETE', `/v1/expenses/${spent.id}`, {}],
    ];
    for (const [method, path, body] of writes) {
      expect((await reader.ask(method, path, body)).status).toBe(403);
      expect((await writer.ask(method, path, body)).status).toBeLessThan(300);
    }
    const { body } = await reader.graphql(`{ statement(id: "${id}") { owner { iban } } }`);
    expect(body.errors[0].extensions.code).toBe('FORBIDDEN'); // An account's number is for owners:read.
  });

  test('what is no month is refused by its name, through both doors', async () => {
    const world = await startWorld();
    for (const month of ['2026-13', '2026-7', '07-2026', '1999-12', '2026-07-01', '']) {
      const answer = await world.post('/v1/statements/generate', { month });
      expect([month, answer.status, Object.keys(answer.body.errors)]).toEqual([month, 422, ['month']]);
      const { body } = await world.graphql('mutation ($m: String!) { generateStatements(month: $m) { id } }', {
        m: month,
      });
      expect(body.errors[0].extensions).toMatchObject({ code: 'VALIDATION', fields: { month: [expect.any(String)] } });
    }
  });
});

describe('an expense', () => {
  test('is written down, found, corrected and taken back', async () => {
    const world = await startWorld();
    const [a, b] = [await world.property(), await world.property()];
    const spent = await made(world, '/v1/expenses', expense(a.id, { label: ' Pool chemicals ' }));
    expect(spent).toMatchObject({ ...expense(a.id), currency: 'MAD', property: { id: a.id, code: a.code } });
    await made(world, '/v1/expenses', expense(b.id, { date: '2026-08-01' }));
    const ids = async (query: string) => (await world.get(`/v1/expenses?${query}`)).body.data.map(({ id }: Body) => id);
    expect(await ids(`property_id=${a.id}`)).toEqual([spent.id]);
    expect(await ids('from=2026-07-14&to=2026-07-31')).toEqual([spent.id]);
    const change = { amount: 405, date: '2026-07-15', property_id: b.id };
    expect((await world.patch(`/v1/expenses/${spent.id}`, change)).body.data).toMatchObject(change);
    expect((await world.delete(`/v1/expenses/${spent.id}`)).status).toBe(204);
    expect((await world.delete(`/v1/expenses/${spent.id}`)).status).toBe(404);
  });

  test('is refused with what can’t be, and nothing is changed', async () => {
    const world = await startWorld();
    const { id } = await world.property();
    const spent = await made(world, '/v1/expenses', expense(id));
    const refusals: [object, string[]][] = [
      [{ amount: -1 }, ['amount']], // An amount below nothing.
      [{ amount: 1.005 }, ['amount']], // An amount with a third decimal.
      [{ amount: 99999999999999 }, ['amount']], // An amount larger than can be kept.
      [{ date: '2026-02-30' }, ['date']], // A day that isn’t.
      [{ date: '1926-07-14' }, ['date']], // A day of another century.
      [{ label: ' ' }, ['label']], // A label that is blank.
      [{ property_id: 999_999 }, ['property_id']], // A property that isn’t.
      [{ label: null, amount: null }, ['amount', 'label']], // Nothing where something must be.
    ];
    for (const [fields, wrong] of refusals) {
      for (const answer of [
        await world.post('/v1/expenses', expense(id, fields)),
        await world.patch(`/v1/expenses/${spent.id}`, fields),
      ])
        expect([fields, answer.status, Object.keys(answer.body.errors).sort()]).toEqual([fields, 422, wrong]);
    }
    expect((await world.get('/v1/expenses')).body.data).toEqual([spent]);
  });
});
