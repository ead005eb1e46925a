import { v7 as uuid } from 'uuid';
import { DeliveryStatus as Statuses } from '../../../prisma/generated/client/enums.ts';
import { clock } from '../../core/clock.ts';
import { Conflict, NotFound, refuse } from '../../core/errors.ts';
import type { Viewer } from '../../core/viewer.ts';
import { queryable } from '../../database/queryable.ts';
import { builder } from '../../graph/builder.ts';
import { declareList } from '../../graph/list.ts';
import { declareRead } from '../../graph/read.ts';
import { queueDeliveries } from '../../relay/queue.ts';
import { WebhookEndpoint } from './types.ts';
import { endpointOf } from './update.ts';

const DeliveryStatus = builder.enumType('DeliveryStatus', {
  description: 'PENDING until an attempt is answered well, or the last one isn’t.',
  values: Object.keys(Statuses) as (keyof typeof Statuses)[],
});

builder.prismaObject('Attempt', {
  description: 'One try at a delivery.',
  fields: (t) => ({
    id: t.expose('id', { type: 'UUID' }),
    number: t.exposeInt('number'),
    startedAt: t.expose('startedAt', { type: 'DateTime' }),
    outcome: t.exposeString('outcome', {
      description:
        'ok, redirect, client_error, throttled, gone, server_error, timeout, network, dns, tls, blocked or crashed.',
    }),
    statusCode: t.exposeInt('statusCode', { nullable: true }),
    error: t.exposeString('error', { nullable: true, description: 'What went wrong, and what to look at.' }),
    connectMs: t.exposeInt('connectMs', { nullable: true }),
    firstByteMs: t.exposeInt('firstByteMs', { nullable: true }),
    totalMs: t.exposeInt('totalMs'),
    responseBody: t.exposeString('responseBody', { nullable: true, description: 'The first 16 KiB of the answer.' }),
  }),
});

