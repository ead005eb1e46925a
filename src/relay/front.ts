/**
 * Where the front of a queue is, for one relay. What has left a queue stays in its index for as long as any transaction in
 * the database might still see it, and a look from the very beginning would pass over all of it: after two hours of
 * somebody's report, millions. So a look begins a little before where the last ones were. It is an optimisation only: what
 * came late, or was left by somebody who died, is found by a look from the beginning, which comes every few seconds, and
 * more seldom the longer it takes.
 */
export interface Front {
  /** Where to begin: undefined for the beginning. */
  from(): number | undefined;
  /** How far a look has come, in whatever the queue is ordered by. */
  reached(place: number, tookMs: number): void;
}

export function openFront(now: () => number = () => performance.now()): Front {
  // What was reached until the last move, and until the one before: at least MARGIN_MS ago.
  let reached: number | undefined;
  let before: number | undefined;
  let from: number | undefined;
  let movedAt = now();
  let wholeAt = now();
  let whole = true;

  return {
    from() {
      whole = now() >= wholeAt;
      return whole ? undefined : from;
    },
    reached(place, tookMs) {
      const at = now();
      if (whole) wholeAt = at + Math.max(WHOLE_EVERY_MS, tookMs * WHOLE_SHARE);
      reached = Math.max(reached ?? place, place);
      if (at - movedAt < MARGIN_MS) return;
      [from, before, movedAt] = [before, reached, at];
    },
  };
}

const MARGIN_MS = 2_000;
const WHOLE_EVERY_MS = 2_000;
/** Looks from the beginning take at most one part in so many of the time. */
const WHOLE_SHARE = 100;
