import { addDays, nightsBetween } from '../../../core/dates.ts';
import { classify, writerOf } from './classify.ts';
import { checkCount, eventsOf, type RawEvent } from './components.ts';
import { keyOf, keyOfUnnamed, once, oncePerCode, type Revision } from './keys.ts';
import { dateAt } from './moment.ts';
import { momentIn, rawValue, textOf } from './property.ts';
import { type Budget, checkInsOf } from './repeat.ts';
import { type Span, spanOf } from './span.ts';
import { linesOf, tidy } from './text.ts';
import type { Feed, HowToRead } from './types.ts';
import { Warnings } from './warnings.ts';

export { NotACalendar } from './failure.ts';

/**
 * Reads a channel's calendar, however it is written: what is wrong with one event costs that event and a sentence. Throws
 * NotACalendar for a login page, for nothing at all, and for a calendar that breaks off, none of which say that a stay is
 * gone. Stays that were over a year ago are left out.
 */
export function parseFeed(bytes: Buffer, how: HowToRead): Feed {
  const { lines, garbled } = linesOf(bytes);
  const raw = eventsOf(lines);
  const warnings = new Warnings();
  if (garbled) warnings.add('The calendar is not valid UTF-8: some letters of names could not be read.');

  const reading: Reading = {
    how,
    warnings,
    budget: { days: MOST_DAYS },
    moved: movedOf(raw, how),
    unread: [],
    unnamed: 0,
    free: 0,
  };
  const events: Revision[] = [];
  let nights = 0;
  for (const event of raw) {
    const stays = staysOf(event, reading);
    events.push(...stays);
    nights += stays.reduce((sum, { checkIn, checkOut }) => sum + nightsBetween(checkIn, checkOut), 0);
    checkCount(events.length, nights);
  }
  if (reading.unnamed > 0)
    warnings.add(`Events without a UID, recognised only by their dates and summary: ${reading.unnamed}.`);
  if (reading.free > 0) warnings.add(`Events marked as free time, which were left out: ${reading.free}.`);
  return { events: once(oncePerCode(events)), warnings: warnings.list(), unread: reading.unread };
}

/** What the events of one feed share. */
interface Reading {
  how: HowToRead;
  warnings: Warnings;
  budget: Budget;
  /** By UID: the dates of a repeated event that stand in the feed by themselves, because they were changed. */
  moved: Map<string, Set<string>>;
  unread: string[];
  unnamed: number;
  free: number;
}

/** How many days all repeating events together may look at: 135 of them can repeat for two years. */
const MOST_DAYS = 100_000;
const MOST_NIGHTS = 730;
const KEPT_DAYS = 365;

function staysOf(event: RawEvent, reading: Reading): Revision[] {
  const { how, warnings } = reading;
  const summary = tidy(textOf(event, 'SUMMARY') ?? '', 500);
  const name = uidOf(event);
  const whole = spanOf(event, how.timezone);
  if (typeof whole === 'string') {
    warnings.add(`The event ${label(name, summary)} ${whole}; it was left out.`);
    if (name) reading.unread.push(keyOf(name));
    return [];
  }
  const told = { channel: how.channel, prodid: event.prodid, uid: name, summary, details: detailsOf(event) };
  if (writerOf(told) === 'OTHER' && isFree(event)) {
    reading.free++;
    return [];
  }
  const type = classify(told);
  if (!name) reading.unnamed++;

  const oldest = addDays(how.today, -KEPT_DAYS);
  return timesOf(event, whole, reading, label(name, summary)).flatMap(({ time, ...dates }) => {
    const span = shortened(dates, how.today);
    if (span.checkOut < oldest) return [];
    if (span.checkOut !== dates.checkOut || span.checkIn !== dates.checkIn)
      warnings.add(
        `The event ${label(name, summary)} lasts from ${dates.checkIn} to ${dates.checkOut}; only ${span.checkIn} to ${span.checkOut} was taken.`,
      );
    const uid = name ? keyOf(time ? `${name}#${time}` : name) : keyOfUnnamed(dates, summary);
    return [
      { uid, summary: summary || null, ...type, ...span, cancelled: isCancelled(event), sequence: sequenceOf(event) },
    ];
  });
}

