import { queryFromInfo } from '@pothos/plugin-prisma';
import type { GraphQLResolveInfo } from 'graphql';
import type { Ability } from '../core/abilities.ts';
import { fromDay } from '../core/dates.ts';
import { Invalid } from '../core/errors.ts';
import { builder, type Context } from './builder.ts';
import { parseId } from './ids.ts';

/**
 * A list is data. From this value come the GraphQL field with its arguments, the query, the `/v1` parameters, their
 * OpenAPI and the CSV columns. Adding a filter is one line in `filters`.
 */
export interface List {
  /** The root field: `bookings`. */
  field: string;
  /** The object type of a row: `Booking`. */
  type: string;
  /** The Prisma delegate that holds the rows: `booking`. */
  model: Model;
  ability: Ability;
  description: string;
  filters: Record<string, Filter>;
  /** What rows can be ordered by: the enum's stem and the column. Ties are always broken by id. */
  orders: Record<string, Order>;
  /** The order of those who ask for none. */
  defaultOrder: string;
  /** The type of the primary key: most are integers, deliveries are UUIDs that rise with time. */
  id?: 'int' | 'uuid';
}

export interface Filter {
  column: string;
  op: 'equals' | 'in' | 'gte' | 'lte' | 'gt' | 'lt' | 'contains' | 'present';
  type: FilterType;
  description: string;
  /** From the argument's value to the column's, where they differ. */
  toColumn?: (value: never) => unknown;
}

/** The scalar or enum that an argument takes. */
export type FilterType =
  | 'ID'
  | 'String'
  | 'Int'
  | 'Boolean'
  | 'LocalDate'
  | 'DateTime'
  | 'UUID'
  | { enum: string; ref: unknown };

export interface Order {
  column: string;
  kind: 'int' | 'date' | 'instant' | 'text' | 'uuid';
}

type Model = 'booking' | 'property' | 'owner' | 'guest' | 'webhookEndpoint' | 'delivery';

/** The most rows that one page holds: BI tools pull. */
export const PAGE_LIMIT = 1_000;
export const DEFAULT_PAGE = 25;

/** What a page knows of itself; each part is fetched only when it is selected. */
interface Page {
  rows: () => Promise<{ rows: Row[]; before: boolean; after: boolean }>;
  total: () => Promise<number>;
  cursor: (row: Row) => string;
}

type Row = Record<string, unknown> & { id: number | string };

interface PageArgs {
  first?: number | null;
  after?: string | null;
  last?: number | null;
  before?: string | null;
  page?: number | null;
  orderBy?: string | null;
  [filter: string]: unknown;
}

const declared = new Map<string, List>();

/** Every list that has been declared, by its root field. */
export const lists: ReadonlyMap<string, List> = declared;

const PageInfo = builder.objectRef<Page>('PageInfo').implement({
  description: 'Where a page lies in its list.',
  fields: (t) => ({
    hasNextPage: t.boolean({ resolve: async (page) => (await page.rows()).after }),
    hasPreviousPage: t.boolean({ resolve: async (page) => (await page.rows()).before }),
    startCursor: t.string({ nullable: true, resolve: (page) => edge(page, (rows) => rows[0]) }),
    endCursor: t.string({ nullable: true, resolve: (page) => edge(page, (rows) => rows.at(-1)) }),
  }),
});

