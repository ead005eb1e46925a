export const NDJSON_TYPE = 'application/x-ndjson';

/** Writes rows as JSON, compact and a line each: the objects of `data`. */
export function writeNdjson(rows: unknown[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}
