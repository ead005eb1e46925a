import type { ParameterObject, PathItemObject, SchemaObject } from 'openapi3-ts/oas31';
import { z } from 'zod';
import { camel } from '../../core/text.ts';
import { type AnyEvent, catalogue } from '../../outbox/event.ts';

/** What they are filed under. */
export const WEBHOOK_CALLS = 'Webhook calls';

/** The calls that an endpoint in STANDARD format receives: one a declared event, with the schema that its body is held to. */
export function webhooksOf(): { webhooks: Record<string, PathItemObject>; schemas: Record<string, SchemaObject> } {
  const schemas: Record<string, SchemaObject> = {};
  const names = new Map<AnyEvent['data'], string>();
  const webhooks = catalogue().map((event): [string, PathItemObject] => {
    const known = names.get(event.data);
    const name = known ?? nameOf(event, schemas);
    if (!known) {
      names.set(event.data, name);
      schemas[name] = dataSchema(event);
    }
    return [event.name, { post: callOf(event, name) }];
  });
  return { webhooks: Object.fromEntries(webhooks), schemas };
}

/** Events of one family usually share one shape: `BookingData`; one that differs gets its own: `BookingMovedData`. */
function nameOf({ name }: AnyEvent, taken: Record<string, SchemaObject>): string {
  const family = `${pascal(name.split('.')[0]!)}Data`;
  return family in taken ? `${pascal(name)}Data` : family;
}

const pascal = (name: string): string => camel(`_${name.replace('.', '_')}`);

/** Without `additionalProperties: false`: an event gains keys in time, and a receiver must bear that. */
function dataSchema({ data }: AnyEvent): SchemaObject {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(data, {
    io: 'input',
    override({ jsonSchema }) {
      if (jsonSchema.type !== 'integer') return;
      delete jsonSchema.minimum; // What a double holds exactly: true, and of no use to a reader.
      delete jsonSchema.maximum;
    },
  });
  return schema as SchemaObject;
}

function callOf(event: AnyEvent, data: string): PathItemObject['post'] {
  return {
    operationId: `on${pascal(event.name)}`,
    tags: [WEBHOOK_CALLS],
    summary: event.summary,
    description: `Sent to endpoints that ask for \`${event.name}\`, \`${event.name.split('.')[0]}.*\` or \`*\`. At least once: \`id\` tells a repetition.`,
    security: [],
    parameters: HEADERS,
    requestBody: {
      required: true,
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['id', 'event', 'created_at', 'agency_id', 'data'],
            properties: {
              id: { type: 'string', format: 'uuid' },
              event: { type: 'string', const: event.name },
              created_at: { type: 'string', format: 'date-time' },
              agency_id: { type: 'integer' },
              data: { $ref: `#/components/schemas/${data}` },
            },
          },
          example: {
            id: '019f6b1c-5b0e-7c3a-9d53-3c1f0a4e7b21',
            event: event.name,
            created_at: '2026-07-15T10:23:41+00:00',
            agency_id: 42,
            data: event.example,
          },
        },
      },
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

const text: SchemaObject = { type: 'string' };

const HEADERS: ParameterObject[] = [
  { name: 'X-Signature', description: 'Lower-case hex HMAC-SHA256 of the raw body, keyed with the whole secret.' },
  { name: 'webhook-id', description: 'The event’s id, as Standard Webhooks has it.' },
  { name: 'webhook-timestamp', description: 'When this attempt was made, in unix seconds.' },
  {
    name: 'webhook-signature',
    description: '`v1,` and base64, as Standard Webhooks has it; one for each living secret.',
  },
  { name: 'X-Event', description: 'The event’s name.' },
  { name: 'X-Delivery-Id', description: 'The delivery, as `/v1/webhook-deliveries` has it.' },
  { name: 'X-Attempt', description: '1 to 5.' },
].map((header) => ({ ...header, in: 'header', required: true, schema: text }));
