import { type GraphQLObjectType, type GraphQLSchema, getNamedType } from 'graphql';
import { Invalid, NotFound } from '../../core/errors.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Row } from '../../graph/row.ts';
import type { FoundPage } from '../../planner/list.ts';
import { type Answer, JSON_TYPE, PRIVATE } from './answer.ts';
import { CSV_TYPE, csvOf } from './csv.ts';
import { auditRows, EXPORTED_ROWS } from './exported.ts';
import { type Format, formatOf } from './format.ts';
import { fieldsOf } from './leaves.ts';
import { NDJSON_TYPE, writeNdjson } from './ndjson.ts';
import { type Operation, readOperation } from './operation.ts';
import { BACKWARD, cursorsOf, keptQuery, lastPage, numberedBody, walkedBody } from './page.ts';
import { BOOLEANS, type Parameters, parametersOf } from './parameters.ts';
import type { Asked, Route } from './route.ts';

/**
 * Answers a list in one of three ways, each with a frozen document of its own, so that the SQL holds nothing that isn't
 * asked for: numbered pages count all rows, a walk by cursor doesn't, and one that goes back starts from the other end.
 * With `all`, the walk forward goes on to the end in one answer.
 */
export function listAnswerer(
  schema: GraphQLSchema,
  { row, operation, parameters }: Omit<Route, 'answer'>,
  how: { planned: boolean },
): Route['answer'] {
  const { pages, within } = row.walk!;
  // A list of nobody's would be empty, and look as if there were somebody.
  const parent = within && readOperation(schema, `query ($id: ID!) { data: ${within.read}(id: $id) { id } }`, how);
  const numbered = { operation, parameters };
  const forward = walk(schema, row, row.walk!.forward, how);
  const backward = walk(schema, row, row.walk!.backward, how);
  const nodes = fieldsOf(operation.selection!).find(({ name }) => name.value === 'nodes')!;
  const connection = getNamedType(operation.field.type) as GraphQLObjectType;
  const nodeType = getNamedType(connection.getFields().nodes!.type) as GraphQLObjectType;
  const bare: Record<Exclude<Format, 'json'>, Bare> = {
    csv: { format: 'csv', type: CSV_TYPE, write: csvOf(nodeType, nodes.selectionSet!) },
    ndjson: { format: 'ndjson', type: NDJSON_TYPE, write: writeNdjson },
  };

  return async (viewer, asked) => {
    if (parent && (await parent.text(viewer, { id: asked.path[0] })) === null) throw new NotFound(within!.read);
    const format = formatOf(asked);
    const form = format === 'json' ? undefined : bare[format];
    if (wantsAll(asked)) return everyRow(viewer, asked, form ?? refuseAllAsJson());
    const cursor = asked.query.get('cursor')?.at(-1);
    if (cursor !== undefined && asked.query.has('page'))
      throw new Invalid({ page: ["can't be given together with cursor"] });
    // Bare rows go by cursor unless a page is asked for: whoever pulls everything has no use for a count at each page.
    if (cursor === undefined && !(form && !asked.query.has('page'))) return byNumber(viewer, asked, form);
    return byCursor(viewer, asked, form, cursor?.startsWith(BACKWARD) ? backward : forward);
  };

  async function byNumber(viewer: Viewer, asked: Asked, form: Bare | undefined): Promise<Answer> {
    const variables = numbered.parameters.read(asked);
    if (form) variables.per_page ??= pages.most;
    const { page = 1, per_page: perPage = pages.usual } = variables as { page?: number; per_page?: number };
    const found = await numbered.operation.page(viewer, variables);
    if (!form) return json(numberedBody(found, { url: asked.url, query: asked.search }, page, perPage));
    const more = page < lastPage(found.total, perPage);
    return pageOf(viewer, found, form, asked, more ? { page: page + 1 } : undefined);
  }

  async function byCursor(viewer: Viewer, asked: Asked, form: Bare | undefined, way: Way): Promise<Answer> {
    const variables = way.parameters.read(asked);
    if (form) variables.per_page ??= pages.most;
    if (way === backward) variables.cursor = (variables.cursor as string).slice(BACKWARD.length);
    const found = await way.operation.page(viewer, variables);
    const perPage = (variables.per_page as number | undefined) ?? pages.usual;
    if (!form) return json(walkedBody(found, { url: asked.url, query: asked.search }, perPage));
    const { next } = cursorsOf(found);
    return pageOf(viewer, found, form, asked, next ? { cursor: next } : undefined);
  }

  /** The next page is told in a header, because bare rows have no other place for it. */
  async function pageOf(
    viewer: Viewer,
    found: FoundPage,
    { format, type, write }: Bare,
    { url, search }: Asked,
    next: Record<string, string | number> | undefined,
  ): Promise<Answer> {
    if (found.count >= EXPORTED_ROWS)
      await auditRows(viewer, { list: row.path, format, rows: found.count, complete: !next });
    const headers: Record<string, string> = { 'content-type': type, ...PRIVATE };
    if (next) {
      const [[name, value]] = Object.entries(next) as [[string, string | number]];
      const kept = keptQuery(search, name);
      const said = new URLSearchParams(search).has('format') ? '' : `format=${format}&`;
      headers.link = `<${url}?${kept}${said}${name}=${value}>; rel="next"`;
    }
    return { status: 200, headers, body: write(rowsOf(found)) };
  }

  /**
   * The whole list in one answer. Each page is a statement of its own that begins where the last one ended, so that no
   * transaction stays open however slowly a client reads, and no statement comes near the database's limit. The first is
   * found before the answer begins: what there is to refuse is refused in the ordinary way, and within the deadline.
   */
  async function everyRow(viewer: Viewer, asked: Asked, { format, type, write }: Bare): Promise<Answer> {
    const variables: Record<string, unknown> = {
      ...forward.parameters.read(asked),
      per_page: pages.exported,
    };
    let found = await forward.operation.page(viewer, variables);
    async function* parts() {
      let rows = 0;
      try {
        yield write(rowsOf(found));
        rows += found.count;
        while (found.after) {
          await viewer.stillLetIn();
          found = await forward.operation.page(viewer, { ...variables, cursor: found.endCursor });
          yield write(rowsOf(found), { header: false });
          rows += found.count;
        }
      } finally {
        // Also of a client that went away: what it has read, it has.
        await auditRows(viewer, { list: row.path, format, rows, complete: !found.after });
      }
    }
    return { status: 200, headers: { 'content-type': type, ...PRIVATE }, stream: parts() };
  }
}

