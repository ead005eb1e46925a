import { Invalid } from '../core/errors.ts';
import type { Wait } from '../core/wait.ts';
import { operationalEvents } from './event.ts';
import type { Wake } from './wake.ts';

/** An event as the log holds it. */
export interface LogEvent {
  id: string;
  seq: string;
  type: string;
  /** "booking:9876", and the how-many-eth event of it. */
  subject: string;
  subjectSeq: number;
  occurredAt: Date;
  /** The exact text of the standard envelope: what a webhook sends. */
  body: string;
  /** Reading on after this event. */
  cursor: string;
}

export interface LogPage {
  events: LogEvent[];
  /** Where to read on. On an empty page too: it passes over what did not match. */
  cursor: string;
  /** True when there is more to read at once. */
  more: boolean;
}

/** Whatever can run a statement on a connection that may see the agency's rows. */
export interface Queryable {
  // biome-ignore lint/suspicious/noExplicitAny: rows are what the statement says
  query(text: string, values: unknown[]): Promise<{ rows: any[] }>;
}

/**
 * Reads an agency's events in an order that never changes and has no gaps: by the transaction that wrote them, then by
 * seq, and only up to the oldest transaction that still runs. Sequence numbers become visible out of order; a reader that
 * goes by them alone passes over a transaction that draws a low number and commits late. The price is that a long
 * transaction anywhere in the database holds the readers up, and so the webhooks' dispatch doesn't read this way.
 */
export async function readLog(
  db: Queryable,
  {
    agencyId,
    after,
    since,
    types,
    limit,
  }: { agencyId: number; after?: string; since?: Date; types?: string[]; limit: number },
): Promise<LogPage> {
  const [xid, seq] = after === undefined ? ['0', '0'] : parseCursor(after);
  const whole = !types || types.length === 0 || types.includes('*');
  const values = [agencyId, xid, seq, types ?? [], limit + 1, whole, operationalEvents(), since ?? null];
  const { rows } = await db.query(READ_LOG, values);
  const horizon = rows[0].horizon as string;
  const found = rows.filter((row) => row.id !== null);
  const events = found.slice(0, limit).map((row) => ({
    id: row.id,
    seq: row.seq,
    type: row.type,
    subject: row.subject,
    subjectSeq: row.subject_seq,
    occurredAt: row.occurred_at,
    body: row.body,
    cursor: cursorOf(row.xid, row.seq),
  }));
  return { events, cursor: events.at(-1)?.cursor ?? later(after, cursorOf(horizon, '0')), more: found.length > limit };
}

/** The end of the log as it is now. What commits from now on comes after it. */
export async function headCursor(db: Queryable): Promise<string> {
  const { rows } = await db.query(`select ${OLDEST_RUNNING} as horizon`, []);
  return cursorOf(rows[0].horizon, '0');
}

/**
 * The log as it grows, until `signal` aborts. Without `after` it begins now: whatever commits once this promise has been
 * kept is told, so a subscription that awaits it before it answers misses nothing.
 */
export async function followLog({
  after,
  head,
  readPage,
  wake,
  signal,
}: {
  after?: string;
  head: () => Promise<string>;
  readPage: (after: string) => Promise<LogPage>;
  wake: Wake;
  signal: AbortSignal;
}): Promise<AsyncGenerator<LogEvent, void, undefined>> {
  if (after !== undefined) parseCursor(after); // A wrong one is refused here and not in the middle of the stream.
  let cursor = after ?? (await head());
  return follow();

  async function* follow(): AsyncGenerator<LogEvent, void, undefined> {
    let hint: Wait | undefined;
    signal.addEventListener('abort', () => hint?.end(), { once: true });
    while (!signal.aborted) {
      hint = wake.next(POLL_MS); // Before the look, so none is lost.
      try {
        const page = await readPage(cursor);
        for (const event of page.events) {
          if (signal.aborted) return;
          yield event;
        }
        cursor = page.cursor;
        if (!page.more) await hint.over;
      } finally {
        hint.end();
      }
    }
  }
}

const POLL_MS = 1_000;

/** The place in the log of the oldest transaction that still runs: all that is before it has ended. */
export const OLDEST_RUNNING = 'log_position(pg_snapshot_xmin(pg_current_snapshot()))::text';

// The horizon is read in the same statement, and so in the same snapshot, as the rows below it; once, which is what the
// offset is for. Its row comes even when there are no events.
const READ_LOG = `
  select h.horizon, e.id, e.seq::text, e.xid::text, e.type, e.subject, e.subject_seq, e.occurred_at, e.body
  from (select ${OLDEST_RUNNING} as horizon offset 0) h
  left join lateral (
    select * from outbox_event
    where agency_id = $1
      and (xid, seq) > ($2::text::xid8, $3::bigint)
      and xid < h.horizon::xid8
      and not test
      and ($8::timestamptz is null or occurred_at >= $8)
      and ($6::boolean and type <> all($7::text[]) or type = any($4::text[]) or split_part(type, '.', 1) || '.*' = any($4))
    order by xid, seq
    limit $5
  ) e on true
  order by e.xid, e.seq`;

/** Opaque to clients, so that it may change. */
export function cursorOf(xid: string, seq: string): string {
  return Buffer.from(`${xid}.${seq}`).toString('base64url');
}

/** Before the first event. */
export const BEGINNING = cursorOf('0', '0');

/** Refuses what this log has not given out. */
export function parseCursor(cursor: string): [xid: string, seq: string] {
  const [, xid, seq] = /^(\d{1,20})\.(\d{1,19})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (!xid || !seq || BigInt(xid) > MOST_XID || BigInt(seq) > MOST_SEQ) {
    throw new Invalid({ after: ['is not a cursor that this log has given out'] });
  }
  return [xid, seq];
}

const MOST_XID = 2n ** 64n - 1n;
const MOST_SEQ = 2n ** 63n - 1n;

/** A reader may come with a cursor that is ahead of a long transaction; it must not be sent back. */
function later(after: string | undefined, horizon: string): string {
  if (after === undefined) return horizon;
  const [[xid], [horizonXid]] = [parseCursor(after), parseCursor(horizon)];
  return BigInt(xid) >= BigInt(horizonXid) ? after : horizon;
}
