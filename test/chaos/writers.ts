import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { Random } from './random.ts';

/** What those who write were told. PostgreSQL knows what is true. */
export interface Told {
  /** Bookings that were answered with 201, by their idempotency key, which is also the guest's name. */
  booked: Set<string>;
  /** Those that were said to have been carried out, with the answer lost. */
  carriedOut: Set<string>;
  /** Requests that were refused: their keys. */
  refused: Set<string>;
  /** Requests that the end of the run left without an answer. */
  unanswered: number;
  /** Events of transactions of our own whose commit, or rollback, was acknowledged. */
  committed: Set<string>;
  rolledBack: Set<string>;
}

export interface Target {
  /** The origins of the apps: a request that fails goes to another. */
  apps: string[];
  token: string;
  databaseUrl: string;
  agencyId: number;
  /** A hotel that has room for everybody, and a villa that hasn't. */
  hotelId: number;
  villaId: number;
}

/** Writes until it is told to stop, and asks again with the same key whenever an answer is lost. */
export function startWriters(target: Target, random: Random, { pauseMs }: { pauseMs: number }) {
  const told: Told = {
    booked: new Set(),
    carriedOut: new Set(),
    refused: new Set(),
    unanswered: 0,
    committed: new Set(),
    rolledBack: new Set(),
  };
  const stopping = new AbortController();
  const work = [
    ...Array.from({ length: BOOKERS }, () => book()),
    ...Array.from({ length: TRANSACTIONS }, () => transact()),
  ];

  async function book(): Promise<void> {
    const lost: Request[] = [];
    while (!stopping.signal.aborted) {
      const asked = lost.length > MOST_LOST ? lost.shift()! : newRequest(target, random);
      if (!(await ask(target, asked, random, told))) lost.push(asked);
      await pause(pauseMs * random());
    }
    // Of these nobody has heard whether they happened; most have, or never will.
    for (const asked of lost) if (!(await ask(target, asked, random, told))) told.unanswered += 1;
  }

  async function transact(): Promise<void> {
    while (!stopping.signal.aborted) {
      const client = new pg.Client({ connectionString: target.databaseUrl });
      client.on('error', () => {});
      try {
        await client.connect();
        while (!stopping.signal.aborted) await oneTransaction(client, target, random, told);
      } catch {
        await pause(100); // PostgreSQL was killed under it. Only PostgreSQL knows how the transaction ended.
      } finally {
        await client.end().catch(() => {});
      }
    }
  }

  return {
    told,
    async stop(): Promise<void> {
      stopping.abort();
      await Promise.all(work);
    },
  };
}

const BOOKERS = 6;
const TRANSACTIONS = 3;
/** Requests without an answer that a booker keeps before it asks again. */
const MOST_LOST = 2;
/** A server that is being killed may leave a connection without a word. */
const PATIENCE_MS = 5_000;

interface Request {
  key: string;
  body: object;
}

/** Half is booked; the rest breaks a rule inside the transaction, or wants nights that others have. */
function newRequest({ hotelId, villaId }: Target, random: Random): Request {
  const key = randomUUID();
  const lot = random();
  const day = 1 + Math.floor(random() * 27);
  const stay = { check_in: date(day), check_out: date(day + 1), guests_count: 1, guest_name: key };
  if (lot < 0.6) return { key, body: { ...stay, property_id: hotelId } };
  if (lot < 0.8) return { key, body: { ...stay, property_id: hotelId, gross_amount: 1, commission_amount: 2 } };
  return { key, body: { ...stay, property_id: villaId } };
}

const date = (day: number) => `2027-06-${String(day).padStart(2, '0')}`;

/** True when there is nothing more to learn about the request. */
async function ask({ apps, token }: Target, { key, body }: Request, random: Random, told: Told): Promise<boolean> {
  const app = apps[Math.floor(random() * apps.length)]!;
  try {
    const response = await fetch(`${app}/v1/bookings`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const { code } = (await response.json()) as { code?: string };
    if (response.status === 201) told.booked.add(key);
    else if (code === 'IDEMPOTENCY_ANSWER_LOST') told.carriedOut.add(key);
    else if (response.status === 422 || code === 'DATES_TAKEN') told.refused.add(key);
    else return false;
    return true;
  } catch {
    return false;
  }
}

/**
 * Somebody who writes an event and takes his time: numbers that were drawn early are committed late, and half of them
 * never. Those are what a relay that reads too eagerly would tell.
 */
async function oneTransaction(client: pg.Client, { agencyId }: Target, random: Random, told: Told): Promise<void> {
  const id = randomUUID();
  const body = JSON.stringify({ id, event: 'booking.updated', agency_id: agencyId, data: { booking: { id: 0 } } });
  await client.query('begin');
  await client.query(
    `insert into outbox_event (id, agency_id, type, subject, subject_seq, occurred_at, body)
     values ($1, $2, 'booking.updated', $3, 1, now(), $4)`,
    [id, agencyId, `booking:${id}`, body],
  );
  await pause(random() < 0.1 ? 1_000 : 100 * random());
  const commits = random() < 0.5;
  await client.query(commits ? 'commit' : 'rollback');
  (commits ? told.committed : told.rolledBack).add(id);
}
