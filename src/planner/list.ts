import { type FieldNode, type GraphQLField, type GraphQLObjectType, getArgumentValues, getNamedType } from 'graphql';
import type { Viewer } from '../core/viewer.ts';
import type { List, Order } from '../graph/list.ts';
import { type Extent, neighbours, type PageArgs, readOrder, readPage, readSeek } from '../graph/page.ts';
import { fromOf } from '../graph/source.ts';
import { Binder, column, table } from '../graph/sql.ts';
import { OLDEST_RUNNING } from '../outbox/log.ts';
import { type Asked, collectBelow, type Reading } from './fields.ts';
import { compileRow, NotPlanned, name, type Style, type ValueSql } from './row.ts';
import { endSql, keepTotal, knownTotal } from './totals.ts';

/** What one statement found: texts of JSON, ready to be put into an answer. */
export interface FoundPage {
  /** The rows with commas between them; empty for none. */
  nodes: string;
  edges: string;
  /** How many rows the page holds. */
  count: number;
  before: boolean;
  after: boolean;
  startCursor: string | null;
  endCursor: string | null;
  total: number;
}

/** What of a page somebody asks for. */
interface Wanted {
  node?: ValueSql;
  edge?: ValueSql;
  page: boolean;
  cursors: boolean;
  total: boolean;
}

/** The statement's one row. */
type Answered = [
  nodes: string | null,
  edges: string | null,
  found: number,
  first: string | null,
  last: string | null,
  total: number | null,
  end: string,
  oldestRunning: string,
];

/** For a selection of `__typename` alone. */
const ASKED_NOTHING: Answered = [null, null, 0, null, null, null, '0', '0'];

/** Which count a request asks for: the same filters of the same agency. */
function totalKey(list: List, viewer: Viewer, args: PageArgs): string {
  const filters = Object.keys(list.filters).map((filter) => args[filter] ?? null);
  return JSON.stringify([viewer.database.ownerUrl, viewer.agency.id, list.field, filters]);
}

/** A list as one statement: the page first, then a JSON text a row with what hangs on it, then all of them as one. */
export function compileList(
  list: List,
  field: GraphQLField<unknown, unknown>,
  asked: Asked,
  reading: Reading,
  style: Style,
) {
  const connection = getNamedType(field.type) as GraphQLObjectType;
  const row = getNamedType(connection.getFields().nodes!.type) as GraphQLObjectType;
  const parts = collectBelow(asked, reading);
  const wanted: Wanted = { page: false, cursors: false, total: false };
  const writers = parts.map((part) => compilePart(part, { list, connection, row, reading, style, wanted }));

  async function find(viewer: Viewer, args: PageArgs): Promise<FoundPage> {
    const extent = readPage(list, args);
    readSeek(list, args, readOrder(list, args, extent)); // Refuses a bad cursor, whatever is selected.
    const key = wanted.total && list.logged ? totalKey(list, viewer, args) : undefined;
    const known = key === undefined ? undefined : knownTotal(key);
    const [nodes, edges, found, first, last, total, end, oldest] = await ask({
      ...wanted,
      total: wanted.total && !known,
    });
    if (known && known.end !== end) return { ...page(), total: await recount(key!) };
    if (key !== undefined && !known) keepTotal(key, { count: total!, end }, oldest);
    return { ...page(), total: known?.count ?? total ?? 0 };

    function page(): Omit<FoundPage, 'total'> {
      const count = Math.min(found, extent.take);
      const neighbourhood = neighbours(extent, found > extent.take);
      return { nodes: nodes ?? '', edges: edges ?? '', count, ...neighbourhood, startCursor: first, endCursor: last };
    }

    /** Something has happened since: the count has to be made anew. */
    async function recount(key: string): Promise<number> {
      const [, , , , , total, end, oldest] = await ask({ total: true, cursors: false, page: false });
      keepTotal(key, { count: total!, end }, oldest);
      return total!;
    }

    async function ask(what: Wanted): Promise<Answered> {
      if (!what.page && !what.total) return ASKED_NOTHING;
      const bind = new Binder();
      const text = statement(list, what, extent, args, viewer, bind);
      const { rows } = await viewer.read(text, bind.values);
      return rows[0] as Answered;
    }
  }

  return {
    find,
    /** The field's value in GraphQL's shape. */
    async run(viewer: Viewer, variables: Record<string, unknown>): Promise<string> {
      const args = getArgumentValues(field, asked.nodes[0] as FieldNode, variables) as PageArgs;
      const page = await find(viewer, args);
      return `{${writers.map((write, i) => `${i === 0 ? '' : ','}${JSON.stringify(parts[i]!.key)}:${write(page)}`).join('')}}`;
    },
  };
}

interface Place {
  list: List;
  connection: GraphQLObjectType;
  row: GraphQLObjectType;
  reading: Reading;
  style: Style;
  wanted: Wanted;
}

