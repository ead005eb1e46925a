import pRetry, { type Options } from 'p-retry';

/**
 * p-retry for what is done hundreds of times a second and hardly ever fails: it is asked only once something has failed, and
 * begins with that failure. Each of its calls makes objects that outlive the young generation, and collecting the old one
 * stops everything for as long as ten deliveries take.
 */
export function persist<T>(work: () => Promise<T>, options: Options): Promise<T> {
  const first = work();
  return first.catch(() => pRetry((attempt) => (attempt === 1 ? first : work()), options));
}
