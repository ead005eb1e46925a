/**
 * A rate is kept with one time, until which it has been used up: each call moves it on by the time that one call is
 * worth. At most a tenth of a second's calls come at once, so that no second ever has noticeably more than its share.
 */
export function callsAllowed(
  { pacedTo, ratePerSecond }: { pacedTo: number | null; ratePerSecond: number | null },
  now: number,
): number {
  if (ratePerSecond === null) return Number.POSITIVE_INFINITY;
  const aheadMs = Math.max(0, (pacedTo ?? 0) - now);
  return Math.max(0, Math.floor(burst(ratePerSecond) - (aheadMs * ratePerSecond) / 1000 + 1e-6));
}

/** What `pacedTo` becomes after so many calls. */
export function paceOn(
  { pacedTo, ratePerSecond }: { pacedTo: number | null; ratePerSecond: number | null },
  { calls, now }: { calls: number; now: number },
): number | null {
  if (ratePerSecond === null || calls === 0) return pacedTo;
  return Math.max(pacedTo ?? 0, now) + (calls * 1000) / ratePerSecond;
}

/** When the next call is allowed; null when it is already. */
export function nextCallAt({
  pacedTo,
  ratePerSecond,
}: {
  pacedTo: number | null;
  ratePerSecond: number | null;
}): number | null {
  if (ratePerSecond === null || pacedTo === null) return null;
  return Math.ceil(pacedTo - ((burst(ratePerSecond) - 1) * 1000) / ratePerSecond);
}

function burst(ratePerSecond: number): number {
  return Math.ceil(ratePerSecond / 10);
}
