import ICAL from 'ical.js';
import { VERSION } from '../../../core/version.ts';

/** Nights that nobody else can have. */
export interface Closed {
  /** Stays the same for as long as the nights are closed for the same reason. */
  uid: string;
  /** The first night, `2026-08-12`. */
  from: string;
  /** The day after the last night. */
  to: string;
  /** Somebody stays, or nobody may. It is all that a channel is told. */
  reserved: boolean;
  /** When it last changed: `2026-07-15T10:23:41Z`. */
  changedAt: string;
  /** How often it has changed, where that is counted. */
  version: number | null;
}

/**
 * A calendar as RFC 5545 has it, printed by ical.js, which folds and escapes. It has no METHOD: with one, DTSTAMP would be
 * the time of this reading and the calendar never the same twice; without, it is when an event last changed.
 */
export function printCalendar(name: string, closed: Closed[]): string {
  const events = closed.map(({ uid, from, to, reserved, changedAt, version }) => [
    'vevent',
    [
      ['uid', {}, 'text', `${uid}@bellhop`],
      ['dtstamp', {}, 'date-time', changedAt],
      ['dtstart', {}, 'date', from],
      ['dtend', {}, 'date', to],
      ['summary', {}, 'text', reserved ? 'Reserved' : 'Not available'],
      ...(version === null ? [] : [['sequence', {}, 'integer', version]]),
    ],
    [],
  ]);
  const calendar = [
    ['prodid', {}, 'text', `-//Bellhop//Bellhop ${VERSION}//EN`],
    ['version', {}, 'text', '2.0'],
    ['calscale', {}, 'text', 'GREGORIAN'],
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a calendar may hold none of them, and a name may
    ['x-wr-calname', {}, 'text', name.replace(/[\x00-\x1f\x7f]+/g, ' ')],
    ['x-published-ttl', {}, 'duration', 'PT15M'],
  ];
  return ICAL.stringify(['vcalendar', calendar, events.length > 0 ? events : [UNUSED]] as never);
}

/** A calendar must hold something (RFC 5545, section 3.6), and some readers refuse one that doesn't; this closes no night. */
const UNUSED = [
  'vtimezone',
  [['tzid', {}, 'text', 'UTC']],
  [
    [
      'standard',
      [
        ['dtstart', {}, 'date-time', '1970-01-01T00:00:00'],
        ['tzoffsetfrom', {}, 'utc-offset', '+00:00'],
        ['tzoffsetto', {}, 'utc-offset', '+00:00'],
      ],
      [],
    ],
  ],
];

/** For the documents. */
export const EXAMPLE = printCalendar('Villa Jasmine', [
  {
    uid: 'booking-9876',
    from: '2026-08-12',
    to: '2026-08-19',
    reserved: true,
    changedAt: '2026-07-15T10:23:41Z',
    version: 1,
  },
]);
