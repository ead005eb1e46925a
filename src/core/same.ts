import { isDeepStrictEqual } from 'node:util';

/** Whether a row says already all that a change says, so that a retry of it has nothing new to tell anyone. Undefined says nothing. */
export function saysAlready(row: object, change: object): boolean {
  return Object.entries(change).every(
    ([column, value]) => value === undefined || isDeepStrictEqual(row[column as keyof typeof row], value),
  );
}