/** Declares a list: enters it into `lists` and adds its field and its connection to the schema. */
export function declareList(declaration: List): List {
  const { field, type } = declaration;
  if (declared.has(field)) throw new Error(`The list ${field} is declared twice.`);
  declared.set(field, declaration);

  const Edge = builder.objectRef<{ page: Page; row: Row }>(`${type}Edge`).implement({
    fields: (t) => ({
      node: t.field({ type: type as never, resolve: ({ row }) => row as never }),
      cursor: t.string({
        description: 'Give it to `after` or `before`.',
        resolve: ({ page, row }) => page.cursor(row),
      }),
    }),
  });
  const Connection = builder.objectRef<Page>(`${type}Connection`).implement({
    fields: (t) => ({
      nodes: t.field({ type: [type] as never, resolve: async (page) => (await page.rows()).rows as never }),
      edges: t.field({ type: [Edge], resolve: async (page) => (await page.rows()).rows.map((row) => ({ page, row })) }),
      pageInfo: t.field({ type: PageInfo, resolve: (page) => page }),
      totalCount: t.int({
        description: 'How many rows the filters leave, on all pages.',
        resolve: (page) => page.total(),
      }),
    }),
  });
  const OrderBy = builder.enumType(`${type}Order`, { values: orderNames(declaration) });

  builder.queryField(field, (t) =>
    t.field({
      type: Connection,
      description: declaration.description,
      ability: declaration.ability,
      args: {
        first: t.arg.int({ description: `How many rows, at most ${PAGE_LIMIT}; ${DEFAULT_PAGE} when not said.` }),
        after: t.arg.string({ description: 'The cursor that the rows come after.' }),
        last: t.arg.int({ description: 'How many rows before `before`, counted from the end.' }),
        before: t.arg.string({ description: 'The cursor that the rows come before.' }),
        page: t.arg.int({ description: 'A numbered page of `first` rows, from 1, in place of a cursor.' }),
        orderBy: t.arg({ type: OrderBy, description: `${declaration.defaultOrder} when not said.` }),
        ...Object.fromEntries(
          Object.entries(declaration.filters).map(([name, filter]) => [name, t.arg(argument(filter) as never)]),
        ),
      },
      resolve: (_root, args, context, info) => page(declaration, args as PageArgs, context, info),
    }),
  );
  return declaration;
}

function argument({ type, op, description }: Filter) {
  const one = typeof type === 'object' ? type.ref : type;
  return { type: op === 'in' ? [one] : one, required: false, description };
}

/** `CREATED_AT_ASC`, `CREATED_AT_DESC` … for each order. */
export function orderNames({ orders }: List): string[] {
  return Object.keys(orders).flatMap((name) => [`${name}_ASC`, `${name}_DESC`]);
}

function page(declaration: List, args: PageArgs, context: Context, info: GraphQLResolveInfo): Page {
  const delegate = (context.viewer.db as unknown as Record<Model, Delegate>)[declaration.model];
  const { order, direction } = readOrder(declaration, args.orderBy ?? declaration.defaultOrder);
  const { take, backwards, skip } = readPage(args);
  const where = { AND: conditions(declaration, args) };
  const from = args.after ?? args.before;
  const walked = backwards ? opposite(direction) : direction;
  const seek = from == null ? [] : [beyond(declaration, order, walked, from, args.after == null ? 'before' : 'after')];
  const query = queryFromInfo({ context, info, typeName: declaration.type, paths: [['nodes'], ['edges', 'node']] });

  const rows = once(async () => {
    const found = await delegate.findMany({
      ...query,
      where: { AND: [...where.AND, ...seek] },
      orderBy: order.column === 'id' ? [{ id: walked }] : [{ [order.column]: walked }, { id: walked }],
      take: take + 1, // One more than asked for tells whether there are more.
      skip,
    });
    const more = found.length > take;
    const kept = found.slice(0, take);
    if (backwards) kept.reverse();
    return { rows: kept, before: backwards ? more : from != null || skip > 0, after: backwards ? from != null : more };
  });
  return {
    rows,
    total: once(() => delegate.count({ where })),
    cursor: (row) => encode(order.column === 'id' ? [row.id] : [plain(row[order.column], order.kind), row.id]),
  };
}

interface Delegate {
  findMany(query: object): Promise<Row[]>;
  count(query: object): Promise<number>;
}

