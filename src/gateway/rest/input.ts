import { distance } from 'fastest-levenshtein';
import {
  type GraphQLEnumType,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLScalarType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredInputField,
} from 'graphql';
import { nearest, snake } from '../../core/text.ts';

/** What is wrong, by dotted snake_case path. */
export type Problems = Record<string, string[]>;

/**
 * Reads a value from outside as a type of the schema: keys from snake_case, enums in any case. What doesn't fit goes to
 * `problems` in words that a person can act on, all of it at once. The result is what graphql-js takes as a variable.
 */
export type Read = (value: unknown, path: string, problems: Problems) => unknown;

/** Compiles the reader of a type. */
export function readerOf(type: GraphQLInputType): Read {
  if (isNonNullType(type)) return required(readerOf(type.ofType));
  const read = isListType(type)
    ? list(readerOf(type.ofType))
    : isInputObjectType(type)
      ? object(type)
      : isEnumType(type)
        ? oneOf(type)
        : scalar(type);
  return (value, path, problems) => (value == null ? value : read(value, path, problems));
}

export function complain(problems: Problems, path: string, message: string): void {
  problems[path] = [...(problems[path] ?? []), message];
}

const required = (read: Read): Read => {
  return (value, path, problems) => {
    if (value != null) return read(value, path, problems);
    complain(problems, path, value === null ? "can't be null" : 'is required');
    return undefined;
  };
};

const list = (read: Read): Read => {
  return (value, path, problems) => {
    if (Array.isArray(value))
      return value.map((one, i) => read(one === undefined ? null : one, `${path}.${i}`, problems));
    complain(problems, path, 'must be a list');
    return undefined;
  };
};

const compiled = new WeakMap<GraphQLInputObjectType, Read>();

/** Kept by type, because an input type may hold itself. */
function object(type: GraphQLInputObjectType): Read {
  const known = compiled.get(type);
  if (known) return known;
  const fields = new Map<string, { name: string; read: Read; required: boolean }>();
  const read: Read = (value, path, problems) => {
    if (typeof value !== 'object' || Array.isArray(value)) {
      complain(problems, path || 'body', 'must be an object');
      return undefined;
    }
    const prefix = path && `${path}.`;
    for (const key of Object.keys(value as object)) {
      if (!fields.has(key)) complain(problems, prefix + key, unknown(key, [...fields.keys()]));
    }
    const result: Record<string, unknown> = {};
    for (const [key, field] of fields) {
      if (Object.hasOwn(value as object, key)) {
        result[field.name] = field.read((value as Record<string, unknown>)[key], prefix + key, problems);
      } else if (field.required) complain(problems, prefix + key, 'is required');
    }
    return result;
  };
  compiled.set(type, read);
  for (const field of Object.values(type.getFields())) {
    fields.set(snake(field.name), {
      name: field.name,
      read: readerOf(field.type),
      required: isRequiredInputField(field),
    });
  }
  return read;
}

function oneOf(type: GraphQLEnumType): Read {
  const names = new Set(type.getValues().map(({ name }) => name));
  const wanted = `must be one of ${[...names].map((name) => name.toLowerCase()).join(', ')}`;
  return (value, path, problems) => {
    const name = typeof value === 'string' ? value.toUpperCase() : '';
    if (names.has(name)) return name;
    complain(problems, path, wanted);
    return undefined;
  };
}

/** What the built-in scalars want; ours say it themselves. */
const WANTED: Record<string, string> = {
  Int: 'must be a whole number',
  Float: 'must be a number',
  String: 'must be text',
  Boolean: 'must be true or false',
  ID: 'must be an id',
  EmailAddress: 'must be an e-mail address',
  UUID: 'must be a UUID',
};

function scalar(type: GraphQLScalarType): Read {
  return (value, path, problems) => {
    if (typeof value === 'string' && value.includes('\0'))
      complain(problems, path, 'must not contain the NUL character');
    try {
      type.parseValue(value);
    } catch (error) {
      complain(problems, path, WANTED[type.name] ?? (error as Error).message);
    }
    return value;
  };
}

/** "is not a field", and which one was meant when that can be guessed. */
export function unknown(key: string, known: string[], noun = 'field'): string {
  if (known.length === 0) return `is not a ${noun} here, which takes none`;
  const written = snake(key).toLowerCase();
  const near = nearest(written, known);
  if (distance(written, near) <= written.length / 3) return `is not a ${noun} here (did you mean ${near}?)`;
  return `is not a ${noun} here; there are ${known.join(', ')}`;
}
