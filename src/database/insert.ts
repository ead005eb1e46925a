import { snake } from '../core/text.ts';
import type { Transaction } from './index.ts';

/** The tables that are written in bulk. */
type Table =
  | 'owner'
  | 'property'
  | 'room_type'
  | 'guest'
  | 'booking'
  | 'rate'
  | 'ical_event'
  | 'ical_conflict'
  | 'cleaning_task'
  | 'maintenance_ticket'
  | 'expense'
  | 'tax_report_line'
  | 'review';

/**
 * Inserts many rows with one statement and one parameter, ten times as fast as a list of values and always the same text,
 * so that it is planned once. Every row says every column that has no default, and all rows say the same ones. A row that
 * somebody else wrote a moment ago takes the transaction back: done again, it will be found.
 */
export async function insertMany(tx: Transaction, table: Table, rows: object[]): Promise<void> {
  if (rows.length === 0) return;
  const names = Object.keys(rows[0]!).map((key) => [key as keyof (typeof rows)[number], snake(key)] as const);
  const columns = names.map(([, column]) => `"${column}"`);
  await tx.$executeRawUnsafe(
    `insert into "${table}" (${columns}) select ${columns} from json_populate_recordset(null::"${table}", $1::json)`,
    JSON.stringify(rows.map((row) => Object.fromEntries(names.map(([key, column]) => [column, row[key]])))),
  );
}

/** Ids that nobody else will get, so that rows that point at each other are known before any is written. */
export async function drawIds(tx: Transaction, table: Table, count: number): Promise<number[]> {
  if (count === 0) return [];
  const rows = await tx.$queryRaw<{ id: number }[]>`
    select nextval(${`${table}_id_seq`}::regclass)::int as id from generate_series(1, ${count}::int)`;
  return rows.map(({ id }) => id);
}
