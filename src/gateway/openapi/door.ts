import type {
  OperationObject,
  ParameterObject,
  ReferenceObject,
  ResponseObject,
  SchemaObject,
} from 'openapi3-ts/oas31';
import type { Door, DoorFacts } from '../doors.ts';
import { namesIn } from '../rest/parameters.ts';
import { header, parameter, response } from './shared.ts';

/** A door as OpenAPI tells it. No token opens it, and its refusals are fewer than a row's. */
export function doorOperation({ path, method, revalidates = false }: Door, facts: DoorFacts): OperationObject {
  const { operationId, tag, summary, description, answers, body } = facts;
  return {
    operationId,
    tags: [tag],
    summary,
    description,
    security: [],
    parameters: [
      ...namesIn(path).map((name) => said('path', name, 'Which one.')),
      ...Object.entries(facts.query ?? {}).map(([name, about]) => said('query', name, about)),
      ...Object.entries(facts.headers ?? {}).map(([name, about]) => said('header', name, about)),
      ...(revalidates ? [parameter('IfNoneMatch')] : []),
    ],
    ...(body && { requestBody: { required: true, content: { [body]: { schema: shapeOf(body) } } } }),
    responses: {
      ...Object.fromEntries(Object.entries(answers).map(([status, one]) => [status, answer(one, revalidates)])),
      ...(revalidates && { 304: { $ref: '#/components/responses/NotModified' } }),
      ...(method === 'POST' && { 400: response('BadRequest'), 413: response('PayloadTooLarge') }),
      404: response('NotFound'),
      500: response('ServerError'),
      503: response('Unavailable'),
      504: response('Timeout'),
    } satisfies Record<string, ResponseObject | ReferenceObject>,
  };
}

function said(where: 'path' | 'query' | 'header', name: string, description: string): ParameterObject {
  return { name, in: where, required: true, description, schema: { type: 'string' } };
}

function answer({ description, type, example }: DoorFacts['answers'][number], revalidates: boolean): ResponseObject {
  return {
    description,
    headers: { 'X-Request-Id': header('RequestId'), ...(revalidates && { ETag: header('ETag') }) },
    ...(type && { content: { [type]: { schema: shapeOf(type), ...(example !== undefined && { example }) } } }),
  };
}

/** No closer: what stands inside is somebody else's format. */
const shapeOf = (type: string): SchemaObject => ({ type: type.startsWith('text/') ? 'string' : 'object' });
