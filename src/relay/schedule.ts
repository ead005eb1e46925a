/**
 * When the attempt after `attempt` is made, or null when that was the last. The steps count from the first attempt, so
 * the promise of "five within 24 hours" holds however slow each of them is. Each is shifted by up to a fifth of its gap
 * either way, lest all that failed in one outage returns in one second; the last only ever to earlier.
 */
export function nextAttemptAt(call: {
  /** The one that has just failed: 1 is the first. */
  attempt: number;
  firstAt: Date;
  now: Date;
  /** Seconds from the first attempt, one number an attempt. */
  schedule: number[];
  /** What the receiver asked for. Honoured up to the last step, at which we ask again anyway. */
  retryAfterMs?: number;
  random?: () => number;
}): Date | null {
  const { attempt, schedule, random = Math.random } = call;
  const step = schedule[attempt];
  if (step === undefined) return null;
  const now = call.now.getTime();
  const gapMs = (step - schedule[attempt - 1]!) * 1000;
  const isLast = attempt === schedule.length - 1;
  const shift = isLast ? -0.1 * random() : 0.4 * random() - 0.2;
  const planned = call.firstAt.getTime() + step * 1000 + shift * gapMs;
  // A step that a slow answer or a long Retry-After has used up is not made up for at once.
  const reachable = planned > now ? planned : now + shortestGapMs(schedule);
  const end = call.firstAt.getTime() + schedule.at(-1)! * 1000;
  const wanted = Math.min(Math.max(reachable, now + (call.retryAfterMs ?? 0)), end);
  return new Date(Math.max(wanted, now));
}

/** Seconds or an HTTP date, as milliseconds from `now`; undefined when it is neither. */
export function readRetryAfter(header: string | undefined, now = Date.now()): number | undefined {
  if (!header) return undefined;
  const value = header.trim();
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const date = /^[A-Z][a-z]{2},? /.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function shortestGapMs(schedule: number[]): number {
  return Math.min(...schedule.slice(1).map((step, i) => step - schedule[i]!)) * 1000;
}
