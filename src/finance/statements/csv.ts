import { stringify } from 'csv-stringify/sync';
import type { PrintedLine, PrintedStatement } from './printed.ts';

/** The statement's columns, then the line's. New ones go to the end: a spreadsheet knows them by their places. */
const COLUMNS: [string, (line: PrintedLine, statement: PrintedStatement) => unknown][] = [
  ['statement_id', (_line, { id }) => id],
  ['owner_id', (_line, { owner_id }) => owner_id],
  ['owner_name', (_line, { owner_name }) => owner_name],
  ['from', (_line, { from }) => from],
  ['to', (_line, { to }) => to],
  ['revision', (_line, { revision }) => revision],
  ['currency', (_line, { currency }) => currency],
  ['position', ({ position }) => position],
  ['kind', ({ kind }) => kind],
  ['property_id', ({ property_id }) => property_id],
  ['property_code', ({ property }) => property.code],
  ['property_name', ({ property }) => property.name],
  ['booking_id', ({ booking_id }) => booking_id],
  ['label', ({ label }) => label],
  ['nights', ({ nights }) => nights],
  ['revenue', ({ revenue }) => revenue],
  ['commission', ({ commission }) => commission],
  ['expense', ({ expense }) => expense],
  ['net', ({ net }) => net],
];

/** A statement's lines, each with the statement that it is of, so that the files of many can be put under each other. */
export function statementCsv(statement: PrintedStatement): string {
  return stringify(
    statement.lines.map((line) => COLUMNS.map(([, value]) => value(line, statement))),
    { header: true, columns: COLUMNS.map(([name]) => name), escape_formulas: true },
  );
}
