import { createHash } from 'node:crypto';
import type { Span } from './span.ts';
import { tidy } from './text.ts';
import type { FeedEvent } from './types.ts';

/** The UID as it will be kept: at most 500 characters, the end of a longer one replaced by its hash. */
export function keyOf(uid: string): string {
  const clean = tidy(uid, Number.POSITIVE_INFINITY);
  if (clean.length <= MOST) return clean;
  return `${tidy(clean, MOST - 65)}-${hash(clean)}`;
}

/** For an event whose channel gave it none: the same as long as it stays where it is. */
export function keyOfUnnamed({ checkIn, checkOut }: Span, summary: string): string {
  return `unnamed-${hash(`${checkIn} ${checkOut} ${summary}`).slice(0, 32)}`;
}

/** An event, and how often its writer has changed it (SEQUENCE). */
export type Revision = FeedEvent & { sequence: number };

/**
 * Makes every UID the only one of its kind, and leaves out what stands there twice. Where a UID has several stays, each
 * takes its check-in along, the first one too: with the bare UID it would pass on to another stay when the first is gone,
 * and that would look like a stay that moved. What a later revision changed or cancelled is its past, and so is a cancelled
 * twin of one that is alive.
 */
export function once(events: Revision[]): FeedEvent[] {
  const groups = new Map<string, Revision[]>();
  for (const event of events) {
    const group = groups.get(event.uid);
    if (group) group.push(event);
    else groups.set(event.uid, [event]);
  }
  if (groups.size === events.length) return events;

  const kept = [...groups.values()].flatMap((all) => {
    const group = all.filter((event) => !isRevised(event, all));
    const alive = group.filter((event) => !event.cancelled);
    const stays = new Map<string, FeedEvent>();
    for (const event of alive.length > 0 ? alive : group) {
      const dates = `${event.checkIn}/${event.checkOut}`;
      if (!stays.has(dates)) stays.set(dates, event);
    }
    if (stays.size === 1) return [...stays.values()];
    const arrivals = new Map<string, number>();
    for (const { checkIn } of stays.values()) arrivals.set(checkIn, (arrivals.get(checkIn) ?? 0) + 1);
    return [...stays].map(([dates, event]) => ({
      ...event,
      uid: keyOf(`${event.uid}#${arrivals.get(event.checkIn) === 1 ? event.checkIn : dates}`),
    }));
  });
  return distinct(kept);
}

/** Only where the two have nights in common: those who give one UID to many stays may number them too. */
function isRevised({ sequence, checkIn, checkOut }: Revision, all: Revision[]): boolean {
  return all.some((other) => other.sequence > sequence && other.checkIn < checkOut && checkIn < other.checkOut);
}

/** Leaves out what one code says of the same dates a second time: two UIDs of one guest would be in each other's way. */
export function oncePerCode(events: Revision[]): Revision[] {
  const told = new Set<string>();
  return events.filter(({ code, checkIn, checkOut, cancelled }) => {
    if (!code) return true;
    const stay = `${code} ${checkIn} ${checkOut} ${cancelled}`;
    const isNew = !told.has(stay);
    told.add(stay);
    return isNew;
  });
}

/** A feed may hold "a" twice and "a#2027-06-01" as well. Neither stay may be lost over a name. */
function distinct(events: FeedEvent[]): FeedEvent[] {
  const taken = new Set<string>();
  return events.map((event) => {
    let { uid } = event;
    while (taken.has(uid)) uid = keyOf(`${uid}#`);
    taken.add(uid);
    return { ...event, uid };
  });
}

const MOST = 500;

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
