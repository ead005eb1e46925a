import { holdingsOf, isEcho, isOwnAlready } from './clash.ts';
import { type ConflictChanges, settleConflicts } from './conflicts.ts';
import type { Feed, FeedEvent } from './feed/types.ts';
import { followEvent, type Move, moveAll } from './follow.ts';
import type { Known } from './known.ts';
import { matchEvents, oncePerStay } from './match.ts';
import { isKept, settleCancelled, settleMissing, unblock } from './missing.ts';
import { placeEvent } from './place.ts';
import type { SourceRow } from './types.ts';
import { channelName, type Entry, endedByUs, holdsNights, isBack, miss, newEntry, tell, type Work } from './work.ts';

export interface How {
  today: string;
  now: Date;
  accept: boolean;
  /** The channel said that nothing has changed since the last reading. */
  unchanged: boolean;
}

/** Why a reading takes nothing away. */
export interface Hold {
  reason: 'empty' | 'shrunk';
  message: string;
}

export interface Decision extends Work {
  hold: Hold | undefined;
  conflicts: ConflictChanges;
}

/**
 * Compares a calendar with what is known, and decides what to do with each of its events. What goes is settled first, then what
 * moves, then what comes: so nights that one event gives up are there for the next.
 */
export function decide(source: SourceRow, known: Known, feed: Feed, how: How): Decision {
  const stays = new Map(known.stays.map((stay) => [stay.id, stay]));
  const entries = known.events.map(
    (event): Entry => ({ known: event, next: { ...event }, stay: stays.get(event.bookingId ?? 0) }),
  );
  const { today, now, accept } = how;
  const begun = { source, today, now, accept, held: false, known, entries, changes: [], cancels: [], moves: [] };
  const work: Work = { ...begun, warnings: [...feed.warnings], holdings: [] };
  work.holdings = holdingsOf(work);

  const events = known.oneUnit ? oncePerStay(feed.events, entries) : feed.events;
  const matches = matchEvents(events, entries);
  const found = new Set(matches.values());
  const unread = new Set(feed.unread);
  const isThere = (entry: Entry) => found.has(entry) || unread.has(entry.next.uid);
  const missing = new Set(entries.filter((entry) => !isThere(entry) && entry.next.state !== 'ENDED'));
  const hold = how.unchanged || accept ? undefined : holdOf(work, events, missing);
  work.held = hold !== undefined;

  for (const entry of missing) settleMissing(work, entry);
  for (const event of events) {
    const entry = matches.get(event);
    if (entry && event.cancelled) settleCancelled(work, entry);
  }

  const moves: Move[] = [];
  const homeless: [Entry, FeedEvent][] = [];
  for (const event of events) {
    if (event.cancelled) continue;
    const entry = matches.get(event);
    if (entry) see(work, entry, event, { moves, homeless });
    else if (event.checkOut > today) homeless.push([newEntry(event), event]);
  }
  moveAll(work, moves);

  const late: Move[] = [];
  for (const [entry, event] of homeless.sort(surestFirst)) {
    if (!entry.known) entries.push(entry);
    const move = placeEvent(work, entry, event, missing);
    if (move) late.push(move);
  }
  moveAll(work, late);
  for (const entry of entries) if (entry.clash) tell(work, 'CONFLICT', entry, entry.clash);
  return { ...work, hold, conflicts: settleConflicts(work, missing) };
}

/** An event that was known and is there. What it is decides what its news can be. */
function see(work: Work, entry: Entry, event: FeedEvent, to: { moves: Move[]; homeless: [Entry, FeedEvent][] }): void {
  const { next, stay } = entry;
  const { uid, summary } = event;
  Object.assign(next, { uid, summary, code: event.code ?? next.code });
  if (next.state !== 'ECHO') isBack(entry);
  switch (next.state) {
    case 'ENDED':
      if (event.checkOut <= work.today) return;
      // What a person has cancelled here stays cancelled, even if the calendar forgot it for a while.
      if (stay && !holdsNights(stay) && !endedByUs(work, stay)) next.state = 'BOOKED';
      else return void to.homeless.push([entry, event]);
      break;
    case 'CONFLICT':
      if (event.checkOut > work.today) to.homeless.push([entry, event]);
      else next.state = 'ENDED';
      return;
    case 'ECHO':
      if (echoIsOver(work, entry, event)) to.homeless.push([entry, event]);
      return;
    case 'BLOCKED':
      if (event.kind === 'RESERVATION') {
        unblock(work, entry);
        work.holdings = work.holdings.filter((holding) => holding.entry !== entry);
        tell(work, 'UNBLOCK', entry);
        return void to.homeless.push([entry, event]);
      }
  }
  const move = followEvent(work, entry, event);
  if (move) to.moves.push(move);
}

/**
 * Whether an event that was an echo is one no more. When the stay that it echoes goes or moves, the channel's calendar says
 * the old nights for some hours still; taking those for a reservation would book a guest whom nobody knows.
 */
function echoIsOver(work: Work, entry: Entry, event: FeedEvent): boolean {
  const { next } = entry;
  if (event.checkOut <= work.today) return false;
  const moved = event.checkOut !== next.checkOut || (event.checkIn !== next.checkIn && next.checkIn > work.today);
  if (moved || isEcho(work, event) || (event.kind === 'BLOCK' && isOwnAlready(work, event))) {
    if (!moved && next.misses > 0) isBack(entry);
    return moved;
  }
  if (miss(work, entry)) {
    isBack(entry);
    return true;
  }
  tell(work, 'WAIT', entry);
  return false;
}

/**
 * Whether a calendar looks so wrong that nothing may be taken away for it. A page to log in, a listing that was unlinked and a
 * channel's bad day all look like guests who have cancelled, many at once.
 */
function holdOf(work: Work, events: FeedEvent[], missing: ReadonlySet<Entry>): Hold | undefined {
  const kept = work.entries.filter((entry) => isKept(work, entry));
  const sure = 'Nothing was cancelled. If the calendar is right, sync again with accept; if not, look at its address.';
  if (events.length === 0 && kept.length > 0) {
    const count = kept.length === 1 ? 'the one stay or block' : `any of the ${kept.length} stays and blocks`;
    return {
      reason: 'empty',
      message: `The ${channelName(work)} calendar is empty: it no longer holds ${count} to come. ${sure}`,
    };
  }
  const before = kept.filter(({ next }) => next.misses === 0);
  const gone = before.filter((entry) => missing.has(entry));
  if (gone.length < 2 || gone.length * 2 <= before.length) return undefined;
  return {
    reason: 'shrunk',
    message: `${gone.length} of the ${before.length} stays and blocks to come have gone from the ${channelName(work)} calendar at once. ${sure}`,
  };
}

/** Guests before closures, and who comes first before who comes later. */
function surestFirst([, a]: [Entry, FeedEvent], [, b]: [Entry, FeedEvent]): number {
  const rank = ({ certain, kind }: FeedEvent) => (certain ? 0 : kind === 'RESERVATION' ? 1 : 2);
  return rank(a) - rank(b) || (a.checkIn < b.checkIn ? -1 : a.checkIn > b.checkIn ? 1 : 0);
}
