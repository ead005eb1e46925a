import { NotACalendar } from './failure.ts';
import type { Zones } from './zones.ts';

/** An event as it stands in the feed: its lines by the names of their properties, those of an alarm inside left out. */
export interface RawEvent {
  /** The calendar's, which says who wrote it. */
  prodid: string;
  /** The calendar's, which says what it is sent for. */
  method: string;
  /** "DTSTART" → ["DTSTART;VALUE=DATE:20270601"], in the order of the feed. */
  lines: Map<string, string[]>;
  /** What the time zones are that the file has named so far; the same for all its events. */
  zones: Zones;
}

/**
 * The events of all calendars in a file. Each is cut out by itself, so that one that no parser takes costs only itself.
 * Throws NotACalendar for what isn't a calendar, and for one that lacks its end: what it lost on the way would look
 * like cancelled stays.
 */
export function eventsOf(lines: string[]): RawEvent[] {
  const events: RawEvent[] = [];
  const zones: Zones = new Map();
  let open = 0;
  let begun = 0;
  let prodid = '';
  let method = '';
  let event: RawEvent | undefined;
  let nested = 0;

  for (const line of lines) {
    const [, edge, name] = EDGE.exec(line) ?? [];
    if (!edge || !name) {
      const property = open > 0 ? NAME.exec(line)?.[1]?.toUpperCase() : undefined;
      if (property && !event && property === 'PRODID') prodid = line;
      if (property && !event && property === 'METHOD') method = line;
      if (property && event && nested === 0) add(event, property, line);
      continue;
    }
    const begins = edge.toUpperCase() === 'BEGIN';
    switch (name.toUpperCase()) {
      case 'VCALENDAR':
        if (begins) begun++;
        open = Math.max(0, open + (begins ? 1 : -1));
        event = undefined;
        prodid = '';
        method = '';
        break;
      case 'VEVENT':
        // One that isn't ended before the next begins is kept: it may be whole but for its last line.
        event = begins && open > 0 ? { prodid, method, lines: new Map(), zones } : undefined;
        if (event) events.push(event);
        nested = 0;
        break;
      default:
        if (event) nested = Math.max(0, nested + (begins ? 1 : -1));
    }
  }
  if (begun === 0) throw whatItIs(lines);
  if (open > 0)
    throw new NotACalendar('truncated', 'The calendar breaks off before its end (END:VCALENDAR is missing).');
  checkCount(events.length);
  return events;
}

/**
 * A year has 365 nights: what has so many events, or so many nights in all, is no property's calendar, and comparing it
 * would keep everybody else waiting.
 */
export function checkCount(events: number, nights = 0): void {
  if (events > MOST_EVENTS)
    throw new NotACalendar('too_many_events', `The calendar has more than ${MOST_EVENTS} events, and was not read.`);
  if (nights > MOST_NIGHTS)
    throw new NotACalendar(
      'too_many_events',
      `The events of the calendar have more than ${MOST_NIGHTS} nights in all, and it was not read.`,
    );
}

/** 5,000 events that all want the same fifty nights hold up the process for 0.5 s; 20,000 for half a minute. */
const MOST_EVENTS = 5_000;
const MOST_NIGHTS = 250_000;
const EDGE = /^(BEGIN|END)[ \t]*:[ \t]*([A-Za-z0-9-]{1,40})$/i;
const NAME = /^([A-Za-z0-9-]{1,60})[ \t]*[;:]/;

/** Of what we don't read nothing is kept. */
const READ = new Set([
  ...['UID', 'DTSTART', 'DTEND', 'DURATION', 'SUMMARY', 'DESCRIPTION', 'URL', 'STATUS', 'TRANSP', 'SEQUENCE'],
  ...['RRULE', 'RDATE', 'EXDATE', 'RECURRENCE-ID', 'X-MICROSOFT-CDO-BUSYSTATUS'],
]);

function add(event: RawEvent, property: string, line: string): void {
  if (!READ.has(property)) return;
  const lines = event.lines.get(property);
  if (lines) lines.push(line);
  else event.lines.set(property, [line]);
}

function whatItIs(lines: string[]): NotACalendar {
  const start = lines[0]?.trimStart() ?? '';
  if (!start) return new NotACalendar('empty', 'The answer was empty, not a calendar.');
  if (start.startsWith('<'))
    return new NotACalendar(
      'html',
      'The answer was a web page, not a calendar: the address may have changed, or ask for a login.',
    );
  if (/^[{[]/.test(start)) return new NotACalendar('json', 'The answer was JSON, not a calendar.');
  return new NotACalendar('unknown', 'The answer was not a calendar (BEGIN:VCALENDAR is missing).');
}
