import type { GraphQLResolveInfo } from 'graphql';
import type { Ability } from '../core/abilities.ts';
import { builder, type Context } from './builder.ts';
import { readModel } from './model.ts';
import { cursorOf, neighbours, type PageArgs, pageSizes, readOrder, readPage, readSeek } from './page.ts';
import { type Argument, readSource, type Source } from './source.ts';

/**
 * A list is data. From this value come the GraphQL field with its arguments, the query, the `/v1` parameters, their
 * OpenAPI and the CSV columns. Adding a filter is one line in `filters`. Its rows are those of the Prisma delegate `model`, such
 * as `booking`, or what `source` makes; a source's order is by id alone.
 */
export type List = ListFacts & ({ model: Model; source?: undefined } | { source: Source; model?: undefined });

interface ListFacts {
  /** The root field: `bookings`. */
  field: string;
  /** The object type of a row: `Booking`. */
  type: string;
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
  id?: 'int' | 'uuid' | 'bigint';
  /** The most rows of a page, and as many as it holds when nobody says: for a list that is meant to be had whole. */
  pageLimit?: number;
  /** Rows that an export reads at a time, where they are so small that 100 of them are few. */
  exportPage?: number;
  /** What a row costs without what hangs on it, where that isn't a point. Halves of halves add up exactly. */
  rowCost?: number;
}

export interface Filter {
  column: string;
  /** `named`: is one of these names, or of the family that `booking.*` says. */
  op: 'equals' | 'in' | 'named' | 'gte' | 'lte' | 'gt' | 'lt' | 'contains' | 'present' | 'absent';
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

export type Model =
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
  | 'invoice'
  | 'payment'
  | 'expense'
  | 'statement'
  | 'taxTariff'
  | 'taxReport'
  | 'auditEntry'
  | 'webhookEndpoint'
  | 'delivery'
  | 'webhookReplayJob'
  | 'accessToken';

/** What a page knows of itself; each part is fetched only when it is selected. */
interface Page {
  rows: () => Promise<{ rows: Row[]; before: boolean; after: boolean }>;
  total: () => Promise<number>;
  cursor: (row: Row) => string;
}

export type Row = Record<string, unknown> & { id: number | string };

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

/** Every list of a table takes it: a program that pulls again and again asks only for what has changed. */
const UPDATED_SINCE: Filter = {
  column: 'updatedAt',
  op: 'gte',
  type: 'DateTime',
  description: 'Changed at or after this instant.',
};

/** Declares a list: enters it into `lists` and adds its field and its connection to the schema. */
export function declareList<Given extends List>(given: Given): Given {
  const own = given.source !== undefined || given.filters.updatedSince !== undefined;
  const filters = own ? given.filters : { ...given.filters, updatedSince: UPDATED_SINCE };
  const declaration: Given = { ...given, filters };
  const { field, type, rowCost } = declaration;
  const { usual, most } = pageSizes(declaration);
  if (declared.has(field)) throw new Error(`The list ${field} is declared twice.`);
  declared.set(field, declaration);

  const Edge = builder.objectRef<{ page: Page; row: Row }>(`${type}Edge`).implement({
    fields: (t) => ({
      node: t.field({ type: type as never, cost: rowCost && 0, resolve: ({ row }) => row as never }),
      cursor: t.string({
        description: 'Give it to `after` or `before`.',
        resolve: ({ page, row }) => page.cursor(row),
      }),
    }),
  });
  const Connection = builder.objectRef<Page>(`${type}Connection`).implement({
    fields: (t) => ({
      nodes: t.field({
        type: [type] as never,
        cost: rowCost,
        resolve: async (page) => (await page.rows()).rows as never,
      }),
      edges: t.field({
        type: [Edge],
        cost: rowCost,
        resolve: async (page) => (await page.rows()).rows.map((row) => ({ page, row })),
      }),
      pageInfo: t.field({ type: PageInfo, cost: rowCost && 0, resolve: (page) => page }),
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
      pages: { usual, most },
      mostRows: declaration.source?.mostRows,
      args: {
        first: t.arg.int({ description: `How many rows, at most ${most}; ${usual} when not said.` }),
        after: t.arg.string({ description: 'The cursor that the rows come after.' }),
        last: t.arg.int({ description: 'How many rows before `before`, counted from the end.' }),
        before: t.arg.string({ description: 'The cursor that the rows come before.' }),
        page: t.arg.int({ description: 'A numbered page of `first` rows, from 1, in place of a cursor.' }),
        orderBy: t.arg({ type: OrderBy, description: `${declaration.defaultOrder} when not said.` }),
        ...Object.fromEntries(
          Object.entries(argumentsOf(declaration)).map(([name, argument]) => [
            name,
            t.arg(argumentRef(argument) as never),
          ]),
        ),
      },
      resolve: (_root, args, context, info) => page(declaration, args as PageArgs, context, info),
    }),
  );
  return declaration;
}

/** What the list is asked with beside pages and order: what its rows are made from, and its filters. */
export function argumentsOf({ source, filters }: List): Record<string, Argument> {
  const asFilters = Object.entries(filters).map(([name, { type, op, description }]): [string, Argument] => [
    name,
    { type, many: op === 'in' || op === 'named', description },
  ]);
  return { ...source?.arguments, ...Object.fromEntries(asFilters) };
}

function argumentRef({ type, many = false, required = false, description }: Argument) {
  const one = typeof type === 'object' ? type.ref : type;
  return { type: many ? [one] : one, required, description };
}

/** The argument's type as a document writes it: `LocalDate!`. */
export function typeName({ type, many, required }: Argument): string {
  const name = typeof type === 'object' ? type.enum : type;
  return `${many ? `[${name}!]` : name}${required ? '!' : ''}`;
}

/** `CREATED_AT_ASC`, `CREATED_AT_DESC` … for each order. */
export function orderNames({ orders }: List): string[] {
  return Object.keys(orders).flatMap((name) => [`${name}_ASC`, `${name}_DESC`]);
}

function page(declaration: List, args: PageArgs, context: Context, info: GraphQLResolveInfo): Page {
  const extent = readPage(declaration, args);
  const way = readOrder(declaration, args, extent);
  const seek = readSeek(declaration, args, way);
  const place = { extent, ...way, seek };
  const reader = declaration.source
    ? readSource(declaration, args, context.viewer, place)
    : readModel(declaration, args, { context, info }, place);

  const rows = once(async () => {
    const found = await reader.rows();
    const kept = found.slice(0, extent.take);
    if (extent.backwards) kept.reverse();
    return { rows: kept, ...neighbours(extent, found.length > extent.take) };
  });
  return { rows, total: once(reader.total), cursor: (row) => cursorOf(row, way.order) };
}

async function edge(page: Page, pick: (rows: Row[]) => Row | undefined): Promise<string | null> {
  const row = pick((await page.rows()).rows);
  return row ? page.cursor(row) : null;
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
