import type { MaintenanceTicket as MaintenanceTicketRow } from '../../../prisma/generated/client/client.ts';
import {
  MaintenancePriority as Priorities,
  MaintenanceStatus as Statuses,
} from '../../../prisma/generated/client/enums.ts';
import { toDecimal } from '../../core/money.ts';
import { builder } from '../../graph/builder.ts';
import { declareList } from '../../graph/list.ts';
import { declareRead } from '../../graph/read.ts';
import { amount } from '../../graph/sql.ts';

export type { MaintenanceTicketRow };

export const MaintenanceStatus = builder.enumType('MaintenanceStatus', {
  description: 'Where a ticket is in its life: open → assigned → resolved.',
  values: Object.keys(Statuses) as (keyof typeof Statuses)[],
});

export const MaintenancePriority = builder.enumType('MaintenancePriority', {
  description: 'How soon it has to be mended. URGENT is what people are woken up for.',
  values: Object.keys(Priorities) as (keyof typeof Priorities)[],
});

export const MaintenanceTicket = builder.prismaObject('MaintenanceTicket', {
  description: 'Something to be mended.',
  fields: (t) => ({
    id: t.exposeID('id'),
    propertyId: t.exposeID('propertyId'),
    property: t.relation('property', { abilityBeyondName: 'properties:read' }),
    bookingId: t.exposeID('bookingId', { nullable: true, description: 'The stay during which it was found.' }),
    booking: t.relation('booking', {
      nullable: true,
      ability: 'bookings:read',
      description: 'The stay during which it was found.',
    }),
    title: t.exposeString('title', { description: 'What is wrong, in a line.' }),
    description: t.exposeString('description', { nullable: true }),
    category: t.exposeString('category', {
      nullable: true,
      description: 'plumbing, electricity, air conditioning …: the agency’s own words, in lower case.',
    }),
    priority: t.expose('priority', { type: MaintenancePriority }),
    status: t.expose('status', { type: MaintenanceStatus }),
    assignee: t.exposeString('assignee', { nullable: true, description: 'Who mends it.' }),
    vendor: t.exposeString('vendor', { nullable: true, description: 'The firm that sends them.' }),
    cost: t.field({
      type: 'Money',
      nullable: true,
      description: 'What mending it cost; null while that isn’t known.',
      resolve: ({ costMinor, currency }) => (costMinor === null ? null : toDecimal(costMinor, currency)),
      sql: (m, known) => amount(`${m}.cost_minor`, `${m}.currency`, known),
    }),
    currency: t.expose('currency', { type: 'Currency' }),
    photos: t.expose('photos', { type: ['URL'] }),
    resolution: t.exposeString('resolution', { nullable: true, description: 'What was done.' }),
    assignedAt: t.expose('assignedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was last given to somebody.',
    }),
    escalatedAt: t.expose('escalatedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it last became urgent.',
    }),
    resolvedAt: t.expose('resolvedAt', { type: 'DateTime', nullable: true, description: 'When it was mended.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
  }),
});

export const maintenanceTickets = declareList({
  field: 'maintenanceTickets',
  type: 'MaintenanceTicket',
  model: 'maintenanceTicket',
  ability: 'maintenance:read',
  description: 'The maintenance tickets of the agency.',
  filters: {
    propertyId: { column: 'propertyId', op: 'equals', type: 'ID', description: 'At this property.' },
    status: {
      column: 'status',
      op: 'in',
      type: { enum: 'MaintenanceStatus', ref: MaintenanceStatus },
      description: 'In any of these states.',
    },
    priority: {
      column: 'priority',
      op: 'in',
      type: { enum: 'MaintenancePriority', ref: MaintenancePriority },
      description: 'Of any of these priorities.',
    },
    category: {
      column: 'category',
      op: 'in',
      type: 'String',
      description: 'Of any of these categories, in lower case.',
    },
    assignee: { column: 'assignee', op: 'equals', type: 'String', description: 'Given to exactly this name.' },
    vendor: { column: 'vendor', op: 'equals', type: 'String', description: 'Given to exactly this firm.' },
  },
  orders: {
    ID: { column: 'id', kind: 'int' },
    UPDATED_AT: { column: 'updatedAt', kind: 'instant' },
  },
  defaultOrder: 'ID_DESC',
});

declareRead({ field: 'maintenanceTicket', noun: 'maintenance ticket', list: maintenanceTickets });
