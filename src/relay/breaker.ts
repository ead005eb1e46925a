import type { Outcome } from './outcome.ts';

/** How an endpoint is doing, as its turn row keeps it. Times are PostgreSQL's, in milliseconds. */
export interface Condition {
  /** closed: called as usual. open: left alone until `notBefore`. half_open: one call at a time, to see. */
  breaker: 'closed' | 'open' | 'half_open';
  /** Nothing is claimed before this: the end of an open breaker, or of a pause that was asked for. */
  notBefore: number | null;
  /** As many calls as it is sent at the same time. */
  slots: number;
  /** Failures since it last answered. */
  failures: number;
  /** Successes since the breaker was half open. */
  successes: number;
  /** How often the breaker has opened without closing. */
  trips: number;
  windowAt: number | null;
  windowTried: number;
  windowFailed: number;
  triedAt: number | null;
  succeededAt: number | null;
  /** The first attempt without success since the last success. */
  failingSince: number | null;
  /** Whether its owner has been told that it is failing. */
  told: boolean;
}

/** What the breaker reads of an attempt. */
export interface Heard {
  outcome: Outcome;
  totalMs: number;
  retryAfterMs?: number;
  /** When it is made again; null when it isn't. */
  nextAt?: number | null;
}

/** What its owner is told of an endpoint. */
export type News = 'failing' | 'recovered';

// relay.claim and relay.settle know the next one, WINDOW_MS and SLOW_MS as well: what breaks none of them isn't judged here.
/** As many calls as one endpoint is ever sent at the same time, by all relays together. */
const MOST_IN_FLIGHT = 8;
/** Without one success for so long, an endpoint is disabled; half-way there its owner is told. */
const DISABLED_AFTER_MS = 5 * 86_400_000;

const TRIPS_AT_FAILURES = 10;
const WINDOW_MS = 5 * 60_000;
const WINDOW_LEAST = 20;
const FIRST_OPEN_MS = 30_000;
const LONGEST_OPEN_MS = 15 * 60_000;
const CLOSES_AT_SUCCESSES = 3;
/** An answer that takes longer holds a slot that others could use. */
const SLOW_MS = 2_000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * What becomes of an endpoint's condition when these attempts have ended. It is the receiver's health that counts: an
 * answer that refuses (404, a redirect) shows that somebody is there, a failure of ours shows nothing.
 *
 * - Ten failures in a row open the breaker, and so does half of at least twenty attempts within five minutes from a failure on. It stays open for 30 seconds,
 *   twice as long each time that the call after it fails, up to a quarter of an hour, a fifth more or less.
 * - Three successes, one call at a time, close it. The slots then come back as they are used well: 1, 2, 4, 8.
 * - A receiver that is slow, or says "not now" (429), gets half the slots; a 429 gets the pause it asks for, up to a minute and
 *   not past the time at which that call has to be made again, and opens nothing.
 */
export function judge(
  before: Condition,
  heard: Heard[],
  { now, random = Math.random }: { now: number; random?: () => number },
): { after: Condition; news: News[]; disable: boolean } {
  const c = { ...before };
  if (c.windowAt === null || c.windowAt <= now - WINDOW_MS)
    Object.assign(c, { windowAt: now, windowTried: 0, windowFailed: 0 });
  for (const { outcome } of heard) {
    if (FAILURES.has(outcome)) {
      c.windowTried += 1;
      c.windowFailed += 1;
      c.failures += 1;
      c.successes = 0;
    } else if (ANSWERS.has(outcome)) {
      c.windowTried += 1;
      c.failures = 0;
      c.successes += 1;
    }
  }
  const last = heard.filter(({ outcome }) => FAILURES.has(outcome) || ANSWERS.has(outcome)).at(-1);
  if (last) move(c, { failed: FAILURES.has(last.outcome), now, random });
  adjustSlots(c, heard, now);
  return { after: c, ...timeWithoutSuccess(c, heard, now) };
}

