import { builder } from '../../../graph/builder.ts';
import { declareList } from '../../../graph/list.ts';
import { declareRead } from '../../../graph/read.ts';
import { IcalChannel } from '../channel.ts';
import type { NewFeed } from './make.ts';

export const IcalFeed = builder.prismaObject('IcalFeed', {
  description:
    'A calendar of a property that a channel may read. Its address holds a key, so whoever has it can read it.',
  fields: (t) => ({
    id: t.exposeID('id'),
    propertyId: t.exposeID('propertyId'),
    property: t.relation('property', { abilityBeyondName: 'properties:read' }),
    channel: t.expose('channel', { type: IcalChannel, description: 'Who reads it: what came from there is left out.' }),
    sourceId: t.exposeID('sourceId', {
      nullable: true,
      description:
        'The iCal source whose events are left out, because they came from there. Where none is named, those of every source of the channel.',
    }),
    url: t.string({
      nullable: true,
      description: 'Only in the answer to its creation, and never again: give it to the channel.',
      resolve: (feed) => (feed as Partial<NewFeed>).url ?? null,
    }),
    lastReadAt: t.expose('lastReadAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When somebody last read it, to the minute. A channel that stopped reading sells taken nights.',
    }),
    revokedAt: t.expose('revokedAt', { type: 'DateTime', nullable: true, description: 'Since when it is gone.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
  }),
});

export const icalFeeds = declareList({
  field: 'icalFeeds',
  type: 'IcalFeed',
  model: 'icalFeed',
  ability: 'properties:read',
  description: 'The calendars that channels may read. Their addresses are not told again.',
  filters: {
    propertyId: { column: 'propertyId', op: 'equals', type: 'ID', description: 'Of this property.' },
    channel: {
      column: 'channel',
      op: 'in',
      type: { enum: 'IcalChannel', ref: IcalChannel },
      description: 'For any of these channels.',
    },
    revoked: {
      column: 'revokedAt',
      op: 'present',
      type: 'Boolean',
      description: 'Revoked, or not; both when not said.',
    },
  },
  orders: { ID: { column: 'id', kind: 'int' } },
  defaultOrder: 'ID_DESC',
});

declareRead({ field: 'icalFeed', noun: 'calendar feed', list: icalFeeds });
