import { snake } from '../core/text.ts';
import type { FilterType, List } from './list.ts';

/**
 * One line of `/v1`: a path, and the text of the GraphQL document that answers it. The document has one root field,
 * aliased `data`, and aliases its fields to snake_case, so nothing renames anything at run time. Its variables are the
 * row's parameters, by their own names: those in the path come from there, `$input` is the whole body, and the others
 * are the query string of a GET or DELETE and the body's keys of anything else.
 *
 * The answer is `{"data": …}`. Where the selection itself has a key `data`, the selected object is the answer, so that a
 * document can say what stands beside it.
 */
export interface Row {
  method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** `/v1/bookings/{id}` */
  path: string;
  /** Of the good answer; 200 when not said. A 204 has no body. */
  status?: 200 | 201 | 204;
  document: string;
  /** Variables of a POST that the query string may say too: `?dry_run=true`. */
  query?: string[];
  /** What the operation is filed under in the OpenAPI document. */
  tag: string;
  summary: string;
  /** A body that works, for the OpenAPI document; held to the schema at boot. */
  example?: Record<string, unknown>;
  /** Set by `listRow`: the other two ways to page. */
  walk?: { forward: string; backward: string };
}

/** What Laravel's pages hold when nobody says how many. */
export const PER_PAGE = 15;

/** The row of a declared list: its filters, orders and pages become parameters. `fields` is the selection of one row. */
export function listRow(facts: { path: string; list: List; fields: string; tag: string; summary: string }): Row {
  const { list, fields, path, tag, summary } = facts;
  const pages = { variables: '$page: Int = 1, ', args: 'page: $page, first: $per_page', also: 'totalCount' };
  const forward = { variables: '$cursor: String, ', args: 'after: $cursor, first: $per_page', also: PAGE_INFO };
  const backward = { variables: '$cursor: String, ', args: 'before: $cursor, last: $per_page', also: PAGE_INFO };
  const print = (paging: typeof pages) => listDocument(list, fields, paging);
  return {
    method: 'GET',
    path,
    tag,
    summary,
    document: print(pages),
    walk: { forward: print(forward), backward: print(backward) },
  };
}

const PAGE_INFO = 'pageInfo { hasNextPage hasPreviousPage startCursor endCursor }';

function listDocument(list: List, fields: string, paging: { variables: string; args: string; also: string }): string {
  const filters = Object.entries(list.filters);
  const variables = filters.map(([name, { type, op }]) => `$${snake(name)}: ${typeName(type, op === 'in')}`);
  const args = filters.map(([name]) => `${name}: $${snake(name)}`);
  const order = `$sort: ${list.type}Order = ${list.defaultOrder}`;
  return `query (${paging.variables}$per_page: Int = ${PER_PAGE}, ${order}, ${variables.join(', ')}) {
    data: ${list.field}(${paging.args}, orderBy: $sort, ${args.join(', ')}) { nodes { ${fields} } ${paging.also} }
  }`;
}

function typeName(type: FilterType, many: boolean): string {
  const name = typeof type === 'object' ? type.enum : type;
  return many ? `[${name}!]` : name;
}
