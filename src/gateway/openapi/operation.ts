import {
  type GraphQLObjectType,
  getNamedType,
  getNullableType,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import type {
  OperationObject,
  ParameterObject,
  ReferenceObject,
  ResponseObject,
  SchemaObject,
} from 'openapi3-ts/oas31';
import type { Form, Row } from '../../graph/row.ts';
import { fieldsOf } from '../rest/leaves.ts';
import type { Variable } from '../rest/operation.ts';
import type { Route } from '../rest/route.ts';
import type { Shapes } from './shapes.ts';
import { header, parameter, refusals } from './shared.ts';

/** One row as OpenAPI tells it. */
export function operationOf(route: Route, shapes: Shapes): OperationObject {
  const { row, operation } = route;
  const id = operationId(route);
  const { status = 200 } = row;
  const nullable = !isNonNullType(operation.field.type);
  return {
    operationId: id,
    tags: [row.tag],
    summary: row.summary,
    description: operation.field.description ?? row.summary,
    'x-abilities': operation.plan.abilities,
    'x-cost': operation.plan.cost(row.walk ? { per_page: row.walk.pages.usual } : {}),
    parameters: [...parametersOf(route, shapes), ...headersOf(route)],
    ...bodyOf(route, shapes),
    responses: { [status]: answerOf(route, shapes, id), ...notModified(route), ...refusals(row, { nullable }) },
  };
}

/** `listBookings`, `getBooking`, `createBooking`: the root field, which is unique and stays. */
function operationId({ row, operation }: Route): string {
  const { name } = operation.field;
  if (row.method !== 'GET') return name;
  const verb = row.walk || isListType(getNullableType(operation.field.type)) ? 'list' : 'get';
  const { read } = row.walk?.within ?? {};
  return verb + (read ? capital(read) : '') + capital(name);
}

const capital = (name: string): string => name[0]!.toUpperCase() + name.slice(1);

function parametersOf({ row, parameters }: Route, shapes: Shapes): ParameterObject[] {
  const path = parameters.path.map(
    (variable): ParameterObject => ({
      name: variable.name,
      in: 'path',
      required: true,
      description: variable.description ?? 'Which one.',
      schema: shapes.input(variable.type),
    }),
  );
  const query = parameters.query.map((variable): ParameterObject => {
    const list = isListType(getNullableType(variable.type));
    return {
      name: variable.name,
      in: 'query',
      ...(isNonNullType(variable.type) && { required: true }),
      description: (row.walk && PAGING[variable.name]?.description) ?? variable.description ?? 'A filter.',
      ...(list && { style: 'form', explode: false }),
      schema: { ...shapes.input(variable.type), ...rangeOf(row, variable) },
    };
  });
  return [...path, ...query, ...(row.walk ? walkOf(row.walk) : []), ...formsOf(row), ...tablesOf(row)];
}

function rangeOf({ walk }: Row, variable: Variable): SchemaObject {
  const range = (walk && PAGING[variable.name]?.range?.(walk.pages.most)) || {};
  if (variable.default === undefined) return range;
  const isEnum = isEnumType(getNamedType(variable.type));
  return { ...range, default: isEnum ? String(variable.default).toLowerCase() : variable.default };
}

/** The parameters that every list has. Their arguments' own descriptions speak of GraphQL. */
const PAGING: Record<string, { description: string; range?: (most: number) => SchemaObject }> = {
  page: { description: 'Which page, from 1.', range: () => ({ minimum: 1 }) },
  per_page: { description: 'How many rows a page holds.', range: (most) => ({ minimum: 1, maximum: most }) },
  sort: { description: 'The order of the rows; equal ones by id.' },
};

const walkOf = ({ pages: { most } }: NonNullable<Row['walk']>): ParameterObject[] => [
  {
    name: 'cursor',
    in: 'query',
    description:
      'Walks a deep list without counting it: empty for the first page, then `meta.next_cursor`. Not together with `page`.',
    allowEmptyValue: true,
    schema: { type: 'string' },
  },
  {
    name: 'format',
    in: 'query',
    description: `\`csv\` does what \`Accept: text/csv\` does, and \`ndjson\` what \`Accept: application/x-ndjson\` does: the objects of \`data\`, a line each. Both hold ${most} rows a page when \`per_page\` is not said; \`Link\` leads to the next.`,
    schema: { type: 'string', enum: ['json', 'csv', 'ndjson'], default: 'json' },
  },
  {
    name: 'all',
    in: 'query',
    description:
      'For CSV and NDJSON: every row that the filters leave, in one answer that is written as it is read. It counts as one request. A row is told as it is when the answer comes to it; one whose place in the order changes meanwhile can be missed or told twice, so sort by what does not change. An answer that breaks off is not complete. Not together with `page`, `per_page` or `cursor`.',
    schema: { type: 'boolean', default: false },
  },
];

/** How one thing can be had in another form than JSON. */
function formsOf({ forms }: Row): ParameterObject[] {
  if (!forms) return [];
  const says = forms.map(({ name, type }) => `\`${name}\` does what \`Accept: ${type}\` does`).join(', and ');
  const names = ['json', ...forms.map(({ name }) => name)];
  return [
    {
      name: 'format',
      in: 'query',
      description: `${says}.`,
      schema: { type: 'string', enum: names, default: 'json' },
    },
  ];
}

/** How a report can be had as one of its tables. */
function tablesOf({ tables }: Row): ParameterObject[] {
  if (!tables) return [];
  const names = Object.keys(tables);
  return [
    {
      name: 'format',
      in: 'query',
      description: '`csv` and `ndjson` answer with one table of the report, as `Accept` does; `rows` says which.',
      schema: { type: 'string', enum: ['json', 'csv', 'ndjson'], default: 'json' },
    },
    {
      name: 'rows',
      in: 'query',
      description: 'The table of CSV and NDJSON; JSON holds all of them.',
      schema: { type: 'string', enum: names, default: names[0] },
    },
  ];
}

function headersOf({ row }: Route): ReferenceObject[] {
  if (row.method === 'GET') return row.walk ? [] : [parameter('IfNoneMatch')];
  return row.path.includes('{') ? [parameter('IdempotencyKey'), parameter('IfMatch')] : [parameter('IdempotencyKey')];
}

function bodyOf({ row, parameters }: Route, shapes: Shapes): Pick<OperationObject, 'requestBody'> {
  const { input, body } = parameters;
  if (!input && body.length === 0) return {};
  const required = body.filter(({ type }) => isNonNullType(type)).map(({ name }) => name);
  const schema = input ? shapes.input(input.type) : keysOf(body, required, shapes);
  const example = row.example ? { example: row.example } : {};
  return {
    requestBody: {
      required: input !== undefined || required.length > 0,
      content: { 'application/json': { schema, ...example } },
    },
  };
}

function keysOf(body: Variable[], required: string[], shapes: Shapes): SchemaObject {
  const properties = body.map(({ name, type, description }) => [
    name,
    { ...shapes.input(type), ...(description && { description }) },
  ]);
  return {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(properties),
    ...(required.length > 0 && { required }),
  };
}

function answerOf(route: Route, shapes: Shapes, id: string): ResponseObject {
  const { row, operation } = route;
  const limits = {
    'X-RateLimit-Limit': header('RateLimitLimit'),
    'X-RateLimit-Remaining': header('RateLimitRemaining'),
  };
  const headers = { ...limits, 'X-Request-Id': header('RequestId') };
  if (row.status === 204) return { description: 'Done. There is no body.', headers };
  const type = getNamedType(operation.field.type) as GraphQLObjectType;
  if (row.walk) return listAnswer(type, operation.selection!, shapes, id, headers);
  const shape = shapes.output(type, operation.selection!, `${capital(id)}Answer`);
  const many = isListType(getNullableType(operation.field.type));
  const whole = fieldsOf(operation.selection!).some((node) => (node.alias ?? node.name).value === 'data');
  const schema = whole ? shape : wrapped(many ? { type: 'array', items: shape } : shape);
  return {
    description: row.status === 201 ? 'Created.' : 'Done.',
    headers: {
      ...headers,
      ...(row.method === 'GET' && { ETag: header('ETag') }),
      ...(row.status === 201 && { Location: header('Location') }),
    },
    content: {
      'application/json': { schema },
      ...Object.fromEntries([...(row.forms ?? []), ...tableTypes(row)].map(contentOf)),
    },
  };
}

const tableTypes = ({ tables }: Row): Pick<Form, 'type'>[] =>
  tables ? [{ type: 'text/csv' }, { type: 'application/x-ndjson' }] : [];

/** A text, or bytes, of which OpenAPI says the type and nothing else. */
function contentOf({ type }: Pick<Form, 'type'>): [string, { schema?: SchemaObject }] {
  return [type, type.startsWith('text/') ? { schema: { type: 'string' } } : {}];
}

function listAnswer(
  type: GraphQLObjectType,
  selection: NonNullable<Route['operation']['selection']>,
  shapes: Shapes,
  id: string,
  headers: NonNullable<ResponseObject['headers']>,
): ResponseObject {
  const nodes = fieldsOf(selection).find(({ name }) => name.value === 'nodes')!;
  const row = getNamedType(type.getFields().nodes!.type);
  if (!isObjectType(row)) throw new Error('Its nodes are not objects.');
  const shape = shapes.output(row, nodes.selectionSet!, `${capital(id)}Row`);
  const page = (name: string) => ({ $ref: `#/components/schemas/${name}` });
  const schema: SchemaObject = {
    type: 'object',
    required: ['data', 'links', 'meta'],
    properties: {
      data: { type: 'array', items: shape },
      links: page('PageLinks'),
      meta: { anyOf: [page('PageMeta'), page('CursorMeta')] },
    },
  };
  return {
    description: 'A page of the list; with `all`, the whole list.',
    headers: { ...headers, Link: header('Link') },
    content: {
      'application/json': { schema },
      'text/csv': { schema: { type: 'string' } },
      'application/x-ndjson': { schema: { type: 'string' } },
    },
  };
}

const wrapped = (shape: SchemaObject | ReferenceObject): SchemaObject => ({
  type: 'object',
  required: ['data'],
  properties: { data: shape },
});

function notModified({ row }: Route): Record<string, ReferenceObject> {
  return row.method === 'GET' && !row.walk ? { 304: { $ref: '#/components/responses/NotModified' } } : {};
}
