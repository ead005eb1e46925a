import {
  type DocumentNode,
  type ExecutionResult,
  execute,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  type GraphQLSchema,
  getArgumentValues,
  getNamedType,
  Kind,
  type OperationDefinitionNode,
} from 'graphql';
import type { Viewer } from '../core/viewer.ts';
import type { Context } from '../graph/builder.ts';
import { parseId } from '../graph/ids.ts';
import { lists } from '../graph/list.ts';
import { type Read, reads } from '../graph/read.ts';
import { table } from '../graph/sql.ts';
import { type Asked, collect, collectBelow, type Reading } from './fields.ts';
import { compileList } from './list.ts';
import { compileRow, NotPlanned, type Style, type ValueSql } from './row.ts';

/** A root field that one statement answers, as the text of its JSON value. */
type Planned = (viewer: Viewer, variables: Record<string, unknown>) => Promise<string>;

/** A query, part of which is planned. */
export interface QueryPlan {
  /** The JSON text of `data`, or undefined when it has to be executed in the ordinary way after all. */
  run(context: Context, variables: Record<string, unknown>): Promise<string | undefined>;
}

/**
 * Plans a validated query. `variables` decide its `@include` and `@skip`; a document that has neither is planned once. Root fields that are declared lists or reads, and of which every selected
 * field is a column, a declared expression or a relation to one row, become one SQL statement each, which answers with
 * the finished JSON. The others are executed by graphql-js, all together. Undefined when nothing can be planned.
 */
export function planQuery(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Record<string, unknown>,
): QueryPlan | undefined {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  const reading: Reading = { fragments, variables };
  const query = schema.getQueryType()!;
  const asked = collect([operation.selectionSet], reading);
  const planned = asked.map((field) => planField(query, field, reading, 'graphql'));
  if (!planned.some(Boolean)) return undefined;
  const rest = asked.filter((_field, i) => !planned[i]);
  const ordinary = rest.length > 0 ? documentOf(document, operation, rest) : undefined;

  return {
    async run(context, variables) {
      const others =
        ordinary && (await execute({ schema, document: ordinary, contextValue: context, variableValues: variables }));
      if (others && (others as ExecutionResult).errors) return undefined;
      const texts = await Promise.all(planned.map((run) => run?.(context.viewer, variables)));
      const data = (others as ExecutionResult | undefined)?.data;
      const members = asked.map(({ key }, i) => `${JSON.stringify(key)}:${texts[i] ?? JSON.stringify(data![key])}`);
      return `{${members.join(',')}}`;
    },
  };
}

/** One root field's plan, or undefined when something in it has no SQL. */
export function planField(query: GraphQLObjectType, asked: Asked, reading: Reading, style: Style): Planned | undefined {
  const field = query.getFields()[asked.name];
  const list = lists.get(asked.name);
  const read = reads.get(asked.name);
  if (!field || !(list || read)) return undefined;
  try {
    if (list) return compileList(list, field, asked, reading, style).run;
    return compileRead(query, read!, asked, reading, style);
  } catch (error) {
    if (error instanceof NotPlanned) return undefined;
    throw error;
  }
}

/** A single row as one statement. */
function compileRead(query: GraphQLObjectType, read: Read, asked: Asked, reading: Reading, style: Style): Planned {
  const definition = query.getFields()[read.field]!;
  const type = getNamedType(definition.type) as GraphQLObjectType;
  const row = compileRow(type, collectBelow(asked, reading), reading, style);
  return async (viewer, variables) => {
    const { id } = getArgumentValues(definition, asked.nodes[0]!, variables) as { id: string };
    return (await readById(viewer, read, row, id)) ?? 'null';
  };
}

/** The JSON text of the row with this id, or null. */
export async function readById(
  viewer: Viewer,
  { list }: Read,
  row: ValueSql,
  id: string | number,
): Promise<string | null> {
  const byInteger = (list.id ?? 'int') === 'int';
  const text = `select ${row('b', { currency: viewer.agency.currency })}::text from ${table(list.model)} b
    where b.agency_id = $1::int and b.id = $2::${byInteger ? 'int' : 'uuid'}`;
  const { rows } = await viewer.read(text, [viewer.agency.id, byInteger ? (parseId(id) ?? -1) : id]);
  return (rows[0]?.[0] as string | undefined) ?? null;
}

/** The same operation with only these of its root fields. */
function documentOf(document: DocumentNode, operation: OperationDefinitionNode, fields: Asked[]): DocumentNode {
  const selections = fields.flatMap(({ nodes }) => nodes);
  const part = { ...operation, selectionSet: { ...operation.selectionSet, selections } };
  return { ...document, definitions: document.definitions.map((node) => (node === operation ? part : node)) };
}
