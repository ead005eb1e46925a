import fc, { type GeneratorValue } from 'fast-check';
import {
  execute,
  type GraphQLField,
  type GraphQLObjectType,
  getNamedType,
  isEnumType,
  isLeafType,
  isObjectType,
  parse,
  validate,
} from 'graphql';
import { describe, expect, test } from 'vitest';
import { schema } from '../src/domains.ts';
import { type List, lists } from '../src/graph/list.ts';
import { reads } from '../src/graph/read.ts';
import { column, table } from '../src/graph/sql.ts';
import { planQuery } from '../src/planner/plan.ts';
import { type Integrator, startWorld } from './support/world.ts';

/** How many random documents: enough for a change here, tens of thousands for a release. */
const RUNS = Number(process.env.PLANNER_RUNS ?? 400);

/** An agency whose rows are awkward: quotes, line ends, other scripts, other currencies, nulls, every status. */
async function awkward(mine: Integrator) {
  const owner = await mine.viewer.db.owner.create({
    data: { agencyId: mine.agencyId, name: 'Zoë "la" \\ \n\t\u0001 ✨', phone: null },
  });
  const made = [
    await mine.property({
      kind: 'hotel',
      units: 90,
      base_price: 850.5,
      owner_id: owner.id,
      description: '«riad» ‮ \u2028 end',
    }),
    await mine.property({ name: '日本の宿', base_price: '0.05', city: null }),
    await mine.property({ base_price: 1234567.89 }),
  ];
  await mine.post(`/v1/properties/${made[2].id}/archive`);
  for (let i = 0; i < 14; i++) {
    const { id } = await mine.book({
      property_id: made[0].id,
      check_in: `2027-06-0${(i % 4) + 1}`,
      check_out: '2027-06-09',
      gross_amount: [100, 100.1, 99.99, 0, 33.33][i % 5],
      guest_name: ['O’Brien', 'Ünïcödé', 'Karim "K"', '\\back\\', 'नमस्ते'][i % 5],
      notes: i % 3 ? null : 'line\nline\t"quoted" \u0007',
      source: ['airbnb', 'booking', 'direct'][i % 3],
      ...(i % 2 && { guest_email: `g${i}@example.com` }),
    });
    const step = ['', 'cancel', 'no-show', 'check-in'][i % 4];
    if (step) await mine.post(`/v1/bookings/${id}/${step}`, step === 'cancel' ? { reason: 'a "reason"' } : {});
  }
  // Another currency enters by an import; these have 0 and 3 decimals.
  await mine.viewer.db.booking.updateMany({ where: { id: { lte: 3 } }, data: { currency: 'JPY' } });
  await mine.viewer.db.booking.updateMany({ where: { id: { in: [4, 5] } }, data: { currency: 'TND' } });
  for (let i = 0; i < 6; i++) {
    const place = { property_id: made[i % 2].id, ...(i % 3 && { assignee: 'Zoë "la" \\' }) };
    const task = {
      date: `2027-05-3${i % 2}`,
      checklist: ['“Sheets”\n\u0007', { label: '✨', done: true }].slice(i % 3),
    };
    const { body } = await mine.post('/v1/cleaning-tasks', { ...place, ...task });
    if (i === 1) await mine.post(`/v1/cleaning-tasks/${body.data.id}/complete`, { photos: ['https://example.com/"'] });
    await mine.post('/v1/maintenance-tickets', { ...place, title: 'K', priority: ['low', 'urgent'][i % 2] });
  }
  await mine.book({ property_id: made[1].id });
  await mine.post('/v1/maintenance-tickets/1/resolve', { resolution: 'line\nline', cost: 33.33 });
  await mine.post('/v1/webhooks', { url: 'https://example.com/a?b="c"', events: ['booking.*', 'property.created'] });
}

type Draw = GeneratorValue;

/** Writes a random valid document over the schema. */
class Writer {
  private fragments: string[] = [];
  constructor(
    private readonly g: Draw,
    private readonly cursors: Record<string, string[]>,
  ) {}

  document(): string {
    const roots = [...lists.keys(), ...reads.keys(), 'me'];
    const fields = this.some(1, 3).map((i) => this.root(this.one(roots), i));
    const conditions = '$yes: Boolean = true, $no: Boolean = false';
    const used = 'me { abilities @include(if: $yes) @skip(if: $no) limits { costPerRequest } }'; // An unused variable is an error.
    return `query (${conditions}) { ${fields.join(' ')} ${this.flip() ? `used: ${used}` : `... @skip(if: $yes) { used: ${used} } ... @include(if: $no) { used: ${used} }`} } ${this.fragments.join(' ')}`;
  }

  private root(name: string, i: number): string {
    const field = schema.getQueryType()!.getFields()[name]!;
    return `r${i}_${name}: ${name}${this.argumentsOf(field)} ${this.selection(getNamedType(field.type) as GraphQLObjectType, 0)}`;
  }

