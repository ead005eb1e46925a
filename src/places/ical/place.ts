import { clashOf, isEcho, isOwnAlready, waitsForMissing } from './clash.ts';
import type { FeedEvent } from './feed/types.ts';
import { followEvent, type Move } from './follow.ts';
import type { KnownStay } from './known.ts';
import { bookingSources, channelName, type Entry, endedByUs, isBack, isOpen, spanOf, tell, type Work } from './work.ts';

/**
 * Finds a place for an event that has none: it is a booking that is here already, or an echo, or gets its nights, or is in
 * conflict with whoever has them. Answers with a move where a booking that was found has other dates.
 */
export function placeEvent(work: Work, entry: Entry, event: FeedEvent, missing: ReadonlySet<Entry>): Move | undefined {
  const { next } = entry;
  const before = next.state;
  Object.assign(next, { kind: event.kind, checkIn: event.checkIn, checkOut: event.checkOut });
  if (event.kind === 'RESERVATION') {
    const stay = bookingOf(work, event);
    if (stay) return link(work, entry, event, stay);
  }
  const { units, roomTypeId } = work.known;
  const span = { roomTypeId, checkIn: event.checkIn, checkOut: event.checkOut };
  if (units.full(span).length === 0) return take(work, entry, event);
  if (isEcho(work, event) || (event.kind === 'BLOCK' && isOwnAlready(work, event))) {
    next.state = 'ECHO';
    isBack(entry);
    if (before !== 'ECHO') tell(work, 'ECHO', entry);
    return undefined;
  }
  next.state = 'CONFLICT';
  if (waitsForMissing(work, event, missing)) tell(work, 'WAIT', entry);
  else entry.clash = clashOf(work, entry, event);
  return undefined;
}

function take(work: Work, entry: Entry, event: FeedEvent): undefined {
  const { next } = entry;
  const { units } = work.known;
  const span = spanOf(work, { ...entry, stay: undefined });
  entry.stay = undefined;
  entry.took = true;
  next.bookingId = null;
  isBack(entry);
  const { checkIn, checkOut } = event;
  if (event.kind === 'BLOCK') {
    units.block(span);
    next.state = 'BLOCKED';
    tell(work, 'BLOCK', entry);
  } else {
    units.reserve(span);
    next.state = 'BOOKED';
    entry.books = { guestName: event.guestName ?? `${channelName(work)} guest`, code: event.code };
    tell(work, 'CREATE', entry);
  }
  work.holdings.push({ stay: undefined, entry, source: bookingSources(work)[0]!, checkIn, checkOut, own: true });
}

/** Makes an event the one of a booking that is here already, and asks for its dates where they differ. */
function link(work: Work, entry: Entry, event: FeedEvent, stay: KnownStay): Move | undefined {
  entry.stay = stay;
  entry.took = true;
  stay.linked = true;
  isBack(entry);
  const { checkIn, checkOut } = stay;
  Object.assign(entry.next, { state: 'BOOKED', bookingId: stay.id, checkIn, checkOut });
  const holding = work.holdings.find((one) => one.stay === stay);
  if (holding) Object.assign(holding, { entry, own: true });
  tell(work, 'LINK', entry);
  return followEvent(work, entry, event);
}

/**
 * The booking that an event is: by the channel's code, whatever became of that booking since a person saw to it; or a stay of
 * this channel on the same dates that no calendar has claimed, because somebody typed or imported it before.
 */
function bookingOf(work: Work, event: FeedEvent): KnownStay | undefined {
  const { stays } = work.known;
  const { code } = event;
  const byCode =
    code && stays.find((one) => (one.channelReference === code || one.reference === code) && !endedByUs(work, one));
  if (byCode) return byCode;
  const sources = bookingSources(work);
  const same = stays.filter(
    (one) =>
      !one.linked &&
      (isOpen(one) || one.status === 'CHECKED_IN') &&
      sources.includes(one.source) &&
      one.checkIn === event.checkIn &&
      one.checkOut === event.checkOut &&
      !(one.channelReference && code),
  );
  return same.find((one) => one.guestName === event.guestName) ?? same[0];
}