/** How many rows a page takes, from which end, after how many. Also what the cost of a list goes by. */
export function readPage(args: PageArgs): { take: number; backwards: boolean; skip: number } {
  const backwards = args.last != null || (args.before != null && args.first == null);
  const asked = backwards ? args.last : args.first;
  const take = asked ?? DEFAULT_PAGE;
  const wrong: Record<string, string[]> = {};
  if (take < 1 || take > PAGE_LIMIT) wrong[backwards ? 'last' : 'first'] = [`must be from 1 to ${PAGE_LIMIT}`];
  if (args.first != null && args.last != null) wrong.last = ["can't be given together with first"];
  if (args.after != null && args.before != null) wrong.before = ["can't be given together with after"];
  if (args.page != null && (args.page < 1 || args.page > 10_000_000)) wrong.page = ['must be 1 or more'];
  if (args.page != null && (args.after != null || args.before != null || backwards)) {
    wrong.page = ["can't be given together with a cursor"];
  }
  if (Object.keys(wrong).length > 0) throw new Invalid(wrong);
  return { take, backwards, skip: args.page == null ? 0 : (args.page - 1) * take };
}

function conditions(declaration: List, args: PageArgs): object[] {
  return Object.entries(declaration.filters).flatMap(([name, filter]): object[] => {
    const value = args[name];
    if (value == null) return [];
    if (filter.op === 'present') return [{ [filter.column]: value ? { not: null } : null }];
    const column =
      filter.op === 'in' ? (value as unknown[]).map((one) => toColumn(filter, one)) : toColumn(filter, value);
    const mode = filter.op === 'contains' ? { mode: 'insensitive' } : {};
    return [{ [filter.column]: { [filter.op]: column, ...mode } }];
  });
}

function toColumn({ type, toColumn: own }: Filter, value: unknown): unknown {
  if (own) return own(value as never);
  if (type === 'ID') return parseId(value as string) ?? -1; // No row has it, as no row has an id that isn't there.
  if (type === 'LocalDate') return fromDay(value as string);
  return value;
}

function readOrder({ orders }: List, name: string): { order: Order; direction: Direction } {
  const [, stem, direction] = /^(.*)_(ASC|DESC)$/.exec(name)!;
  return { order: orders[stem!]!, direction: direction!.toLowerCase() as Direction };
}

type Direction = 'asc' | 'desc';
const opposite = (direction: Direction): Direction => (direction === 'asc' ? 'desc' : 'asc');

/** The rows past a cursor in the direction walked. The first bound says nothing new; it lets the index be used. */
function beyond({ id = 'int' }: List, order: Order, walked: Direction, cursor: string, argument: string): object {
  const past = walked === 'asc' ? 'gt' : 'lt';
  const values = decode(cursor, argument);
  const key = values.at(-1);
  const keyFits = id === 'int' ? Number.isInteger(key) : typeof key === 'string' && /^[0-9a-f-]{36}$/.test(key);
  if (!keyFits) throw badCursor(argument);
  if (order.column === 'id') {
    if (values.length !== 1) throw badCursor(argument);
    return { id: { [past]: key } };
  }
  if (values.length !== 2) throw badCursor(argument);
  const value = revive(values[0], order.kind, argument);
  return {
    [order.column]: { [`${past}e`]: value },
    OR: [{ [order.column]: { [past]: value } }, { [order.column]: value, id: { [past]: key } }],
  };
}

const plain = (value: unknown, kind: Order['kind']): unknown =>
  kind === 'date' || kind === 'instant' ? (value as Date).toISOString() : value;

function revive(value: unknown, kind: Order['kind'], argument: string): unknown {
  if (kind === 'int') {
    if (!Number.isInteger(value)) throw badCursor(argument);
    return value;
  }
  if (typeof value !== 'string') throw badCursor(argument);
  if (kind === 'text' || kind === 'uuid') return value;
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) throw badCursor(argument);
  return date;
}

const encode = (values: unknown[]): string => Buffer.from(JSON.stringify(values)).toString('base64url');

function decode(cursor: string, argument: string): unknown[] {
  try {
    const values = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Array.isArray(values)) return values;
  } catch {
    // Falls through to the same answer.
  }
  throw badCursor(argument);
}

const badCursor = (argument: string) =>
  new Invalid({ [argument]: ['is not a cursor of this list in this order; start again without it'] });

async function edge(page: Page, pick: (rows: Row[]) => Row | undefined): Promise<string | null> {
  const row = pick((await page.rows()).rows);
  return row ? page.cursor(row) : null;
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
