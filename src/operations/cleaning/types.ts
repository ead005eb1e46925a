import type { CleaningTask as CleaningTaskRow } from '../../../prisma/generated/client/client.ts';
import { CleaningStatus as Statuses } from '../../../prisma/generated/client/enums.ts';
import { builder } from '../../graph/builder.ts';
import { declareList } from '../../graph/list.ts';
import { declareRead } from '../../graph/read.ts';
import { itemsOf, itemsSql } from './checklist.ts';
import { TURNOVER, turnoverOf } from './turnover.ts';

export type { CleaningTaskRow };

export const CleaningStatus = builder.enumType('CleaningStatus', {
  description: 'Where a cleaning task is in its life: todo → assigned → in progress → completed, or skipped.',
  values: Object.keys(Statuses) as (keyof typeof Statuses)[],
});

export const CleaningTask = builder.prismaObject('CleaningTask', {
  description: 'A place to be made ready.',
  fields: (t) => ({
    id: t.exposeID('id'),
    propertyId: t.exposeID('propertyId'),
    property: t.relation('property', { abilityBeyondName: 'properties:read' }),
    bookingId: t.exposeID('bookingId', { nullable: true, description: 'The stay that it cleans up after.' }),
    booking: t.relation('booking', {
      nullable: true,
      ability: 'bookings:read',
      description: 'The stay that it cleans up after.',
    }),
    date: t.expose('date', { type: 'LocalDate', description: 'The day on which it is to be done.' }),
    status: t.expose('status', { type: CleaningStatus }),
    assignee: t.exposeString('assignee', { nullable: true, description: 'Who does it, in the agency’s own words.' }),
    checklist: t.field({
      type: ['ChecklistItem'],
      description: 'What has to be ticked off, in this order.',
      resolve: (task) => itemsOf(task),
      sql: itemsSql,
    }),
    beforePhotos: t.expose('beforePhotos', { type: ['URL'], description: 'How the place was found.' }),
    afterPhotos: t.expose('afterPhotos', { type: ['URL'], description: 'How the place was left.' }),
    notes: t.exposeString('notes', { nullable: true }),
    skipReason: t.exposeString('skipReason', { nullable: true, description: 'Why it was not done.' }),
    rescheduledToId: t.exposeID('rescheduledToId', {
      nullable: true,
      description: 'The task that a skipped one was put off to.',
    }),
    rescheduledTo: t.field({
      type: 'LocalDate',
      nullable: true,
      description: 'The day that a skipped task was put off to.',
      resolve: async ({ id }, _args, { viewer }) => (await turnoverOf(viewer, id)).rescheduledTo,
      sql: TURNOVER.rescheduledTo,
    }),
    nextCheckIn: t.field({
      type: 'LocalDate',
      nullable: true,
      description: 'The day of the next arrival from this task’s day on; null for a property of many units.',
      resolve: async ({ id }, _args, { viewer }) => (await turnoverOf(viewer, id)).nextCheckIn,
      sql: TURNOVER.nextCheckIn,
    }),
    readyBy: t.field({
      type: 'DateTime',
      nullable: true,
      description:
        'When the next guests may come: that day at the property’s check-in time. Null when nobody is known to come.',
      resolve: async ({ id }, _args, { viewer }) => (await turnoverOf(viewer, id)).readyBy,
      sql: TURNOVER.readyBy,
    }),
    turnoverMinutes: t.int({
      nullable: true,
      description:
        'Minutes from the check-out time on this task’s day until `readyBy`: how long the place can be worked on. Negative where guests may come before the others must leave; null when nobody is known to come.',
      resolve: async ({ id }, _args, { viewer }) => (await turnoverOf(viewer, id)).turnoverMinutes,
      sql: TURNOVER.turnoverMinutes,
    }),
    assignedAt: t.expose('assignedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was last given to somebody.',
    }),
    startedAt: t.expose('startedAt', { type: 'DateTime', nullable: true }),
    completedAt: t.expose('completedAt', { type: 'DateTime', nullable: true, description: 'When it was done.' }),
    skippedAt: t.expose('skippedAt', { type: 'DateTime', nullable: true, description: 'When it was skipped.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
  }),
});

export const cleaningTasks = declareList({
  field: 'cleaningTasks',
  type: 'CleaningTask',
  model: 'cleaningTask',
  ability: 'cleaning:read',
  description: 'The cleaning tasks of the agency.',
  filters: {
    propertyId: { column: 'propertyId', op: 'equals', type: 'ID', description: 'At this property.' },
    bookingId: { column: 'bookingId', op: 'equals', type: 'ID', description: 'After this stay.' },
    status: {
      column: 'status',
      op: 'in',
      type: { enum: 'CleaningStatus', ref: CleaningStatus },
      description: 'In any of these states.',
    },
    assignee: { column: 'assignee', op: 'equals', type: 'String', description: 'Given to exactly this name.' },
    dateFrom: { column: 'date', op: 'gte', type: 'LocalDate', description: 'To be done on this day or later.' },
    dateTo: { column: 'date', op: 'lte', type: 'LocalDate', description: 'To be done on this day or earlier.' },
  },
  orders: {
    ID: { column: 'id', kind: 'int' },
    DATE: { column: 'date', kind: 'date' },
    UPDATED_AT: { column: 'updatedAt', kind: 'instant' },
  },
  defaultOrder: 'ID_DESC',
});

declareRead({ field: 'cleaningTask', noun: 'cleaning task', list: cleaningTasks });
