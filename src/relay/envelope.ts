/** The body of an event as Bellhop says it: these five keys in this order, compact, and never rendered a second time. */
export function standardBody(event: {
  id: string;
  event: string;
  createdAt: Date;
  agencyId: number;
  data: object;
}): string {
  return JSON.stringify({
    id: event.id,
    event: event.event,
    created_at: `${event.createdAt.toISOString().slice(0, 19)}+00:00`,
    agency_id: event.agencyId,
    data: event.data,
  });
}

/** The same fact in the envelope of Stayntouch Connect, whose id is the event's sequence number. */
export function connectBody(event: { seq: number | bigint; event: string; createdAt: Date; data: object }): string {
  const [before, after] = connectBodyParts(event);
  return `${before}${event.seq}${after}`;
}

/**
 * What stands before and after the id of a Connect body. The sequence number is known only inside the insert that draws
 * it; so the insert itself puts the three together.
 */
export function connectBodyParts(event: {
  event: string;
  createdAt: Date;
  data: object;
}): [before: string, after: string] {
  const head = JSON.stringify({ created_at: event.createdAt.toISOString(), event: event.event });
  const tail = JSON.stringify({ data: event.data, object: 'event' });
  return [`${head.slice(0, -1)},"id":`, `,${tail.slice(1)}`];
}
