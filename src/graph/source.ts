import { camel } from '../core/text.ts';
import type { Viewer } from '../core/viewer.ts';
import { filterSql, seekSql } from './condition.ts';
import type { FilterType, List, Row } from './list.ts';
import type { Direction, Extent, PageArgs, Seek } from './page.ts';
import { Binder, table } from './sql.ts';

/**
 * Rows that no table holds and that a SELECT makes: the nights of a calendar. Its columns are named as a table's would be,
 * with an `id` that sorts as its order does, and an `agency_id` where other rows are reached from it.
 */
export interface Source {
  /** What the rows are made from. The list's filters choose among made rows. */
  arguments: Record<string, Argument>;
  /** Throws what is wrong with the arguments. */
  refuse(args: PageArgs): void;
  /** The SELECT. With a window it may leave out what lies outside, and `skip` says how many rows before the window it has kept. */
  select(made: Making, window?: Window): { text: string; skip: number };
  /** How many rows there are, as an SQL expression that needn't make them. */
  count(made: Making): string;
  /** The most rows that these arguments can lead to, where they say. */
  mostRows(args: Record<string, unknown>): number | undefined;
}

export interface Argument {
  type: FilterType;
  many?: boolean;
  required?: boolean;
  description: string;
}

/** What a SELECT is written with: placeholders come from `bind`, and every one that is made must be used. */
export interface Making {
  args: PageArgs;
  agency: string;
  bind: Binder;
}

/** The part of all rows, walked by id, that a page needs. */
export interface Window {
  walked: Direction;
  seek: Seek | undefined;
  skip: number;
  take: number;
}

/** Where a page lies, as the arguments say. */
export interface Place {
  extent: Extent;
  walked: Direction;
  seek: Seek | undefined;
}

/** Where a list's rows come from, as the parts of a statement that calls a row `b`. */
export interface From {
  agency: string;
  /** Stands before SELECT. */
  with: string;
  item: string;
  /** True of the rows from the page's cursor on. */
  where: string;
  /** How many rows lie before the page. */
  skip: string | number;
  /** Of all rows that the filters leave; asked for at most once. */
  count(): string;
}

/** A table, or a SELECT in a CTE, which PostgreSQL makes once for the page and the count. Without a place only the count is asked for. */
export function fromOf(list: List, args: PageArgs, viewer: Viewer, bind: Binder, place?: Place): From {
  const agency = bind.add(viewer.agency.id, 'int');
  const filters = filterSql(list, args, 'b', bind);
  const seek = place?.seek ? [seekSql(list, place.seek, 'b', bind)] : [];
  const counted = (item: string) => `(select count(*)::int from ${item} b where ${all(filters)})`;
  if (!list.source) {
    const item = table(list.model);
    filters.unshift(`b.agency_id = ${agency}`);
    return { agency, with: '', item, where: all([...filters, ...seek]), skip: skipped(), count: () => counted(item) };
  }
  const { source } = list;
  const made = { args, agency, bind };
  const unfiltered = filters.length === 0;
  if (!place && unfiltered) return { agency, with: '', item: '', where: '', skip: 0, count: () => source.count(made) };
  const { text, skip } = source.select(made, place && unfiltered ? windowOf(place) : undefined);
  return {
    agency,
    with: `with made as (${text})`,
    item: 'made',
    where: all([...filters, ...seek]),
    skip: place && unfiltered ? skipped(skip) : skipped(),
    count: () => (unfiltered ? source.count(made) : counted('made')),
  };

  /** An offset of none is written out: a parameter would have to be guessed. */
  function skipped(rows = place?.extent.skip ?? 0): string | number {
    return rows === 0 ? 0 : bind.add(rows, 'int');
  }
}

const all = (conditions: string[]): string => (conditions.length > 0 ? conditions.join(' and ') : 'true');

/** One more than asked for tells whether there are more. */
function windowOf({ extent, walked, seek }: Place): Window {
  return { walked, seek, skip: extent.skip, take: extent.take + 1 };
}

/** The rows of a page, one more than it takes, and the count, for whoever executes the list in the ordinary way. */
export function readSource(list: List, args: PageArgs, viewer: Viewer, place: Place) {
  return {
    async rows(): Promise<Row[]> {
      const bind = new Binder();
      const { extent, walked } = place;
      const from = fromOf(list, args, viewer, bind, place);
      const text = `${from.with} select row_to_json(b)::text from ${from.item} b where ${from.where}
        order by b.id ${walked} limit ${extent.take + 1} offset ${from.skip}`;
      const { rows } = await viewer.read(text, bind.values);
      return rows.map(([row]) => inCamel(JSON.parse(row as string)) as Row);
    },
    async total(): Promise<number> {
      const bind = new Binder();
      const from = fromOf(list, args, viewer, bind);
      const { rows } = await viewer.read(`${from.with} select ${from.count()}`, bind.values);
      return rows[0]![0] as number;
    },
  };
}

function inCamel(row: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([key, value]) => [camel(key), value]));
}
