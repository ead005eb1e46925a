import type { JetStreamClient } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import type pg from 'pg';
import { clock } from '../../core/clock.ts';
import { publishedEvents } from '../../core/metrics.ts';
import type { Front } from '../front.ts';
import { inTurnsTransaction, NOW } from '../transaction.ts';
import { ANSWER_MS } from './connect.ts';
import { type LogStream, streamOf, subjectOf } from './stream.ts';

/**
 * Hands events over to NATS in the order of the log, and answers how many it has taken. One relay at a time does so: a
 * second would do the same work again. It holds no row meanwhile, so a relay that has got one of these messages already
 * needn't wait for the rest. Whoever dies before it has written down what was taken leaves it to be handed over again, under
 * the same ids, which NATS knows.
 *
 * NATS may lose what it has taken: its stream deleted, its disk gone. What it took long ago and nobody has dispatched since
 * is handed over again, unless it has so much waiting that this one may be among it.
 */
export async function publishDue(
  pool: pg.Pool,
  { js, consumer }: LogStream,
  { prefix, front }: { prefix: string; front?: Front },
): Promise<number> {
  const { taken, refused } = await inTurnsTransaction(pool, async (client) => {
    const begun = performance.now();
    const from = front?.from();
    const { rows } = await client.query<Unpublished>({
      name: 'publish',
      text: UNPUBLISHED,
      values: [clock.aheadMs, PUBLISH_LOCK, from ?? 0, from === undefined ? LOST_AFTER_MS : null, MOST_EVENTS],
    });
    const last = rows.at(-1);
    if (last) front?.reached(Number(last.seq), performance.now() - begun);
    const isBehind = rows.some(({ lost }) => lost) && (await consumer.info()).num_pending > 0;
    const events = isBehind ? rows.filter(({ lost }) => !lost) : rows;
    const answers = await Promise.allSettled(events.map((event) => publish(js, prefix, event)));
    const taken = events.filter((_event, i) => answers[i]!.status === 'fulfilled').map(({ id }) => id);
    if (taken.length > 0) await client.query({ name: 'published', text: PUBLISHED, values: [clock.aheadMs, taken] });
    return { taken, refused: answers.find((answer) => answer.status === 'rejected') };
  });
  if (refused) throw refused.reason;
  return taken.length;
}

/** The body is that of a webhook and so are the headers, for whoever else reads the stream. The id is what relays go by. */
async function publish(js: JetStreamClient, prefix: string, event: Unpublished): Promise<void> {
  const more = headers();
  more.set('X-Subject', event.subject);
  more.set('X-Sequence', String(event.subject_seq));
  if (event.silent) more.set('X-Silent', 'true');
  if (event.traceparent) more.set('traceparent', event.traceparent);
  const { duplicate } = await js.publish(subjectOf(prefix, event.agency_id, event.type), event.body, {
    msgID: event.id,
    headers: more,
    expect: { streamName: streamOf(prefix) },
    timeout: ANSWER_MS,
  });
  publishedEvents.inc({ outcome: duplicate ? 'known' : event.lost ? 'again' : 'first' });
}

/** Forgets what has been handed over: to a stream that is gone. */
export async function forgetPublished(pool: pg.Pool): Promise<void> {
  await pool.query(
    `update outbox_event set published_at = null where dispatched_at is null and published_at is not null`,
  );
}

interface Unpublished {
  id: string;
  seq: string;
  agency_id: number;
  type: string;
  subject: string;
  subject_seq: number;
  body: string;
  silent: boolean;
  traceparent: string | null;
  /** Published long ago, and not dispatched since. */
  lost: boolean;
}

/** Any number that nobody else locks. */
const PUBLISH_LOCK = 7_215_308;
/** Bounds the transaction, not the work: the loop comes again at once. */
const MOST_EVENTS = 500;
/** Longer than the stream remembers ids for, or it would take what it has lost for a duplicate. */
const LOST_AFTER_MS = 5 * 60_000;

// Those that are lost are looked for when the whole queue is looked at, every few seconds.
const UNPUBLISHED = `
  select id, seq, agency_id, type, subject, subject_seq, body, silent, traceparent, published_at is not null as lost
  from outbox_event
  where (select pg_try_advisory_xact_lock($2)) and dispatched_at is null and seq >= $3::bigint
    and (published_at is null or published_at < ${NOW} - $4::float8 * interval '1 millisecond')
  order by seq
  limit $5`;

// What a relay holds by now needs no mark: it is about to be dispatched, or else handed over once more.
const PUBLISHED = `
  update outbox_event set published_at = ${NOW}
  where id = any(array(
    select id from outbox_event where id = any($2::uuid[]) and dispatched_at is null for update skip locked))`;