/** A form of the answer that holds rows and nothing beside them. */
interface Bare {
  format: Format;
  type: string;
  /** Without a header, if the form has one, where the rows go on from others. */
  write(rows: unknown[], how?: { header: boolean }): string;
}

const rowsOf = ({ nodes }: FoundPage): unknown[] => JSON.parse(`[${nodes}]`);

interface Way {
  operation: Operation;
  parameters: Parameters;
}

function walk(schema: GraphQLSchema, row: Row, document: string, how: { planned: boolean }): Way {
  const operation = readOperation(schema, document, how);
  return { operation, parameters: parametersOf(row, operation) };
}

const JSON_HEADERS = { 'content-type': JSON_TYPE, ...PRIVATE };

const json = (body: string): Answer => ({ status: 200, headers: JSON_HEADERS, body });

/** Whether the whole list is asked for, which goes together with none of the ways to ask for a part of it. */
function wantsAll({ query }: Asked): boolean {
  const said = query.get('all')?.at(-1);
  if (!said) return false;
  const all = BOOLEANS.get(said.toLowerCase());
  if (all === undefined) throw new Invalid({ all: ['must be true or false'] });
  const parts = ['page', 'per_page', 'cursor'].filter((name) => all && query.has(name));
  if (parts.length > 0)
    throw new Invalid(Object.fromEntries(parts.map((name) => [name, ["can't be given together with all"]])));
  return all;
}

/** JSON says how many rows there are and where the next are; it can't be written before it is known whole. */
function refuseAllAsJson(): never {
  throw new Invalid({ all: ['is for CSV and NDJSON; add format=csv or format=ndjson'] });
}
