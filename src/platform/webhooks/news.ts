import { z } from 'zod';
import { instant } from '../../core/dates.ts';
import { declareEvent } from '../../outbox/event.ts';

/** An endpoint as news of it tells it. */
export interface EndpointFacts {
  id: number;
  /** How many of its news this is. */
  version: number;
  url: string;
  enabled: boolean;
  disabledReason: string | null;
  failingSince: Date | null;
  succeededAt: Date | null;
}

const Endpoint = z.object({
  webhook: z.object({
    id: z.int(),
    host: z.string().describe('Where it is. Its path may be a secret.'),
    enabled: z.boolean(),
    disabled_reason: z.string().nullable(),
    failing_since: z.string().nullable().describe('When the first attempt failed since the last that succeeded.'),
    succeeded_at: z.string().nullable().describe('When a call last succeeded.'),
  }),
});

const EXAMPLE = {
  id: 12,
  host: 'hooks.example.com',
  enabled: true,
  disabled_reason: null,
  failing_since: '2026-07-15T10:23:41+00:00',
  succeeded_at: '2026-07-15T10:21:07+00:00',
};

export const webhookEndpointFailing = declareEndpointNews({
  name: 'webhook.endpoint_failing',
  summary:
    'An endpoint fails: it is called less and less often, and will be disabled when five days have passed without a success',
  example: EXAMPLE,
});

export const webhookEndpointDisabled = declareEndpointNews({
  name: 'webhook.endpoint_disabled',
  summary: 'An endpoint was disabled: it answered 410, or was tried for five days without a success',
  example: { ...EXAMPLE, enabled: false, disabled_reason: 'It answered 410 Gone.' },
});

export const webhookEndpointRecovered = declareEndpointNews({
  name: 'webhook.endpoint_recovered',
  summary: 'An endpoint that was failing answers again',
  example: { ...EXAMPLE, failing_since: null, succeeded_at: '2026-07-15T11:02:58+00:00' },
});

function declareEndpointNews({ name, summary, example }: { name: string; summary: string; example: object }) {
  return declareEvent<EndpointFacts>({
    name,
    summary,
    ability: 'webhooks:read',
    operational: true,
    data: Endpoint,
    render: ({ id, url, enabled, disabledReason, failingSince, succeededAt }) => ({
      webhook: {
        id,
        host: new URL(url).host,
        enabled,
        disabled_reason: disabledReason,
        failing_since: failingSince && instant(failingSince),
        succeeded_at: succeededAt && instant(succeededAt),
      },
    }),
    subject: ({ id, version }) => ({ kind: 'webhook', id, version }),
    example: { webhook: example },
  });
}

interface ExhaustedFacts {
  id: string;
  endpointId: number;
  eventId: string;
  event: string;
  attempts: number;
  statusCode: number | null;
  error: string | null;
}

export const webhookDeliveryExhausted = declareEvent<ExhaustedFacts>({
  name: 'webhook.delivery_exhausted',
  summary: 'A delivery has used up its attempts; it can be replayed',
  ability: 'webhooks:read',
  operational: true,
  data: z.object({
    delivery: z.object({
      id: z.uuid(),
      endpoint_id: z.int(),
      event_id: z.uuid(),
      event: z.string(),
      attempt_count: z.int(),
      status_code: z.int().nullable().describe('Of the last attempt.'),
      error: z.string().nullable().describe('Of the last attempt.'),
    }),
  }),
  render: ({ id, endpointId, eventId, event, attempts, statusCode, error }) => ({
    delivery: {
      ...{ id, endpoint_id: endpointId, event_id: eventId, event },
      ...{ attempt_count: attempts, status_code: statusCode, error },
    },
  }),
  subject: ({ id }) => ({ kind: 'webhook_delivery', id, version: 1 }),
  example: {
    delivery: {
      id: '0199c7a0-4d2f-7c55-9d3e-5a0b6f1c2d3e',
      endpoint_id: 12,
      event_id: '7f2a8b1c-9d4e-7f5a-b2c1-0d5f0a4be001',
      event: 'booking.confirmed',
      attempt_count: 5,
      status_code: 503,
      error: 'The endpoint answered 503.',
    },
  },
});
