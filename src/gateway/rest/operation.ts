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
import { type Plan, planOf } from '../../graph/guard.ts';
import type { FoundPage } from '../../planner/list.ts';
import { planRow } from '../../planner/row-plan.ts';
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
  /** The same as JSON text: by one SQL statement where that is planned. */
  text(viewer: Viewer, variables: Record<string, unknown>): Promise<string | null>;
  /** A list's page, its rows as JSON text. */
  page(viewer: Viewer, variables: Record<string, unknown>): Promise<FoundPage>;
}

export interface Variable {
  name: string;
  type: GraphQLInputType;
  default: unknown;
  /** From the root field's argument that takes it. */
  description: string | undefined;
}

/** Reads a document, or throws an error that says what is wrong with it: a row that can't work must not start. */
export function readOperation(schema: GraphQLSchema, text: string, { planned }: { planned: boolean }): Operation {
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

  const sql = planned ? planRow(schema, node) : {};
  const idOnly = sql.one && node.operation === 'mutation' ? selectId(document, root) : undefined;

  async function run(viewer: Viewer, variableValues: Variables, asked = document): Promise<unknown> {
    const contextValue = { viewer, signal: NEVER };
    const result = await execute({ schema, document: asked, contextValue, variableValues });
    // Half an answer is none: a client that doesn't look would take a missing part for an empty one.
    if (result.errors) throw inOurWords(result.errors[0]!, names);
    const value = result.data!.data;
    if (fix && value != null) fixAll(fix, value);
    return value;
  }

  return {
    document: freeze(document),
    node,
    plan: planOf(schema, document, node),
    variables: readVariables(schema, node, field, root),
    field,
    selection: root.selectionSet,
    run,
    async text(viewer, variables) {
      if (sql.one && sql.idOf) return sql.one(viewer, sql.idOf(variables));
      if (sql.one && idOnly)
        return sql.one(viewer, ((await run(viewer, variables, idOnly)) as { id: string | number }).id);
      const value = await run(viewer, variables);
      return value == null ? null : JSON.stringify(value);
    },
    async page(viewer, variables) {
      if (sql.page) return sql.page(viewer, variables).catch((error) => Promise.reject(renamed(error, names)));
      const { nodes, totalCount, pageInfo } = (await run(viewer, variables)) as Connection;
      return {
        nodes: JSON.stringify(nodes).slice(1, -1),
        edges: '',
        count: nodes.length,
        total: totalCount ?? 0,
        before: pageInfo?.hasPreviousPage ?? false,
        after: pageInfo?.hasNextPage ?? false,
        startCursor: pageInfo?.startCursor ?? null,
        endCursor: pageInfo?.endCursor ?? null,
      };
    },
  };
}

type Variables = Record<string, unknown>;

/** What a list row's document selects. */
interface Connection {
  nodes: unknown[];
  totalCount?: number;
  pageInfo?: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null };
}

/** A row of `/v1` is answered whole, whatever its client does meanwhile. */
const NEVER = new AbortController().signal;

/** The same mutation, answering with the id alone: the rest is read by the plan, from what was committed. */
function selectId(document: DocumentNode, root: FieldNode): DocumentNode {
  const [operation] = document.definitions as [OperationDefinitionNode];
  const id: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: 'id' } };
  const only = { ...root, selectionSet: { kind: Kind.SELECTION_SET, selections: [id] } } as FieldNode;
  const selectionSet = { ...operation.selectionSet, selections: [only] };
  return { ...document, definitions: [{ ...operation, selectionSet }] };
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

function inOurWords(error: GraphQLError, names: ReadonlyMap<string, string>): Error {
  const cause = error.originalError;
  return cause instanceof Invalid ? renamed(cause, names) : error;
}

/** An operation names fields as the schema does: `input.checkIn` is the body's `check_in`, and `first` is `per_page`. */
function renamed(cause: Error, names: ReadonlyMap<string, string>): Error {
  if (!(cause instanceof Invalid)) return cause;
  const inBody = Object.entries(cause.fields!).map(([field, messages]) => {
    const [head, ...rest] = field.split('.');
    const ours = names.get(head!) ?? snake(head!);
    const path = [...(ours === 'input' && rest.length > 0 ? [] : [ours]), ...rest.map(snake)];
    return [path.join('.'), messages];
  });
  return new Invalid(Object.fromEntries(inBody));
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
