import { readdirSync, readFileSync } from 'node:fs';
import type { Agent } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addDays } from '../src/core/dates.ts';
import { checkFeedUrl, FeedFailure, fetchFeed, type HowToFetch } from '../src/places/ical/feed/fetch.ts';
import { NotACalendar, parseFeed } from '../src/places/ical/feed/parse.ts';
import type { FeedEvent, HowToRead } from '../src/places/ical/feed/types.ts';
import { openAgent } from '../src/relay/address.ts';
import { OUTCOMES } from './feeds/outcomes.ts';
import { CALENDAR, type CalendarServer, SECRET, startCalendarServer } from './support/calendar-server.ts';

const HOUSE: HowToRead = { channel: 'OTHER', timezone: 'Africa/Casablanca', today: '2027-05-01' };

const DATES = Array.from({ length: 1_000 }, (_, i) => `${addDays('2027-06-01', i).replaceAll('-', '')}T003000`).join(
  ',',
);

// ─── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────

describe('a calendar is read however it is written:', () => {
  // A stay that is read a day off, or not at all, is sold twice.
  test.each(OUTCOMES)('$shows ($file)', ({ file, channel, events, warnings = [], refused }) => {
    const bytes = readFileSync(new URL(`feeds/${file}.ics`, import.meta.url));
    const read = () => parseFeed(bytes, { ...HOUSE, channel });
    if (refused) return expect(read).toThrow(expect.objectContaining({ name: 'NotACalendar', reason: refused }));
    const feed = read();
    expect(feed.events.map(line)).toEqual(events);
    expect(feed.warnings).toEqual(warnings);
    // A stay whose name changes between two readings is cancelled and booked again.
    expect(read()).toEqual(feed);
  });

  // A feed that nobody holds to an outcome promises nothing.
  test('every feed of the corpus has its outcome', () => {
    const files = readdirSync(new URL('feeds/', import.meta.url)).filter((name) => name.endsWith('.ics'));
    expect(OUTCOMES.map(({ file }) => `${file}.ics`).sort()).toEqual(files.sort());
  });

  function line({ uid, checkIn, checkOut, kind, certain, code, guestName, cancelled }: FeedEvent): string {
    const short = (text: string | null) =>
      text && text.length > 60
        ? `${[...text].slice(0, text.startsWith('x') ? 8 : 3).join('')}… (${text.length})`
        : text;
    const said = [kind.toLowerCase(), certain && 'certain', code, short(guestName), cancelled && 'cancelled'];
    return `${short(uid)}: ${checkIn}/${checkOut} ${said.filter(Boolean).join(', ')}`;
  }
});

// An event that takes another's name takes its booking's place.
test('two long UIDs that differ at the end stay two, and fit the column', () => {
  const { events } = parseFeed(stays([`${'x'.repeat(700)}1`, `${'x'.repeat(700)}2`]), HOUSE);
  expect(new Set(events.map(({ uid }) => uid)).size).toBe(2);
  expect(Math.max(...events.map(({ uid }) => uid.length))).toBe(500);
});

// A channel that shuffles its events would otherwise move each guest into another's dates.
test('the names of two stays with one UID do not depend on their order, nor on how many days have passed', () => {
  const names = (dates: string[], today = HOUSE.today) =>
    parseFeed(calendar(dates.map((date) => ['UID:same', `DTSTART:${date}`])), { ...HOUSE, today })
      .events.map(({ uid, checkIn }) => `${checkIn} ${uid}`)
      .sort();
  expect(names(['20270601', '20270701'])).toEqual(names(['20270701', '20270601'], '2027-05-20'));
});

// The departure of a closure that slides by a day each day would tell all channels something new every morning.
test('a closure without end is shortened to the same dates all year', () => {
  const nights = (today: string) => {
    const { events } = parseFeed(calendar([['UID:e', 'DTSTART:20200101', 'DTEND:99991231', 'SUMMARY:Blocked']]), {
      ...HOUSE,
      today,
    });
    return events.map(({ checkIn, checkOut }) => `${checkIn}/${checkOut}`);
  };
  expect(nights('2027-01-01')).toEqual(['2027-01-01/2028-12-31']);
  expect(nights('2027-12-31')).toEqual(nights('2027-01-01'));
});

