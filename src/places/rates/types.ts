import type { Rate as RateRow } from '../../../prisma/generated/client/client.ts';
import { Weekday as Weekdays } from '../../../prisma/generated/client/enums.ts';
import { toDecimal } from '../../core/money.ts';
import { builder } from '../../graph/builder.ts';
import { declareList } from '../../graph/list.ts';
import { declareRead } from '../../graph/read.ts';
import { amount, literal } from '../../graph/sql.ts';

export type { RateRow };

export const Weekday = builder.enumType('Weekday', {
  description: 'A night of the week, by the day on which it begins.',
  values: Object.keys(Weekdays) as (keyof typeof Weekdays)[],
});

export const Rate = builder.prismaObject('Rate', {
  description:
    'What a night of a property costs and asks for, over a season. Of the rates that cover a night the highest priority wins, among equals the one written last; a night that none covers has the property’s base price and a minimum stay of 1. The winner decides price, minimum stay and closures together.',
  fields: (t) => ({
    id: t.exposeID('id'),
    propertyId: t.exposeID('propertyId'),
    property: t.relation('property', { abilityBeyondName: 'properties:read' }),
    name: t.exposeString('name', { nullable: true, description: 'What the agency calls the season.' }),
    from: t.expose('from', { type: 'LocalDate', description: 'The first night.' }),
    to: t.expose('to', { type: 'LocalDate', description: 'The last night, itself included.' }),
    weekdays: t.expose('weekdays', {
      type: [Weekday],
      description: 'The nights of the week that it is for; empty means all of them.',
    }),
    price: t.field({
      type: 'Money',
      description: "Of one night, in the agency's currency.",
      resolve: (rate, _args, { viewer }) => toDecimal(rate.priceMinor, viewer.agency.currency),
      sql: (r, known) => amount(`${r}.price_minor`, literal(known.currency), known),
    }),
    currency: t.field({
      type: 'Currency',
      description: "The agency's.",
      resolve: (_rate, _args, { viewer }) => viewer.agency.currency,
      sql: (_r, known) => literal(known.currency),
    }),
    minStay: t.exposeInt('minStay', { description: 'The fewest nights of a stay that arrives on one of its nights.' }),
    closedToArrival: t.exposeBoolean('closedToArrival', { description: 'No stay begins on one of its nights.' }),
    closedToDeparture: t.exposeBoolean('closedToDeparture', { description: 'No stay ends on one of its days.' }),
    priority: t.exposeInt('priority', { description: 'The highest wins, among equals the rate written last.' }),
    pushed: t.exposeBoolean('pushed', {
      description: 'Written by a call that sets many at once; the next such call that names its nights replaces it.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
  }),
});

// It is not `logged`: a push that says what holds already writes its rows anew and tells nobody.
export const rates = declareList({
  field: 'rates',
  type: 'Rate',
  model: 'rate',
  ability: 'rates:read',
  description: 'The rates of the agency.',
  filters: {
    propertyId: { column: 'propertyId', op: 'equals', type: 'ID', description: 'Of this property.' },
    from: { column: 'to', op: 'gte', type: 'LocalDate', description: 'Covering this night or a later one.' },
    to: { column: 'from', op: 'lte', type: 'LocalDate', description: 'Covering this night or an earlier one.' },
    pushed: { column: 'pushed', op: 'equals', type: 'Boolean', description: 'Set many at once, or one at a time.' },
  },
  orders: {
    ID: { column: 'id', kind: 'int' },
    FROM: { column: 'from', kind: 'date' },
    UPDATED_AT: { column: 'updatedAt', kind: 'instant' },
  },
  defaultOrder: 'ID_DESC',
});

declareRead({ field: 'rate', noun: 'rate', list: rates });
