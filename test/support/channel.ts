import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished } from 'vitest';
import type { Integrator, World } from './world.ts';

/** An event as a channel's calendar writes it. Dates are plain; `to` is the day of departure. */
export interface Told {
  uid?: string;
  from: string;
  to: string;
  summary?: string;
  /** Airbnb's confirmation code, told by the address of the reservation. */
  code?: string;
  status?: string;
}

export interface Channel {
  url: string;
  /** What the calendar holds from now on. */
  shows(...events: Told[]): void;
  /** Anything else that a server can answer. */
  answers(answer: string | ((request: IncomingMessage, response: ServerResponse) => unknown)): void;
  /** The calls so far. */
  calls: IncomingMessage[];
}

/** A channel's server with one calendar. It ends with the test. */
export async function startChannel(...events: Told[]): Promise<Channel> {
  let respond: (request: IncomingMessage, response: ServerResponse) => unknown = () => {};
  const calls: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    calls.push(request);
    respond(request, response);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(async () => {
    const closed = new Promise((done) => server.close(done));
    server.closeAllConnections();
    await closed;
  });
  const { port } = server.address() as AddressInfo;
  const channel: Channel = {
    url: `http://127.0.0.1:${port}/calendar/ical/1234567.ics?s=very-secret`,
    calls,
    shows: (...told) => channel.answers(calendarOf(told)),
    answers(answer) {
      respond =
        typeof answer === 'function'
          ? answer
          : (_request, response) => response.writeHead(200, { 'content-type': 'text/calendar' }).end(answer);
    },
  };
  channel.shows(...events);
  return channel;
}

export function calendarOf(events: Told[]): string {
  const lines = events.flatMap(({ uid, from, to, summary = 'Reserved', code, status }) => [
    'BEGIN:VEVENT',
    `DTEND;VALUE=DATE:${to.replaceAll('-', '')}`,
    `DTSTART;VALUE=DATE:${from.replaceAll('-', '')}`,
    `UID:${uid ?? `${code ?? from}@channel`}`,
    ...(code ? [`DESCRIPTION:Reservation URL: https://www.airbnb.com/hosting/reservations/details/${code}`] : []),
    ...(status ? [`STATUS:${status}`] : []),
    `SUMMARY:${summary}`,
    'END:VEVENT',
  ]);
  return ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//A channel//EN', ...lines, 'END:VCALENDAR', ''].join('\r\n');
}

/** A property whose channel has a calendar, and what an integrator does with it. */
export async function hookUp(
  mine: Integrator,
  events: Told[] = [],
  { channel = 'airbnb', property }: { channel?: string; property?: { id: number } } = {},
) {
  const place = property ?? (await mine.property());
  const server = await startChannel(...events);
  const made = await mine.post(`/v1/properties/${place.id}/ical-sources`, { channel, url: server.url });
  if (made.status !== 201) throw new Error(made.text);
  const { id, export_url } = made.body.data;
  return {
    ...server,
    id: id as number,
    exportUrl: export_url as string,
    property: place,
    /** Reads the calendar, and answers what came of it. */
    async sync(asked: object = {}) {
      const answer = await mine.post(`/v1/ical-sources/${id}/sync`, asked);
      expect([answer.status, answer.body.message]).toEqual([200, undefined]);
      return answer.body.data;
    },
    bookings: async () => (await mine.get(`/v1/bookings?property_id=${place.id}&sort=id_asc&per_page=100`)).body.data,
    conflicts: async (filter = '') =>
      (await mine.get(`/v1/ical-conflicts?source_id=${id}&sort=id_asc${filter}`)).body.data,
    source: async () => (await mine.get(`/v1/ical-sources/${id}`)).body.data,
  };
}

/** Three readings and twelve hours: what has gone for so long has gone. */
export async function untilGone(world: World, { sync }: Pick<HookedUp, 'sync'>) {
  await sync();
  await sync();
  world.pass(13 * 3_600_000);
  return sync();
}

export type HookedUp = Awaited<ReturnType<typeof hookUp>>;
