import { GraphQLError, Kind } from 'graphql';
import { EmailAddressResolver, JSONResolver, UUIDResolver } from 'graphql-scalars';
import { Temporal } from 'temporal-polyfill';
import { instant, parseDate, toDay } from '../core/dates.ts';
import { isCurrency } from '../core/money.ts';
import { builder } from './builder.ts';

const text = (value: unknown, wanted: string): string => {
  if (typeof value !== 'string') throw new GraphQLError(`must be ${wanted}`);
  return value;
};

builder.scalarType('LocalDate', {
  description: 'A day of the calendar at the property, `2026-08-12`.',
  extensions: { jsonSchema: { type: 'string', format: 'date', examples: ['2026-08-12'] } },
  serialize: (value) => (value instanceof Date ? toDay(value) : value),
  parseValue: (value) => {
    const date = parseDate(text(value, 'a date like 2026-08-12'));
    if (!date) throw new GraphQLError('must be a day of the calendar, written like 2026-08-12');
    return date;
  },
});

builder.scalarType('DateTime', {
  description: 'An instant with its offset, `2026-07-15T10:23:41+00:00`.',
  extensions: { jsonSchema: { type: 'string', format: 'date-time', examples: ['2026-07-15T10:23:41+00:00'] } },
  serialize: (value) => instant(value),
  parseValue: (value) => {
    const read = readInstant(text(value, 'an instant like 2026-07-15T10:23:41+00:00'));
    if (!read) {
      throw new GraphQLError('must be an instant with an offset, written like 2026-07-15T10:23:41+00:00 or …Z');
    }
    // The years that are written with four digits, and that PostgreSQL has.
    if (read.getUTCFullYear() < 1 || read.getUTCFullYear() > 9999) {
      throw new GraphQLError('must be an instant of the years 1 to 9999');
    }
    return read;
  },
});

builder.scalarType('Money', {
  description: 'An amount in the currency beside it, `766.13`: a number, or the same as text.',
  extensions: { jsonSchema: { type: 'number', examples: [766.13] } },
  serialize: (value) => value,
  parseValue: (value) => {
    if (typeof value === 'number' || (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value.trim())))
      return String(value);
    throw new GraphQLError('must be an amount like 766.13');
  },
  parseLiteral: (node) => {
    if (node.kind === Kind.INT || node.kind === Kind.FLOAT || node.kind === Kind.STRING) {
      if (/^-?\d+(\.\d+)?$/.test(node.value.trim())) return node.value.trim();
    }
    throw new GraphQLError('must be an amount like 766.13');
  },
});

builder.scalarType('Currency', {
  description: 'An ISO 4217 code, `MAD`.',
  extensions: { jsonSchema: { type: 'string', pattern: '^[A-Z]{3}$', examples: ['MAD'] } },
  serialize: (value) => value,
  parseValue: (value) => {
    const code = text(value, 'an ISO 4217 code like MAD');
    if (!isCurrency(code)) throw new GraphQLError('must be an ISO 4217 code like MAD');
    return code;
  },
});

builder.scalarType('URL', {
  description: 'An absolute http or https address.',
  extensions: { jsonSchema: { type: 'string', format: 'uri', examples: ['https://example.com/hooks'] } },
  serialize: (value) => value,
  parseValue: (value) => text(value, 'an absolute address like https://example.com/hooks'),
});

builder.addScalarType('EmailAddress', EmailAddressResolver);
builder.addScalarType('UUID', UUIDResolver);
builder.addScalarType('JSON', JSONResolver);

function readInstant(written: string): Date | undefined {
  try {
    return new Date(Temporal.Instant.from(written).epochMilliseconds);
  } catch {
    return undefined;
  }
}
