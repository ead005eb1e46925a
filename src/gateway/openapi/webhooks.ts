import type { ParameterObject, PathItemObject, SchemaObject } from 'openapi3-ts/oas31';
import { askedBy, callsOf, type EventCalls, pascal } from '../calls/bodies.ts';
import { CALL_HEADERS } from '../calls/headers.ts';

/** What they are filed under. */
export const WEBHOOK_CALLS = 'Webhook calls';

/** The calls that an endpoint in STANDARD format receives: one a declared event, with the schema that its body is held to. */
export function webhooksOf(): { webhooks: Record<string, PathItemObject>; schemas: Record<string, SchemaObject> } {
  const { calls, schemas } = callsOf('draft-2020-12');
  const webhooks = calls.map((call): [string, PathItemObject] => [call.event.name, { post: operationOf(call) }]);
  return { webhooks: Object.fromEntries(webhooks), schemas };
}

function operationOf({ event, standard }: EventCalls): PathItemObject['post'] {
  const { name, summary } = event;
  return {
    operationId: `on${pascal(name)}`,
    tags: [WEBHOOK_CALLS],
    summary,
    description: `Sent to endpoints that ask for ${askedBy(event)}. At least once: \`id\` tells a repetition.`,
    security: [],
    parameters: HEADERS,
    requestBody: {
      required: true,
      content: { 'application/json': { schema: standard.schema as SchemaObject, example: standard.example } },
    },
    responses: {
      '2XX': { description: 'Any 2xx: delivered.' },
      '410': {
        description:
          'Disables the endpoint. Other statuses but 408, 425, 429 and 5xx end the delivery; those are tried again.',
      },
    },
  };
}

const HEADERS: ParameterObject[] = CALL_HEADERS.map(({ name, description, schema, optional }) => ({
  name,
  in: 'header',
  description,
  ...(!optional && { required: true }),
  schema,
}));
