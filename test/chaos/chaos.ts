import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { median, type Outcome } from '../bench/outcome.ts';
import { freePort } from '../support/free-port.ts';
import { type Kept, keep } from './keeper.ts';
import { planKills } from './kills.ts';
import { keepPostgres } from './postgres.ts';
import { seeded } from './random.ts';
import { type ChaosReceiver, startReceiver } from './receiver.ts';
import { contradictions, type Kill, readCommitted, reckon, recoveries, slowest } from './reckoning.ts';
import { startWriters, type Target, type Told } from './writers.ts';

export interface ChaosOptions {
  /** The file that is `bellhop`. */
  command: string;
  /** An empty folder that PostgreSQL may enter. */
  folder: string;
  kills: number;
  seed: number;
  /** From one kill to the next, on average. */
  meanGapMs: number;
  /** How long the writers write before the first kill. */
  calmMs: number;
  apps?: number;
  relays?: number;
  note?: (line: string) => void;
}

const ENDPOINTS = 3;
/** A booker asks again after up to this long: about a hundred requests a second by all of them. */
const WRITERS_PAUSE_MS = 80;
/** Nothing may be felt for longer. */
const LONGEST_RECOVERY_MS = 60_000;

/**
 * Nothing lost, nothing invented: bookings are made and rolled back through several apps while apps, relays and PostgreSQL
 * are killed with -9 at random. Then the log in PostgreSQL is compared with what customers' servers received.
 */