/** What a part of the connection writes, once the page has been found; says in `wanted` what the statement must bring. */
function compilePart(part: Asked, place: Place): (page: FoundPage) => string {
  const { wanted, reading, style, row, connection } = place;
  const below = collectBelow(part, reading);
  switch (part.name) {
    case '__typename':
      return () => JSON.stringify(connection.name);
    case 'totalCount':
      wanted.total = true;
      return (page) => String(page.total);
    case 'nodes': {
      if (wanted.node) throw new NotPlanned('nodes twice');
      wanted.page = true;
      wanted.node = compileRow(row, below, reading, style);
      return (page) => `[${page.nodes}]`;
    }
    case 'edges': {
      if (wanted.edge) throw new NotPlanned('edges twice');
      wanted.page = true;
      wanted.edge = compileEdge(below, place);
      return (page) => `[${page.edges}]`;
    }
    case 'pageInfo':
      wanted.page = true;
      wanted.cursors ||= below.some(({ name }) => name.endsWith('Cursor'));
      return (page) => JSON.stringify(Object.fromEntries(below.map(({ key, name }) => [key, PAGE_INFO[name]!(page)])));
    default:
      throw new NotPlanned(part.name);
  }
}

const PAGE_INFO: Record<string, (page: FoundPage) => unknown> = {
  __typename: () => 'PageInfo',
  hasNextPage: (page) => page.after,
  hasPreviousPage: (page) => page.before,
  startCursor: (page) => page.startCursor,
  endCursor: (page) => page.endCursor,
};

/** An edge's cursor depends on the order, which only the request knows; it is a column of the page's rows. */
function compileEdge(asked: Asked[], { row, reading, style, list, wanted }: Place): ValueSql {
  const parts = asked.map((part): [string, ValueSql] => [name(part.key), compileEdgePart(part)]);
  return (alias, known) => {
    const select = parts.map(([key, value]) => `${value(alias, known)} as ${key}`).join(', ');
    return `(select row_to_json(o) from (select ${select}) o)`;
  };

  function compileEdgePart(part: Asked): ValueSql {
    if (part.name === '__typename') return () => `'${list.type}Edge'::text`;
    if (part.name === 'cursor') {
      wanted.cursors = true;
      return (alias) => `${alias}.cursor_text`;
    }
    return compileRow(row, collectBelow(part, reading), reading, style);
  }
}

function statement(list: List, wanted: Wanted, extent: Extent, args: PageArgs, viewer: Viewer, bind: Binder): string {
  const way = readOrder(list, args, extent);
  const { order, walked } = way;
  const seek = readSeek(list, args, way);
  const from = fromOf(list, args, viewer, bind, wanted.page ? { extent, walked, seek } : undefined);
  const beside = [
    wanted.total ? from.count() : 'null::int',
    ...(list.logged && list.model ? [endSql(table(list.model), from.agency), OLDEST_RUNNING] : []),
  ].join(', ');
  if (!wanted.page) return `${from.with} select null, null, 0, null, null, ${beside}`;

  const by = order.column === 'id' ? `b.id ${walked}` : `b.${column(order.column)} ${walked}, b.id ${walked}`;
  const known = { currency: viewer.agency.currency };
  // Written out, as are the limit and an offset of none: for a parameter PostgreSQL would guess a tenth of the table, find
  // its generic plan dear, and plan the statement anew at every call (0.5 of the 0.8 ms that a page took).
  const kept = `filter (where n <= ${extent.take})`;
  const [forth, back] = extent.backwards ? ['desc', 'asc'] : ['asc', 'desc'];
  const joined = (part: ValueSql | undefined, name: string) =>
    part ? `string_agg(${name}, ',' order by n ${forth}) ${kept}` : 'null';
  const end = (direction: string) =>
    wanted.cursors ? `(array_agg(cursor_text order by n ${direction}) ${kept})[1]` : 'null';
  const text = (part: ValueSql | undefined) => (part ? `${part('b', known)}::text` : 'null');
  return `${from.with}
    select ${joined(wanted.node, 'node')}, ${joined(wanted.edge, 'edge')}, count(*)::int, ${end(forth)}, ${end(back)}, ${beside}
    from (
      select n, cursor_text, ${text(wanted.node)} as node, ${text(wanted.edge)} as edge
      from (
        select b.*, row_number() over (order by ${by}) as n, ${wanted.cursors ? cursorSql(list, order, 'b') : 'null'} as cursor_text
        from (
          select * from ${from.item} b where ${from.where}
          order by ${by} limit ${extent.take + 1} offset ${from.skip}
        ) b
      ) b
    ) page`;
}

/** The cursor of a row, as `graph/page.ts` writes it: base64url of a JSON array. */
function cursorSql(list: List, { column: name, kind }: Order, row: string): string {
  const id = list.id === 'uuid' ? `'"' || ${row}.id || '"'` : `${row}.id`;
  const values =
    name === 'id'
      ? `'[' || ${id} || ']'`
      : `'[' || ${CURSOR_VALUE[kind](`${row}.${column(name)}`)} || ',' || ${id} || ']'`;
  // What base64url writes otherwise, and the padding and line ends that it leaves out.
  return `translate(encode(convert_to(${values}, 'UTF8'), 'base64'), E'+/=\\n', '-_')`;
}

const CURSOR_VALUE: Record<Order['kind'], (sql: string) => string> = {
  int: (sql) => `${sql}::text`,
  uuid: (sql) => `'"' || ${sql} || '"'`,
  text: (sql) => `to_json(${sql})::text`,
  date: (sql) => `'"' || to_char(${sql}, 'YYYY-MM-DD"T00:00:00.000Z"') || '"'`,
  instant: (sql) => `'"' || to_char(${sql} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '"'`,
};
