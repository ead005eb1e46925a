import type { Property as PropertyRow } from '../../../prisma/generated/client/client.ts';
import { PropertyKind as Kinds } from '../../../prisma/generated/client/enums.ts';
import { toDecimal } from '../../core/money.ts';
import { builder } from '../../graph/builder.ts';
import { declareList } from '../../graph/list.ts';
import { declareRead } from '../../graph/read.ts';
import { amount, literal } from '../../graph/sql.ts';

export type { PropertyRow };

export const PropertyKind = builder.enumType('PropertyKind', {
  description: 'What kind of place it is.',
  values: Object.keys(Kinds) as (keyof typeof Kinds)[],
});

export const Property = builder.prismaObject('Property', {
  description: 'A villa, a riad, a hotel: what is rented out, of one unit or many.',
  fields: (t) => ({
    id: t.exposeID('id'),
    code: t.exposeString('code', { description: 'What the agency and its imports call it; unique in the agency.' }),
    name: t.exposeString('name'),
    kind: t.expose('kind', { type: PropertyKind }),
    city: t.exposeString('city', { nullable: true }),
    description: t.exposeString('description', { nullable: true }),
    units: t.exposeInt('units', { description: 'How many of it can be sold a night: 1 for a villa.' }),
    basePrice: t.field({
      type: 'Money',
      description: 'Price of a night where no rate says otherwise.',
      resolve: (property, _args, { viewer }) => toDecimal(property.basePriceMinor, viewer.agency.currency),
      sql: (p, known) => amount(`${p}.base_price_minor`, literal(known.currency), known),
    }),
    currency: t.field({
      type: 'Currency',
      description: "The agency's.",
      resolve: (_property, _args, { viewer }) => viewer.agency.currency,
      sql: (_p, known) => literal(known.currency),
    }),
    ownerId: t.exposeID('ownerId', { nullable: true }),
    owner: t.relation('owner', { nullable: true, ability: 'owners:read' }),
    checkInTime: t.exposeString('checkInTime', {
      description: 'From when guests may come, as `15:00`, at the agency’s timezone.',
    }),
    checkOutTime: t.exposeString('checkOutTime', {
      description: 'Until when guests must leave, as `11:00`, at the agency’s timezone.',
    }),
    cleaningAtCheckOut: t.exposeBoolean('cleaningAtCheckOut', {
      description: 'Whether a check-out makes a cleaning task.',
    }),
    cleaningChecklist: t.exposeStringList('cleaningChecklist', {
      description: 'What a cleaning task here has to be ticked off, where the task doesn’t say otherwise.',
    }),
    cleaningAssignee: t.exposeString('cleaningAssignee', {
      nullable: true,
      description: 'Who is given the task that a check-out makes; null for nobody yet.',
    }),
    activeFrom: t.expose('activeFrom', {
      type: 'LocalDate',
      nullable: true,
      description: 'The first day on the market, for availability in reports; null is unbounded.',
    }),
    activeTo: t.expose('activeTo', {
      type: 'LocalDate',
      nullable: true,
      description: 'The last day on the market, for availability in reports; null is unbounded. Archiving ends it too.',
    }),
    commune: t.exposeString('commune', { nullable: true, description: 'The commune that taxes its stays.' }),
    taxCategory: t.exposeString('taxCategory', {
      nullable: true,
      description: 'As what it is taxed: a category of the tariffs.',
    }),
    archived: t.boolean({
      resolve: (property) => property.archivedAt !== null,
      sql: (p) => `(${p}.archived_at is not null)`,
    }),
    archivedAt: t.expose('archivedAt', { type: 'DateTime', nullable: true }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
  }),
});

export const properties = declareList({
  field: 'properties',
  type: 'Property',
  model: 'property',
  ability: 'properties:read',
  description: 'The properties of the agency.',
  filters: {
    kind: {
      column: 'kind',
      op: 'in',
      type: { enum: 'PropertyKind', ref: PropertyKind },
      description: 'Of any of these kinds.',
    },
    city: { column: 'city', op: 'equals', type: 'String', description: 'In this city.' },
    code: { column: 'code', op: 'equals', type: 'String', description: 'With this code.' },
    ownerId: { column: 'ownerId', op: 'equals', type: 'ID', description: 'Belonging to this owner.' },
    archived: {
      column: 'archivedAt',
      op: 'present',
      type: 'Boolean',
      description: 'Archived, or not; both when not said.',
    },
  },
  orders: {
    ID: { column: 'id', kind: 'int' },
    CODE: { column: 'code', kind: 'text' },
    NAME: { column: 'name', kind: 'text' },
    UPDATED_AT: { column: 'updatedAt', kind: 'instant' },
  },
  defaultOrder: 'ID_DESC',
  logged: true,
});

declareRead({ field: 'property', noun: 'property', list: properties });
