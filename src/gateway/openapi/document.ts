import type { OpenAPIObject, PathItemObject } from 'openapi3-ts/oas31';
import { VERSION } from '../../core/version.ts';
import type { Door } from '../doors.ts';
import type { Route } from '../rest/route.ts';
import { doorOperation } from './door.ts';
import { operationOf } from './operation.ts';
import { Shapes } from './shapes.ts';
import { SHARED_HEADERS, SHARED_PARAMETERS, SHARED_RESPONSES, SHARED_SCHEMAS } from './shared.ts';
import { WEBHOOK_CALLS, webhooksOf } from './webhooks.ts';

/**
 * The OpenAPI 3.1 document of `/v1`, printed from the rows that are served, what the schema answers them with, the doors beside
 * them and the events that are sent. It is the same on every machine, and can't say anything that the code doesn't do.
 */
export function printOpenApi(routes: Route[], doors: Door[]): OpenAPIObject {
  const shapes = new Shapes();
  const paths: Record<string, PathItemObject> = {};
  const tags = new Map<string, string>();
  for (const route of routes) {
    const { path, method, tag, summary } = route.row;
    paths[path] = { ...paths[path], [method.toLowerCase()]: operationOf(route, shapes) };
    if (!tags.has(tag)) tags.set(tag, route.operation.field.description ?? summary);
  }
  for (const door of doors) {
    paths[door.path] = { ...paths[door.path], [door.method.toLowerCase()]: doorOperation(door, door.about) };
    if (!tags.has(door.about.tag)) tags.set(door.about.tag, door.about.summary);
  }
  const { webhooks, schemas } = webhooksOf();
  tags.set(WEBHOOK_CALLS, 'What an endpoint in STANDARD format receives.');
  return {
    openapi: '3.1.0',
    info: {
      title: 'Bellhop',
      version: VERSION,
      description: ABOUT,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      contact: { name: 'Bellhop' },
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }, { basic: [] }],
    tags: [...tags].map(([name, description]) => ({ name, description })),
    paths,
    webhooks,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'A token of the agency, `7|…`.' },
        basic: { type: 'http', scheme: 'basic', description: 'The token as user name and no password, for BI tools.' },
      },
      headers: SHARED_HEADERS,
      parameters: SHARED_PARAMETERS,
      responses: SHARED_RESPONSES,
      schemas: { ...SHARED_SCHEMAS, ...shapes.schemas, ...schemas },
    },
  };
}

const ABOUT = `The REST side of Bellhop: one agency's properties, bookings, owners and webhooks. The same facts are at
\`/graphql\`.

Amounts are decimal numbers in the currency beside them. Check-in and check-out are days at the property, and the
check-out is not a night. Instants carry an offset. Every error has a \`code\` that never changes and a \`request_id\`.
An unknown field or parameter is refused with 422, never ignored. Answers may gain fields.

60 requests a minute a token; \`X-RateLimit-Remaining\` says how many are left. Writes take an \`Idempotency-Key\`.`;