  private argumentsOf(field: GraphQLField<unknown, unknown>): string {
    const list = lists.get(field.name);
    if (reads.has(field.name)) {
      const uuid = getNamedType(field.args[0]!.type).name === 'UUID';
      return uuid
        ? '(id: "019a0000-0000-7000-8000-000000000000")'
        : `(id: "${this.one(['1', '2', '5', '999', 'x', '0'])}")`;
    }
    if (!list) return '';
    const given = [
      this.one([
        '',
        `first: ${this.whole(1, 20)}`,
        `last: ${this.whole(1, 20)}`,
        `first: ${this.whole(1, 5)}, page: ${this.whole(1, 5)}`,
      ]),
    ];
    const order = this.one(['', ...Object.keys(list.orders).flatMap((stem) => [`${stem}_ASC`, `${stem}_DESC`])]);
    if (order) given.push(`orderBy: ${order}`);
    const known = this.cursors[`${field.name} ${order}`] ?? [];
    if (known.length > 0 && !given[0]!.includes('page') && this.flip()) {
      given.push(`${given[0]!.startsWith('last') ? 'before' : 'after'}: "${this.one(known)}"`);
    }
    for (const [name, filter] of Object.entries(list.filters))
      if (this.whole(0, 5) === 0) given.push(`${name}: ${this.filterValue(filter)}`);
    for (const [name, { type, many, required }] of Object.entries(list.source?.arguments ?? {}))
      if (required || this.whole(0, 5) === 0)
        given.push(`${name}: ${this.filterValue({ type, op: many ? 'in' : 'equals', required })}`);
    const args = given.filter(Boolean);
    return args.length > 0 ? `(${args.join(', ')})` : '';
  }

  private filterValue({ type, op, required }: { type: unknown; op: string; required?: boolean }): string {
    const values: Record<string, string[]> = {
      ID: ['"1"', '2', '"nobody"'],
      String: ['"airbnb"', '"K"', '"Marrakech"', '""', '"%"', '"é"'],
      Boolean: ['true', 'false'],
      LocalDate: ['"2027-06-02"', '"2027-06-09"', '"1999-01-01"'],
      DateTime: ['"2020-01-01T00:00:00Z"', '"2030-01-01T00:00:00+02:00"'],
      UUID: ['"019a0000-0000-7000-8000-000000000000"'],
    };
    const named = typeof type === 'object' ? schema.getType((type as { enum: string }).enum) : undefined;
    const choices = isEnumType(named) ? named.getValues().map(({ name }) => name) : values[type as string]!;
    if (op === 'in') return this.one(['[]', `[${this.one(choices)}]`, `[${this.one(choices)}, ${this.one(choices)}]`]);
    return this.one(required ? choices : [...choices, 'null']);
  }

  private selection(type: GraphQLObjectType, depth: number): string {
    const fields = Object.values(type.getFields()).filter((field) => {
      if (field.args.length > 0) return false;
      return depth < 5 || isLeafType(getNamedType(field.type));
    });
    const parts = this.some(1, 6).map((i) => this.part(type, this.one(fields), depth, i));
    return `{ ${parts.join(' ')} }`;
  }

  private part(type: GraphQLObjectType, field: GraphQLField<unknown, unknown>, depth: number, i: number): string {
    const named = getNamedType(field.type);
    const below = isObjectType(named) ? this.selection(named, depth + 1) : '';
    const alias = this.one(['', `k${depth}_${i}: `, `k${depth}_${i}: `]);
    // The same key twice must ask for the same thing; only leaves without an alias are sure to.
    const key = alias === '' && below !== '' ? `k${depth}_${i}_: ` : alias;
    const condition = this.one(['', '', '', ' @include(if: $yes)', ' @skip(if: $yes)', ' @include(if: $no)']);
    const text = `${key}${field.name}${condition} ${below}`;
    switch (this.whole(0, 8)) {
      case 0:
        return `... on ${type.name} { ${text} }`;
      case 1: {
        const name = `F${this.fragments.length}_${depth}_${i}`;
        this.fragments.push(`fragment ${name} on ${type.name} { ${text} __typename }`);
        return `...${name}`;
      }
      case 2:
        return `${text} __typename`;
      default:
        return text;
    }
  }

  private one<T>(choices: readonly T[]): T {
    return choices[this.whole(0, choices.length - 1)]!;
  }
  private whole(min: number, max: number): number {
    return this.g(fc.integer, { min, max });
  }
  private flip(): boolean {
    return this.g(fc.boolean);
  }
  private some(min: number, max: number): number[] {
    return Array.from({ length: this.whole(min, max) }, (_, i) => i);
  }
}

/** What a list can't be asked without. */
const requiredOf = ({ source }: List): string[] =>
  Object.entries(source?.arguments ?? {}).flatMap(([name, { required }]) =>
    required ? [`${name}: "2027-06-0${name === 'from' ? 1 : 9}"`] : [],
  );