export const Delivery = builder.prismaObject('Delivery', {
  description: 'One event on its way to one endpoint, and how that ended.',
  fields: (t) => ({
    id: t.expose('id', { type: 'UUID' }),
    eventId: t.expose('eventId', { type: 'UUID', description: 'The same at every attempt, replay and resend.' }),
    event: t.exposeString('eventType'),
    endpointId: t.exposeID('endpointId'),
    endpoint: t.relation('endpoint'),
    status: t.expose('status', { type: DeliveryStatus }),
    attemptCount: t.exposeInt('attempts'),
    replay: t.exposeInt('replay', { description: '0 for the first time, then 1, 2 … for each replay.' }),
    test: t.exposeBoolean('test'),
    statusCode: t.exposeInt('statusCode', { nullable: true, description: 'Of the last attempt.' }),
    error: t.exposeString('error', { nullable: true, description: 'Of the last attempt.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    nextAttemptAt: t.expose('nextAt', { type: 'DateTime', nullable: true }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
    body: t.string({
      description: 'The exact bytes that are sent.',
      select: { event: { select: { body: true, connectBody: true } }, endpoint: { select: { format: true } } },
      resolve: ({ event, endpoint }) =>
        endpoint.format === 'CONNECT' ? (event.connectBody ?? event.body) : event.body,
    }),
    attempts: t.relation('log', { query: { orderBy: [{ number: 'asc' }] } }),
  }),
});

export const deliveries = declareList({
  field: 'webhookDeliveries',
  type: 'Delivery',
  model: 'delivery',
  id: 'uuid',
  ability: 'webhooks:read',
  description: 'The delivery log.',
  filters: {
    endpointId: { column: 'endpointId', op: 'equals', type: 'ID', description: 'To this endpoint.' },
    event: { column: 'eventType', op: 'in', type: 'String', description: 'Of any of these events.' },
    eventId: { column: 'eventId', op: 'equals', type: 'UUID', description: 'Of this one event.' },
    status: {
      column: 'status',
      op: 'in',
      type: { enum: 'DeliveryStatus', ref: DeliveryStatus },
      description: 'In any of these states.',
    },
  },
  orders: { ID: { column: 'id', kind: 'uuid' } },
  defaultOrder: 'ID_DESC',
});

declareRead({ field: 'webhookDelivery', noun: 'delivery with its attempts', list: deliveries });

/** Sends an event to its endpoint once more: the same id, the same bytes, a new delivery with five attempts of its own. */
export function replayDelivery(viewer: Viewer, id: string) {
  return viewer.write(async (tx, _emit, audit) => {
    const first = await tx.delivery.findFirst({ where: { id } });
    if (!first) throw new NotFound('delivery');
    const endpoint = await endpointOf(tx, first.endpointId); // Locked: two replays at once get two numbers.
    if (!endpoint.enabled) throw new Conflict('ENDPOINT_DISABLED', 'This endpoint is disabled. Enable it first.');
    const { _max } = await tx.delivery.aggregate({
      where: { eventId: first.eventId, endpointId: first.endpointId },
      _max: { replay: true },
    });
    const again = { id: uuid(), agencyId: viewer.agency.id, eventId: first.eventId, endpointId: first.endpointId };
    await queueDeliveries(queryable(tx), [
      { ...again, eventType: first.eventType, replay: (_max.replay ?? 0) + 1, test: first.test },
    ]);
    audit('webhook.replayed', `delivery:${id}`, { as: again.id });
    return tx.delivery.findFirstOrThrow({ where: { id: again.id } });
  });
}

interface Replay {
  id: string;
  since?: Date | null;
  until?: Date | null;
}

/** As many as one call sends again; the answer says when there are more. */
const REPLAY_LIMIT = 10_000;

/** Sends an endpoint again what failed to reach it, or says that there is more than one call replays. */
export function replayWebhook(viewer: Viewer, { id, since, until }: Replay) {
  const from = since ?? new Date(clock.now().getTime() - 30 * 86_400_000);
  const to = until ?? clock.now();
  refuse({ since: from > to && 'must not be after until' });
  return viewer.write(async (tx, _emit, audit) => {
    const endpoint = await endpointOf(tx, id);
    if (!endpoint.enabled) throw new Conflict('ENDPOINT_DISABLED', 'This endpoint is disabled. Enable it first.');
    // The last delivery of each event decides: what a replay has brought since is not sent a third time.
    const failed = await tx.$queryRaw<{ event_id: string; event_type: string; replay: number }[]>`
      select event_id, event_type, replay from (
        select distinct on (event_id) event_id, event_type, replay, status
        from delivery where endpoint_id = ${endpoint.id} and created_at >= ${from} and created_at <= ${to} and not test
        order by event_id, replay desc
      ) last where status = 'FAILED' order by event_id limit ${REPLAY_LIMIT + 1}`;
    const now = failed.slice(0, REPLAY_LIMIT);
    await queueDeliveries(
      queryable(tx),
      now.map(({ event_id, event_type, replay }) => ({
        id: uuid(),
        agencyId: viewer.agency.id,
        eventId: event_id,
        endpointId: endpoint.id,
        eventType: event_type,
        replay: replay + 1,
      })),
    );
    audit('webhook.replayed', `webhook:${endpoint.id}`, { deliveries: now.length });
    return { endpoint, queued: now.length, more: failed.length > now.length };
  });
}

type ReplayAnswer = Awaited<ReturnType<typeof replayWebhook>>;

const ReplayResult = builder.objectRef<ReplayAnswer>('WebhookReplay').implement({
  description: 'What a replay put in the queue.',
  fields: (t) => ({
    endpoint: t.field({ type: WebhookEndpoint, resolve: ({ endpoint }) => endpoint }),
    queued: t.exposeInt('queued', { description: 'How many deliveries are on their way again.' }),
    more: t.exposeBoolean('more', { description: `True when more than ${REPLAY_LIMIT} had failed: call again.` }),
  }),
});

builder.mutationField('replayWebhookDelivery', (t) =>
  t.field({
    type: Delivery,
    description: 'Sends an event to its endpoint once more: the same id and the same bytes.',
    ability: 'webhooks:write',
    args: { id: t.arg({ type: 'UUID', required: true }) },
    resolve: (_root, { id }, { viewer }) => replayDelivery(viewer, id),
  }),
);

builder.mutationField('replayWebhook', (t) =>
  t.field({
    type: ReplayResult,
    description: 'Sends an endpoint again what failed to reach it in a time.',
    ability: 'webhooks:write',
    args: {
      id: t.arg.id({ required: true }),
      since: t.arg({ type: 'DateTime', description: '30 days ago when not said.' }),
      until: t.arg({ type: 'DateTime', description: 'Now when not said.' }),
    },
    resolve: (_root, args, { viewer }) => replayWebhook(viewer, args),
  }),
);
