import {
  type GraphQLField,
  GraphQLNonNull,
  type GraphQLObjectType,
  getNamedType,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { column, type Expression, type Known, literal, table } from '../graph/sql.ts';
import { type Asked, collectBelow, type Reading } from './fields.ts';

/** GraphQL writes an id as text and an enum in capitals; `/v1` writes integers and lower case. */
export type Style = 'graphql' | 'rest';

/** Thrown for what has no SQL; the root field that it stands in is executed in the ordinary way. */
export class NotPlanned extends Error {}

/** From a row's alias to the SQL of its JSON text. */
export type RowSql = (row: string, known: Known) => string;

/** Compiles what is asked of an object that is a row of a model: columns, declared expressions and relations to one row. */
export function compileRow(type: GraphQLObjectType, asked: Asked[], reading: Reading, style: Style): RowSql {
  const parts = asked.map((field) => compileField(type, field, reading, style));
  return (row, known) => {
    const texts = parts.map(
      (part, i) => `${literal(`${i === 0 ? '{' : ','}${JSON.stringify(asked[i]!.key)}:`)} || ${part(row, known)}`,
    );
    return `${texts.join(' || ')} || '}'`;
  };
}

function compileField(type: GraphQLObjectType, asked: Asked, reading: Reading, style: Style): RowSql {
  if (asked.name === '__typename') return () => literal(JSON.stringify(type.name));
  const field = type.getFields()[asked.name]!;
  const {
    pothosExposedField: exposed,
    pothosPrismaRelationField: relation,
    pothosOptions,
  } = field.extensions as FieldExtensions;
  const nullable = !isNonNullType(field.type);
  if (relation) return compileRelation(field, asked, relation, reading, style, nullable);
  const expression: Expression | undefined =
    pothosOptions?.sql ?? (exposed ? (row) => `${row}.${column(exposed)}` : undefined);
  if (!expression) throw new NotPlanned(`${type.name}.${field.name}`);
  const json = leaf(field, style);
  return (row, known) => {
    const text = json(expression(row, known));
    return nullable ? `coalesce(${text}, 'null')` : text;
  };
}

interface FieldExtensions {
  pothosExposedField?: string;
  pothosPrismaRelationField?: { name: string; type: string; isList: boolean; relationFromFields: string[] };
  pothosOptions?: { sql?: Expression };
}

/** The row that a foreign key points at. The key carries the agency first and the row's id last. */
function compileRelation(
  field: GraphQLField<unknown, unknown>,
  asked: Asked,
  relation: NonNullable<FieldExtensions['pothosPrismaRelationField']>,
  reading: Reading,
  style: Style,
  nullable: boolean,
): RowSql {
  const target = getNamedType(field.type);
  const [agency, key] = relation.relationFromFields;
  if (relation.isList || !isObjectType(target) || agency !== 'agencyId' || !key) throw new NotPlanned(field.name);
  const inside = compileRow(target, collectBelow(asked, reading), reading, style);
  return (row, known) => {
    const alias = `${row}_${relation.name.toLowerCase()}`;
    const found = `(select ${inside(alias, known)} from ${table(relation.type)} ${alias} where ${alias}.agency_id = ${row}.agency_id and ${alias}.id = ${row}.${column(key)})`;
    return nullable ? `coalesce(${found}, 'null')` : found;
  };
}

/** How a scalar or an enum prints itself. Null stays null, for the caller to say. */
function leaf(field: GraphQLField<unknown, unknown>, style: Style): (sql: string) => string {
  const type = field.type instanceof GraphQLNonNull ? field.type.ofType : field.type;
  if (isListType(type)) {
    if (getNamedType(type).name !== 'String') throw new NotPlanned(field.name);
    return (sql) => `array_to_json(${sql})::text`;
  }
  if (isEnumType(type))
    return style === 'rest' ? (sql) => `'"' || lower(${sql}::text) || '"'` : (sql) => `'"' || ${sql}::text || '"'`;
  const print = PRINT[getNamedType(type).name];
  if (!print) throw new NotPlanned(field.name);
  return (sql) => print(sql, style);
}

const PRINT: Record<string, (sql: string, style: Style) => string> = {
  ID: (sql, style) => (style === 'rest' ? `${sql}::text` : `'"' || ${sql}::text || '"'`),
  UUID: (sql) => `'"' || ${sql}::text || '"'`,
  Int: (sql) => `${sql}::text`,
  Money: (sql) => `${sql}::text`,
  Boolean: (sql) => `case when ${sql} then 'true' when not ${sql} then 'false' end`,
  String: (sql) => `to_json(${sql}::text)::text`,
  Currency: (sql) => `to_json(${sql}::text)::text`,
  URL: (sql) => `to_json(${sql}::text)::text`,
  EmailAddress: (sql) => `to_json(${sql}::text)::text`,
  LocalDate: (sql) => `'"' || to_char(${sql}, 'YYYY-MM-DD') || '"'`,
  DateTime: (sql) => `'"' || to_char(${sql} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS') || '+00:00"'`,
};
