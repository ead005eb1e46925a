import type { IncomingHttpHeaders } from 'node:http';
import { type GraphQLSchema, print } from 'graphql';
import { NotFound } from '../../core/errors.ts';
import type { Viewer } from '../../core/viewer.ts';
import { COST_LIMIT } from '../../graph/cost.ts';
import { PAGE_LIMIT } from '../../graph/page.ts';
import type { Form, Row } from '../../graph/row.ts';
import { type Answer, JSON_TYPE, PRIVATE } from './answer.ts';
import { etagOf, isKnown, lockOf, type Resource, requireMatch, taggerOf } from './etag.ts';
import { auditFile } from './exported.ts';
import { AS_JSON, formatOf } from './format.ts';
import { fieldsOf } from './leaves.ts';
import { listAnswerer } from './list.ts';
import { type Operation, readOperation } from './operation.ts';
import { namesIn, type Parameters, parametersOf, type Source } from './parameters.ts';
import { tableAnswerer } from './tables.ts';

/** A row, ready to be asked. */
export interface Route {
  row: Row;
  operation: Operation;
  parameters: Parameters;
  /** The dearest that its variables can make it: known to be within the limit since the boot. */
  most: Record<string, unknown>;
  answer(viewer: Viewer, asked: Asked): Promise<Answer>;
}

/** A request, as far as a route looks at it. */
export interface Asked extends Source {
  headers: IncomingHttpHeaders;
  /** The absolute address of the path, without the query. */
  url: string;
  /** The query string as it was written, without the question mark. */
  search: string;
}

/** Compiles all rows, or throws one error that names the row which can't work and why. */
export function compileRoutes(schema: GraphQLSchema, rows: Row[], how = { planned: false }): Route[] {
  const compiled = rows.map((row) => inRow(row, () => compile(schema, row, how)));
  const resources = new Map(
    compiled.flatMap((one) => {
      const resource = one.row.method === 'GET' && !one.row.walk ? resourceOf(one) : undefined;
      return resource ? [[one.row.path, resource] as const] : [];
    }),
  );
  return compiled.map((one) => ({ ...one, answer: inRow(one.row, () => answerer(schema, one, resources, how)) }));
}

type Compiled = Omit<Route, 'answer'>;
type Answerer = Route['answer'];

function compile(schema: GraphQLSchema, row: Row, how: { planned: boolean }): Compiled {
  const operation = readOperation(schema, row.document, how);
  const wanted = row.method === 'GET' ? 'query' : 'mutation';
  if (operation.node.operation !== wanted) throw new Error(`A ${row.method} is answered by a ${wanted}.`);
  const most = Object.fromEntries(
    operation.variables
      .filter(({ type }) => type === schema.getType('Int'))
      .map(({ name }) => [name, row.walk?.pages.most ?? PAGE_LIMIT]),
  );
  const cost = operation.plan.cost(most);
  if (cost > COST_LIMIT) throw new Error(`It can cost ${cost} points, and ${COST_LIMIT} is the most.`);
  const parameters = parametersOf(row, operation);
  const path = namesIn(row.path).map(() => ANY_ID);
  if (row.example) parameters.read({ path, query: new Map(), body: row.example });
  return { row, operation, most, parameters };
}

/** Good for a path whose ids are integers as for one whose ids are UUIDs: nothing is looked up with it. */
const ANY_ID = '00000000-0000-0000-0000-000000000000';

function answerer(
  schema: GraphQLSchema,
  compiled: Compiled,
  resources: Map<string, ReadableResource>,
  how: { planned: boolean },
): Answerer {
  if (compiled.row.walk) return listAnswerer(schema, compiled, how);
  if (compiled.row.method !== 'GET') return writer(compiled, resources);
  return compiled.row.tables ? tableAnswerer(schema, compiled.row, reader(compiled), how) : reader(compiled);
}

/** Reads one thing. The ETag lets a client ask whether it has changed. */
function reader({ row, operation, parameters }: Compiled): Answerer {
  const write = bodyWriter(operation);
  const tagOf = taggerOf(operation);
  const forms = row.forms ?? [];
  const types = [AS_JSON, ...forms.map(({ name, type }): [string, string] => [name, type])];
  return async (viewer, asked) => {
    const variables = parameters.read(asked);
    const name = forms.length > 0 ? formatOf(asked, types) : 'json';
    const form = forms.find((one) => one.name === name);
    const json = write(await operation.text(viewer, variables));
    const body = form ? await form.print(JSON.parse(json).data, viewer) : json;
    const etag = form ? etagOf(body) : tagOf(body);
    const known = asked.headers['if-none-match'];
    if (known !== undefined && isKnown(known, etag)) return { status: 304, headers: { ...PRIVATE, etag } };
    if (form)
      await auditFile(viewer, {
        path: asked.path.reduce((path, id) => path.replace(/\{\w+\}/, id), row.path),
        format: name,
      });
    const type = form ? typeSent(form) : JSON_TYPE;
    return { status: 200, headers: { 'content-type': type, ...PRIVATE, etag }, body };
  };
}

const typeSent = ({ type }: Form): string => (type.startsWith('text/') ? `${type}; charset=utf-8` : type);

/** Changes something. Where the answer says the same as a GET would, it carries the ETag for the next change. */
function writer({ row, operation, parameters }: Compiled, resources: Map<string, ReadableResource>): Answerer {
  const { status = 200 } = row;
  const write = bodyWriter(operation);
  const tagOf = taggerOf(operation);
  const target = resources.get(row.path.slice(0, row.path.indexOf('}') + 1));
  const made = [...resources].find(([path]) => status === 201 && path.replace(/\/\{\w+\}$/, '') === row.path);
  const selection = operation.selection && print(operation.selection);
  const sameAsRead = selection !== undefined && selection === (made?.[1] ?? target)?.selection;
  return async (viewer, asked) => {
    const variables = parameters.read(asked);
    const expected = asked.headers['if-match'];
    if (expected !== undefined) requireMatch(viewer, expected, target, variables);
    const value = await operation.text(viewer, variables);
    if (status === 204) return { status, headers: {} };
    const body = write(value);
    const headers: Record<string, string> = { 'content-type': JSON_TYPE };
    if (sameAsRead) headers.etag = tagOf(body);
    if (made) headers.location = `${asked.url}/${JSON.parse(value!).id}`;
    return { status, headers, body };
  };
}

type ReadableResource = Resource & { selection: string };

/** What a path with an id at its end stands for. */
function resourceOf({ row, operation }: Compiled): ReadableResource | undefined {
  const variable = /\{(\w+)\}$/.exec(row.path)?.[1];
  if (!variable || !operation.selection) return undefined;
  const write = bodyWriter(operation);
  return {
    variable,
    lock: lockOf(operation, variable),
    selection: print(operation.selection),
    tagOf: taggerOf(operation),
    read: async (viewer, variables) => write(await operation.text(viewer, variables)),
  };
}

/** From a root value's text to an answer's: under `data`, unless the selection says itself what `data` is. */
function bodyWriter({ selection }: Operation): (value: string | null) => string {
  const whole =
    selection !== undefined && fieldsOf(selection).some((node) => (node.alias ?? node.name).value === 'data');
  return (value) => {
    if (value === null) throw new NotFound('resource');
    return whole ? value : `{"data":${value}}`;
  };
}

function inRow<T>(row: Row, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new Error(`The row ${row.method} ${row.path} can't work: ${(error as Error).message}`, { cause: error });
  }
}
