import { DomainError } from '../core/errors.ts';

/** Longer than the database's own limit for a statement by nothing: whoever waits is told, the statement ends by itself. */
const DEADLINE_MS = 15_000;

/** What `work` comes to, or TIMEOUT when that takes too long. What it has committed by then stays committed. */
export async function deadline<T>(work: Promise<T> | T): Promise<T> {
  if (!(work instanceof Promise)) return work;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(
        new DomainError(
          'TIMEOUT',
          'This took too long and was given up. Ask for less: fewer rows, or a narrower filter.',
        ),
      );
    }, DEADLINE_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
