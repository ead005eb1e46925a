import ICAL from 'ical.js';
import { addDays } from '../../../core/dates.ts';
import type { RawEvent } from './components.ts';
import { dateAt, later, type Moment } from './moment.ts';
import { momentIn, rawValue } from './property.ts';

/** Plain dates at the property; checkOut isn't a night. */
export interface Span {
  checkIn: string;
  checkOut: string;
}

/** The nights that an event means, or what is wrong with it, as the end of a sentence. */
export function spanOf(event: RawEvent, timezone: string): Span | string {
  const start = momentIn(event, 'DTSTART');
  if (!start) return unreadable(event, 'DTSTART', 'has no beginning');
  const end = endOf(event, start);
  if (typeof end === 'string') return end;

  const checkIn = dateAt(start, timezone);
  const checkOut = dateAt(end, timezone);
  if (checkOut < checkIn) return `ends on ${checkOut}, before it begins on ${checkIn}`;
  // An end on the day of the beginning is written by those who mean "this day", whatever the standard says.
  return { checkIn, checkOut: checkOut === checkIn ? addDays(checkIn, 1) : checkOut };
}

/** DTEND is the day of departure. Without it and without a length, an event is one night. */
function endOf(event: RawEvent, start: Moment): Moment | string {
  if (event.lines.has('DTEND')) return momentIn(event, 'DTEND') ?? unreadable(event, 'DTEND', '');
  const duration = event.lines.get('DURATION')?.[0];
  if (duration === undefined) return start;
  const seconds = secondsOf(rawValue(duration));
  return seconds === undefined ? unreadable(event, 'DURATION', '') : later(start, seconds);
}

/** P4D, P1W, PT68H. Undefined for what isn't a length, and for one that would end after the calendar does. */
function secondsOf(text: string): number | undefined {
  try {
    const seconds = ICAL.Duration.fromString(text.toUpperCase()).toSeconds();
    return Math.abs(seconds) <= LONGEST_SECONDS ? seconds : undefined;
  } catch {
    return undefined;
  }
}

const LONGEST_SECONDS = 100 * 366 * 86_400;

function unreadable(event: RawEvent, name: string, absent: string): string {
  const line = event.lines.get(name)?.[0];
  if (line === undefined) return absent;
  const value = rawValue(line).slice(0, 40);
  return `has a ${name} that can't be read ("${value}")`;
}
