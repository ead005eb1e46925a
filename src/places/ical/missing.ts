import { type Entry, hasBegun, holdsNights, isOpen, miss, reasons, spanOf, tell, type Work } from './work.ts';

/**
 * An event that the calendar doesn't hold any more. A channel's cancellation is a disappearance, and so is its bad day: what
 * has gone must be gone for three readings and twelve hours. A stay that has begun or is over is never touched.
 */
export function settleMissing(work: Work, entry: Entry): void {
  const { next, stay } = entry;
  if (work.held) {
    if (isKept(work, entry)) tell(work, 'HOLD', entry);
    return;
  }
  if (next.state === 'ECHO' || next.state === 'CONFLICT') {
    next.state = 'ENDED'; // It holds nothing, so nothing can be lost by believing it at once.
    return;
  }
  if (next.checkOut <= work.today) return;
  if (next.state === 'BOOKED' && stay && holdsNights(stay) && (hasBegun(work, entry) || !isOpen(stay))) return;
  if (miss(work, entry)) endEvent(work, entry, reasons(work).vanished);
  else tell(work, 'MISSING', entry);
}

/** An event that the calendar itself calls cancelled. */
export function settleCancelled(work: Work, entry: Entry): void {
  const { next, stay } = entry;
  if (next.state === 'ENDED' || work.held) return;
  if (next.state === 'BOOKED' && stay && holdsNights(stay) && (hasBegun(work, entry) || !isOpen(stay))) return;
  endEvent(work, entry, reasons(work).cancelled);
}

/** Cancels its booking, or frees the nights that it blocked. */
export function endEvent(work: Work, entry: Entry, reason: string): void {
  const { next, stay } = entry;
  if (next.state === 'BOOKED' && stay && isOpen(stay)) {
    work.cancels.push({ stay, reason });
    work.known.units.free({ roomTypeId: stay.roomTypeId, checkIn: stay.checkIn, checkOut: stay.checkOut });
    tell(work, 'CANCEL', entry, stay);
  }
  if (next.state === 'BLOCKED') {
    unblock(work, entry);
    tell(work, 'UNBLOCK', entry);
  }
  work.holdings = work.holdings.filter((holding) => holding.entry !== entry);
  next.state = 'ENDED';
}

export function unblock(work: Work, entry: Entry): void {
  work.known.units.unblock(spanOf(work, entry));
}

/** Whether it holds nights to come, which a calendar that went wrong could cost. */
export function isKept(work: Work, { next, stay }: Entry): boolean {
  if (next.checkIn <= work.today) return false;
  return next.state === 'BLOCKED' || (next.state === 'BOOKED' && stay !== undefined && holdsNights(stay));
}
