import { queryFromInfo } from '@pothos/plugin-prisma';
import type { GraphQLResolveInfo } from 'graphql';
import type { Ability } from '../core/abilities.ts';
import { fromDay } from '../core/dates.ts';
import { builder, type Context } from './builder.ts';
import {
  conditionsOf,
  cursorOf,
  DEFAULT_PAGE,
  neighbours,
  PAGE_LIMIT,
  type PageArgs,
  readOrder,
  readPage,
  readSeek,
  type Seek,
} from './page.ts';

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
  /** Whether every change of its rows stands in the event log, written in the same transaction. */
  logged?: boolean;
  /** The type of the primary key: most are integers, deliveries are UUIDs that rise with time. */
  id?: 'int' | 'uuid';
}

export interface Filter {
  column: string;
  op: 'equals' | 'in' | 'gte' | 'lte' | 'gt' | 'lt' | 'contains' | 'present';
  type: FilterType;
  description: string;
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

type Model =
  | 'booking'
  | 'property'
  | 'owner'
  | 'guest'
  | 'rate'
  | 'icalSource'
  | 'icalConflict'
  | 'icalFeed'
  | 'cleaningTask'
  | 'maintenanceTicket'
  | 'review'
  | 'whatsappTemplate'
  | 'whatsappMessage'
  | 'webhookEndpoint'
  | 'delivery';

/** What a page knows of itself; each part is fetched only when it is selected. */
interface Page {
  rows: () => Promise<{ rows: Row[]; before: boolean; after: boolean }>;
  total: () => Promise<number>;
  cursor: (row: Row) => string;
}

type Row = Record<string, unknown> & { id: number | string };

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

/** Every list takes it: a program that pulls again and again asks only for what has changed. */
const UPDATED_SINCE: Filter = {
  column: 'updatedAt',
  op: 'gte',
  type: 'DateTime',
  description: 'Changed at or after this instant.',
};

/** Declares a list: enters it into `lists` and adds its field and its connection to the schema. */
export function declareList(given: List): List {
  const declaration = { ...given, filters: { ...given.filters, updatedSince: UPDATED_SINCE } };
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
  const extent = readPage(args);
  const way = readOrder(declaration, args, extent);
  const { order, walked } = way;
  const where = { AND: conditionsOf(declaration, args).map(condition) };
  const seek = readSeek(declaration, args, way);
  const query = queryFromInfo({ context, info, typeName: declaration.type, paths: [['nodes'], ['edges', 'node']] });

  const rows = once(async () => {
    const found = await delegate.findMany({
      ...query,
      where: { AND: [...where.AND, ...(seek ? [beyond(seek)] : [])] },
      orderBy: order.column === 'id' ? [{ id: walked }] : [{ [order.column]: walked }, { id: walked }],
      take: extent.take + 1, // One more than asked for tells whether there are more.
      skip: extent.skip,
    });
    const kept = found.slice(0, extent.take);
    if (extent.backwards) kept.reverse();
    return { rows: kept, ...neighbours(extent, found.length > extent.take) };
  });
  return { rows, total: once(() => delegate.count({ where })), cursor: (row) => cursorOf(row, order) };
}

interface Delegate {
  findMany(query: object): Promise<Row[]>;
  count(query: object): Promise<number>;
}

function condition({ filter, value }: { filter: Filter; value: unknown }): object {
  const { column, op, type } = filter;
  if (op === 'present') return { [column]: value ? { not: null } : null };
  const mode = op === 'contains' ? { mode: 'insensitive' } : {};
  return { [column]: { [op]: type === 'LocalDate' ? fromDay(value as string) : value, ...mode } };
}

/** The rows past a cursor in the direction walked. The first bound says nothing new; it lets the index be used. */
function beyond({ order, walked, key, value }: Seek): object {
  const past = walked === 'asc' ? 'gt' : 'lt';
  if (order.column === 'id') return { id: { [past]: key } };
  return {
    [order.column]: { [`${past}e`]: value },
    OR: [{ [order.column]: { [past]: value } }, { [order.column]: value, id: { [past]: key } }],
  };
}

async function edge(page: Page, pick: (rows: Row[]) => Row | undefined): Promise<string | null> {
  const row = pick((await page.rows()).rows);
  return row ? page.cursor(row) : null;
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