// Somebody who writes a calendar to harm us must not stop the readings of everybody else.
test.each([
  ['ten megabytes of carriage returns', Buffer.alloc(10_000_000, '\r')],
  ['a million folds', calendar([[`SUMMARY:${'\n x'.repeat(1_000_000)}`, 'DTSTART:20270601']])],
  ['a million parameters', calendar([[`DTSTART${';A=b'.repeat(1_000_000)}:20270601`]])],
  ['10,000 rules that never hold', rules(10_000, 'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30')],
  ['2,000 events that each repeat daily', rules(2_000, 'FREQ=DAILY')],
  ['10,000 time zones', calendar(Array.from({ length: 5_000 }, (_, i) => zoned(i)))],
  [
    'half a million extra dates',
    calendar([['UID:e', 'DTSTART:20270601', ...Array(500).fill(`RDATE;TZID=Asia/Tokyo:${DATES}`)]]),
  ],
  ['half a million beginnings', calendar([Array(500_000).fill('DTSTART:20270601')])],
  ['100,000 events', stays(Array.from({ length: 100_000 }, (_, i) => `u${i}`))],
  ['4,000 closures of two years', closures(4_000)],
])('a hostile calendar is read or refused within two seconds: %s', (_what, bytes) => {
  const begun = cpuMs();
  try {
    parseFeed(bytes, HOUSE);
  } catch (error) {
    expect(error).toBeInstanceOf(NotACalendar);
  }
  expect(cpuMs() - begun).toBeLessThan(2_000); // Up to 0.8 s; "for ever" without the limits.
});

// Comparing it would keep all agencies waiting: each of its events with each of its nights.
test('what has more nights than any property is refused, and said to be', () => {
  expect(() => parseFeed(closures(400), HOUSE)).toThrow(
    expect.objectContaining({ reason: 'too_many_events', message: expect.stringContaining('nights') }),
  );
  expect(parseFeed(closures(300), HOUSE).events).toHaveLength(300);
});

// The largest calendars are those of hotels; their readings are many a minute.
test('2,000 stays are read in the time of a blink', () => {
  const bytes = stays(Array.from({ length: 2_000 }, (_, i) => `1418fb94e984-${i}@airbnb.com`));
  const times = Array.from({ length: 10 }, () => {
    const begun = cpuMs();
    expect(parseFeed(bytes, { ...HOUSE, channel: 'AIRBNB' }).events).toHaveLength(2_000);
    return cpuMs() - begun;
  });
  expect(Math.min(...times)).toBeLessThan(100); // 40 ms, beside 12 ms of ical.js alone.
});

// ─── fetching ────────────────────────────────────────────────────────────────────────────────────────────────────────

