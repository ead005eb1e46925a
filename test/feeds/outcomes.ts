import type { Channel } from '../../src/places/ical/feed/types.ts';

/** A feed of the corpus, read on 2027-05-01 by a house in Casablanca, and what has to come of it. */
export interface Outcome {
  /** The name of the .ics file beside this one. */
  file: string;
  channel: Channel;
  /** What is odd about it. */
  shows: string;
  /** uid: dates kind, certain?, code, guest, cancelled? */
  events?: string[];
  warnings?: string[];
  /** Why it isn't a calendar. */
  refused?: string;
}

export const OUTCOMES: Outcome[] = [
  {
    file: 'airbnb-reserved-and-not-available',
    channel: 'AIRBNB',
    shows: 'Airbnb: folded lines, the end before the beginning, no DTSTAMP; a code in the address of the reservation',
    events: [
      '1418fb94e984-0f1e2d3c4b5a69788796a5b4c3d2e1f0@airbnb.com: 2027-06-09/2027-06-12 reservation, certain, HMQW3RTY78',
      '6fec1092d3fa-0f1e2d3c4b5a69788796a5b4c3d2e1f0@airbnb.com: 2027-06-15/2027-06-20 block',
    ],
  },
  {
    file: 'airbnb-of-some-years-ago',
    channel: 'AIRBNB',
    shows: 'Airbnb as it was: the guest is named, the code stands in another address',
    events: [
      '1418fb94e984-a@airbnb.com: 2027-06-09/2027-06-12 reservation, certain, HMQW3RTY78, Amina Tazi',
      '6fec1092d3fa-b@airbnb.com: 2027-06-15/2027-06-20 block',
    ],
  },
  {
    file: 'airbnb-in-french',
    channel: 'AIRBNB',
    shows: 'Airbnb in other languages, and without an address',
    events: [
      'a@airbnb.com: 2027-06-09/2027-06-12 reservation, certain',
      'b@airbnb.com: 2027-06-15/2027-06-20 block',
      'c@airbnb.com: 2027-06-22/2027-06-24 block',
    ],
  },
  {
    file: 'airbnb-code-runs-on',
    channel: 'AIRBNB',
    shows: 'Airbnb: what follows the code, badly escaped, is no part of it',
    events: [
      'a@airbnb.com: 2027-06-09/2027-06-12 reservation, certain, HMQW3RTY78',
      'b@airbnb.com: 2027-06-15/2027-06-20 reservation, certain, HMZX9CVB12',
    ],
  },
  {
    file: 'booking-closed',
    channel: 'BOOKING',
    shows: 'Booking.com: every event may be a guest or a closure',
    events: [
      '5d3c5e0f2a7b4c1d@booking.com: 2027-06-01/2027-06-04 reservation',
      '6e4d6f1a3b8c5d2e@booking.com: 2027-06-04/2027-06-05 reservation',
    ],
  },
  {
    file: 'booking-with-an-en-dash',
    channel: 'BOOKING',
    shows: 'Booking.com: whatever it says, it is not sure',
    events: [
      '5d3c5e0f2a7b4c1d@booking.com: 2027-06-01/2027-06-04 reservation',
      '7f5e@booking.com: 2027-06-06/2027-06-07 reservation',
    ],
  },
  {
    file: 'vrbo-with-the-past',
    channel: 'VRBO',
    shows: 'Vrbo: names, closures, and the past, of which a year is kept',
    events: [
      '6f49cda7-479e-454b-a6a3-000000000002: 2027-01-10/2027-01-12 reservation, certain, Youssef',
      '6f49cda7-479e-454b-a6a3-000000000003: 2027-06-09/2027-06-12 reservation, certain, Amina',
      '6f49cda7-479e-454b-a6a3-000000000004: 2027-06-20/2027-06-21 block',
      '6f49cda7-479e-454b-a6a3-000000000005: 2027-06-25/2027-06-28 reservation, certain',
    ],
  },
  {
    file: 'vrbo-in-other-languages',
    channel: 'VRBO',
    shows: 'Vrbo: the sites of other countries',
    events: [
      '6f49cda7-0000-4000-8000-000000000000: 2027-06-01/2027-06-02 reservation, certain, Charlotte & Fred',
      '6f49cda7-0000-4000-8000-000000000001: 2027-06-03/2027-06-04 reservation, certain, M & Mme',
      '6f49cda7-0000-4000-8000-000000000002: 2027-06-05/2027-06-06 reservation, certain, José María',
      '6f49cda7-0000-4000-8000-000000000003: 2027-06-07/2027-06-08 reservation, certain, Jörg',
      '6f49cda7-0000-4000-8000-000000000004: 2027-06-09/2027-06-10 reservation, certain, Lucia',
      '6f49cda7-0000-4000-8000-000000000005: 2027-06-11/2027-06-12 reservation, certain, Anne-Marie',
      '6f49cda7-0000-4000-8000-000000000006: 2027-06-13/2027-06-14 block',
      '6f49cda7-0000-4000-8000-000000000007: 2027-06-15/2027-06-16 block',
      '6f49cda7-0000-4000-8000-000000000008: 2027-06-17/2027-06-18 block',
      '6f49cda7-0000-4000-8000-000000000009: 2027-06-19/2027-06-20 block',
      '6f49cda7-0000-4000-8000-000000000010: 2027-06-21/2027-06-22 block',
    ],
  },
  {
    file: 'vrbo-with-a-duration',
    channel: 'VRBO',
    shows: 'Vrbo: a length in place of an end; the rules of a time zone are no stay',
    events: ['1234567890abcdef@vrbo.com: 2027-11-01/2027-11-05 reservation, certain, Amina'],
  },
  {
    file: 'several-calendars',
    channel: 'OTHER',
    shows: 'calendars in one file, each read by the rules of whoever wrote it',
    events: [
      'a@x: 2027-06-01/2027-06-04 reservation, certain, HMQW3RTY78',
      'b@x: 2027-06-10/2027-06-12 reservation',
      'c@x: 2027-06-20/2027-06-22 reservation, certain, Amina',
      'd@airbnb.com: 2027-06-25/2027-06-26 block',
    ],
  },
  {
    file: 'google-mixed',
    channel: 'OTHER',
    shows: 'Google: whole days, times of another zone; free time closes nothing',
    events: [
      'g1@google.com: 2027-06-01/2027-06-04 reservation, certain, Famille Alaoui',
      'g2@google.com: 2027-06-10/2027-06-13 reservation, certain, Peter (4 guests)',
      'g4@google.com: 2027-06-25/2027-06-26 block',
    ],
    warnings: ['Events marked as free time, which were left out: 1.'],
  },
  {
    file: 'google-repeating',
    channel: 'OTHER',
    shows: 'Google: every week but one, and one moved by a day',
    events: [
      'weekend@google.com#2027-06-04: 2027-06-04/2027-06-06 reservation, certain, Owner weekend',
      'weekend@google.com#2027-06-25: 2027-06-25/2027-06-27 reservation, certain, Owner weekend',
      'weekend@google.com#2027-07-02: 2027-07-02/2027-07-04 reservation, certain, Owner weekend',
      'weekend@google.com#2027-06-11: 2027-06-12/2027-06-15 reservation, certain, Owner weekend',
    ],
  },
  {
    file: 'repeating-otherwise',
    channel: 'OTHER',
    shows: 'first Mondays, ends of months, every second weekend, some dates',
    events: [
      'monthly#2027-06-07: 2027-06-07/2027-06-08 reservation, certain, First Mondays',
      'monthly#2027-07-05: 2027-07-05/2027-07-06 reservation, certain, First Mondays',
      'monthly#2027-08-02: 2027-08-02/2027-08-03 reservation, certain, First Mondays',
      'last-day#2027-06-30: 2027-06-30/2027-07-01 reservation, certain, Month ends',
      'last-day#2027-07-31: 2027-07-31/2027-08-01 reservation, certain, Month ends',
      'last-day#2027-08-31: 2027-08-31/2027-09-01 reservation, certain, Month ends',
      'yearly#2027-07-14: 2027-07-14/2027-07-16 reservation, certain, Bastille',
      'yearly#2028-07-14: 2028-07-14/2028-07-16 reservation, certain, Bastille',
      'fortnight#2027-06-05: 2027-06-05/2027-06-06 reservation, certain, Every other',
      'fortnight#2027-06-06: 2027-06-06/2027-06-07 reservation, certain, Every other',
      'fortnight#2027-06-19: 2027-06-19/2027-06-20 reservation, certain, Every other',
      'fortnight#2027-06-20: 2027-06-20/2027-06-21 reservation, certain, Every other',
      'daily#2027-08-01: 2027-08-01/2027-08-02 reservation, certain, Three days',
      'daily#2027-08-04: 2027-08-04/2027-08-05 reservation, certain, Three days',
      'daily#2027-08-07: 2027-08-07/2027-08-08 reservation, certain, Three days',
      'dates#2027-09-01: 2027-09-01/2027-09-03 reservation, certain, Now and then',
      'dates#2027-09-10: 2027-09-10/2027-09-12 reservation, certain, Now and then',
      'dates#2027-09-20: 2027-09-20/2027-09-22 reservation, certain, Now and then',
    ],
  },
  {
    file: 'repeating-for-ever',
    channel: 'OTHER',
    shows: 'rules that never hold, or every second, or are none',
    events: [
      'never#2027-06-01: 2027-06-01/2027-06-02 reservation, certain, Thirtieth of February',
      'seconds#2027-06-10: 2027-06-10/2027-06-11 reservation, certain, Each second',
      'broken#2027-06-12: 2027-06-12/2027-06-13 reservation, certain, Broken rule',
      'places#2027-06-14: 2027-06-14/2027-06-15 reservation, certain, Last workday',
    ],
    warnings: [
      'The event "Each second" (UID seconds) repeats in a way that isn\'t followed here (FREQ=SECONDLY), so only its first time was taken.',
      'The event "Broken rule" (UID broken) repeats in a way that isn\'t followed here (FREQ=NEVER;INTERVAL=X), so only its first time was taken.',
      'The event "Last workday" (UID places) repeats in a way that isn\'t followed here (FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1), so only its first time was taken.',
    ],
  },
  {
    file: 'zones-of-windows',
    channel: 'OTHER',
    shows: 'Outlook: zones by the names of Windows; an unknown one is the house’s own',
    events: [
      'w1: 2027-06-09/2027-06-13 reservation, certain, Lea',
      'w2: 2027-06-19/2027-06-22 reservation, certain, Kenji',
      'w3: 2027-06-25/2027-06-26 reservation, certain, Max',
    ],
  },
  {
    file: 'zones-written-oddly',
    channel: 'OTHER',
    shows: 'zones as paths, with colons, as offsets, as nothing',
    events: [
      'z1: 2027-06-09/2027-06-12 reservation, certain, Aiko',
      'z2: 2027-06-20/2027-06-22 reservation, certain, Ren',
      'z3: 2027-06-24/2027-06-27 reservation, certain, Yui',
      'z4: 2027-06-30/2027-07-04 reservation, certain, Sora',
    ],
  },
  {
    file: 'instants',
    channel: 'OTHER',
    shows: 'the date of an instant is the one on the wall of the house',
    events: [
      'i1: 2027-06-10/2027-06-12 reservation, certain, Late by a zone',
      'i2: 2027-06-15/2027-06-17 reservation, certain, Midnight to midnight',
      'i3: 2027-06-20/2027-06-23 reservation, certain, The clock on the wall',
      'i4: 2027-06-25/2027-06-26 reservation, certain, Within a day',
    ],
  },
  {
    file: 'outlook-free',
    channel: 'OTHER',
    shows: 'Outlook: free time closes nothing',
    events: ['f1: 2027-06-01/2027-06-04 reservation, certain, Amina'],
    warnings: ['Events marked as free time, which were left out: 1.'],
  },
  {
    file: 'byte-order-mark',
    channel: 'OTHER',
    shows: 'a byte order mark, and no line end after the last line',
    events: ['b1: 2027-06-01/2027-06-04 reservation, certain, Zoé'],
  },
  {
    file: 'lone-carriage-returns',
    channel: 'OTHER',
    shows: 'line ends of an old Macintosh',
    events: ['r1: 2027-06-01/2027-06-04 reservation, certain, Amina'],
  },
  {
    file: 'doubled-line-ends',
    channel: 'OTHER',
    shows: 'line ends that were converted twice',
    events: ['r1: 2027-06-01/2027-06-04 reservation, certain, Amina'],
  },
  {
    file: 'small-letters-and-blanks',
    channel: 'OTHER',
    shows: 'small letters, and blanks where none belong',
    events: [
      's1: 2027-06-01/2027-06-04 reservation, certain, Amina, cancelled',
      's2: 2027-06-10/2027-06-11 reservation, certain, Karim',
    ],
  },
  {
    file: 'folded-inside-a-letter',
    channel: 'VRBO',
    shows: 'lines folded in the middle of a letter, a UID, a date',
    events: ['6f49cda7-479e-454b-a6a3-39fa7feee5ed: 2027-06-01/2027-06-04 reservation, certain, Zoé'],
  },
  {
    file: 'dates-without-their-type',
    channel: 'OTHER',
    shows: 'dates that don’t say that they are dates, and such that say it wrongly',
    events: [
      'd1: 2027-06-01/2027-06-04 reservation, certain, Amina',
      'd2: 2027-06-10/2027-06-12 reservation, certain, Karim',
      'd3: 2027-06-20/2027-06-22 reservation, certain, Lina',
    ],
  },
  {
    file: 'lengths',
    channel: 'OTHER',
    shows: 'no end, no night, a week, some hours',
    events: [
      'l1: 2027-06-01/2027-06-02 reservation, certain, No end',
      'l2: 2027-06-03/2027-06-04 reservation, certain, Ends where it begins',
      'l3: 2027-06-05/2027-06-12 reservation, certain, A week',
      'l4: 2027-06-15/2027-06-18 reservation, certain, 68 hours',
      'l5: 2027-06-20/2027-06-22 reservation, certain, Both',
      'l6: 2027-06-25/2027-06-26 reservation, certain, Only a time',
    ],
  },
  {
    file: 'backwards',
    channel: 'OTHER',
    shows: 'stays that end before they begin',
    events: ['b3: 2027-06-20/2027-06-22 reservation, certain, Good'],
    warnings: [
      'The event "Backwards" (UID b1) ends on 2027-06-01, before it begins on 2027-06-04; it was left out.',
      'The event "Backwards too" (UID b2) ends on 2027-06-08, before it begins on 2027-06-10; it was left out.',
    ],
  },
  {
    file: 'impossible-dates',
    channel: 'OTHER',
    shows: 'days that no calendar has',
    events: ['i7: 2028-02-29/2028-03-01 reservation, certain, A leap day'],
    warnings: [
      'The event "February" (UID i1) has a DTSTART that can\'t be read ("20270230"); it was left out.',
      'The event "June" (UID i2) has a DTEND that can\'t be read ("20270632"); it was left out.',
      'The event "To be done" (UID i3) has a DTSTART that can\'t be read ("TBD"); it was left out.',
      'The event "Nothing at all" (UID i4) has no beginning; it was left out.',
      'The event "Hours" (UID i5) has a DTSTART that can\'t be read ("20270601T256100"); it was left out.',
      'The event "Soon" (UID i6) has a DURATION that can\'t be read ("soon"); it was left out.',
    ],
  },
  {
    file: 'closed-until-the-end-of-time',
    channel: 'OTHER',
    shows: 'closed until 9999: the next years are',
    events: ['e1: 2027-01-01/2028-12-31 block', 'e2: 2028-01-01/2029-12-31 block'],
    warnings: [
      'The event "Blocked" (UID e1) lasts from 2020-01-01 to 9999-12-31; only 2027-01-01 to 2028-12-31 was taken.',
      'The event "Not available" (UID e2) lasts from 2028-01-01 to 2031-01-01; only 2028-01-01 to 2029-12-31 was taken.',
    ],
  },
  {
    file: 'without-uids',
    channel: 'OTHER',
    shows: 'no UIDs',
    events: [
      'unnamed-a13b5110b3549140c1a579f298ec1a22: 2027-06-01/2027-06-04 reservation, certain, Amina',
      'unnamed-f72487bca47800fa10afbc0f793c7d75: 2027-06-10/2027-06-12 reservation, certain, Karim',
    ],
    warnings: ['Events without a UID, recognised only by their dates and summary: 2.'],
  },
  {
    file: 'one-uid-for-two-stays',
    channel: 'OTHER',
    shows: 'one UID for two stays',
    events: [
      'same#2027-06-01: 2027-06-01/2027-06-04 reservation, certain, Amina',
      'same#2027-06-10: 2027-06-10/2027-06-12 reservation, certain, Karim',
      'other: 2027-06-20/2027-06-21 reservation, certain, Lina',
    ],
  },
  {
    file: 'one-uid-one-arrival',
    channel: 'OTHER',
    shows: 'one UID for two stays that begin on one day',
    events: [
      'same#2027-06-01/2027-06-04: 2027-06-01/2027-06-04 reservation, certain, Amina',
      'same#2027-06-01/2027-06-06: 2027-06-01/2027-06-06 reservation, certain, Amina',
      'same#2027-06-10: 2027-06-10/2027-06-12 reservation, certain, Karim',
    ],
  },
  {
    file: 'the-same-twice',
    channel: 'OTHER',
    shows: 'the same event twice, and its like for another room',
    events: [
      'same: 2027-06-01/2027-06-04 reservation, certain, Amina',
      'two-rooms: 2027-06-01/2027-06-04 reservation, certain, Amina',
    ],
  },
  {
    file: 'very-long-names',
    channel: 'OTHER',
    shows: 'a UID of 701 characters, a summary of 600',
    events: [
      'xxxxxxxx… (500): 2027-06-01/2027-06-04 reservation, certain, 😀😀😀… (200)',
      'xxxxxxxx… (500): 2027-06-10/2027-06-12 reservation, certain, yyy… (200)',
    ],
  },
  {
    file: 'cancelled',
    channel: 'OTHER',
    shows: 'stays that the channel says are cancelled',
    events: [
      'c1: 2027-06-01/2027-06-04 reservation, certain, Amina, cancelled',
      'c2: 2027-06-10/2027-06-12 reservation, certain, Karim',
      'c3: 2027-06-20/2027-06-22 reservation, certain, Lina, cancelled',
    ],
  },
  {
    file: 'cancelled-and-booked-again',
    channel: 'OTHER',
    shows: 'a UID that was cancelled and lives again on other dates',
    events: ['c1: 2027-06-02/2027-06-05 reservation, certain, Amina'],
  },
  {
    file: 'revised',
    channel: 'OTHER',
    shows: 'a UID in two revisions, of which the later holds; stays side by side that are only numbered',
    events: [
      'moved: 2027-06-02/2027-06-05 reservation, certain, Amina',
      'gone: 2027-06-10/2027-06-12 reservation, certain, Karim, cancelled',
      'numbered#2027-06-20: 2027-06-20/2027-06-22 reservation, certain, Lina',
      'numbered#2027-06-22: 2027-06-22/2027-06-24 reservation, certain, Nora',
    ],
  },
  {
    file: 'sent-to-cancel',
    channel: 'OTHER',
    shows: 'a calendar that is sent to cancel what it holds, beside one that isn’t',
    events: [
      'c1: 2027-06-01/2027-06-04 reservation, certain, Amina, cancelled',
      'c2: 2027-06-10/2027-06-12 reservation, certain, Karim',
    ],
  },
  {
    file: 'alarm-inside',
    channel: 'OTHER',
    shows: 'an alarm with a UID of its own, and one that doesn’t end',
    events: [
      'a1: 2027-06-01/2027-06-04 reservation, certain, Amina',
      'a2: 2027-06-10/2027-06-12 reservation, certain, Karim',
    ],
  },
  {
    file: 'event-without-its-end',
    channel: 'OTHER',
    shows: 'an event that doesn’t end',
    events: [
      'e1: 2027-06-01/2027-06-04 reservation, certain, Amina',
      'e2: 2027-06-10/2027-06-12 reservation, certain, Karim',
    ],
  },
  {
    file: 'one-bad-line',
    channel: 'OTHER',
    shows: 'lines that no parser takes',
    events: [
      'x1: 2027-06-01/2027-06-04 reservation, certain, Amina',
      'x2: 2027-06-10/2027-06-12 reservation, certain, Open quote',
      'x3: 2027-06-20/2027-06-22 reservation',
    ],
  },
  {
    file: 'rubbish-around',
    channel: 'OTHER',
    shows: 'a message of PHP before, a comment behind',
    events: ['p1: 2027-06-01/2027-06-04 reservation, certain, Amina'],
  },
  {
    file: 'letters-that-are-none',
    channel: 'OTHER',
    shows: 'bytes that are no letters',
    events: [
      'u1: 2027-06-01/2027-06-04 reservation, certain, Zoé ��X',
      'u2: 2027-06-10/2027-06-12 reservation, certain, Karim',
    ],
    warnings: ['The calendar is not valid UTF-8: some letters of names could not be read.'],
  },
  {
    file: 'charset-of-old-windows',
    channel: 'VRBO',
    shows: 'the charset of an old Windows',
    events: ['u1: 2027-06-01/2027-06-04 reservation, certain, Zoé Müller'],
  },
  {
    file: 'utf-16',
    channel: 'OTHER',
    shows: 'UTF-16',
    events: ['u1: 2027-06-01/2027-06-04 reservation, certain, Zoé'],
  },
  {
    file: 'nul-bytes',
    channel: 'OTHER',
    shows: 'NUL bytes, which a database refuses',
    events: ['nu1: 2027-06-01/2027-06-04 reservation, certain, Amina'],
  },
  {
    file: 'control-characters',
    channel: 'OTHER',
    shows: 'a summary of two lines, and a bell',
    events: ['n1: 2027-06-01/2027-06-04 reservation, certain, Amina Tazi'],
  },
  {
    file: 'closures-in-many-languages',
    channel: 'OTHER',
    shows: 'closures, in the words of many languages',
    events: [
      'o0: 2027-06-01/2027-06-02 block',
      'o1: 2027-06-03/2027-06-04 block',
      'o2: 2027-06-05/2027-06-06 block',
      'o3: 2027-06-07/2027-06-08 block',
      'o4: 2027-06-09/2027-06-10 block',
      'o5: 2027-06-11/2027-06-12 block',
      'o6: 2027-06-13/2027-06-14 block',
      'o7: 2027-06-15/2027-06-16 block',
      'o8: 2027-06-17/2027-06-18 block',
      'o9: 2027-06-19/2027-06-20 block',
      'o10: 2027-06-21/2027-06-22 block',
      'o11: 2027-06-23/2027-06-24 block',
      'o12: 2027-06-25/2027-06-26 block',
      'o13: 2027-06-27/2027-06-28 block',
    ],
  },
  {
    file: 'busy-and-names',
    channel: 'OTHER',
    shows: '"busy" may be anything; a name is a guest',
    events: [
      'b1: 2027-06-01/2027-06-04 reservation',
      'b2: 2027-06-05/2027-06-06 reservation',
      'b3: 2027-06-07/2027-06-08 reservation',
      'b4: 2027-06-09/2027-06-11 reservation, certain, Mrs Closedale',
      'b5: 2027-06-12/2027-06-13 reservation, certain, Amina Tazi',
      'b6: 2027-06-14/2027-06-16 reservation, certain, Blockmann family',
    ],
  },
  {
    file: 'our-own-calendar',
    channel: 'OTHER',
    shows: 'our own calendar, come back',
    events: ['booking-12@bellhop: 2027-06-01/2027-06-04 reservation', 'block-3@bellhop: 2027-06-10/2027-06-12 block'],
  },
  {
    file: 'our-own-by-way-of-another',
    channel: 'OTHER',
    shows: 'our own stays inside another’s calendar',
    events: [
      'booking-12@bellhop: 2027-06-01/2027-06-04 reservation',
      'other@x: 2027-06-10/2027-06-12 reservation, certain, Karim',
    ],
  },
  {
    file: 'no-events',
    channel: 'AIRBNB',
    shows: 'a calendar without events',
    events: [],
  },
  {
    file: 'cut-off',
    channel: 'OTHER',
    shows: 'cut off within an event',
    refused: 'truncated',
  },
  {
    file: 'cut-off-between-events',
    channel: 'OTHER',
    shows: 'cut off after an event',
    refused: 'truncated',
  },
  {
    file: 'cut-off-in-the-second',
    channel: 'OTHER',
    shows: 'cut off in the second of two calendars',
    refused: 'truncated',
  },
  {
    file: 'web-page',
    channel: 'AIRBNB',
    shows: 'a login page',
    refused: 'html',
  },
  {
    file: 'json',
    channel: 'OTHER',
    shows: 'an error in JSON',
    refused: 'json',
  },
  {
    file: 'nothing',
    channel: 'OTHER',
    shows: 'nothing',
    refused: 'empty',
  },
  {
    file: 'blanks',
    channel: 'OTHER',
    shows: 'blanks',
    refused: 'empty',
  },
  {
    file: 'words',
    channel: 'OTHER',
    shows: 'a sentence',
    refused: 'unknown',
  },
];
