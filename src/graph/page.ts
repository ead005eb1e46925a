import { Invalid } from '../core/errors.ts';
import { parseId } from './ids.ts';
import type { Filter, List, Order } from './list.ts';

// What a list's arguments mean, for whoever turns them into a query.

/** The most rows that one page holds: BI tools pull. */
export const PAGE_LIMIT = 1_000;
export const DEFAULT_PAGE = 25;

/** How many rows a page holds. */
export interface PageSizes {
  /** When nobody says. */
  usual: number;
  most: number;
}

export function pageSizes({ pageLimit }: List): PageSizes {
  return pageLimit ? { usual: pageLimit, most: pageLimit } : { usual: DEFAULT_PAGE, most: PAGE_LIMIT };
}

export interface PageArgs {
  first?: number | null;
  after?: string | null;
  last?: number | null;
  before?: string | null;
  page?: number | null;
  orderBy?: string | null;
  [filter: string]: unknown;
}

/** How many rows a page takes, from which end, after how many. */
export interface Extent {
  take: number;
  backwards: boolean;
  skip: number;
  /** Whether it begins at a cursor. */
  seeks: boolean;
}

const MOST_SKIPPED = 2_147_483_647;

/** Reads the arguments of paging, or refuses with all that is wrong with them. What a source is made from is refused here too. */
export function readPage(list: List, args: PageArgs): Extent {
  const { usual, most } = pageSizes(list);
  const backwards = args.last != null || (args.before != null && args.first == null);
  const asked = backwards ? args.last : args.first;
  const take = asked ?? usual;
  const skip = args.page == null ? 0 : (args.page - 1) * take;
  const seeks = args.after != null || args.before != null;
  const wrong: Record<string, string[]> = {};
  if (take < 1 || take > most) wrong[backwards ? 'last' : 'first'] = [`must be from 1 to ${most}`];
  if (args.first != null && args.last != null) wrong.last = ["can't be given together with first"];
  if (args.after != null && args.before != null) wrong.before = ["can't be given together with after"];
  if (args.page != null && args.page < 1) wrong.page = ['must be 1 or more'];
  if (skip > MOST_SKIPPED) wrong.page = ['is further than a list can be; walk it by cursor'];
  if (args.page != null && (seeks || backwards)) wrong.page = ["can't be given together with a cursor"];
  if (Object.keys(wrong).length > 0) throw new Invalid(wrong);
  list.source?.refuse(args);
  return { take, backwards, skip, seeks };
}

/** What is known of a page's neighbours, once it has been seen whether there is a row more than it takes. */
export function neighbours({ backwards, skip, seeks }: Extent, more: boolean): { before: boolean; after: boolean } {
  return { before: backwards ? more : seeks || skip > 0, after: backwards ? seeks : more };
}

/** The filters that were given, with the values as the columns hold them. */
export function conditionsOf(list: List, args: Record<string, unknown>): { filter: Filter; value: unknown }[] {
  return Object.entries(list.filters).flatMap(([name, filter]) => {
    const given = args[name];
    if (given == null) return [];
    const value =
      filter.op === 'in' ? (given as unknown[]).map((one) => toColumn(filter, one)) : toColumn(filter, given);
    return [{ filter, value }];
  });
}

function toColumn({ type }: Filter, value: unknown): unknown {
  // No row has -1, as no row has an id that isn't there.
  return type === 'ID' ? (parseId(value as string) ?? -1) : value;
}

export type Direction = 'asc' | 'desc';

/** The order that is asked for, and the direction in which it is walked to fill this page. */
export function readOrder(list: List, args: PageArgs, { backwards }: Extent): { order: Order; walked: Direction } {
  const [, stem, said] = /^(.*)_(ASC|DESC)$/.exec(args.orderBy ?? list.defaultOrder)!;
  const direction = said!.toLowerCase() as Direction;
  const walked = backwards ? (direction === 'asc' ? 'desc' : 'asc') : direction;
  return { order: list.orders[stem!]!, walked };
}

/** Where a page begins: past this value and, among its equals, past this id. */
export interface Seek {
  order: Order;
  walked: Direction;
  key: number | string;
  /** Undefined when the order is by id alone. */
  value: unknown;
}

/** Reads the cursor that was given, if any. */
export function readSeek(
  list: List,
  args: PageArgs,
  { order, walked }: { order: Order; walked: Direction },
): Seek | undefined {
  const [argument, cursor] = args.after != null ? ['after', args.after] : ['before', args.before];
  if (cursor == null) return undefined;
  const values = decode(cursor);
  const byId = order.column === 'id';
  const key = values?.at(-1);
  const value = byId ? undefined : revive(values?.[0], order.kind);
  const fits = values?.length === (byId ? 1 : 2) && isKey(key, list.id ?? 'int') && (byId || value !== undefined);
  if (!fits) throw new Invalid({ [argument]: ['is not a cursor of this list in this order; start again without it'] });
  return { order, walked, key: key as number | string, value };
}

/** The cursor of a row: what it is ordered by, and its id. */
export function cursorOf(row: { id: number | string } & Record<string, unknown>, { column, kind }: Order): string {
  const value = kind === 'date' || kind === 'instant' ? (row[column] as Date).toISOString() : row[column];
  const values = column === 'id' ? [row.id] : [value, row.id];
  return Buffer.from(JSON.stringify(values)).toString('base64url');
}

function decode(cursor: string): unknown[] | undefined {
  try {
    const values = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return Array.isArray(values) ? values : undefined;
  } catch {
    return undefined;
  }
}

function isKey(key: unknown, id: NonNullable<List['id']>): boolean {
  if (id === 'bigint') return Number.isSafeInteger(key);
  if (id === 'int') return Number.isInteger(key) && Math.abs(key as number) <= 2_147_483_647;
  return typeof key === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(key);
}

function revive(value: unknown, kind: Order['kind']): unknown {
  if (kind === 'int') return isKey(value, 'int') ? value : undefined;
  if (typeof value !== 'string' || value.includes('\0')) return undefined;
  if (kind === 'text') return value;
  if (kind === 'uuid') return isKey(value, 'uuid') ? value : undefined;
  const date = new Date(value);
  return /^\d{4}-/.test(value) && !Number.isNaN(date.getTime()) ? date : undefined;
}
