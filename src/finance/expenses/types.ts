import type { Expense as ExpenseRow } from '../../../prisma/generated/client/client.ts';
import { toDecimal } from '../../core/money.ts';
import { builder } from '../../graph/builder.ts';
import { declareList } from '../../graph/list.ts';
import { declareRead } from '../../graph/read.ts';
import { amount } from '../../graph/sql.ts';

export type { ExpenseRow };

export const Expense = builder.prismaObject('Expense', {
  description:
    'What a property has cost its owner, and is taken off what they are paid. A resolved maintenance ticket with a cost is one by itself, and isn’t written here.',
  fields: (t) => ({
    id: t.exposeID('id'),
    propertyId: t.exposeID('propertyId'),
    property: t.relation('property', { abilityBeyondName: 'properties:read' }),
    date: t.expose('date', { type: 'LocalDate', description: 'The day whose month it is taken off.' }),
    label: t.exposeString('label', { description: 'What it was for, as the owner reads it.' }),
    amount: t.field({
      type: 'Money',
      description: 'What it cost.',
      resolve: ({ amountMinor, currency }) => toDecimal(amountMinor, currency),
      sql: (e, known) => amount(`${e}.amount_minor`, `${e}.currency`, known),
    }),
    currency: t.expose('currency', { type: 'Currency' }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
  }),
});

export const expenses = declareList({
  field: 'expenses',
  type: 'Expense',
  model: 'expense',
  // What an owner is shown of them stands in their statement; statements:read is for that and no more.
  ability: 'statements:write',
  description: 'What was spent on the properties of owners.',
  filters: {
    propertyId: { column: 'propertyId', op: 'equals', type: 'ID', description: 'Of this property.' },
    from: { column: 'date', op: 'gte', type: 'LocalDate', description: 'Of this day or later.' },
    to: { column: 'date', op: 'lte', type: 'LocalDate', description: 'Of this day or earlier.' },
  },
  orders: {
    ID: { column: 'id', kind: 'int' },
    DATE: { column: 'date', kind: 'date' },
    UPDATED_AT: { column: 'updatedAt', kind: 'instant' },
  },
  defaultOrder: 'ID_DESC',
});

declareRead({ field: 'expense', noun: 'expense', list: expenses });