describe('the planner', () => {
  // A BI tool that gets another number on a fast day than on a slow one is never believed again.
  test('answers every document with the very bytes that the ordinary executor answers with', async () => {
    const world = await startWorld();
    await awkward(world);
    const nobody = await world.anotherAgency();
    const cursors: Record<string, string[]> = {};
    for (const [name, list] of lists) {
      for (const order of ['', ...Object.keys(list.orders).flatMap((stem) => [`${stem}_ASC`, `${stem}_DESC`])]) {
        const args = [...requiredOf(list), order && `orderBy: ${order}`, 'first: 25'].filter(Boolean).join(', ');
        const { body } = await world.graphql(`{ ${name}(${args}) { edges { cursor } } }`);
        const given: string[] = body.data[name].edges.map((edge: { cursor: string }) => edge.cursor);
        cursors[`${name} ${order}`] = given;
        if (given.length === 0) continue;
        const next = await world.graphql(`{ ${name}(${args}, after: "${given[0]}") { edges { cursor } } }`);
        expect([name, order, next.body.errors ?? []]).toEqual([name, order, []]);
      }
    }
    let planned = 0;
    await fc.assert(
      fc.asyncProperty(fc.gen(), async (g) => {
        const text = new Writer(g, cursors).document();
        const document = parse(text, { noLocation: true });
        expect(validate(schema, document).map(({ message }) => message)).toEqual([]);
        const operation = document.definitions.find(({ kind }) => kind === 'OperationDefinition')!;
        const viewer = g(fc.integer, { min: 0, max: 9 }) === 0 ? nobody.viewer : world.viewer;
        const context = { viewer, signal: new AbortController().signal };
        const variables = { yes: true, no: false };
        const plan = planQuery(schema, document, operation as never, variables);
        const ordinary = await execute({ schema, document, contextValue: context, variableValues: variables });
        if (!plan || ordinary.errors) return;
        planned++;
        const found = await plan.run(context, variables);
        if (found !== JSON.stringify(ordinary.data))
          throw new Error(`${text}\nplanned:  ${found}\nordinary: ${JSON.stringify(ordinary.data)}`);
      }),
      { numRuns: RUNS },
    );
    expect(planned).toBeGreaterThan(RUNS / 4);
  }, 3_600_000);

  // One statement is what a page costs; a second would be a round trip that nobody asked for.
  test('a list with property, owner and guest is one SQL statement, at 5 rows and at 50', async () => {
    const world = await startWorld();
    const { id } = await world.property({ kind: 'hotel', units: 60 });
    for (let i = 0; i < 50; i++) await world.book({ property_id: id });
    for (const first of [5, 50]) {
      const query = `{ bookings(first: ${first}) { totalCount nodes { id property { name owner { name } } guest { name } } } }`;
      expect(await world.statements(() => world.graphql(query))).toBe(1);
      expect(await world.statements(() => world.get(`/v1/bookings?per_page=${first}`))).toBe(1);
    }
    expect(await world.statements(() => world.get('/v1/bookings/1'))).toBe(1);
  });

  // A total that lags behind makes a program that pages by it stop before the end.
  test('a total counts what was booked a moment ago, and what was booked past the product too', async () => {
    const world = await startWorld();
    const { property_id, id } = await world.book();
    const total = async () => (await world.get('/v1/bookings')).body.meta.total;
    expect(await total()).toBe(1);
    await world.book({ property_id, check_in: '2027-07-01', check_out: '2027-07-02' });
    expect(await total()).toBe(2);
    const confirmed = async () => (await world.get('/v1/bookings?status=confirmed')).body.meta.total;
    expect(await confirmed()).toBe(2);
    await world.post(`/v1/bookings/${id}/cancel`);
    expect(await confirmed()).toBe(1);
    await world.database.asAgency(world.agencyId, (client) =>
      client.query(
        `insert into booking (agency_id, property_id, room_type_id, guest_id, reference, status, check_in, check_out, nights,
           guests_count, guest_name, currency, gross_minor, commission_minor, net_minor, updated_at)
         select agency_id, property_id, room_type_id, guest_id, 'X', status, check_in, check_out, nights, guests_count,
           guest_name, currency, gross_minor, commission_minor, net_minor, now() from booking where id = $1`,
        [id],
      ),
    );
    expect(await total()).toBe(3);
  });

  test('what has no SQL is executed in the ordinary way, beside what has', async () => {
    const world = await startWorld();
    await world.book();
    const { body } = await world.graphql('{ me { agency { id } } bookings { totalCount } webhookEvents { event } }');
    expect(body.data).toMatchObject({ me: { agency: { id: String(world.agencyId) } }, bookings: { totalCount: 1 } });
    expect(body.data.webhookEvents.length).toBeGreaterThanOrEqual(10);
  });

  test('names tables and columns as the database does', async () => {
    const world = await startWorld();
    const { rows } = await world.database.asAgency(world.agencyId, (client) =>
      client.query(
        `select table_name || '.' || column_name as name from information_schema.columns where table_schema = 'public'`,
      ),
    );
    const known = new Set(rows.map(({ name }) => name));
    for (const { model, orders, filters } of lists.values()) {
      if (!model) continue; // Its columns are those of a SELECT, which fails when they are others.
      for (const { column: field } of [...Object.values(orders), ...Object.values(filters)]) {
        expect(known).toContain(`${table(model)}.${column(field)}`.replaceAll('"', ''));
      }
    }
  });
});