/**
 * Every time that an event takes place, with the date that tells it from the others: as RECURRENCE-ID does, that of the
 * time before it was changed.
 */
function timesOf(event: RawEvent, span: Span, reading: Reading, called: string): (Span & { time?: string })[] {
  const { how, warnings, budget, moved } = reading;
  const original = momentIn(event, 'RECURRENCE-ID');
  if (original) return [{ ...span, time: dateAt(original, how.timezone) }];
  if (!event.lines.has('RRULE') && !event.lines.has('RDATE')) return [span];

  const { checkIns, problem } = checkInsOf(event, span, { ...how, budget });
  if (problem) warnings.add(`The event ${called} ${problem}.`);
  const nights = nightsBetween(span.checkIn, span.checkOut);
  const elsewhere = moved.get(uidOf(event));
  return checkIns
    .filter((checkIn) => !elsewhere?.has(checkIn))
    .map((checkIn) => ({ checkIn, checkOut: addDays(checkIn, nights), time: checkIn }));
}

function movedOf(events: RawEvent[], { timezone }: HowToRead): Map<string, Set<string>> {
  const moved = new Map<string, Set<string>>();
  for (const event of events) {
    const original = momentIn(event, 'RECURRENCE-ID');
    if (!original) continue;
    const uid = uidOf(event);
    moved.set(uid, (moved.get(uid) ?? new Set()).add(dateAt(original, timezone)));
  }
  return moved;
}

/**
 * No stay of ours is longer than 730 nights, and "closed until 9999" is. The start of one is this year's first day, so
 * that the nights ahead stay closed, and change but once a year.
 */
function shortened({ checkIn, checkOut }: Span, today: string): Span {
  if (nightsBetween(checkIn, checkOut) <= MOST_NIGHTS) return { checkIn, checkOut };
  const newYear = `${today.slice(0, 4)}-01-01`;
  const from = checkIn < newYear && checkOut > newYear ? newYear : checkIn;
  const most = addDays(from, MOST_NIGHTS);
  return { checkIn: from, checkOut: checkOut < most ? checkOut : most };
}

function uidOf(event: RawEvent): string {
  return tidy(textOf(event, 'UID') ?? '', Number.POSITIVE_INFINITY);
}

function detailsOf(event: RawEvent): string {
  return `${textOf(event, 'DESCRIPTION') ?? ''}\n${textOf(event, 'URL') ?? ''}`;
}

/** By itself, or because the calendar was sent to cancel what it holds (RFC 5546, 3.2.5). */
function isCancelled(event: RawEvent): boolean {
  return /^cancell?ed$/i.test(textOf(event, 'STATUS')?.trim() ?? '') || /^cancel$/i.test(rawValue(event.method));
}

function sequenceOf(event: RawEvent): number {
  return Number.parseInt(rawValue(event.lines.get('SEQUENCE')?.[0] ?? ''), 10) || 0;
}

/** Google and Outlook let an event stand in the calendar without taking the time. */
function isFree(event: RawEvent): boolean {
  return [textOf(event, 'TRANSP'), textOf(event, 'X-MICROSOFT-CDO-BUSYSTATUS')].some((text) =>
    /^(transparent|free)$/i.test(text?.trim() ?? ''),
  );
}

/** How a sentence calls an event. */
function label(uid: string, summary: string): string {
  const name = uid.length > 60 ? `${uid.slice(0, 57)}…` : uid;
  return [summary && `"${tidy(summary, 60)}"`, name ? `(UID ${name})` : '(no UID)'].filter(Boolean).join(' ');
}
