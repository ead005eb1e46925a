import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import ICAL from 'ical.js';
import type { Bench } from './bench.ts';
import { median, type Outcome } from './outcome.ts';
import { seed } from './seed.ts';

const EVENTS = 2_000;
const ROUNDS = 5;
const TODAY = Date.now();

/**
 * A channel's calendar of two thousand reservations, from the request to the answer: the first reading books all of them, the
 * second finds nothing new, and the third is told so by the channel. The limit is ical.js reading the same bytes and no more.
 */
export async function ical(bench: Bench): Promise<Outcome> {
  const url = await bench.database('bench_ical');
  const [tenant] = await seed(url, { agencies: 1, properties: ROUNDS + 1, guests: 1, bookings: 0 });
  const channel = await startChannel();
  const product = await bench.product({
    ...{ DATABASE_URL: url, DATA_DIR: bench.folder(), DEMO: 'off', ROLES: 'api' },
    ...{ RATE_LIMIT_PER_MINUTE: '1000000', WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8' },
  });

  async function ask(method: string, path: string, body: object = {}) {
    const begun = performance.now();
    const answer = await fetch(product.url + path, {
      method,
      headers: { authorization: `Bearer ${tenant!.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const { data, message } = (await answer.json()) as { data: Record<string, number>; message?: string };
    if (!answer.ok) throw new Error(`${path}: ${message}`);
    return { data, ms: performance.now() - begun };
  }

  const took = { first: [] as number[], second: [] as number[], unchanged: [] as number[], parsing: [] as number[] };
  for (let round = 0; round <= ROUNDS; round++) {
    const { id } = (
      await ask('POST', `/v1/properties/${round + 1}/ical-sources`, { channel: 'vrbo', url: channel.url })
    ).data;
    const read = async (created: number) => {
      const { data, ms } = await ask('POST', `/v1/ical-sources/${id}/sync`);
      if (data.created !== created) throw new Error(`A reading made ${data.created} bookings, not ${created}.`);
      return ms;
    };
    channel.withEtag(false);
    const first = await read(EVENTS);
    channel.withEtag(true);
    const second = await read(0);
    const unchanged = await read(0);
    const begun = performance.now();
    new ICAL.Component(ICAL.parse(channel.text)).getAllSubcomponents('vevent').map((event) => new ICAL.Event(event));
    if (round === 0) continue; // The first finds nothing warm.
    took.parsing.push(performance.now() - begun);
    took.first.push(first);
    took.second.push(second);
    took.unchanged.push(unchanged);
  }
  await product.stop();
  channel.close();

  const row = (variant: string, values: number[]) => ({
    variant,
    n: values.length,
    'p50 ms': median(values),
    'longest ms': Math.max(...values),
    'times ical.js': median(values) / median(took.parsing),
  });
  return {
    part: 'ical',
    method: `a calendar of ${EVENTS} reservations, over REST; each round on a property that knows none of them`,
    table: [
      row('first reading', took.first),
      row('second reading, nothing new', took.second),
      row('the channel answers 304', took.unchanged),
      row('limit: ical.js alone', took.parsing),
    ],
    figures: [
      { name: 'first reading, p50', value: median(took.first), unit: 'ms', goal: { atMost: 3_000 } },
      { name: 'second reading, p50', value: median(took.second), unit: 'ms', goal: { atMost: 300 } },
      { name: '304, p50', value: median(took.unchanged), unit: 'ms', goal: { atMost: 200 } },
    ],
    notes: [],
  };
}

/** Two nights each, one guest after the other, for eleven years. */
async function startChannel() {
  const day = (n: number) => new Date(TODAY + n * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
  const events = Array.from({ length: EVENTS }, (_, n) =>
    [
      ...['BEGIN:VEVENT', `UID:${n}-0b9c6a52-4f0e-4c1d-9d56`, 'DTSTAMP:20270101T000000Z'],
      ...[`DTSTART;VALUE=DATE:${day(n * 2 + 1)}`, `DTEND;VALUE=DATE:${day(n * 2 + 3)}`],
      ...[`SUMMARY:Reserved - Guest ${n}`, 'END:VEVENT'],
    ].join('\r\n'),
  );
  const text = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//HomeAway.com, Inc.//EN',
    ...events,
    'END:VCALENDAR',
    '',
  ].join('\r\n');
  let etag = false;
  const server = createServer((request, response) => {
    if (request.headers['if-none-match']) return void response.writeHead(304).end();
    response.writeHead(200, { 'content-type': 'text/calendar', ...(etag && { etag: '"1"' }) }).end(text);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/calendar.ics`,
    text,
    withEtag(wanted: boolean) {
      etag = wanted;
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
