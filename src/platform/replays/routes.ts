import { listRow, type Row } from '../../graph/row.ts';
import { webhookReplays } from './types.ts';

const REPLAY = `
  id endpoint_id: endpointId to_endpoint_id: toEndpointId replayed events since until subject
  status matched counted_whole: countedWhole queued done created_at: createdAt finished_at: finishedAt updated_at: updatedAt`;

const tag = 'Webhooks';

export const replayRoutes: Row[] = [
  listRow({ path: '/v1/webhook-replays', list: webhookReplays, fields: REPLAY, tag, summary: 'List replays' }),
  {
    method: 'GET',
    path: '/v1/webhook-replays/{id}',
    tag,
    summary: 'Read a replay and how far it is',
    document: `query ($id: ID!) { data: webhookReplay(id: $id) { ${REPLAY} } }`,
  },
  {
    method: 'POST',
    path: '/v1/webhook-replays',
    status: 201,
    tag,
    summary: 'Tell an endpoint of events once more',
    document: `mutation ($input: StartWebhookReplayInput!) { data: startWebhookReplay(input: $input) {
      id status endpoint_id: endpointId to_endpoint_id: toEndpointId replayed matched counted_whole: countedWhole queued done
    } }`,
    example: { endpoint_id: 3, status: ['failed', 'missed'], since: '2026-07-15T00:00:00+00:00', dry_run: true },
  },
  {
    method: 'POST',
    path: '/v1/webhook-replays/{id}/cancel',
    tag,
    summary: 'Stop a replay',
    document: `mutation ($id: ID!) { data: cancelWebhookReplay(id: $id) { ${REPLAY} } }`,
  },
];
