import { camel } from '../../core/text.ts';
import { type AnyEvent, catalogue } from '../../outbox/event.ts';
import { type JsonSchema, schemaOf } from '../../outbox/published.ts';
import { connectBody, standardBody } from '../../relay/envelope.ts';

/** The body of a call in one of its two forms: a schema whose `data` refers to a component, and an example. */
export interface CallBody {
  /** What `X-Event` says: `booking.created`, or `create_reservation`. */
  name: string;
  schema: JsonSchema;
  example: object;
}

export interface EventCalls {
  event: AnyEvent;
  standard: CallBody;
  connect?: CallBody;
}

/**
 * The calls that endpoints receive, one or two a declared event, with the components that their schemas refer to. The
 * documents of both kinds are printed from this, in the dialect that each of them speaks.
 */
export function callsOf(dialect: 'draft-2020-12' | 'draft-07'): {
  calls: EventCalls[];
  schemas: Record<string, JsonSchema>;
  connectSchemas: Record<string, JsonSchema>;
} {
  const components = new Components(dialect);
  const connectComponents = new Components(dialect);
  const calls = catalogue().map((event): EventCalls => {
    const { name, data, connect } = event;
    // Events of one family usually share one shape: `BookingData`; one that differs gets its own: `BookingMovedData`.
    const reference = components.of(data, [`${pascal(name.split('.')[0]!)}Data`, `${pascal(name)}Data`]);
    const standard = { name, schema: standardSchema(name, reference), example: standardExample(event) };
    if (!connect) return { event, standard };
    const told = connectComponents.of(connect.data, [
      `Connect${pascal(objectOf(event))}`,
      `Connect${pascal(connect.name)}`,
    ]);
    const schema = connectSchema(connect.name, told);
    return { event, standard, connect: { name: connect.name, schema, example: connectExample(event) } };
  });
  return { calls, schemas: components.schemas, connectSchemas: connectComponents.schemas };
}

/** Shapes of `data` by name; a shape that several events share is told once. */
class Components {
  readonly schemas: Record<string, JsonSchema> = {};
  private readonly names = new Map<AnyEvent['data'], string>();

  constructor(private readonly dialect: 'draft-2020-12' | 'draft-07') {}

  /** Where the shape stands: under the first of these names that another doesn't have. */
  of(data: AnyEvent['data'], names: string[]): JsonSchema {
    const name = this.names.get(data) ?? names.find((one) => !(one in this.schemas))!;
    this.names.set(data, name);
    this.schemas[name] ??= schemaOf(data, this.dialect);
    return { $ref: `#/components/schemas/${name}` };
  }
}

/** `booking.checked_in` → `BookingCheckedIn` */
export const pascal = (name: string): string => camel(`_${name.replace('.', '_')}`);

/** What an endpoint may say to be told of it, in Markdown. */
export function askedBy({ name, operational }: AnyEvent): string {
  const family = `${name.split('.')[0]}.*`;
  return operational ? `\`${name}\` or \`${family}\`` : `\`${name}\`, \`${family}\` or \`*\``;
}

/** What Connect calls the thing: `reservation`. */
const objectOf = ({ connectExample }: AnyEvent): string => (connectExample as { object: string }).object;

function standardSchema(name: string, data: JsonSchema): JsonSchema {
  return {
    type: 'object',
    required: ['id', 'event', 'created_at', 'agency_id', 'data'],
    properties: {
      id: { type: 'string', format: 'uuid' },
      event: { type: 'string', const: name },
      created_at: { type: 'string', format: 'date-time' },
      agency_id: { type: 'integer' },
      data,
    },
  };
}

function connectSchema(name: string, data: JsonSchema): JsonSchema {
  return {
    type: 'object',
    required: ['created_at', 'event', 'id', 'data', 'object'],
    properties: {
      created_at: { type: 'string', format: 'date-time' },
      event: { type: 'string', const: name },
      id: {
        type: 'integer',
        description: 'The event’s number in the log: rising, the same at every attempt and replay.',
      },
      data,
      object: { type: 'string', const: 'event' },
    },
  };
}

const createdAt = new Date('2026-07-15T10:23:41.622Z');

function standardExample({ name, example }: AnyEvent): object {
  const id = '019f6b1c-5b0e-7c3a-9d53-3c1f0a4e7b21';
  return JSON.parse(standardBody({ id, event: name, createdAt, agencyId: 42, data: example }));
}

function connectExample({ connect, connectExample }: AnyEvent): object {
  return JSON.parse(connectBody({ seq: 2739, event: connect!.name, createdAt, data: connectExample! }));
}
