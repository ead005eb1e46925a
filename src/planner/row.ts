import {
  type GraphQLField,
  type GraphQLObjectType,
  getNamedType,
  getNullableType,
  isEnumType,
  isListType,
  isObjectType,
} from 'graphql';
import { column, type Expression, type Known, literal, table } from '../graph/sql.ts';
import { type Asked, collectBelow, type Reading } from './fields.ts';

/** GraphQL writes an id as text and an enum in capitals; `/v1` writes integers and lower case. */
export type Style = 'graphql' | 'rest';

/** Thrown for what has no SQL; the root field that it stands in is executed in the ordinary way. */
export class NotPlanned extends Error {}

/** From a row's alias to the SQL of a value that PostgreSQL prints as the JSON which GraphQL would print. */
export type ValueSql = (row: string, known: Known) => string;

/**
 * What is asked of an object that is a row of a model, as one JSON value: columns, declared expressions and relations to one
 * row. `row_to_json` prints all of them in one call, compactly and with the keys in their order, as JSON.stringify does.
 */
export function compileRow(type: GraphQLObjectType, asked: Asked[], reading: Reading, style: Style): ValueSql {
  const select = compileSelect(type, asked, reading, style);
  return (row, known) => `(select row_to_json(o) from (select ${select(row, known)}) o)`;
}

function compileSelect(type: GraphQLObjectType, asked: Asked[], reading: Reading, style: Style): ValueSql {
  const parts = asked.map((field) => [name(field.key), compileField(type, field, reading, style)] as const);
  return remembered((row, known) => parts.map(([key, value]) => `${value(row, known)} as ${key}`).join(', '));
}

/** A selection's text depends on the row's alias, which is always the same, and on the currency, of which there are few. */
function remembered(make: ValueSql): ValueSql {
  const texts = new Map<string, string>();
  return (row, known) => {
    const key = `${known.currency} ${row}`;
    const text = texts.get(key) ?? make(row, known);
    texts.set(key, text);
    return text;
  };
}

/** PostgreSQL cuts longer names off, and a key must not be. */
export function name(key: string): string {
  if (key.length > 63) throw new NotPlanned('a long alias');
  return `"${key}"`;
}

function compileField(type: GraphQLObjectType, asked: Asked, reading: Reading, style: Style): ValueSql {
  if (asked.name === '__typename') return () => `${literal(type.name)}::text`;
  const field = type.getFields()[asked.name]!;
  const extensions = field.extensions as FieldExtensions;
  const { pothosExposedField: exposed, pothosPrismaRelationField: relation, pothosOptions } = extensions;
  const target = relation ? targetOf(relation) : pothosOptions?.leadsTo;
  if (target) return compileRelation(field, asked, target, reading, style);
  if (pothosOptions?.embeds)
    return compileRow(getNamedType(field.type) as GraphQLObjectType, collectBelow(asked, reading), reading, style);
  const expression = pothosOptions?.sql ?? (exposed && ((row: string) => `${row}.${column(exposed)}`));
  // A jsonb column prints itself with blanks; JSON is planned where an expression beside the resolver prints it compactly.
  const isBare = !pothosOptions?.sql && getNamedType(field.type).name === 'JSON';
  const isKept = reading.afterWrite && pothosOptions?.resolvedAfterWrite;
  if (!expression || isBare || isKept) throw new NotPlanned(`${type.name}.${field.name}`);
  const print = leaf(field, style);
  return (row, known) => print(expression(row, known));
}

interface FieldExtensions {
  pothosExposedField?: string;
  pothosPrismaRelationField?: Relation;
  pothosOptions?: { sql?: Expression; resolvedAfterWrite?: boolean; leadsTo?: Target; embeds?: boolean };
}

/** Another row of the same agency: its model, and the column here that holds its id. */
interface Target {
  model: string;
  key: string;
}

interface Relation {
  name: string;
  type: string;
  isList: boolean;
  relationFromFields: string[];
}

/** What a Prisma relation leads to. The key carries the agency first and the row's id last. */
function targetOf({ name, type, isList, relationFromFields: [agency, key] }: Relation): Target {
  if (isList || agency !== 'agencyId' || !key) throw new NotPlanned(name);
  return { model: type, key };
}

/** The row that a foreign key points at. */
function compileRelation(
  field: GraphQLField<unknown, unknown>,
  asked: Asked,
  { model, key }: Target,
  reading: Reading,
  style: Style,
): ValueSql {
  const target = getNamedType(field.type);
  if (!isObjectType(target)) throw new NotPlanned(field.name);
  const select = compileSelect(target, collectBelow(asked, reading), reading, style);
  return (row, known) => {
    const alias = `${row}_${field.name.toLowerCase()}`;
    return `(select row_to_json(o) from (
      select ${select(alias, known)} from ${table(model)} ${alias}
      where ${alias}.agency_id = ${row}.agency_id and ${alias}.id = ${row}.${column(key)}) o)`;
  };
}

/** How a scalar or an enum becomes a value that prints itself rightly. Null stays null. */
function leaf(field: GraphQLField<unknown, unknown>, style: Style): (sql: string) => string {
  const type = getNullableType(field.type);
  const scalar = getNamedType(type).name;
  if (isListType(type)) {
    if (isEnumType(getNamedType(type))) return style === 'rest' ? (sql) => `lower(${sql}::text)::text[]` : (sql) => sql;
    if (!LISTED.has(scalar)) throw new NotPlanned(field.name);
    return (sql) => sql;
  }
  if (isEnumType(type)) return style === 'rest' ? (sql) => `lower(${sql}::text)` : (sql) => sql;
  if (scalar === 'ID') return style === 'rest' ? (sql) => sql : (sql) => `${sql}::text`;
  const print = PRINT[scalar];
  if (!print) throw new NotPlanned(field.name);
  return print;
}

/** What an array of PostgreSQL prints as the list that it is. */
const LISTED = new Set(['String', 'URL', 'ChecklistItem']);

const asItIs = (sql: string): string => sql;

const PRINT: Record<string, (sql: string) => string> = {
  UUID: asItIs,
  Int: asItIs,
  Float: asItIs,
  Money: asItIs,
  Boolean: asItIs,
  String: asItIs,
  Currency: asItIs,
  JSON: asItIs,
  URL: asItIs,
  EmailAddress: asItIs,
  LocalDate: asItIs,
  // To the second, as the contract has it; the session is in UTC, so that the offset is +00:00.
  DateTime: (sql) => `date_trunc('second', ${sql})`,
};
