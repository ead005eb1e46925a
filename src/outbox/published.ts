import { z } from 'zod';
import type { AnyEvent } from './event.ts';

/** A JSON Schema as it is printed: plain JSON. */
export type JsonSchema = Record<string, unknown>;

/** What is published of an event: the schema of its `data` with its words and an example. */
export function publishedEvent({ name, summary, data, example }: AnyEvent): JsonSchema {
  return { $schema: DIALECT, $id: name, title: name, description: summary, ...schemaOf(data), examples: [example] };
}

/** The same of its form in Stayntouch Connect's words, where it has one. Several events may have the same. */
export function publishedConnectForm({ connect, connectExample }: AnyEvent): JsonSchema | undefined {
  if (!connect) return undefined;
  const { name, data } = connect;
  return { $schema: DIALECT, title: name, ...schemaOf(data), examples: [connectExample] };
}

/**
 * The JSON Schema of what a receiver reads. It leaves room for keys that come later, because a receiver that refused
 * those would break on the day that an event learns something; and it says nothing that only a validator of ours needs.
 */
export function schemaOf(data: z.ZodObject, target: 'draft-2020-12' | 'draft-07' = 'draft-2020-12'): JsonSchema {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(data, {
    target,
    io: 'input',
    override({ jsonSchema }) {
      if (jsonSchema.format) delete jsonSchema.pattern; // The format in three hundred letters.
      if (jsonSchema.type !== 'integer') return;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum; // What a double holds exactly.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  return schema;
}

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';
