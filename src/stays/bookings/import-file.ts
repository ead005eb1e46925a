import type { Readable } from 'node:stream';
import { type CsvError, type Options, parse } from 'csv-parse';
import { Invalid } from '../../core/errors.ts';
import { nearest } from '../../core/text.ts';

/** The columns of the file, in any order. The first four must be there. */
const REQUIRED = ['reference', 'property', 'check_in', 'check_out'] as const;
const OPTIONAL = [
  ...['status', 'source', 'adults', 'children', 'guest_name', 'guest_email'],
  ...['gross_amount', 'commission_amount', 'currency', 'booked_at'],
] as const;
export const COLUMNS: readonly string[] = [...REQUIRED, ...OPTIONAL];

export interface Line {
  /** Where the row begins, as an editor counts: a quoted field may go over several lines. */
  line: number;
  /** By column, trimmed; '' for a column that the file doesn't have. */
  cells: Record<string, string>;
  /** Why it can't be read as a row. */
  problem?: string;
}

/** Thrown after the rows before it have been given out. */
export class UnreadableRest extends Error {
  constructor(readonly line: number) {
    super(
      `The row that begins on line ${line} has no end (a quote is opened and never closed, most likely), so nothing from there on was read. ` +
        'What came before it is imported. Mend the line and import the file again: nothing will be doubled.',
    );
  }
}

/** A row that is longer is a quote that was never closed. */
const LONGEST_ROW = 256 * 1024;

/**
 * Reads a CSV file row by row, however long it is. Says `Invalid` when it is none of ours: no header, or the wrong
 * columns.
 */
export async function* readLines(input: Readable): AsyncGenerator<Line, void, undefined> {
  let brokenOff = false;
  const options: Options = {
    bom: true,
    record_delimiter: ['\r\n', '\n'],
    ltrim: true,
    relax_quotes: true,
    relax_column_count: true,
    max_record_size: LONGEST_ROW,
    skip_records_with_error: true,
    on_skip: (_error: CsvError | undefined) => {
      brokenOff = true;
    },
  };
  const parser = parse(options);
  input.once('error', (error) => parser.destroy(error));
  input.pipe(parser);

  let header: string[] | undefined;
  let line = 1; // Counted here: the parser's own count is off after a quoted field of several lines.
  for await (const record of parser as AsyncIterable<string[]>) {
    const begins = line;
    line += 1 + record.reduce((sum, cell) => sum + (cell.match(/\r\n|\n|\r/g)?.length ?? 0), 0);
    if (!header) {
      header = headerOf(record);
    } else if (record.some((cell) => cell.trim() !== '')) {
      const cells = Object.fromEntries(
        COLUMNS.map((column) => [column, record[header!.indexOf(column)]?.trim() ?? '']),
      );
      yield { line: begins, cells, problem: problemOf(record, header) };
    }
  }
  if (brokenOff) throw new UnreadableRest(line);
  if (!header) throw new Invalid({ file: ['is empty; its first line must name the columns'] });
}

function headerOf(record: string[]): string[] {
  const header = record.map((name) => name.trim().toLowerCase());
  const missing = REQUIRED.filter((name) => !header.includes(name));
  const unknown = header.filter((name) => !COLUMNS.includes(name));
  const twice = header.filter((name, i) => header.indexOf(name) !== i);
  const problems = [
    missing.length > 0 && `has no column ${missing.join(', ')}`,
    unknown.length > 0 &&
      `has unknown columns: ${unknown.map((name) => `${name || '(no name)'} (did you mean ${nearest(name, COLUMNS)}?)`).join(', ')}`,
    twice.length > 0 && `has the column ${twice.join(', ')} twice`,
    header.length === 1 && /[;\t]/.test(header[0]!) && 'must separate its columns by commas',
  ].filter((problem) => problem !== false);
  if (problems.length > 0) throw new Invalid({ file: problems });
  return header;
}

function problemOf(record: string[], header: string[]): string | undefined {
  if (record.length !== header.length) return `has ${record.length} fields and the header has ${header.length}`;
  const text = record.join('');
  if (text.includes('\uFFFD')) return 'has a character that is not UTF-8; save the file as UTF-8';
  if (text.includes('\0')) return 'has a NUL character';
  return undefined;
}
