import { listRow, type Row } from '../graph/row.ts';
import { deliveries } from './webhooks/deliveries.ts';
import { webhooks } from './webhooks/types.ts';

const WEBHOOK = `
  id url events format selection description enabled disabled_reason: disabledReason disabled_at: disabledAt
  rate_per_second: ratePerSecond ordered token_id: tokenId
  created_at: createdAt updated_at: updatedAt`;

const HEALTH = `health {
    delivered failed retrying waiting p50_ms: p50Ms p95_ms: p95Ms p99_ms: p99Ms oldest_waiting_at: oldestWaitingAt
    breaker next_attempt_at: nextAttemptAt succeeded_at: succeededAt failing_since: failingSince
  }`;

const DELIVERY = `
  id event_id: eventId event endpoint_id: endpointId status attempt_count: attemptCount replay test
  status_code: statusCode error created_at: createdAt next_attempt_at: nextAttemptAt
  finished_at: finishedAt updated_at: updatedAt`;

const ATTEMPT = `
  id number started_at: startedAt outcome status_code: statusCode error
  connect_ms: connectMs first_byte_ms: firstByteMs total_ms: totalMs response_body: responseBody`;

const me: Row = {
  method: 'GET',
  path: '/v1/me',
  tag: 'Me',
  summary: 'Who is asking, and what it may do',
  document: `query { data: me {
    agency { id name currency timezone plan trial_ends_at: trialEndsAt commission_percent: commissionPercent }
    token { id name abilities expires_at: expiresAt }
    abilities
    limits { requests_per_minute: requestsPerMinute cost_per_request: costPerRequest }
  } }`,
};

const events: Row = {
  method: 'GET',
  path: '/v1/events',
  tag: 'Events',
  summary: 'Read the event log',
  document: `query ($after: String, $since: DateTime, $types: [String!], $limit: Int = 100) {
    data: eventLog(after: $after, since: $since, types: $types, limit: $limit) {
      data: nodes { id event created_at: createdAt agency_id: agencyId data subject subject_sequence: subjectSequence cursor }
      next_cursor: nextCursor
      has_more: hasMore
    }
  }`,
};

const tag = 'Webhooks';

export const platformRoutes: Row[] = [
  me,
  events,
  listRow({ path: '/v1/webhooks', list: webhooks, fields: WEBHOOK, tag, summary: 'List webhook endpoints' }),
  {
    method: 'GET',
    path: '/v1/webhooks/{id}',
    tag,
    summary: 'Read a webhook endpoint',
    document: `query ($id: ID!) { data: webhook(id: $id) { ${WEBHOOK} ${HEALTH} } }`,
  },
  {
    method: 'POST',
    path: '/v1/webhooks',
    status: 201,
    tag,
    summary: 'Register a webhook endpoint',
    document: `mutation ($input: CreateWebhookInput!) { data: createWebhook(input: $input) { ${WEBHOOK} secret } }`,
    example: { url: 'https://example.com/hooks/bellhop', events: ['booking.*'], format: 'standard' },
  },
  {
    method: 'PATCH',
    path: '/v1/webhooks/{id}',
    tag,
    summary: 'Change a webhook endpoint',
    document: `mutation ($id: ID!, $input: UpdateWebhookInput!) { data: updateWebhook(id: $id, input: $input) { ${WEBHOOK} ${HEALTH} } }`,
    example: { events: ['booking.*', 'property.*'] },
  },
  {
    method: 'DELETE',
    path: '/v1/webhooks/{id}',
    status: 204,
    tag,
    summary: 'Remove a webhook endpoint',
    document: 'mutation ($id: ID!) { data: deleteWebhook(id: $id) { id } }',
  },
  {
    method: 'POST',
    path: '/v1/webhooks/{id}/test',
    tag,
    summary: 'Send an example of an event',
    document: `mutation ($id: ID!, $event: String) { data: testWebhook(id: $id, event: $event) { ${DELIVERY} } }`,
    example: { event: 'booking.created' },
  },
  {
    method: 'POST',
    path: '/v1/webhooks/{id}/rotate-secret',
    tag,
    summary: 'Give a webhook endpoint a new secret',
    document: `mutation ($id: ID!, $overlap_hours: Int) {
      data: rotateWebhookSecret(id: $id, overlapHours: $overlap_hours) { ${WEBHOOK} secret }
    }`,
    example: { overlap_hours: 24 },
  },
  {
    method: 'POST',
    path: '/v1/webhooks/{id}/enable',
    tag,
    summary: 'Enable a webhook endpoint again',
    document: `mutation ($id: ID!) { data: enableWebhook(id: $id) { ${WEBHOOK} missed { since failed not_made: notMade } } }`,
  },
  {
    method: 'POST',
    path: '/v1/webhooks/{id}/replay',
    tag,
    summary: 'Send again what failed to arrive',
    document: `mutation ($id: ID!, $since: DateTime, $until: DateTime) {
      data: replayWebhook(id: $id, since: $since, until: $until) { endpoint { ${WEBHOOK} } queued more job { id status matched counted_whole: countedWhole queued done } }
    }`,
    example: { since: '2026-07-15T00:00:00+00:00' },
  },
  listRow({ path: '/v1/webhook-deliveries', list: deliveries, fields: DELIVERY, tag, summary: 'List deliveries' }),
  {
    method: 'GET',
    path: '/v1/webhook-deliveries/{id}',
    tag,
    summary: 'Read a delivery with its attempts',
    document: `query ($id: UUID!) { data: webhookDelivery(id: $id) { ${DELIVERY} body attempts { ${ATTEMPT} } } }`,
  },
  {
    method: 'POST',
    path: '/v1/webhook-deliveries/{id}/replay',
    tag,
    summary: 'Send one delivery again',
    document: `mutation ($id: UUID!) { data: replayWebhookDelivery(id: $id) { ${DELIVERY} } }`,
  },
  {
    method: 'GET',
    path: '/v1/webhook-events',
    tag,
    summary: 'The catalogue of events',
    document: `query { data: webhookEvents {
      event summary ability operational schema example
      connect_event: connectEvent connect_schema: connectSchema connect_example: connectExample
    } }`,
  },
];
