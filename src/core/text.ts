import { closest } from 'fastest-levenshtein';

/** What is wrong with a text from outside, or nothing. Texts are trimmed by whoever keeps them. */
export function textProblem(
  text: string | null | undefined,
  { most = 200, required = false } = {},
): string | undefined {
  if (text == null) return undefined;
  if (required && text.trim() === '') return 'must not be empty';
  if (text.length > most) return `must not be longer than ${most} characters`;
  if (text.includes('\0')) return 'must not contain the NUL character';
  if (HALVES.test(text)) return 'must be made of whole characters';
  return undefined;
}

/** Half an emoji, which JSON can write and PostgreSQL reads as a question mark, or in a list not at all. */
const HALVES = /\p{Surrogate}/u;

/** checkIn → check_in */
export function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** check_in → checkIn */
export function camel(name: string): string {
  return name.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}

/** What somebody who wrote `word` probably meant. */
export function nearest(word: string, candidates: readonly string[]): string {
  return closest(word, candidates);
}
