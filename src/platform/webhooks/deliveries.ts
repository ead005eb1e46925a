import { v7 as uuid } from 'uuid';
import { DeliveryStatus as Statuses } from '../../../prisma/generated/client/enums.ts';
import { clock } from '../../core/clock.ts';
import { Conflict, NotFound, refuse } from '../../core/errors.ts';
import type { Viewer } from '../../core/viewer.ts';
import { queryable } from '../../database/queryable.ts';
import { builder } from '../../graph/builder.ts';
import { declareList } from '../../graph/list.ts';
import { declareRead } from '../../graph/read.ts';
import { BEGINNING } from '../../outbox/log.ts';
import { queueDeliveries } from '../../relay/queue.ts';
import { begin, plan } from '../replays/start.ts';
import { WebhookReplayJob } from '../replays/types.ts';
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
        'ok, redirect, client_error, throttled, gone, server_error, timeout, network, dns, tls, blocked, forbidden, internal or crashed.',
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
      description: 'The exact bytes that are sent; the event’s own until a selection has been rendered.',
      select: {
        agencyId: true,
        eventId: true,
        endpointId: true,
        event: { select: { body: true, connectBody: true } },
        endpoint: { select: { format: true } },
      },
      resolve: async ({ agencyId, eventId, endpointId, event, endpoint }, _args, { viewer }) => {
        // Prisma makes one statement of all that is asked for at once.
        const key = { agencyId, eventId, endpointId };
        const shaped = await viewer.db.shapedBody.findUnique({ where: { agencyId_eventId_endpointId: key } });
        return shaped?.body ?? (endpoint.format === 'CONNECT' ? (event.connectBody ?? event.body) : event.body);
      },
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

/** Sends an endpoint again what failed to reach it, as a job that goes on by itself. */
export function replayWebhook(viewer: Viewer, { id, since, until }: Replay) {
  const from = since ?? new Date(clock.now().getTime() - 30 * 86_400_000);
  const to = until ?? clock.now();
  refuse({ since: from > to && 'must not be after until' });
  return viewer.write(async (tx, _emit, audit) => {
    const endpoint = await endpointOf(tx, id);
    if (!endpoint.enabled) throw new Conflict('ENDPOINT_DISABLED', 'This endpoint is disabled. Enable it first.');
    const failed = { statuses: ['FAILED' as const], since: from, until: to, position: BEGINNING };
    const all = { events: [], subject: null, deliveryIds: [], toEndpointId: endpoint.id };
    return { endpoint, job: await begin(tx, await plan(tx, viewer, endpoint, { ...failed, ...all }), audit) };
  });
}

type ReplayAnswer = Awaited<ReturnType<typeof replayWebhook>>;

const ReplayResult = builder.objectRef<ReplayAnswer>('WebhookReplay').implement({
  description: 'What a replay sends again.',
  fields: (t) => ({
    endpoint: t.field({ type: WebhookEndpoint, resolve: ({ endpoint }) => endpoint }),
    queued: t.int({
      description: 'How many deliveries are on their way again.',
      resolve: ({ job }) => job.matched,
    }),
    more: t.boolean({
      description: 'False: one call replays all, however many had failed.',
      resolve: () => false,
    }),
    job: t.field({ type: WebhookReplayJob, description: 'How far it is.', resolve: ({ job }) => job }),
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