/** Nobody answered, or somebody who can't. */
const FAILURES = new Set<Outcome>(['server_error', 'timeout', 'network', 'dns', 'tls']);
const ANSWERS = new Set<Outcome>(['ok', 'redirect', 'client_error', 'gone']);
/** Whatever was for the receiver to mend. */
const TRIED = new Set<Outcome>([...FAILURES, ...ANSWERS, 'throttled', 'blocked']);

function move(c: Condition, { failed, now, random }: { failed: boolean; now: number; random: () => number }): void {
  const tooMany = c.windowTried >= WINDOW_LEAST && c.windowFailed * 2 >= c.windowTried;
  if (failed && (c.breaker !== 'closed' || c.failures >= TRIPS_AT_FAILURES || tooMany)) {
    // Calls that were under way when it opened say no more than those that opened it.
    if (c.breaker === 'open' && c.notBefore !== null && c.notBefore > now) return;
    const openMs = Math.min(FIRST_OPEN_MS * 2 ** c.trips, LONGEST_OPEN_MS) * (0.8 + 0.4 * random());
    Object.assign(c, { breaker: 'open', notBefore: now + openMs, trips: c.trips + 1, successes: 0, slots: 1 });
  } else if (!failed && c.breaker !== 'closed') {
    if (c.breaker === 'open') Object.assign(c, { breaker: 'half_open', notBefore: null, successes: 1 });
    if (c.successes < CLOSES_AT_SUCCESSES) return;
    Object.assign(c, { breaker: 'closed', notBefore: null, trips: 0, slots: 1 });
    Object.assign(c, { windowAt: now, windowTried: 0, windowFailed: 0 });
  }
}

function adjustSlots(c: Condition, heard: Heard[], now: number): void {
  if (c.breaker !== 'closed') return;
  const throttled = heard.filter(({ outcome }) => outcome === 'throttled');
  const again = throttled.filter(({ nextAt }) => nextAt !== null);
  if (again.length > 0) {
    const asked = Math.max(1_000, ...again.map(({ retryAfterMs }) => retryAfterMs ?? 0));
    const until = Math.min(now + Math.min(asked, LONGEST_PAUSE_MS), ...again.map(({ nextAt }) => nextAt ?? Infinity));
    c.notBefore = Math.max(c.notBefore ?? 0, until);
  }
  if (throttled.length > 0 || heard.some(({ outcome, totalMs }) => TRIED.has(outcome) && totalMs > SLOW_MS))
    c.slots = Math.max(1, Math.floor(c.slots / 2));
  else if (heard.some(({ outcome }) => ANSWERS.has(outcome))) c.slots = Math.min(MOST_IN_FLIGHT, c.slots * 2);
}

/**
 * Five days without a success disable an endpoint. The days count only while it is tried: one that nobody has called for five
 * days, and then fails once, has not failed for five days.
 */
function timeWithoutSuccess(c: Condition, heard: Heard[], now: number): { news: News[]; disable: boolean } {
  const tried = heard.filter(({ outcome }) => TRIED.has(outcome));
  if (tried.length === 0) return { news: [], disable: false };
  const restsSince = c.triedAt !== null && c.triedAt <= now - DISABLED_AFTER_MS;
  c.triedAt = now;
  if (tried.some(({ outcome }) => outcome === 'ok')) {
    c.succeededAt = now;
    c.failingSince = null;
  } else if (c.failingSince === null || restsSince) c.failingSince = now;

  const failingMs = c.failingSince === null ? 0 : now - c.failingSince;
  const news: News[] = [];
  const failing = c.breaker === 'open' || failingMs >= DISABLED_AFTER_MS / 2;
  if (failing && !c.told) {
    c.told = true;
    news.push('failing');
  } else if (c.told && c.breaker === 'closed' && c.failingSince === null) {
    c.told = false;
    news.push('recovered');
  }
  return { news, disable: failingMs >= DISABLED_AFTER_MS };
}
