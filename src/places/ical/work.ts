import type { IcalConflictKind } from '../../../prisma/generated/client/enums.ts';
import type { Span } from '../inventory.ts';
import type { FeedEvent } from './feed/types.ts';
import type { Known, KnownEvent, KnownStay } from './known.ts';
import { BOOKING_SOURCES, CHANNEL_NAMES } from './source.ts';
import type { SourceRow } from './types.ts';

/** What a reading did, or would do, with one event. */
export const ACTIONS = {
  CREATE: 'A booking is made.',
  LINK: 'It is a booking that was here already.',
  UPDATE: 'The booking’s dates follow the calendar.',
  CANCEL: 'The booking is cancelled.',
  BLOCK: 'Nights are blocked.',
  UNBLOCK: 'Blocked nights are free again.',
  CONFLICT: 'Its nights are taken by somebody else here.',
  ECHO: 'It is one of our own stays come back.',
  MISSING: 'The calendar no longer holds it; not for long enough yet.',
  HOLD: 'The calendar no longer holds it, and somebody should look at the calendar first.',
  WAIT: 'It has its nights once an event that went has gone for long enough.',
} as const;

export type Action = keyof typeof ACTIONS;

/** An event on its way through a reading: as it was, and as it will be. */
export interface Entry {
  /** Undefined for an event that is read for the first time. */
  known: KnownEvent | undefined;
  /** What will be kept. Its id is 0 while it is new. */
  next: KnownEvent;
  /** The booking that it is. */
  stay: KnownStay | undefined;
  /** The booking that it becomes. */
  books?: { guestName: string; code: string | null };
  /** Whether it has got nights in this reading. */
  took?: boolean;
  clash?: Clash;
}

/** Whoever has nights of the property: a booking, or a block when there is no stay. */
export interface Holding {
  stay: KnownStay | undefined;
  entry: Entry | undefined;
  /** airbnb, booking, direct …; for a block, whose calendar it came from. */
  source: string;
  checkIn: string;
  checkOut: string;
  /** Whether it came from the calendar that is being read. */
  own: boolean;
}

/** Nights that an event claims and somebody else has. */
export interface Clash {
  kind: IcalConflictKind;
  nights: string[];
  holder: Pick<Holding, 'source' | 'checkIn' | 'checkOut'> & Partial<Pick<Holding, 'stay' | 'entry'>>;
  /** What the event claims. */
  checkIn: string;
  checkOut: string;
}

export interface Change {
  action: Action;
  entry: Entry;
  checkIn: string;
  checkOut: string;
}

/** One reading of a calendar while it is being thought through. What is to be written is collected, nothing is written. */
export interface Work {
  source: SourceRow;
  today: string;
  now: Date;
  /** Somebody has said that the calendar is right, however it looks. */
  accept: boolean;
  /** So much has vanished at once that nothing may be taken away. */
  held: boolean;
  known: Known;
  entries: Entry[];
  holdings: Holding[];
  changes: Change[];
  warnings: string[];
  cancels: { stay: KnownStay; reason: string }[];
  moves: { stay: KnownStay; checkIn: string; checkOut: string }[];
}

/** How many readings in a row, and for how long, something must be gone before it counts as gone. */
const GONE_READINGS = 3;
const GONE_MS = 12 * 3_600_000;

/** Counts one more reading without it, and says whether that is enough. */
export function miss({ now, accept }: Work, entry: Entry): boolean {
  entry.next.misses += 1;
  entry.next.missingSince ??= now;
  return accept || (entry.next.misses >= GONE_READINGS && now.getTime() - entry.next.missingSince.getTime() >= GONE_MS);
}

export function isBack(entry: Entry): void {
  entry.next.misses = 0;
  entry.next.missingSince = null;
}

export function tell(
  work: Work,
  action: Action,
  entry: Entry,
  dates: { checkIn: string; checkOut: string } = entry.next,
) {
  work.changes.push({ action, entry, checkIn: dates.checkIn, checkOut: dates.checkOut });
}

/** The nights that an event or a stay has, in the room type that it has them in. */
export function spanOf(work: Work, { stay, next }: Entry, dates = next as { checkIn: string; checkOut: string }): Span {
  return {
    roomTypeId: stay?.roomTypeId ?? work.known.roomTypeId,
    checkIn: dates.checkIn,
    checkOut: dates.checkOut,
  };
}

export const holdsNights = ({ status }: KnownStay): boolean => status !== 'CANCELLED' && status !== 'NO_SHOW';

/** Whether its dates can still change, and it can still be cancelled. */
export const isOpen = ({ status }: KnownStay): boolean => status === 'PENDING' || status === 'CONFIRMED';

/** A stay that has begun is nobody's to cancel: the guest is in the house. */
export function hasBegun({ today }: Work, { next, stay }: Entry): boolean {
  return next.checkIn <= today || (stay !== undefined && stay.checkIn <= today);
}

export const channelName = ({ source }: Work): string => CHANNEL_NAMES[source.channel];
export const bookingSources = ({ source }: Work): readonly string[] => BOOKING_SOURCES[source.channel];

/** Why a booking was cancelled by a reading and not by a person. */
export const reasons = (work: Work) => ({
  vanished: `No longer in the ${channelName(work)} calendar`,
  cancelled: `Cancelled in the ${channelName(work)} calendar`,
});

/** Whether a booking was cancelled because its event had gone: when that comes back, it may be booked again. */
export function endedByUs(work: Work, { status, cancelReason }: KnownStay): boolean {
  return status === 'CANCELLED' && Object.values(reasons(work)).includes(cancelReason ?? '');
}

export function newEntry(event: FeedEvent): Entry {
  const { uid, code, summary, kind, checkIn, checkOut } = event;
  const next: KnownEvent = {
    ...{ id: 0, bookingId: null, uid, code, summary, kind, checkIn, checkOut },
    ...{ state: 'CONFLICT', misses: 0, missingSince: null },
  };
  return { known: undefined, next, stay: undefined };
}