describe('a calendar is fetched', () => {
  let server: CalendarServer;
  const agent = openAgent({ allowed: ['127.0.0.1/32'], timeoutMs: 1_000 });
  const read = (mood: string, how: Partial<HowToFetch> = {}) =>
    fetchFeed(mood.includes(':') ? mood : server.url(mood), {
      agent,
      timeoutMs: 5_000,
      retries: 0,
      pauseMs: 1,
      ...how,
    });
  const failure = async (mood: string, how: Partial<HowToFetch> = {}) => {
    const error = await read(mood, how).then(
      () => undefined,
      (error) => error,
    );
    expect(error, mood).toBeInstanceOf(FeedFailure);
    return error as FeedFailure;
  };

  beforeAll(async () => {
    server = await startCalendarServer();
  });
  afterAll(async () => {
    await server.close();
    await agent.close();
  });

  // The calendar is the only thing that the channel tells us.
  test.each(['good', 'gzip', 'brotli', 'charset', 'moved'])(
    'whole, whatever it is packed in and wherever it lies: %s',
    async (mood) => {
      expect(await read(mood)).toEqual({ status: 'fetched', bytes: CALENDAR, etag: null, lastModified: null });
    },
  );

  // A channel that doesn't know who asks may take us for a robot and shut the door.
  test('by a client that says who it is and what it wants', async () => {
    await read('good');
    const { headers } = server.requests.at(-1)!;
    expect(headers['user-agent']).toMatch(/^Bellhop\/\d/);
    expect(headers.accept).toMatch(/^text\/calendar/);
    expect(headers['accept-encoding']).toBe('gzip, br');
  });

  // Most readings bring nothing new; a megabyte each would make us a nuisance.
  test('only when it has changed, where the channel can tell', async () => {
    const { etag, lastModified } = await read('conditional');
    expect({ etag, lastModified }).toEqual({ etag: '"v1"', lastModified: 'Sat, 01 May 2027 08:00:00 GMT' });
    expect(await read('conditional', { etag, lastModified })).toEqual({ status: 'unchanged', etag, lastModified });
    expect(server.requests.at(-1)!.headers['if-modified-since']).toBe(lastModified);
    expect(await read('conditional', { etag: '"older"' })).toMatchObject({ status: 'fetched', bytes: CALENDAR });
  });

  // A failure that names the wrong reason is searched for in the wrong place; one that names the address gives it away.
  test.each([
    ['unauthorized', 'unauthorized', 401, false],
    ['forbidden', 'unauthorized', 403, false],
    ['notFound', 'not_found', 404, false],
    ['gone', 'gone', 410, false],
    ['badRequest', 'http_4xx', 400, false],
    ['busyForAnHour', 'throttled', 429, true],
    ['broken', 'http_5xx', 500, true],
    ['unchangedUnasked', 'http_5xx', 304, true],
    ['toNowhere', 'http_5xx', 302, true],
    ['loop', 'too_many_redirects', undefined, false],
    ['toMetadata', 'blocked', undefined, false],
    ['toDatabase', 'blocked', undefined, false],
    ['toFile', 'invalid_url', undefined, false],
    ['toGarbage', 'invalid_url', undefined, false],
    ['toStranger', 'invalid_url', undefined, false],
    ['endless', 'too_large', undefined, false],
    ['huge', 'too_large', undefined, false],
    ['gzipBomb', 'too_large', undefined, false],
    ['brotliBomb', 'too_large', undefined, false],
    ['bombInABomb', 'not_a_calendar', undefined, false],
    ['zstd', 'not_a_calendar', undefined, false],
    ['notGzip', 'network', undefined, true],
    ['cutGzip', 'network', undefined, true],
    ['short', 'network', undefined, true],
    ['reset', 'network', undefined, true],
  ])('or not, and then the reason is told, and never the key: %s', async (mood, reason, statusCode, retryable) => {
    const error = await failure(mood);
    expect(error).toMatchObject({ reason, statusCode, retryable });
    expect(error.message).toMatch(/^[A-Z\d].*\.$/);
    expect(error.message).not.toContain(SECRET);
  });

  // Each of these would hold one of few places for ever, and soon no calendar would be read at all.
  test('within its time, from a server that is silent or drips', async () => {
    const begun = performance.now();
    const errors = await Promise.all(
      ['silent', 'drips', 'movedToDrips'].map((mood) => failure(mood, { timeoutMs: 150 })),
    );
    expect(errors.map(({ reason, retryable }) => [reason, retryable])).toEqual(Array(3).fill(['timeout', true]));
    expect(errors[0]!.message).toMatch(/did not send the calendar within 0\.15 s\.$/);
    expect(performance.now() - begun).toBeLessThan(1_000);
  });

  // Ten such answers at once would otherwise end the process.
  test('in little memory, even if it unfolds to a hundred megabytes', async () => {
    await failure('gzipBomb'); // The server's own copy is made now.
    const before = process.memoryUsage();
    await Promise.all(Array.from({ length: 4 }, () => failure('gzipBomb')));
    const { external, arrayBuffers } = process.memoryUsage();
    expect(external + arrayBuffers - before.external - before.arrayBuffers).toBeLessThan(150 * 1024 * 1024); // Not 800.
  });

  // A channel's hiccup must not wake anybody, and a wrong address must not be asked for four times.
  test('again, when the failure is one that passes', async () => {
    const asked = async (mood: string, retries: number) => {
      const before = server.requests.length;
      await failure(mood, { retries });
      return server.requests.length - before;
    };
    expect(await asked('broken', 2)).toBe(3);
    expect(await asked('reset', 2)).toBe(3);
    expect(await asked('busy', 2)).toBe(3);
    expect(await asked('busyForAnHour', 2)).toBe(1);
    expect(await asked('notFound', 2)).toBe(1);
    expect(await asked('endless', 2)).toBe(1);

    let failures = 2;
    server.answer('recovers', (_request, response) => {
      if (failures-- > 0) response.writeHead(503).end();
      else response.end(CALENDAR);
    });
    expect(await read('recovers', { retries: 2 })).toMatchObject({ status: 'fetched' });
  });

  // The wait for a dead channel would hold up the end of the process.
  test('until whoever asked for it says stop', async () => {
    const stop = new AbortController();
    const reading = read('silent', { signal: stop.signal, retries: 5 });
    stop.abort(new Error('The process ends.'));
    await expect(reading).rejects.toThrow('The process ends.');
  });

  // Whoever may add a calendar chooses where our server connects to.
  test('from public addresses only, whatever a name resolves to', async () => {
    const to = (address: string) =>
      openAgent({
        allowed: [],
        timeoutMs: 1_000,
        lookup: (_host, _options, done) => done(null, [{ address, family: 4 }]),
      });
    expect(await failure('http://ical.example.com/1.ics', { agent: to('10.0.0.7') })).toMatchObject({
      reason: 'blocked',
      message: expect.stringMatching(/^ical\.example\.com was not asked: its address is not a public one/),
    });
    expect(await failure('good', { agent: to('10.0.0.7') })).toMatchObject({ reason: 'blocked' });
  });

  // "It doesn't work" is no help at two in the morning.
  test('and what went wrong on the way there is told apart', async () => {
    const lost = openAgent({
      allowed: [],
      timeoutMs: 1_000,
      lookup: (_host, _options, done) => done(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), []),
    });
    expect(await failure('https://ical.example.com/1.ics', { agent: lost })).toMatchObject({
      reason: 'dns',
      message: 'The name ical.example.com could not be resolved (ENOTFOUND).',
    });
    expect(await failure(server.url('good').replace('http:', 'https:'))).toMatchObject({ reason: 'tls' });
    expect(await failure('http://127.0.0.1:2/')).toMatchObject({
      reason: 'network',
      message: 'The connection to 127.0.0.1:2 failed (ECONNREFUSED).',
    });
    expect(await failure('ftp:example.com')).toMatchObject({ reason: 'invalid_url' });
  });

  // A page that asks for a login is not a house without guests.
  test.each([
    ['login', 'html'],
    ['empty', 'empty'],
  ])('and what came is a calendar or is refused as none: %s', async (mood, reason) => {
    const { bytes } = await read(mood);
    expect(() => parseFeed(bytes!, HOUSE)).toThrow(expect.objectContaining({ reason }));
  });

  // Calendars offer themselves as webcal://, and people paste what they are offered.
  test('from a webcal:// address: over HTTPS, or over HTTP in a private network', async () => {
    expect(await read(server.url('good').replace('http:', 'webcal:'))).toMatchObject({ status: 'fetched' });
    const asked: string[] = [];
    const dispatch = ({ origin }: { origin: URL | string }) => {
      asked.push(new URL(origin).origin);
      throw new Error('Enough is known.');
    };
    await failure('webcal://ical.example.com/1.ics', { agent: { dispatch } as unknown as Agent });
    expect(asked).toEqual(['https://ical.example.com']);
  });
});

