import { type GraphQLObjectType, type GraphQLSchema, getNamedType, getNullableType, isListType } from 'graphql';
import { Invalid } from '../../core/errors.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Row } from '../../graph/row.ts';
import { PRIVATE } from './answer.ts';
import { CSV_TYPE, csvOf } from './csv.ts';
import { auditRows } from './exported.ts';
import { formatOf } from './format.ts';
import { fieldsOf } from './leaves.ts';
import { NDJSON_TYPE, writeNdjson } from './ndjson.ts';
import { readOperation } from './operation.ts';
import { parametersOf } from './parameters.ts';
import type { Route } from './route.ts';

/**
 * Answers a row that is several tables in one: as JSON it is told whole by `whole`, and as CSV or NDJSON it is the table that `rows`
 * names, the first when it isn't said. Each table has a document of its own, so that nothing else is read for it.
 */
export function tableAnswerer(
  schema: GraphQLSchema,
  row: Row,
  whole: Route['answer'],
  how: { planned: boolean },
): Route['answer'] {
  const tables = Object.entries(row.tables!).map(([name, document]) => ({
    name,
    ...tableOf(schema, row, document, how),
  }));
  const names = tables.map(({ name }) => name);
  return async (viewer, asked) => {
    const said = asked.query.get('rows')?.at(-1) || names[0];
    const table = tables.find(({ name }) => name === said);
    if (!table) throw new Invalid({ rows: [`must be ${names.join(' or ')}`] });
    const format = formatOf(asked);
    if (format === 'json') return whole(viewer, asked);
    const rows = await table.read(viewer, table.parameters.read(asked));
    await auditRows(viewer, { list: row.path, format, rows: rows.length, complete: true });
    const [type, body] = format === 'csv' ? [CSV_TYPE, table.csv(rows)] : [NDJSON_TYPE, writeNdjson(rows)];
    return { status: 200, headers: { 'content-type': type, ...PRIVATE }, body };
  };
}

function tableOf(schema: GraphQLSchema, row: Row, document: string, how: { planned: boolean }) {
  const operation = readOperation(schema, document, how);
  const parameters = parametersOf(row, operation);
  const path: string[] = [];
  let { type } = operation.field;
  let selection = operation.selection!;
  // Down to the only list that is selected.
  while (!isListType(getNullableType(type))) {
    const [node, ...others] = fieldsOf(selection);
    if (!node?.selectionSet || others.length > 0) throw new Error('A table’s document must lead to one list.');
    path.push((node.alias ?? node.name).value);
    type = (getNamedType(type) as GraphQLObjectType).getFields()[node.name.value]!.type;
    selection = node.selectionSet;
  }
  return {
    parameters,
    csv: csvOf(getNamedType(type) as GraphQLObjectType, selection),
    async read(viewer: Viewer, variables: Record<string, unknown>): Promise<unknown[]> {
      let value = await operation.run(viewer, variables);
      for (const key of path) value = (value as Record<string, unknown>)[key];
      return value as unknown[];
    },
  };
}
