import { stringify } from 'csv-stringify/sync';
import {
  type GraphQLObjectType,
  type GraphQLOutputType,
  getNamedType,
  getNullableType,
  isLeafType,
  isListType,
  isObjectType,
  type SelectionSetNode,
} from 'graphql';
import { fieldsOf } from './leaves.ts';

export const CSV_TYPE = 'text/csv; charset=utf-8';

/** Writes rows as CSV, with the same columns however many rows there are and, unless it goes on, the same header. */
export type WriteCsv = (rows: unknown[], how?: { header: boolean }) => string;

/**
 * The CSV form of a selection: one column a leaf, an object's leaves under its name (`property_name`). Lists of objects
 * don't fit into a row and are left out; lists of values are joined. A text that a spreadsheet would run as a formula
 * gets an apostrophe before it.
 */
export function csvOf(type: GraphQLObjectType, selection: SelectionSetNode): WriteCsv {
  const columns = columnsOf(type, selection, [], []);
  const names = columns.map(({ name }) => name);
  return (rows, { header } = { header: true }) =>
    stringify(
      rows.map((row) => columns.map(({ path }) => cell(row, path))),
      { header, columns: names, escape_formulas: true, cast: { boolean: String } },
    );
}

interface Column {
  name: string;
  path: string[];
}

function columnsOf(type: GraphQLObjectType, selection: SelectionSetNode, above: string[], found: Column[]): Column[] {
  for (const node of fieldsOf(selection)) {
    const path = [...above, node.alias?.value ?? node.name.value];
    const output: GraphQLOutputType = type.getFields()[node.name.value]!.type;
    const named = getNamedType(output);
    const name = path.join('_');
    if (isLeafType(named)) {
      // `property { id }` beside `property_id` says the same; BI tools stumble over two columns of one name.
      if (!found.some((column) => column.name === name)) found.push({ name, path });
    } else if (isObjectType(named) && !isListType(getNullableType(output)))
      columnsOf(named, node.selectionSet!, path, found);
  }
  return found;
}

function cell(row: unknown, path: string[]): unknown {
  let value = row as Record<string, unknown> | null | undefined;
  for (const key of path) value = value?.[key] as typeof value;
  return Array.isArray(value) ? value.map(text).join(', ') : text(value);
}

function text(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
}