// An address that is refused when it is typed in costs a minute; one that fails at night costs a double booking.
test.each([
  ['https://www.airbnb.com/calendar/ical/1.ics?s=x', null],
  ['webcal://p01.example.com/published/2/x', null],
  [' https://example.com/a.ics\n', null],
  ['http://127.0.0.1:8080/a.ics', null],
  ['nonsense', 'must be the address of a calendar, like https://example.com/calendar.ics'],
  ['', 'must be the address of a calendar, like https://example.com/calendar.ics'],
  ['ftp://example.com/a.ics', 'must begin with https://, http:// or webcal://'],
  ['https://me:pw@example.com/a.ics', 'must not contain a user name or a password'],
  [`https://example.com/${'a'.repeat(2048)}`, 'must be at most 2048 characters long'],
  ['http://169.254.169.254/latest', expect.stringMatching(/^is not reachable/)],
  ['webcal://10.0.0.1/a.ics', expect.stringMatching(/^is not reachable/)],
  ['webcal://[::1]/a.ics', expect.stringMatching(/^is not reachable/)],
])('an address of a calendar is judged before it is kept: %j', (text, problem) => {
  expect(checkFeedUrl(text, ['127.0.0.0/8'])).toEqual(problem);
});

/** Time of this process's own work: the machine may have other things to do. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function calendar(events: string[][]): Buffer {
  const lines = events.flatMap((event) => ['BEGIN:VEVENT', ...event, 'END:VEVENT']);
  return Buffer.from(['BEGIN:VCALENDAR', 'VERSION:2.0', ...lines, 'END:VCALENDAR', ''].join('\r\n'));
}

function zoned(i: number): string[] {
  return [`UID:${i}`, `DTSTART;TZID=a/b/c${i}:20270601T120000`, `DTEND;TZID=x/y/z${i}:20270603T120000`];
}

function stays(uids: string[]): Buffer {
  return calendar(
    uids.map((uid) => [`UID:${uid}`, 'DTSTART;VALUE=DATE:20270601', 'DTEND;VALUE=DATE:20270604', 'SUMMARY:Reserved']),
  );
}

function closures(events: number): Buffer {
  return calendar(Array.from({ length: events }, (_, i) => [`UID:${i}`, 'DTSTART:20270601', 'DTEND:20290530']));
}

function rules(events: number, rule: string): Buffer {
  return calendar(Array.from({ length: events }, (_, i) => [`UID:${i}`, 'DTSTART:19700101', `RRULE:${rule}`]));
}
