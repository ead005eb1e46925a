import {
  type DocumentNode,
  execute,
  type FieldNode,
  type GraphQLError,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
  typeFromAST,
  validate,
  valueFromASTUntyped,
} from 'graphql';
import { Invalid } from '../../core/errors.ts';
import { snake } from '../../core/text.ts';
import type { Viewer } from '../../core/viewer.ts';
import { type Plan, planOf } from '../guard.ts';
import { type Fix, leavesOf } from './leaves.ts';

/** A row's document, read once: parsed, validated, costed, and what to do with what it answers. */
export interface Operation {
  document: DocumentNode;
  node: OperationDefinitionNode;
  plan: Plan;
  variables: Variable[];
  /** The root field: `booking`, `createBooking`. */
  field: GraphQLField<unknown, unknown>;
  selection: SelectionSetNode | undefined;
  /** The root field's value, with integer ids and lower-case enums; null when there is no such thing. */
  run(viewer: Viewer, variables: Record<string, unknown>): Promise<unknown>;
}

export interface Variable {
  name: string;
  type: GraphQLInputType;
  default: unknown;
  /** From the root field's argument that takes it. */
  description: string | undefined;
}

/** Reads a document, or throws an error that says what is wrong with it: a row that can't work must not start. */
export function readOperation(schema: GraphQLSchema, text: string): Operation {
  const document = parse(text, { noLocation: true });
  const [invalid] = validate(schema, document);
  if (invalid) throw invalid;
  const node = document.definitions[0]!;
  if (document.definitions.length > 1 || node.kind !== Kind.OPERATION_DEFINITION)
    throw new Error('It has more than one operation, or a fragment.');
  const root = node.selectionSet.selections[0]!;
  if (node.selectionSet.selections.length > 1 || root.kind !== Kind.FIELD || root.alias?.value !== 'data') {
    throw new Error('It must have one root field, aliased `data`.');
  }
  const field = schema.getRootType(node.operation)!.getFields()[root.name.value]!;
  const named = getNamedType(field.type);
  const fix = isObjectType(named)
    ? leavesOf(named, root.selectionSet!)
    : isEnumType(named)
      ? refuseEnumRoot()
      : undefined;

  const names = new Map(argumentsOf(root).map(({ argument, variable }) => [argument, variable]));

  return {
    document: freeze(document),
    node,
    plan: planOf(schema, document, node),
    variables: readVariables(schema, node, field, root),
    field,
    selection: root.selectionSet,
    async run(viewer, variableValues) {
      const result = await execute({ schema, document, contextValue: { viewer }, variableValues });
      // Half an answer is none: a client that doesn't look would take a missing part for an empty one.
      if (result.errors) throw inOurWords(result.errors[0]!, names);
      const value = result.data!.data;
      if (fix && value != null) fixAll(fix, value);
      return value;
    },
  };
}

function readVariables(
  schema: GraphQLSchema,
  node: OperationDefinitionNode,
  field: GraphQLField<unknown, unknown>,
  root: FieldNode,
): Variable[] {
  const takenBy = new Map(argumentsOf(root).map(({ argument, variable }) => [variable, argument]));
  return (node.variableDefinitions ?? []).map((definition) => {
    const name = definition.variable.name.value;
    const argument = field.args.find((arg) => arg.name === takenBy.get(name));
    return {
      name,
      type: typeFromAST(schema, definition.type) as GraphQLInputType,
      default: definition.defaultValue && valueFromASTUntyped(definition.defaultValue),
      description: argument?.description ?? undefined,
    };
  });
}

function argumentsOf(root: FieldNode): { argument: string; variable: string }[] {
  return (root.arguments ?? []).flatMap(({ name, value }) =>
    value.kind === Kind.VARIABLE ? [{ argument: name.value, variable: value.name.value }] : [],
  );
}

/** An operation names fields as the schema does: `input.checkIn` is the body's `check_in`, and `first` is `per_page`. */
function inOurWords(error: GraphQLError, names: ReadonlyMap<string, string>): Error {
  const cause = error.originalError;
  if (!(cause instanceof Invalid)) return error;
  const renamed = Object.entries(cause.fields!).map(([field, messages]) => {
    const [head, ...rest] = field.split('.');
    const ours = names.get(head!) ?? snake(head!);
    const path = [...(ours === 'input' && rest.length > 0 ? [] : [ours]), ...rest.map(snake)];
    return [path.join('.'), messages];
  });
  return new Invalid(Object.fromEntries(renamed));
}

function fixAll(fix: Fix, value: unknown): void {
  if (Array.isArray(value)) for (const one of value) fixAll(fix, one);
  else if (value !== null) fix(value as Record<string, unknown>);
}

function refuseEnumRoot(): never {
  throw new Error('Its root field is a bare enum; give it an object.');
}

/** Nothing may change a document that every request shares. */
function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) freeze(part);
  return value;
}
