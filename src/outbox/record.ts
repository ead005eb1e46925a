import { v7 as uuid } from 'uuid';
import { clock } from '../core/clock.ts';
import { traceOf } from '../core/trace.ts';
import type { Transaction } from '../database/index.ts';
import { connectBodyParts, standardBody } from '../relay/envelope.ts';
import type { AnyEvent, EventDeclaration } from './event.ts';
import { fits, shortened } from './fit.ts';

export interface Recorded {
  /** The event's id: the same in the log, in every delivery and at every replay. */
  id: string;
}

interface RecordOptions {
  silent?: boolean;
  test?: boolean;
}

/**
 * Adds an event to the transaction that makes it true. The bytes that will be signed are made here and kept; so a
 * replay in a year sends what was sent today. The data is held to the published schema: a body that would break it
 * takes the whole write back, because a receiver can't be asked to forgive it later.
 */
export async function record<Facts>(
  tx: Transaction,
  agencyId: number,
  event: EventDeclaration<Facts>,
  facts: Facts,
  options?: RecordOptions,
): Promise<Recorded> {
  const [recorded] = await recordAll(tx, agencyId, event, [facts], options);
  return recorded!;
}

/** Adds one event for each of the facts, in their order, with one statement. */
export async function recordAll<Facts>(
  tx: Transaction,
  agencyId: number,
  event: EventDeclaration<Facts>,
  told: Facts[],
  options?: RecordOptions,
): Promise<Recorded[]> {
  return recordRendered(tx, renderEvents(agencyId, event, told), options);
}

/** Events whose bytes are made and that are not in the log yet. */
export interface RenderedEvents {
  agencyId: number;
  event: AnyEvent;
  createdAt: Date;
  rows: { id: string; subject: string; subject_seq: number; body: string; before?: string; after?: string }[];
}

/** The part of `recordAll` that needs no database: an import does it while PostgreSQL writes the facts. */
export function renderEvents<Facts>(agencyId: number, event: EventDeclaration<Facts>, told: Facts[]): RenderedEvents {
  const createdAt = clock.now();
  const { connect } = event;
  const rows = told.map((facts) => {
    const id = uuid();
    const { kind, id: subjectId, version } = event.subject(facts);
    const data = event.data.parse(event.render(facts));
    const [before, after] = connect
      ? connectBodyParts({ event: connect.name, createdAt, data: connect.data.parse(connect.render(facts)) })
      : [];
    const bodyOf = (told: object) => standardBody({ id, event: event.name, createdAt, agencyId, data: told });
    const whole = bodyOf(data);
    const body = fits(whole) ? whole : bodyOf(shortened(event.data, data));
    return { id, subject: `${kind}:${subjectId}`, subject_seq: version, body, before, after };
  });
  return { agencyId, event, createdAt, rows };
}

export async function recordRendered(
  tx: Transaction,
  { agencyId, event, createdAt, rows }: RenderedEvents,
  { silent = false, test = false }: RecordOptions = {},
): Promise<Recorded[]> {
  if (rows.length === 0) return [];
  // Connect's id is the sequence number, which only the insert knows; so the insert writes it into the body.
  await tx.$executeRaw`
    with e as (
      select r.*, nextval('outbox_event_seq_seq') as seq
      from json_to_recordset(${JSON.stringify(rows)}::json)
        as r(id uuid, subject text, subject_seq int, body text, before text, after text)
    )
    insert into outbox_event
      (id, seq, agency_id, type, subject, subject_seq, occurred_at, body, connect_type, connect_body, silent, test, traceparent)
    select id, seq, ${agencyId}, ${event.name}, subject, subject_seq,
      ${createdAt}, body, ${event.connect?.name ?? null}, before || seq || after, ${silent}, ${test}, ${traceOf(tx) ?? null}
    from e`;
  return rows.map(({ id }) => ({ id }));
}
