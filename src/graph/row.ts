import { snake } from '../core/text.ts';
import type { Viewer } from '../core/viewer.ts';
import { argumentsOf, type List, typeName } from './list.ts';
import { type PageSizes, pageSizes } from './page.ts';

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
  /** What a GET of one thing can be answered with beside JSON. */
  forms?: Form[];
  /**
   * For a report of several tables: the documents of those that can be had as CSV and NDJSON by `?rows=`, each leading to one
   * list. The first is the one that nobody has to name.
   */
  tables?: Record<string, string>;
  /** Set by `listRow`: the other two ways to page, and how many rows at a time, `exported` when all of them are pulled. */
  walk?: { forward: string; backward: string; pages: PageSizes & { exported: number }; within?: Within };
}

/** Another form of an answer. It is printed from what JSON would say, so the two can't say different things. */
export interface Form {
  /** Its name in `?format=`: `pdf`. */
  name: string;
  /** Its name in `Accept`, and what it is sent as: `application/pdf`. */
  type: string;
  /** From the answer's `data`, as a client reads it. The same data is printed as the same bytes: the ETag is theirs. */
  // biome-ignore lint/suspicious/noExplicitAny: whoever writes a row knows what its document answers
  print(data: any, viewer: Viewer): string | Promise<Uint8Array>;
}

/** The one thing whose rows a list is: `/v1/properties/{id}/ical-sources` is the list of sources with a filter in its path. */
export interface Within {
  /** The root field that reads that thing by its id: `property`. */
  read: string;
  /** The list's filter that its id is for: `propertyId`. */
  filter: string;
}

/** What Laravel's pages hold when nobody says how many. */
const PER_PAGE = 15;

/**
 * Rows that an export reads at a time. Larger pages are a little faster, but V8 puts texts of more than 128 KB where only a
 * full collection finds them, and a server that exports would grow by all that it has sent.
 */
const EXPORT_PAGE = 100;

function pagesOf(list: List): PageSizes & { exported: number } {
  const { most } = pageSizes(list);
  return { usual: list.pageLimit ?? PER_PAGE, most, exported: list.exportPage ?? EXPORT_PAGE };
}

/** The row of a declared list: its filters, orders and pages become parameters. `fields` is the selection of one row. */
export function listRow(facts: {
  path: string;
  list: List;
  fields: string;
  tag: string;
  summary: string;
  within?: Within;
}): Row {
  const { list, fields, path, tag, summary, within } = facts;
  const pages = { variables: '$page: Int = 1, ', args: 'page: $page, first: $per_page', also: 'totalCount' };
  const forward = { variables: '$cursor: String, ', args: 'after: $cursor, first: $per_page', also: PAGE_INFO };
  const backward = { variables: '$cursor: String, ', args: 'before: $cursor, last: $per_page', also: PAGE_INFO };
  const print = (paging: typeof pages) => listDocument(list, fields, paging, within);
  return {
    method: 'GET',
    path,
    tag,
    summary,
    document: print(pages),
    walk: { forward: print(forward), backward: print(backward), pages: pagesOf(list), within },
  };
}

const PAGE_INFO = 'pageInfo { hasNextPage hasPreviousPage startCursor endCursor }';

function listDocument(
  list: List,
  fields: string,
  paging: { variables: string; args: string; also: string },
  within?: Within,
): string {
  const given = Object.entries(argumentsOf(list)).map(([name, argument]) =>
    name === within?.filter
      ? { name, variable: 'id', type: typeName({ ...argument, required: true }) }
      : { name, variable: snake(name), type: typeName(argument) },
  );
  const variables = given.map(({ variable, type }) => `$${variable}: ${type}`);
  const args = given.map(({ name, variable }) => `${name}: $${variable}`);
  const order = `$sort: ${list.type}Order = ${list.defaultOrder}`;
  return `query (${paging.variables}$per_page: Int = ${pagesOf(list).usual}, ${order}, ${variables.join(', ')}) {
    data: ${list.field}(${paging.args}, orderBy: $sort, ${args.join(', ')}) { nodes { ${fields} } ${paging.also} }
  }`;
}
