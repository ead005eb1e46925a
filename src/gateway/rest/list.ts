import { type GraphQLObjectType, type GraphQLSchema, getNamedType } from 'graphql';
import { Invalid } from '../../core/errors.ts';
import type { Viewer } from '../../core/viewer.ts';
import { PAGE_LIMIT } from '../../graph/page.ts';
import { PER_PAGE, type Row } from '../../graph/row.ts';
import { type Answer, JSON_TYPE, PRIVATE } from './answer.ts';
import { CSV_TYPE, csvOf } from './csv.ts';
import { fieldsOf } from './leaves.ts';
import { type Operation, readOperation } from './operation.ts';
import { BACKWARD, cursorsOf, keptQuery, lastPage, numberedBody, walkedBody } from './page.ts';
import { type Parameters, parametersOf } from './parameters.ts';
import type { Asked, Route } from './route.ts';

/**
 * Answers a list in one of three ways, each with a frozen document of its own, so that the SQL holds nothing that isn't
 * asked for: numbered pages count all rows, a walk by cursor doesn't, and one that goes back starts from the other end.
 */
export function listAnswerer(
  schema: GraphQLSchema,
  { row, operation, parameters }: Omit<Route, 'answer'>,
  how: { planned: boolean },
): Route['answer'] {
  const numbered = { operation, parameters };
  const forward = walk(schema, row, row.walk!.forward, how);
  const backward = walk(schema, row, row.walk!.backward, how);
  const nodes = fieldsOf(operation.selection!).find(({ name }) => name.value === 'nodes')!;
  const connection = getNamedType(operation.field.type) as GraphQLObjectType;
  const writeCsv = csvOf(getNamedType(connection.getFields().nodes!.type) as GraphQLObjectType, nodes.selectionSet!);

  return async (viewer, asked) => {
    const csv = wantsCsv(asked);
    const cursor = asked.query.get('cursor')?.at(-1);
    if (cursor !== undefined && asked.query.has('page'))
      throw new Invalid({ page: ["can't be given together with cursor"] });
    // A CSV goes by cursor unless a page is asked for: whoever pulls everything has no use for a count at each page.
    if (cursor === undefined && !(csv && !asked.query.has('page'))) return byNumber(viewer, asked, csv);
    return byCursor(viewer, asked, csv, cursor?.startsWith(BACKWARD) ? backward : forward);
  };

  async function byNumber(viewer: Viewer, asked: Asked, csv: boolean): Promise<Answer> {
    const variables = numbered.parameters.read(asked);
    if (csv) variables.per_page ??= PAGE_LIMIT;
    const { page = 1, per_page: perPage = PER_PAGE } = variables as { page?: number; per_page?: number };
    const found = await numbered.operation.page(viewer, variables);
    if (!csv) return json(numberedBody(found, { url: asked.url, query: asked.search }, page, perPage));
    const more = page < lastPage(found.total, perPage);
    return csvAnswer(JSON.parse(`[${found.nodes}]`), asked, more ? { page: page + 1 } : undefined);
  }

  async function byCursor(viewer: Viewer, asked: Asked, csv: boolean, way: Way): Promise<Answer> {
    const variables = way.parameters.read(asked);
    if (csv) variables.per_page ??= PAGE_LIMIT;
    if (way === backward) variables.cursor = (variables.cursor as string).slice(BACKWARD.length);
    const found = await way.operation.page(viewer, variables);
    const perPage = (variables.per_page as number | undefined) ?? PER_PAGE;
    if (!csv) return json(walkedBody(found, { url: asked.url, query: asked.search }, perPage));
    const { next } = cursorsOf(found);
    return csvAnswer(JSON.parse(`[${found.nodes}]`), asked, next ? { cursor: next } : undefined);
  }

  /** The next page is told in a header, because a CSV has no other place for it. */
  function csvAnswer(
    rows: unknown[],
    { url, search }: Asked,
    next: Record<string, string | number> | undefined,
  ): Answer {
    const headers: Record<string, string> = { 'content-type': CSV_TYPE, ...PRIVATE };
    if (next) {
      const [[name, value]] = Object.entries(next) as [[string, string | number]];
      const kept = keptQuery(search, name);
      const format = new URLSearchParams(search).has('format') ? '' : 'format=csv&';
      headers.link = `<${url}?${kept}${format}${name}=${value}>; rel="next"`;
    }
    return { status: 200, headers, body: writeCsv(rows) };
  }
}

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

/** `?format=` decides; without it, an Accept that prefers CSV to JSON. */
function wantsCsv({ query, headers }: Asked): boolean {
  const format = query.get('format')?.at(-1);
  if (format === 'csv') return true;
  if (format !== undefined && format !== 'json') throw new Invalid({ format: ['must be json or csv'] });
  if (format === 'json' || !headers.accept?.includes('csv')) return false;
  return weight(headers.accept, 'text/csv') > weight(headers.accept, 'application/json');
}

/** The q of a type that an Accept header names; 0 when it doesn't. */
function weight(accept: string, type: string): number {
  for (const range of accept.toLowerCase().split(',')) {
    const [name, ...parameters] = range.split(';').map((part) => part.trim());
    if (name !== type) continue;
    const q = parameters.find((parameter) => parameter.startsWith('q='));
    return q ? Number(q.slice(2)) || 0 : 1;
  }
  return 0;
}
