import type { Config } from '../../config.ts';

const LONGEST_MS = 6 * 3_600_000;

/** When a calendar is read next after a good reading: give or take a tenth, so that calendars made together don't stay together. */
export function nextSync({ icalPollMinutes }: Config, now: Date): Date {
  return new Date(now.getTime() + icalPollMinutes * 60_000 * (0.9 + Math.random() * 0.2));
}

/** And after the n-th failure in a row: twice as late each time, six hours at most. */
export function nextAfterFailure({ icalPollMinutes }: Config, now: Date, failures: number): Date {
  return new Date(now.getTime() + Math.min(LONGEST_MS, icalPollMinutes * 60_000 * 2 ** Math.min(failures - 1, 20)));
}
