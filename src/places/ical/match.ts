import type { FeedEvent } from './feed/types.ts';
import type { Entry } from './work.ts';

/** Which event of the feed is which that we know; the others are new. */
export type Matches = Map<FeedEvent, Entry>;

/**
 * Recognises what was read before. The UID comes first; then the channel's confirmation code, which is the one key that
 * Airbnb never changes; and then, among what would otherwise be missing, the day of departure, because Airbnb's blocks and
 * Booking.com's closures get new UIDs and later starts as the days pass; and last, any night in common.
 */
export function matchEvents(events: FeedEvent[], entries: Entry[]): Matches {
  const matches: Matches = new Map();
  const free = new Set(entries);
  const pair = (event: FeedEvent, entry: Entry | undefined) => {
    if (!entry || !free.has(entry) || matches.has(event)) return;
    matches.set(event, entry);
    free.delete(entry);
  };

  const byUid = latest(entries, ({ next }) => next.uid);
  for (const event of events) pair(event, byUid.get(event.uid));
  const byCode = latest(
    entries.filter((entry) => free.has(entry)),
    ({ next }) => next.code,
  );
  for (const event of events) if (event.code) pair(event, byCode.get(event.code));

  const missing = [...free].filter(({ next }) => next.state !== 'ENDED').sort(byCheckIn);
  const strange = events.filter((event) => !matches.has(event) && !event.cancelled);
  for (const event of strange) {
    pair(
      event,
      missing.find((entry) => free.has(entry) && entry.next.checkOut === event.checkOut && mayBe(entry, event)),
    );
  }
  for (const event of strange)
    pair(
      event,
      missing.find((entry) => free.has(entry) && mayBe(entry, event)),
    );
  return matches;
}

/**
 * Leaves out what a channel says a second time of the same nights, under another UID: one unit can't have two guests. The
 * UID that has the nights here is kept, in whatever order the calendar tells of them.
 */
export function oncePerStay(events: FeedEvent[], entries: Entry[]): FeedEvent[] {
  const holders = entries.filter(({ next: { state } }) => state === 'BOOKED' || state === 'BLOCKED');
  const holding = new Set(holders.map(({ next }) => next.uid));
  const kept = new Map<string, FeedEvent>();
  for (const event of events) {
    const { kind, code, summary, checkIn, checkOut, cancelled } = event;
    const stay = JSON.stringify([kind, code, summary, checkIn, checkOut, cancelled]);
    const before = kept.get(stay);
    if (!before || (holding.has(event.uid) && !holding.has(before.uid))) kept.set(stay, event);
  }
  return kept.size === events.length ? events : [...kept.values()];
}

/** By a key; of several, one that isn't over, and of those the latest. */
function latest(entries: Entry[], key: (entry: Entry) => string | null): Map<string, Entry> {
  const found = new Map<string, Entry>();
  for (const entry of entries) {
    const value = key(entry);
    const before = value === null ? undefined : found.get(value);
    if (value !== null && !(before && before.next.state !== 'ENDED' && entry.next.state === 'ENDED'))
      found.set(value, entry);
  }
  return found;
}

/** Whether a missing event can be this one under another UID. Two guests that the channel tells apart never are. */
function mayBe({ next }: Entry, event: FeedEvent): boolean {
  if (!(next.checkIn < event.checkOut && event.checkIn < next.checkOut)) return false;
  if (next.kind === 'BLOCK') return true; // Closed nights may become a reservation.
  if (event.kind === 'BLOCK') return false; // A guest who has gone doesn't become closed nights.
  if (next.code && event.code) return false;
  return !event.certain || next.code !== null || event.code !== null || next.summary === event.summary;
}

const byCheckIn = (a: Entry, b: Entry) => (a.next.checkIn < b.next.checkIn ? -1 : 1);
