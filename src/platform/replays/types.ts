import { ReplayedStatus as Replayed, WebhookReplayStatus as Statuses } from '../../../prisma/generated/client/enums.ts';
import { builder } from '../../graph/builder.ts';
import { declareList } from '../../graph/list.ts';
import { declareRead } from '../../graph/read.ts';

export const WebhookReplayStatus = builder.enumType('WebhookReplayStatus', {
  description:
    'RUNNING until all that it put in the queue has ended; CANCELLED puts no more there, and what is there is still sent.',
  values: Object.keys(Statuses) as (keyof typeof Statuses)[],
});

export const ReplayedStatus = builder.enumType('ReplayedStatus', {
  description:
    'How an event stands with an endpoint: FAILED and DELIVERED are what its last delivery came to; MISSED is one that the endpoint asks for and was never told of, because it was disabled or not there yet.',
  values: Object.keys(Replayed) as (keyof typeof Replayed)[],
});

export const COUNTED_WHOLE =
  'Whether `matched` is all of them. Millions are more than can be counted while somebody waits: then it is at least so many, and a job corrects it as it reads on.';

export const WebhookReplayJob = builder.prismaObject('WebhookReplayJob', {
  description:
    'Events that an endpoint is told once more, with the same ids and the same bytes: a job, and how far it is.',
  fields: (t) => ({
    id: t.exposeID('id'),
    endpointId: t.exposeID('endpointId', { description: 'Whose deliveries decide.' }),
    toEndpointId: t.exposeID('toEndpointId', { description: 'Who is told.' }),
    replayed: t.expose('statuses', { type: [ReplayedStatus], description: 'Of events that stand so.' }),
    events: t.exposeStringList('events', { description: 'Event names or `family.*`; none for all.' }),
    since: t.expose('since', { type: 'DateTime', nullable: true, description: 'Of events from this time on.' }),
    until: t.expose('until', { type: 'DateTime', nullable: true, description: 'Of events up to this time.' }),
    subject: t.exposeString('subject', { nullable: true, description: 'Of events of this one thing.' }),
    status: t.expose('status', { type: WebhookReplayStatus }),
    matched: t.exposeInt('matched', {
      description: 'Events that it was for when it was asked for.',
      changesByItself: true,
    }),
    countedWhole: t.exposeBoolean('countedWhole', { description: COUNTED_WHOLE, changesByItself: true }),
    queued: t.exposeInt('queued', {
      description: 'How many of them have been put in the queue so far.',
      changesByItself: true,
    }),
    done: t.exposeInt('done', {
      description: 'How many of those have been delivered or have failed.',
      changesByItself: true,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', changesByItself: true }),
  }),
});

export const webhookReplays = declareList({
  field: 'webhookReplays',
  type: 'WebhookReplayJob',
  model: 'webhookReplayJob',
  ability: 'webhooks:read',
  description: 'The replays of the agency’s webhooks.',
  filters: {
    endpointId: { column: 'endpointId', op: 'equals', type: 'ID', description: 'Of what this endpoint was told.' },
    toEndpointId: { column: 'toEndpointId', op: 'equals', type: 'ID', description: 'To this endpoint.' },
    status: {
      column: 'status',
      op: 'in',
      type: { enum: 'WebhookReplayStatus', ref: WebhookReplayStatus },
      description: 'In any of these states.',
    },
  },
  orders: { ID: { column: 'id', kind: 'int' } },
  defaultOrder: 'ID_DESC',
});

declareRead({ field: 'webhookReplay', noun: 'replay', list: webhookReplays });
