import {
  type GraphQLField,
  type GraphQLInputType,
  getNamedType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql';
import { schema } from '../../src/domains.ts';
import { nobodys } from './nouns.ts';

/** The least that a scalar takes; a text where it isn't here. What is asked for is nobody's. */
const SCALARS: Record<string, string> = {
  ID: `"${nobodys('')}"`,
  UUID: `"${nobodys('audit-log')}"`,
  Int: '1',
  Float: '1',
  Boolean: 'true',
  Money: '1',
  LocalDate: '"2027-06-01"',
  DateTime: '"2027-06-01T00:00:00Z"',
  URL: '"https://example.com"',
  JSON: '{}',
};

/** For each root field of GraphQL, by its kind and name, a document that asks it with what it can't be asked without. */
export const ROOT_FIELDS: Record<string, string> = Object.fromEntries(
  [schema.getQueryType()!, schema.getMutationType()!, schema.getSubscriptionType()!].flatMap((type) =>
    Object.values(type.getFields()).map((field) => {
      const kind = type.name.toLowerCase();
      return [`${kind} ${field.name}`, `${kind} { ${asked(field)} }`];
    }),
  ),
);

function asked(field: GraphQLField<unknown, unknown>): string {
  const given = field.args.filter(isRequiredArgument).map(({ name, type }) => `${name}: ${literal(type)}`);
  const args = given.length > 0 ? `(${given.join(', ')})` : '';
  return `${field.name}${args}${isCompositeType(getNamedType(field.type)) ? ' { __typename }' : ''}`;
}

function literal(type: GraphQLInputType): string {
  if (isNonNullType(type)) return literal(type.ofType);
  if (isListType(type)) return '[]';
  if (isEnumType(type)) return type.getValues()[0]!.name;
  if (!isInputObjectType(type)) return SCALARS[type.name] ?? '"x"';
  const needed = Object.values(type.getFields()).filter(isRequiredInputField);
  return `{ ${needed.map(({ name, type: inner }) => `${name}: ${literal(inner)}`).join(', ')} }`;
}
