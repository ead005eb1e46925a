import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';

/** A channel's server, with all its moods. Each path has one; see `MOODS`. */
export interface CalendarServer {
  /** http://127.0.0.1:… with a secret in the query, as channels write it. */
  url(path: string): string;
  /** All requests, in the order of their arrival. */
  requests: IncomingMessage[];
  /** Gives a path another answer. */
  answer(path: string, listener: RequestListener): void;
  close(): Promise<void>;
}

export const SECRET = 'hush-3f9c';

export async function startCalendarServer({
  calendar = CALENDAR,
}: {
  calendar?: Buffer;
} = {}): Promise<CalendarServer> {
  const requests: IncomingMessage[] = [];
  const given = new Map<string, RequestListener>();
  const server = createServer((request, response) => {
    requests.push(request);
    const path = new URL(request.url!, 'http://localhost').pathname.slice(1);
    const mood = MOODS[path as keyof typeof MOODS] as Mood | undefined;
    const listener = given.get(path);
    if (listener) listener(request, response);
    else if (mood) mood(response, { request, calendar, path });
    else response.writeHead(404).end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: (path) => `http://127.0.0.1:${port}/${path}?s=${SECRET}`,
    requests,
    answer: (path, listener) => given.set(path, listener),
    async close() {
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** One stay, of four nights. */
export const CALENDAR = Buffer.from(
  [
    ...['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Example//Calendar//EN', 'BEGIN:VEVENT', 'UID:one@example.com'],
    ...['DTSTART;VALUE=DATE:20270601', 'DTEND;VALUE=DATE:20270605', 'SUMMARY:Amina', 'END:VEVENT', 'END:VCALENDAR', ''],
  ].join('\r\n'),
);

type Mood = (response: ServerResponse, call: { request: IncomingMessage; calendar: Buffer; path: string }) => unknown;

const ICS = { 'Content-Type': 'text/calendar; charset=utf-8' };
const HUNDRED_MB = 100 * 1024 * 1024;

export const MOODS = {
  // ─── well ──────────────────────────────────────────────────────────────────────────────────────────────────────
  good: (response, { calendar }) => response.writeHead(200, ICS).end(calendar),
  gzip: (response, { calendar }) =>
    response.writeHead(200, { ...ICS, 'Content-Encoding': 'gzip' }).end(gzipSync(calendar)),
  brotli: (response, { calendar }) =>
    response.writeHead(200, { ...ICS, 'Content-Encoding': 'br' }).end(brotliCompressSync(calendar)),
  /** Says that nothing changed to whoever asks with its ETag. */
  conditional(response, { request, calendar }) {
    const headers = { ...ICS, ETag: '"v1"', 'Last-Modified': 'Sat, 01 May 2027 08:00:00 GMT' };
    if (request.headers['if-none-match'] === '"v1"') response.writeHead(304, { ETag: '"v1"' }).end();
    else response.writeHead(200, headers).end(calendar);
  },
  charset: (response, { calendar }) => response.writeHead(200, { ...ICS, 'Content-Encoding': 'UTF-8' }).end(calendar),
  moved: (response) => response.writeHead(302, { Location: `good?s=${SECRET}` }).end(),

  // ─── not a calendar ────────────────────────────────────────────────────────────────────────────────────────────
  login: (response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<html><form>Log in</form></html>'),
  empty: (response) => response.writeHead(200, ICS).end(),

  // ─── no end ────────────────────────────────────────────────────────────────────────────────────────────────────
  silent: () => undefined,
  /** A byte now and then, for ever: each of them would start a timeout anew that waits for the next. */
  drips(response) {
    response.writeHead(200, ICS);
    const drip = setInterval(() => response.write('B'), 20);
    response.on('close', () => clearInterval(drip));
  },
  /** Sends us on, and drips there. */
  movedToDrips: (response) => response.writeHead(301, { Location: '/drips' }).end(),
  endless(response) {
    const chunk = Buffer.alloc(64 * 1024, 'X-NOTHING:here\r\n');
    response.writeHead(200, ICS);
    const more = () => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', more);
    more();
  },
  /** Announces a gigabyte. */
  huge: (response) => response.writeHead(200, { ...ICS, 'Content-Length': 2 ** 30 }).write('BEGIN:VCALENDAR'),
  gzipBomb: (response) => response.writeHead(200, { ...ICS, 'Content-Encoding': 'gzip' }).end(bomb('gzip')),
  brotliBomb: (response) => response.writeHead(200, { ...ICS, 'Content-Encoding': 'br' }).end(bomb('brotli')),
  bombInABomb: (response) =>
    response.writeHead(200, { ...ICS, 'Content-Encoding': 'gzip, gzip' }).end(gzipSync(bomb('gzip'))),
  loop: (response) => response.writeHead(302, { Location: `/loop?s=${SECRET}` }).end(),

  // ─── damage ────────────────────────────────────────────────────────────────────────────────────────────────────
  notGzip: (response, { calendar }) => response.writeHead(200, { ...ICS, 'Content-Encoding': 'gzip' }).end(calendar),
  cutGzip: (response, { calendar }) =>
    response.writeHead(200, { ...ICS, 'Content-Encoding': 'gzip' }).end(gzipSync(calendar).subarray(0, 60)),
  zstd: (response, { calendar }) => response.writeHead(200, { ...ICS, 'Content-Encoding': 'zstd' }).end(calendar),
  /** Hangs up before it has sent what it announced. */
  short(response, { calendar }) {
    response.writeHead(200, { ...ICS, 'Content-Length': calendar.length + 100 });
    response.write(calendar, () => response.destroy());
  },
  reset: (response) => response.socket!.resetAndDestroy(),

  // ─── elsewhere ─────────────────────────────────────────────────────────────────────────────────────────────────
  toMetadata: (response) => response.writeHead(302, { Location: 'http://169.254.169.254/latest/meta-data/' }).end(),
  toDatabase: (response) => response.writeHead(302, { Location: 'http://127.0.0.2:5432/' }).end(),
  toFile: (response) => response.writeHead(302, { Location: 'file:///etc/passwd' }).end(),
  toNowhere: (response) => response.writeHead(302).end(),
  toGarbage: (response) => response.writeHead(302, { Location: 'http://[not-an-address/' }).end(),
  toStranger: (response) => response.writeHead(302, { Location: 'http://user:password@127.0.0.1/' }).end(),

  // ─── refusals ──────────────────────────────────────────────────────────────────────────────────────────────────
  unchangedUnasked: (response) => response.writeHead(304).end(),
  badRequest: (response) => response.writeHead(400).end('no'),
  unauthorized: (response) => response.writeHead(401).end('no'),
  forbidden: (response) => response.writeHead(403).end('no'),
  notFound: (response) => response.writeHead(404).end('no'),
  gone: (response) => response.writeHead(410).end('no'),
  broken: (response) => response.writeHead(500).end('no'),
  busy: (response) => response.writeHead(429, { 'Retry-After': '0' }).end('no'),
  busyForAnHour: (response) => response.writeHead(429, { 'Retry-After': '3600' }).end('no'),
} satisfies Record<string, Mood>;

/** 100 kB that unfold to 100 MB, and some hundred bytes that do; made once. */
function bomb(kind: 'gzip' | 'brotli'): Buffer {
  bombs[kind] ??= (kind === 'gzip' ? gzipSync : brotliBomb)(Buffer.alloc(HUNDRED_MB, ' '));
  return bombs[kind];
}

const bombs: { gzip?: Buffer; brotli?: Buffer } = {};

function brotliBomb(bytes: Buffer): Buffer {
  return brotliCompressSync(bytes, { params: { [QUALITY]: 1 } }); // The best quality takes seconds.
}

const QUALITY = 1; // zlib.constants.BROTLI_PARAM_QUALITY
