import { addDays } from '../../core/dates.ts';
import { clashOf } from './clash.ts';
import type { FeedEvent } from './feed/types.ts';
import { channelName, type Entry, hasBegun, holdsNights, spanOf, tell, type Work } from './work.ts';

interface Dates {
  checkIn: string;
  checkOut: string;
}

/** A booking or a block whose event has other dates than before. */
export interface Move {
  entry: Entry;
  event: FeedEvent;
  /** What the nights are to be. */
  to: Dates;
}

/**
 * What an event that is a booking or a block asks for, if it has changed since the last reading. Only then is the booking
 * touched: dates that a person has changed here stay as long as the calendar says what it said before.
 */
export function followEvent(work: Work, entry: Entry, event: FeedEvent): Move | undefined {
  const { next, stay } = entry;
  const to = datesNow(work, entry, event);
  if (next.state === 'BOOKED') {
    if (!stay) return undefined;
    if (!holdsNights(stay)) {
      work.warnings.push(
        `${stay.reference} was ${stay.status === 'NO_SHOW' ? 'marked as a no-show' : 'cancelled'} here and is still in the ${channelName(work)} calendar (${event.checkIn} to ${event.checkOut}). Cancel it there too, or reinstate it here.`,
      );
      return undefined;
    }
  }
  if (!to || (to.checkIn === next.checkIn && to.checkOut === next.checkOut)) return undefined;
  const from: Dates = stay ?? next;
  const begun = hasBegun(work, entry);
  const wanted = { checkIn: begun ? from.checkIn : to.checkIn, checkOut: to.checkOut };
  if (stay?.status === 'CHECKED_OUT' || wanted.checkOut <= wanted.checkIn || same(wanted, from)) {
    Object.assign(next, to); // The booking is over, or says so already.
    return undefined;
  }
  return { entry, event, to: wanted };
}

/** The event's dates as far as they are news: a start that only passed with the days, or that a begun stay can't have, isn't. */
function datesNow(work: Work, entry: Entry, event: FeedEvent): Dates | undefined {
  const { next } = entry;
  if (!hasBegun(work, entry)) return event.checkOut > work.today ? event : undefined;
  if (event.checkIn > addDays(work.today, 1) || event.checkOut <= next.checkIn) {
    work.warnings.push(
      `The event from ${next.checkIn} to ${next.checkOut} is now from ${event.checkIn} to ${event.checkOut} in the ${channelName(work)} calendar, but it has begun here. It was left as it is.`,
    );
    return undefined;
  }
  return { checkIn: next.checkIn, checkOut: event.checkOut };
}

/**
 * Moves all that can be moved. One stay may need the nights that another gives up, in whatever order the calendar tells of
 * them; so the rest is tried again as long as something moves. What can't keeps its old nights, and is a conflict.
 */
export function moveAll(work: Work, moves: Move[]): void {
  let waiting = moves;
  for (;;) {
    const left = waiting.filter((move) => !tryMove(work, move));
    if (left.length === waiting.length) break;
    waiting = left;
  }
  for (const { entry, event, to } of waiting) entry.clash = clashOf(work, entry, { ...event, ...to });
}

function tryMove(work: Work, { entry, to }: Move): boolean {
  const { units } = work.known;
  const { stay, next } = entry;
  const blocks = next.state === 'BLOCKED';
  const before = spanOf(work, entry, stay ?? next);
  const after = { ...before, ...to };
  const probe = units.fullBut(before, after);
  if (probe.length > 0) return false;
  if (blocks) {
    units.unblock(before);
    units.block(after);
  } else {
    units.free(before);
    units.sell(after);
    work.moves.push({ stay: stay!, ...to });
  }
  const holding = work.holdings.find((one) => one.entry === entry);
  if (holding) Object.assign(holding, to);
  if (stay) Object.assign(stay, to);
  Object.assign(next, to);
  entry.took = true;
  tell(work, blocks ? 'BLOCK' : 'UPDATE', entry);
  return true;
}

const same = (a: Dates, b: Dates) => a.checkIn === b.checkIn && a.checkOut === b.checkOut;
