import { v7 as uuid } from 'uuid';
import { VERSION } from '../core/version.ts';
import { standardBody } from '../relay/envelope.ts';
import { signatures } from '../relay/sign.ts';
import { ask, type Server } from './api.ts';
import type { RawHeaders } from './webhook-forward.ts';

/** A call that nobody received, made anew from the event log. */
export interface Missed {
  event: string;
  id: string;
  /** Reading on after it. */
  cursor: string;
  headers: RawHeaders;
  body: Buffer;
}

/** Where to begin: after a cursor of `GET /v1/events`, or at an instant. */
export type Since = { after: string } | { since: string };

/**
 * The events since then as calls: the bytes that webhooks send, in Bellhop's own envelope, signed now. Ends at the end of the
 * log. The token needs the ability events:read.
 */
export async function* missedCalls(
  server: Server,
  { since, events, secret }: { since: Since; events: string[]; secret: string },
): AsyncGenerator<Missed, void, undefined> {
  let from: Record<string, string> = { ...since };
  for (;;) {
    const query = new URLSearchParams({
      ...from,
      limit: '1000',
      ...(!events.includes('*') && { types: events.join(',') }),
    });
    const page = await ask(server, 'GET', `/v1/events?${query}`);
    for (const event of page.data) yield callOf(event, secret);
    if (!page.has_more) return;
    from = { ...from, after: page.next_cursor };
  }
}

interface LoggedEvent {
  id: string;
  event: string;
  created_at: string;
  agency_id: number;
  data: object;
  subject: string;
  subject_sequence: number;
  cursor: string;
}

function callOf(logged: LoggedEvent, secret: string): Missed {
  const { id, event, created_at, agency_id, data, subject, subject_sequence, cursor } = logged;
  const body = standardBody({ id, event, createdAt: new Date(created_at), agencyId: agency_id, data });
  const headers = {
    'Content-Type': 'application/json; charset=utf-8',
    'User-Agent': `Bellhop/${VERSION}`,
    ...signatures({ id, timestamp: Math.floor(Date.now() / 1000), body, secrets: [secret] }),
    'X-Event': event,
    'X-Delivery-Id': uuid(), // A delivery of this command's own: Bellhop's log has none of it.
    'X-Attempt': '1',
    'X-Subject': subject,
    'X-Sequence': String(subject_sequence),
  };
  return { event, id, cursor, headers: Object.entries(headers).flat(), body: Buffer.from(body) };
}
