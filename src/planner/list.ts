import { type FieldNode, type GraphQLField, type GraphQLObjectType, getArgumentValues, getNamedType } from 'graphql';
import type { Viewer } from '../core/viewer.ts';
import type { List, Order } from '../graph/list.ts';
import { type Extent, neighbours, type PageArgs, readOrder, readPage, readSeek } from '../graph/page.ts';
import { Binder, column, table } from '../graph/sql.ts';
import { filterSql, seekSql } from './condition.ts';
import { type Asked, collectBelow, type Reading } from './fields.ts';
import { compileRow, NotPlanned, type RowSql, type Style } from './row.ts';

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
  node: RowSql | undefined;
  edge: RowSql | undefined;
  page: boolean;
  total: boolean;
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
  const wanted: Wanted = { node: undefined, edge: undefined, page: false, total: false };
  const writers = parts.map((part) => compilePart(part, { list, connection, row, reading, style, wanted }));

  async function find(viewer: Viewer, args: PageArgs): Promise<FoundPage> {
    const extent = readPage(args);
    const { order } = readOrder(list, args, extent);
    const bind = new Binder();
    const text = statement(list, wanted, extent, args, order, viewer, bind);
    const { rows } = await viewer.read(text, bind.values);
    const [nodes, edges, found, first, last, total] = rows[0] as [
      string | null,
      string | null,
      number,
      string | null,
      string | null,
      number | null,
    ];
    const more = found > extent.take;
    return {
      nodes: nodes ?? '',
      edges: edges ?? '',
      count: Math.min(found, extent.take),
      ...neighbours(extent, more),
      startCursor: first,
      endCursor: last,
      total: total ?? 0,
    };
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
function compileEdge(asked: Asked[], { row, reading, style, list }: Place): RowSql {
  const parts = asked.map((part): RowSql => {
    const { name } = part;
    if (name === '__typename') return () => `'"${list.type}Edge"'`;
    if (name === 'cursor') return (alias) => `'"' || ${alias}.cursor_text || '"'`;
    return compileRow(row, collectBelow(part, reading), reading, style);
  });
  return (alias, known) => {
    const texts = parts.map(
      (part, i) => `'${i === 0 ? '{' : ','}${JSON.stringify(asked[i]!.key)}:' || ${part(alias, known)}`,
    );
    return `${texts.join(' || ')} || '}'`;
  };
}

function statement(
  list: List,
  wanted: Wanted,
  extent: Extent,
  args: PageArgs,
  order: Order,
  viewer: Viewer,
  bind: Binder,
): string {
  const way = readOrder(list, args, extent);
  const agency = bind.add(viewer.agency.id, 'int');
  const filters = [`b.agency_id = ${agency}`, ...filterSql(list, args, 'b', bind)];
  const seek = readSeek(list, args, way);
  const total = wanted.total
    ? `(select count(*)::int from ${table(list.model)} b where ${filters.join(' and ')})`
    : 'null::int';
  if (!wanted.page) return `select null, null, 0, null, null, ${total}`;
  const within = seek ? [...filters, seekSql(seek, list.id === 'uuid' ? 'uuid' : 'int', 'b', bind)] : filters;
  const by = (alias: string) =>
    order.column === 'id'
      ? `${alias}.id ${way.walked}`
      : `${alias}.${column(order.column)} ${way.walked}, ${alias}.id ${way.walked}`;
  const known = { currency: viewer.agency.currency };
  const direction = extent.backwards ? 'desc' : 'asc';
  const kept = `filter (where n <= ${bind.add(extent.take, 'int')})`;
  const text = (sql: RowSql | undefined, name: string) =>
    sql ? `${sql('b', known)} as ${name}` : `null::text as ${name}`;
  const joined = (sql: RowSql | undefined, name: string) =>
    sql ? `string_agg(${name}, ',' order by n ${direction}) ${kept}` : 'null::text';
  const ends = ['asc', 'desc'].map(
    (end) =>
      `(array_agg(cursor_text order by n ${end === 'asc' ? direction : extent.backwards ? 'asc' : 'desc'}) ${kept})[1]`,
  );
  return `
    select ${joined(wanted.node, 'node')}, ${joined(wanted.edge, 'edge')}, count(*)::int, ${ends.join(', ')}, ${total}
    from (
      select n, cursor_text, ${text(wanted.node, 'node')}, ${text(wanted.edge, 'edge')}
      from (
        select b.*, row_number() over (order by ${by('b')}) as n, ${cursorSql(order, 'b')} as cursor_text
        from (
          select * from ${table(list.model)} b where ${within.join(' and ')}
          order by ${by('b')} limit ${bind.add(extent.take + 1, 'int')} offset ${bind.add(extent.skip, 'int')}
        ) b
      ) b
    ) page`;
}

/** The cursor of a row, as `graph/page.ts` writes it: base64url of a JSON array. */
function cursorSql({ column: name, kind }: Order, row: string): string {
  const id = kind === 'uuid' ? `'"' || ${row}.id || '"'` : `${row}.id`;
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
