import {
  type FieldNode,
  type GraphQLObjectType,
  type GraphQLSchema,
  getArgumentValues,
  getNamedType,
  getNullableType,
  getVariableValues,
  isListType,
  isObjectType,
  type OperationDefinitionNode,
} from 'graphql';
import type { Viewer } from '../core/viewer.ts';
import { lists } from '../graph/list.ts';
import { reads } from '../graph/read.ts';
import { collect } from './fields.ts';
import { compileList, type FoundPage } from './list.ts';
import { readById } from './plan.ts';
import { compileRow, NotPlanned } from './row.ts';

type Variables = Record<string, unknown>;

/** What of a row of `/v1` one SQL statement answers. The row's document is read once, at boot. */
export interface RowPlan {
  /** A page of the list that the row is. */
  page?(viewer: Viewer, variables: Variables): Promise<FoundPage>;
  /** The thing of this id, as JSON text in the words of `/v1`; null when there is none. */
  one?(viewer: Viewer, id: string | number): Promise<string | null>;
  /** The id that a read's variables ask for. */
  idOf?(variables: Variables): string;
}

/**
 * Plans a row's document: a list, a read, or what a mutation answers with once it has been carried out, where that is a row
 * with a declared read. Nothing is planned that the executor would answer differently; an empty plan is an answer too.
 */
export function planRow(schema: GraphQLSchema, operation: OperationDefinitionNode): RowPlan {
  const reading = { fragments: new Map(), variables: {}, afterWrite: operation.operation === 'mutation' };
  const [asked] = collect([operation.selectionSet], reading);
  const root = asked!.nodes[0] as FieldNode;
  const field = schema.getRootType(operation.operation)!.getFields()[asked!.name]!;
  const type = getNamedType(field.type);
  const argumentsOf = (raw: Variables) => {
    const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], raw);
    return getArgumentValues(field, root, coerced);
  };
  try {
    const list = lists.get(asked!.name);
    if (list && operation.operation === 'query') {
      const { find } = compileList(list, field, asked!, reading, 'rest');
      return { page: (viewer, variables) => find(viewer, argumentsOf(variables)) };
    }
    const read = [...reads.values()].find((one) => one.list.type === type.name);
    // What a mutation answers with a list of, no single id leads to.
    if (!read || !isObjectType(type) || isListType(getNullableType(field.type))) return {};
    const row = compileRow(type as GraphQLObjectType, collect([root.selectionSet], reading), reading, 'rest');
    const one = (viewer: Viewer, id: string | number) => readById(viewer, read, row, id);
    if (reading.afterWrite) return { one };
    return asked!.name === read.field ? { one, idOf: (variables) => String(argumentsOf(variables).id) } : {};
  } catch (error) {
    if (error instanceof NotPlanned) return {};
    throw error;
  }
}
