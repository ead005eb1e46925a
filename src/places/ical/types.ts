import type { IcalConflict as ConflictRow, IcalSource as SourceRow } from '../../../prisma/generated/client/client.ts';
import { IcalConflictKind, IcalConflictResolution, IcalSyncStatus } from '../../../prisma/generated/client/enums.ts';
import { builder } from '../../graph/builder.ts';
import { declareList } from '../../graph/list.ts';
import { declareRead } from '../../graph/read.ts';
import { IcalChannel } from './channel.ts';

export type { ConflictRow, SourceRow };

export const SyncStatus = builder.enumType('IcalSyncStatus', {
  description:
    'How a reading ended. HELD: the calendar looked so wrong that nothing of ours was taken away; somebody should look.',
  values: Object.keys(IcalSyncStatus) as (keyof typeof IcalSyncStatus)[],
});

export const IcalSource = builder.prismaObject('IcalSource', {
  description: 'A calendar of a channel that is read every so often. Its stays become bookings, its closures blocks.',
  fields: (t) => ({
    id: t.exposeID('id'),
    propertyId: t.exposeID('propertyId'),
    property: t.relation('property', { abilityBeyondName: 'properties:read' }),
    channel: t.expose('channel', { type: IcalChannel }),
    url: t.exposeString('urlShown', {
      description:
        'The address without what makes it secret: every value of its query, and any long name with digits in its path, is `***`.',
    }),
    exportUrl: t.string({
      nullable: true,
      description:
        'Only in the answer to its creation, and never again: the calendar of the property for this channel to read.',
      resolve: (source) => (source as SourceRow & { exportUrl?: string }).exportUrl ?? null,
    }),
    status: t.expose('status', {
      type: SyncStatus,
      nullable: true,
      description: 'How the last reading ended; null before the first.',
    }),
    reason: t.exposeString('reason', {
      nullable: true,
      description: 'Why it was held or failed, as a class: empty, shrunk, timeout, not_found, not_a_calendar …',
    }),
    message: t.exposeString('message', { nullable: true, description: 'The same in a sentence, with what to do.' }),
    failures: t.exposeInt('failures', { description: 'Readings in a row that failed.' }),
    lastSyncAt: t.expose('lastSyncAt', { type: 'DateTime', nullable: true, description: 'When it was last tried.' }),
    lastSuccessAt: t.expose('lastSuccessAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was last read well. A calendar that fails silently shows here.',
    }),
    nextSyncAt: t.expose('nextSyncAt', { type: 'DateTime', description: 'When it is read next by itself.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
  }),
});

export const icalSources = declareList({
  field: 'icalSources',
  type: 'IcalSource',
  model: 'icalSource',
  ability: 'properties:read',
  description: 'The calendars of channels that are read.',
  filters: {
    propertyId: { column: 'propertyId', op: 'equals', type: 'ID', description: 'Of this property.' },
    channel: {
      column: 'channel',
      op: 'in',
      type: { enum: 'IcalChannel', ref: IcalChannel },
      description: 'Of any of these channels.',
    },
    status: {
      column: 'status',
      op: 'in',
      type: { enum: 'IcalSyncStatus', ref: SyncStatus },
      description: 'Whose last reading ended in any of these ways.',
    },
  },
  orders: { ID: { column: 'id', kind: 'int' } },
  defaultOrder: 'ID_DESC',
});

declareRead({ field: 'icalSource', noun: 'calendar of a channel', list: icalSources });

const ConflictKind = builder.enumType('IcalConflictKind', {
  description:
    'OVERLAP: a channel has sold nights that are taken here. DOUBLE_IMPORT: two channels say that they have the same stay. ECHO_SUSPECTED: it looks like one of our own stays come back, but not exactly.',
  values: Object.keys(IcalConflictKind) as (keyof typeof IcalConflictKind)[],
});

const Resolution = builder.enumType('IcalConflictResolution', {
  description:
    'EVENT_GONE: the channel’s event went or moved away. NIGHTS_FREED: the nights became free and the event has them now. MANUAL: somebody said so.',
  values: Object.keys(IcalConflictResolution) as (keyof typeof IcalConflictResolution)[],
});

export const IcalConflict = builder.prismaObject('IcalConflict', {
  description: 'A channel says that nights are taken which somebody else has here. Nothing is booked for it.',
  fields: (t) => ({
    id: t.exposeID('id'),
    propertyId: t.exposeID('propertyId'),
    property: t.relation('property', { abilityBeyondName: 'properties:read' }),
    sourceId: t.exposeID('sourceId', { description: 'The calendar that says so.' }),
    source: t.relation('source'),
    kind: t.expose('kind', { type: ConflictKind }),
    nights: t.exposeStringList('nights', { description: 'The nights that both claim, as `2026-08-12`.' }),
    bookingId: t.exposeID('bookingId', {
      nullable: true,
      description: 'Whose nights they are here; null when a block has them.',
    }),
    booking: t.relation('booking', { nullable: true, ability: 'bookings:read' }),
    uid: t.exposeString('uid', { description: 'What the calendar calls the event.' }),
    summary: t.exposeString('summary', { nullable: true, description: 'As the calendar wrote it.' }),
    checkIn: t.expose('checkIn', { type: 'LocalDate', description: 'The first night that the calendar claims.' }),
    checkOut: t.expose('checkOut', {
      type: 'LocalDate',
      description: 'The day of departure there; not one of its nights.',
    }),
    firstSeenAt: t.expose('firstSeenAt', { type: 'DateTime', description: 'The first reading that found it.' }),
    lastSeenAt: t.expose('lastSeenAt', { type: 'DateTime', description: 'The last reading that found it.' }),
    open: t.boolean({
      description: 'Whether it is still there, and nobody has said that it is settled.',
      resolve: (conflict) => conflict.resolvedAt === null,
      sql: (c) => `(${c}.resolved_at is null)`,
    }),
    resolution: t.expose('resolution', { type: Resolution, nullable: true, description: 'How it ended.' }),
    resolvedAt: t.expose('resolvedAt', { type: 'DateTime', nullable: true, description: 'When it ended.' }),
    note: t.exposeString('note', { nullable: true, description: 'What was said when it was resolved.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
  }),
});

export const icalConflicts = declareList({
  field: 'icalConflicts',
  type: 'IcalConflict',
  model: 'icalConflict',
  ability: 'properties:read',
  description: 'Where a channel’s calendar and the bookings here claim the same nights.',
  filters: {
    propertyId: { column: 'propertyId', op: 'equals', type: 'ID', description: 'At this property.' },
    sourceId: { column: 'sourceId', op: 'equals', type: 'ID', description: 'That this calendar brought.' },
    open: {
      column: 'resolvedAt',
      op: 'absent',
      type: 'Boolean',
      description: 'Still open, or resolved; both when not said.',
    },
  },
  orders: { ID: { column: 'id', kind: 'int' }, UPDATED_AT: { column: 'updatedAt', kind: 'instant' } },
  defaultOrder: 'ID_DESC',
});

declareRead({ field: 'icalConflict', noun: 'conflict', list: icalConflicts });
