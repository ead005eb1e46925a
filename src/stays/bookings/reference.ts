import { randomInt } from 'node:crypto';

/** No 0, 1, I, L or O: a reference is read out over the telephone. */
const LETTERS = 'ABCDEFGHJKMNPQRSTUVWXYZ23456789';

/** `BKG-` and six of 31 characters: 887 million. A clash is left to the unique constraint, and tried again. */
export function newReference(below: (most: number) => number = randomInt): string {
  return `BKG-${Array.from({ length: 6 }, () => LETTERS[below(LETTERS.length)]).join('')}`;
}
