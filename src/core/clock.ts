/**
 * The time of day, which tests can push forward. PostgreSQL's `now()` stays the clock that relays share: they add
 * `aheadMs` to it, which is 0 outside of tests.
 */
export const clock = {
  aheadMs: 0,
  now(): Date {
    return new Date(Date.now() + clock.aheadMs);
  },
};
