import type pg from 'pg';
import { clock } from '../core/clock.ts';
import { eventNamed } from '../outbox/event.ts';
import { type RenderedEvents, renderEvents } from '../outbox/record.ts';
import {
  type EndpointFacts,
  webhookDeliveryExhausted,
  webhookEndpointDisabled,
  webhookEndpointFailing,
  webhookEndpointRecovered,
} from '../platform/webhooks/news.ts';
import type { News } from './breaker.ts';

export interface EndpointNews {
  what: News | 'disabled';
  endpointId: number;
  agencyId: number;
  /** How many of its news this is. */
  version: number;
  failingSince: number | null;
  succeededAt: number | null;
}

const EVENT_OF = {
  failing: webhookEndpointFailing,
  recovered: webhookEndpointRecovered,
  disabled: webhookEndpointDisabled,
};

/**
 * Writes news of endpoints into the log, in the transaction that made it true: there is no moment at which an endpoint is
 * disabled and nobody will be told. Answers with how many events there are.
 */
export async function tellOfEndpoints(client: pg.PoolClient, told: EndpointNews[]): Promise<number> {
  if (told.length === 0) return 0;
  const { rows } = await client.query<{ id: number; url: string; enabled: boolean; disabled_reason: string | null }>(
    'select id, url, enabled, disabled_reason from webhook_endpoint where id = any($1::int[])',
    [told.map(({ endpointId }) => endpointId)],
  );
  const endpoints = new Map(rows.map((row) => [row.id, row]));
  for (const { what, agencyId, endpointId, version, failingSince, succeededAt } of told) {
    const endpoint = endpoints.get(endpointId)!;
    const facts: EndpointFacts = {
      id: endpointId,
      version,
      url: endpoint.url,
      enabled: endpoint.enabled,
      disabledReason: endpoint.disabled_reason,
      failingSince: failingSince === null ? null : new Date(failingSince),
      succeededAt: succeededAt === null ? null : new Date(succeededAt),
    };
    await write(client, renderEvents(agencyId, EVENT_OF[what], [facts]), endpointId);
  }
  return told.length;
}

/** Writes down that deliveries have used up their attempts. That news of an endpoint did not arrive is no news: it could go on for ever. */
export async function tellExhausted(
  client: pg.PoolClient,
  exhausted: { agency_id: number; endpoint_id: number; delivery_id: string }[],
): Promise<number> {
  if (exhausted.length === 0) return 0;
  const { rows } = await client.query(EXHAUSTED, [JSON.stringify(exhausted)]);
  const news = rows.filter(({ event }) => !eventNamed(event)?.operational);
  for (const row of news)
    await write(client, renderEvents(row.agencyId, webhookDeliveryExhausted, [row]), row.endpointId);
  return news.length;
}

const EXHAUSTED = `
  select d.agency_id as "agencyId", d.id, d.endpoint_id as "endpointId", d.event_id as "eventId", d.event_type as event,
    d.attempts, d.status_code as "statusCode", d.error
  from json_to_recordset($1::json) as r(agency_id int, endpoint_id int, delivery_id uuid)
  join delivery d on d.agency_id = r.agency_id and d.id = r.delivery_id and d.endpoint_id = r.endpoint_id
  where not d.test
  order by d.id`;

function write(client: pg.PoolClient, { agencyId, event, rows }: RenderedEvents, aboutEndpointId: number) {
  return client.query(
    `insert into outbox_event (id, agency_id, type, subject, subject_seq, occurred_at, body, about_endpoint_id)
     select id, $2, $3, subject, subject_seq, $4, body, $5
     from json_to_recordset($1::json) as r(id uuid, subject text, subject_seq int, body text)`,
    [JSON.stringify(rows), agencyId, event.name, clock.now(), aboutEndpointId],
  );
}
