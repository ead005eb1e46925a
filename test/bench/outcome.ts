/** What one part of the bench found out. */
export interface Outcome {
  part: string;
  /** How it was measured, in a sentence or two. */
  method: string;
  table: Record<string, string | number>[];
  figures: Figure[];
  /** What a reader should know besides, such as what could not be measured. */
  notes: string[];
}

/** A number that somebody was promised. */
export interface Figure {
  name: string;
  value: number;
  unit: string;
  goal?: { atLeast: number } | { atMost: number };
}

export function reached(outcome: Outcome): boolean {
  return missed(outcome).length === 0;
}

/** The promises that were not kept. */
export function missed({ figures }: Outcome): Figure[] {
  return figures.filter((figure) => verdict(figure) === 'missed');
}

export function print({ part, method, table, figures, notes }: Outcome): void {
  console.log(`\n${part}: ${method}\n`);
  if (table.length > 0) printTable(table);
  for (const figure of figures) {
    const { name, value, unit, goal } = figure;
    const wanted = goal && ('atLeast' in goal ? `at least ${goal.atLeast}` : `at most ${goal.atMost}`);
    console.log(
      `  ${name}: ${rounded(value)}${unit && ` ${unit}`}${wanted ? `  (goal: ${wanted}; ${verdict(figure)})` : ''}`,
    );
  }
  for (const note of notes) console.log(`  Note: ${note}`);
}

export function median(values: number[]): number {
  return percentile(values, 50);
}

/** Between the two nearest values, as spreadsheets do it. NaN for no values. */
export function percentile(values: number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = ((sorted.length - 1) * percent) / 100;
  const [low, high] = [sorted[Math.floor(at)] ?? Number.NaN, sorted[Math.ceil(at)] ?? Number.NaN];
  return low + (high - low) * (at - Math.floor(at));
}

/** Three significant digits: more would only be noise. */
export function rounded(value: number): number {
  return value >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}

/** `180-232` */
export function range(values: number[]): string {
  return `${rounded(Math.min(...values))}-${rounded(Math.max(...values))}`;
}

function verdict({ value, goal }: Figure): 'reached' | 'missed' | undefined {
  if (!goal) return undefined;
  return ('atLeast' in goal ? value >= goal.atLeast : value <= goal.atMost) ? 'reached' : 'missed';
}

function printTable(rows: Record<string, string | number>[]): void {
  const columns = [...new Set(rows.flatMap(Object.keys))];
  const cell = (value: string | number | undefined) =>
    typeof value === 'number' ? String(rounded(value)) : (value ?? '');
  const widths = columns.map((column) => Math.max(column.length, ...rows.map((row) => cell(row[column]).length)));
  const line = (cells: string[]) =>
    `  ${cells.map((text, i) => (i === 0 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!))).join('  ')}`;
  console.log(line(columns));
  for (const row of rows) console.log(line(columns.map((column) => cell(row[column]))));
  console.log('');
}
