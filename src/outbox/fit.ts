import type { z } from 'zod';
import { DomainError } from '../core/errors.ts';

/** The longest body that is sent: receivers' servers and queues refuse what is much longer. */
export const MOST_BYTES = 256 * 1024;

/** Whether a body is short enough. A character has at most three bytes for each unit of its length. */
export const fits = (body: string): boolean => body.length * 3 <= MOST_BYTES || Buffer.byteLength(body) <= MOST_BYTES;

/**
 * The same data made short: its lists empty, its long texts cut, and `truncated: true` to say so. What happened has
 * happened, so it is told all the same; the shape stays the published one, and the API has the rest.
 */
export function shortened(shape: z.ZodObject, data: object): object {
  const read = shape.safeParse(short(data));
  if (read.success) return { ...read.data, truncated: true };
  throw new DomainError(
    'PAYLOAD_TOO_LARGE',
    `What happened can't be told in ${MOST_BYTES / 1024} KiB. Do it in smaller parts, or with shorter texts.`,
  );
}

/**
 * The body for what a selection asked of a subject: whole; else with its lists empty and its long texts cut; else with the
 * subject's id alone. Whoever selects a long text two hundred times is still told that there is something to fetch.
 */
export function shapedBody(
  { noun, id, state }: { noun: string; id: string; state: unknown },
  bodyOf: (data: object) => string,
): string {
  const whole = bodyOf({ [noun]: state });
  if (fits(whole)) return whole;
  const cut = bodyOf({ [noun]: short(state), truncated: true });
  return fits(cut) ? cut : bodyOf({ [noun]: { id }, truncated: true });
}

function short(value: unknown): unknown {
  if (Array.isArray(value)) return [];
  if (typeof value === 'string') return value.length > MOST_IN_TEXT ? `${value.slice(0, MOST_IN_TEXT - 1)}…` : value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, short(member)]));
}

/** A URL is at most this long, and stays whole. */
const MOST_IN_TEXT = 2_048;