export async function chaos({
  command,
  folder,
  kills: count,
  seed,
  meanGapMs,
  calmMs,
  apps: appCount = 2,
  relays: relayCount = 3,
  note = () => {},
}: ChaosOptions): Promise<Outcome> {
  const random = seeded(seed);
  const ends: (() => Promise<void>)[] = [];
  try {
    const receiver = await startReceiver();
    ends.push(() => receiver.close());
    mkdirSync(join(folder, 'database'));
    const { postgres, url } = await keepPostgres(join(folder, 'database'), await freePort());
    ends.push(() => postgres.stop());
    const env = settings(url, folder);
    const bellhop = commandLine(command, env);
    await bellhop('migrate');
    const { id: agencyId } = await bellhop('agency', 'create', '--name', 'Riad Tours');
    const { token } = await bellhop('token', 'create', '--agency', agencyId, '--name', 'chaos', '--abilities', '*');

    const ports = await Promise.all(Array.from({ length: appCount }, freePort));
    const apps = ports.map((port, i) =>
      keepBellhop(`app ${i + 1}`, command, { ...env, ROLES: 'api', PORT: String(port) }),
    );
    const relays = Array.from({ length: relayCount }, (_, i) =>
      keepBellhop(`relay ${i + 1}`, command, { ...env, ROLES: 'relay' }),
    );
    const all = [...apps, ...relays];
    ends.push(async () => void (await Promise.all(all.map((one) => one.stop()))));
    await within(30_000, Promise.all(all.map((one) => one.ready())), () => all.map((one) => one.printed()).join('\n'));

    const target = await prepare({
      ...{ apps: ports.map((port) => `http://127.0.0.1:${port}`), token, databaseUrl: url, agencyId },
      receiver,
    });
    const afterSeq = await asking(url, async (client) => {
      const { rows } = await client.query('select coalesce(max(seq), 0)::text as seq from outbox_event');
      return rows[0].seq as string;
    });
    const committed = () => asking(url, (client) => readCommitted(client, afterSeq));

    note(`Seed ${seed}. ${calmMs / 1000} s without a kill.`);
    const before = startWriters(target, random, { pauseMs: WRITERS_PAUSE_MS });
    await pause(calmMs);
    await before.stop();
    await quiet(url);
    const calm = reckon(receiver.arrivals, await committed(), ENDPOINTS);

    const writers = startWriters(target, random, { pauseMs: WRITERS_PAUSE_MS });
    const victims = { relay: relays, app: apps, PostgreSQL: [postgres] };
    const killed = { relay: 0, app: 0, PostgreSQL: 0 };
    const underWay = new Map<string, string>();
    const pending: Promise<Kill>[] = [];
    const noteKill = (felt: Promise<number>) => {
      const at = Date.now();
      pending.push(felt.then((readyAt) => ({ at, readyAt })));
    };
    let freezes = 0;
    for (const [i, { afterMs, victim, share }] of planKills(random, { kills: count, meanGapMs }).entries()) {
      const one = victims[victim][Math.floor(share * victims[victim].length)]!;
      // Who kills faster than the machine can start proves only that.
      await Promise.all([one.ready(), postgres.ready(), Promise.any(relays.map((relay) => relay.ready()))]);
      await pause(afterMs);
      if (victim === 'app') noteKill(one.kill());
      else {
        await whileFrozen(relays, async () => {
          await noteUnderWay(url, underWay);
          noteKill(one.kill());
        });
      }
      killed[victim] += 1;
      note(`${i + 1} of ${count}: ${one.name}`);
      if ((i + 1) % FREEZE_AFTER_KILLS > 0) continue;
      const cold = relays[freezes++ % relays.length]!;
      await whileFrozen(relays, () => noteUnderWay(url, underWay).then(() => noteKill(freeze(cold))));
      note(`${cold.name} stands still for ${FROZEN_MS / 1000} s.`);
    }
    const kills = await within(LONGEST_RECOVERY_MS, Promise.all(pending), () =>
      [...all, postgres].map((one) => `${one.name}: ${one.printed()}`).join('\n'),
    );
    await writers.stop();
    const leftWaiting = await quiet(url);

    const log = await committed();
    const found = reckon(receiver.arrivals, log, ENDPOINTS);
    const told = together(before.told, writers.told);
    const { wrong, twice } = await asking(url, (client) => contradictions(client, told));
    const late = await asking(url, (client) => slowest(client, receiver.arrivals, log));
    const inFlight = new Set(underWay.values());
    const felt = recoveries(kills, receiver.arrivals, log);
    return {
      part: 'chaos',
      method:
        `${count} kills (${killed.relay} of ${relayCount} relays, ${killed.app} of ${appCount} apps, ${killed.PostgreSQL} of ` +
        `PostgreSQL with all its processes), ${freezes} relays frozen for longer than a lease, one in ${meanGapMs / 1000} s on average, seed ${seed}; ${ENDPOINTS} endpoints`,
      table: [],
      figures: [
        { name: 'events committed', value: found.committed, unit: '' },
        { name: 'transactions rolled back', value: told.rolledBack.size + told.refused.size, unit: '' },
        { name: 'calls received', value: receiver.arrivals.length, unit: '' },
        { name: 'lost', value: found.lost, unit: '', goal: { atMost: 0 } },
        { name: 'invented', value: found.phantom, unit: '', goal: { atMost: 0 } },
        { name: 'in flight at a kill', value: underWay.size, unit: 'deliveries' },
        { name: 'came twice', value: found.duplicates.length, unit: '', goal: { atMost: underWay.size } },
        {
          name: 'came twice and were not in flight at a kill',
          value: found.duplicates.filter(({ deliveryId }) => !inFlight.has(deliveryId)).length,
          ...{ unit: '', goal: { atMost: 0 } },
        },
        { name: 'came twice before the first kill', value: calm.duplicates.length, unit: '', goal: { atMost: 0 } },
        { name: 'came with other bytes', value: found.differing, unit: '', goal: { atMost: 0 } },
        { name: 'signed wrongly', value: receiver.forged(), unit: '', goal: { atMost: 0 } },
        { name: 'answers that PostgreSQL contradicts', value: wrong.length, unit: '', goal: { atMost: 0 } },
        { name: 'booked twice with one key', value: twice, unit: '', goal: { atMost: 0 } },
        { name: 'median restart', value: median(kills.map(({ at, readyAt }) => readyAt - at)) / 1000, unit: 's' },
        {
          name: 'longest recovery',
          value: Math.max(0, ...felt) / 1000,
          unit: 's',
          goal: { atMost: LONGEST_RECOVERY_MS / 1000 },
        },
        { name: 'left waiting', value: leftWaiting, unit: '', goal: { atMost: 0 } },
        {
          name: 'ended by themselves',
          value: [...all, postgres].reduce((sum, one) => sum + one.fell(), 0),
          ...{ unit: 'processes', goal: { atMost: 0 } },
        },
      ],
      notes: [
        ...wrong,
        late,
        `${told.unanswered} requests were still without an answer at the end; nothing is promised of them.`,
      ],
    };
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

/** Agencies' own settings, but for times that let a run end: a lease is this timeout and five seconds. */
function settings(url: string, folder: string): Record<string, string> {
  const { PATH = '', HOME = '' } = process.env;
  return {
    ...{ PATH, HOME, DATABASE_URL: url, DATA_DIR: folder, DEMO: 'off', LOG_LEVEL: 'warn' },
    APP_KEY: randomBytes(32).toString('base64'),
    RATE_LIMIT_PER_MINUTE: '1000000',
    WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
    WEBHOOK_TIMEOUT_SECONDS: '3',
    // Each kill may cost a delivery an attempt, and a delivery may meet several.
    WEBHOOK_RETRY_SCHEDULE: '0,1,2,4,8,20,40,60,90,120',
  };
}

function commandLine(command: string, env: Record<string, string>) {
  return async (...args: (string | number)[]) => {
    const { stdout } = await promisify(execFile)(process.execPath, [command, ...args.map(String), '--json'], { env });
    return JSON.parse(stdout);
  };
}

function keepBellhop(name: string, command: string, env: Record<string, string>): Kept {
  return keep(name, {
    start: () => spawn(process.execPath, [command, 'serve', '--json'], { env, stdio: ['ignore', 'pipe', 'pipe'] }),
    isReady: (child) =>
      new Promise((resolve) =>
        child.stdout!.on('data', (chunk) => String(chunk).includes('"ready":true') && resolve()),
      ),
  });
}

async function prepare({
  receiver,
  ...known
}: Omit<Target, 'hotelId' | 'villaId'> & { receiver: ChaosReceiver }): Promise<Target> {
  const post = async (path: string, body: object) => {
    const response = await fetch(`${known.apps[0]}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${known.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`POST ${path} was answered with ${response.status}: ${await response.text()}`);
    return ((await response.json()) as { data: { id: number; secret: string } }).data;
  };
  const hotel = await post('/v1/properties', { code: 'H', name: 'Hotel', units: 10_000 });
  const villa = await post('/v1/properties', { code: 'V', name: 'Villa' });
  for (let endpoint = 0; endpoint < ENDPOINTS; endpoint++) {
    const { secret } = await post('/v1/webhooks', { url: receiver.url(endpoint), events: ['booking.*'] });
    receiver.useSecret(endpoint, secret);
  }
  return { ...known, hotelId: hotel.id, villaId: villa.id };
}

/** Relays stand still while we look at what they have under way, so that what we see is what the kill finds. */
async function whileFrozen(relays: Kept[], work: () => Promise<void>): Promise<void> {
  const thaws = relays.map((relay) => relay.freeze());
  await pause(STILL_MS);
  try {
    await work();
  } finally {
    for (const thaw of thaws) thaw();
  }
}

/** A machine that hangs and comes back, its leases long over. Answers with when it does. */
async function freeze(relay: Kept): Promise<number> {
  const thaw = relay.freeze();
  await pause(FROZEN_MS);
  thaw();
  return Date.now();
}

/** Longer than PostgreSQL takes for what a relay sent it before it stood still. */
const STILL_MS = 20;
/** Longer than a lease. */
const FROZEN_MS = 25_000;
const FREEZE_AFTER_KILLS = 25;

/** Adds the deliveries that are leased now, by their lease. Without PostgreSQL there are no new ones. */
async function noteUnderWay(url: string, underWay: Map<string, string>): Promise<void> {
  await asking(url, async (client) => {
    const { rows } = await client.query<{ lease: string; delivery_id: string }>(
      'select lease, delivery_id from delivery_queue where lease is not null',
    );
    for (const { lease, delivery_id } of rows) underWay.set(lease, delivery_id);
  }).catch(() => {});
}

/** Waits until all events are dispatched and all deliveries have ended. Answers with how many have not when patience ends. */
async function quiet(url: string): Promise<number> {
  let waiting = Number.NaN;
  for (const deadline = Date.now() + QUIET_WITHIN_MS; Date.now() < deadline; await pause(200)) {
    waiting = await asking(url, async (client) => {
      const { rows } = await client.query<{ waiting: number }>(
        `select ((select count(*) from outbox_event where dispatched_at is null) +
          (select count(*) from delivery_queue))::int as waiting`,
      );
      return rows[0]!.waiting;
    }).catch(() => Number.NaN);
    if (waiting === 0) break;
  }
  return waiting;
}

/** The schedule's last attempt, and some. */
const QUIET_WITHIN_MS = 150_000;

/** A connection of its own each time: one that has been kept may be of a PostgreSQL that was killed. */
async function asking<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}

/** What all of them were told. */
function together(...told: Told[]): Told {
  const all = (name: keyof Omit<Told, 'unanswered'>) => new Set(told.flatMap((one) => [...one[name]]));
  return {
    booked: all('booked'),
    carriedOut: all('carriedOut'),
    refused: all('refused'),
    committed: all('committed'),
    rolledBack: all('rolledBack'),
    unanswered: told.reduce((sum, { unanswered }) => sum + unanswered, 0),
  };
}

function within<T>(milliseconds: number, work: Promise<T>, printed: () => string): Promise<T> {
  return new Promise((resolve, reject) => {
    const patience = setTimeout(
      () => reject(new Error(`Not every process was ready within ${milliseconds / 1000} s.\n${printed()}`)),
      milliseconds,
    );
    work.then(resolve, reject).finally(() => clearTimeout(patience));
  });
}
