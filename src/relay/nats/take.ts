import type { JsMsg } from '@nats-io/jetstream';
import pg from 'pg';
import type { Logger } from 'pino';
import { takenMessages } from '../../core/metrics.ts';
import { fanOut } from '../fan-out.ts';

/**
 * Fans out the events that these messages name, in one transaction, and then answers for the messages. One that comes again
 * finds its event dispatched, and changes nothing. Answers how many events were dispatched.
 *
 * Throws without an answer where PostgreSQL is away: the messages are still ours, and to be tried again. A message that
 * can't be fanned out by itself is put off, so that the others get on.
 */
export async function takeMessages(pool: pg.Pool, messages: JsMsg[], log: Logger): Promise<number> {
  const events = new Map(messages.map((message) => [idOf(message), message]));
  try {
    const { dispatched, early, unknown } = await fanOutById(pool, [...events.keys()]);
    for (const id of early) putOff(events.get(id)!, { reason: 'early', firstMs: EARLY_MS });
    for (const id of unknown) {
      const message = events.get(id)!;
      log.warn({ event: id, subject: message.subject }, NOT_OURS);
      putOff(message, { reason: 'unknown', firstMs: FAILED_MS });
    }
    const waiting = new Set([...early, ...unknown]);
    for (const message of messages) if (!waiting.has(idOf(message))) answer(() => message.ack());
    takenMessages.inc({ outcome: 'dispatched' }, dispatched.length);
    takenMessages.inc({ outcome: 'again' }, messages.length - dispatched.length - waiting.size);
    return dispatched.length;
  } catch (error) {
    if (!(error instanceof pg.DatabaseError && error.severity === 'ERROR')) throw error;
    if (messages.length > 1) {
      const half = Math.ceil(messages.length / 2);
      return (
        (await takeMessages(pool, messages.slice(0, half), log)) + (await takeMessages(pool, messages.slice(half), log))
      );
    }
    const [message] = messages as [JsMsg];
    log.error({ err: error, event: idOf(message) }, 'an event could not be dispatched; it will be tried again');
    putOff(message, { reason: 'failed', firstMs: FAILED_MS });
    return 0;
  }
}

const NOT_OURS =
  'NATS has an event that this database doesn’t: give each installation a NATS_PREFIX of its own; after a restored backup this ends by itself';

async function fanOutById(pool: pg.Pool, ids: string[]) {
  const known = ids.filter((id) => UUID.test(id));
  const done = await fanOut(pool, known);
  const met = new Set([...done.dispatched, ...done.early]);
  const rest = known.filter((id) => !met.has(id));
  const { rows } = rest.length > 0 ? await pool.query<{ id: string }>(KNOWN, [rest]) : { rows: [] };
  for (const { id } of rows) met.add(id);
  return { ...done, unknown: ids.filter((id) => !met.has(id)) };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const KNOWN = 'select id from outbox_event where id = any($1::uuid[])';

/** The event's id, which the message was published under. */
const idOf = (message: JsMsg): string => message.headers?.get('Nats-Msg-Id') ?? '';

/**
 * Has a message come again, later each time. After some minutes it is let go: by then its event is one that was published
 * long ago, and is published again every five minutes for as long as it waits, so that no message outlives the next.
 */
function putOff(message: JsMsg, { reason, firstMs }: { reason: string; firstMs: number }): void {
  const { deliveryCount } = message.info;
  takenMessages.inc({ outcome: reason });
  const afterMs = Math.min(firstMs * 2 ** (deliveryCount - 1), LONGEST_MS);
  answer(() => (deliveryCount >= MOST_DELIVERIES ? message.term() : message.nak(afterMs)));
}

/** A message that can't be answered for, because the connection is closed, comes again by itself. */
export function answer(say: () => void): void {
  try {
    say();
  } catch {}
}

const EARLY_MS = 25;
const FAILED_MS = 1_000;
const LONGEST_MS = 10_000;
const MOST_DELIVERIES = 20;
