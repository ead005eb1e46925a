import type { Statement as StatementRow } from '../../../prisma/generated/client/client.ts';
import { StatementLineKind as Kinds } from '../../../prisma/generated/client/enums.ts';
import { toDecimal } from '../../core/money.ts';
import { builder } from '../../graph/builder.ts';
import { declareList } from '../../graph/list.ts';
import { declareRead } from '../../graph/read.ts';
import { amount } from '../../graph/sql.ts';

export type { StatementRow };

const StatementLineKind = builder.enumType('StatementLineKind', {
  description: 'What a line of a statement tells of: a stay, or something that was spent.',
  values: Object.keys(Kinds) as (keyof typeof Kinds)[],
});

/** Its amounts are in the statement's currency, which may not be the agency's any more. */
const withCurrency = { statement: { select: { currency: true } } } as const;

export const StatementLine = builder.prismaObject('StatementLine', {
  description: 'A stay or an expense of a statement, as it was when the statement was made.',
  fields: (t) => ({
    position: t.exposeInt('position', { description: 'From 1: stays in the order of their nights, then expenses.' }),
    kind: t.expose('kind', { type: StatementLineKind, description: 'A stay or an expense.' }),
    propertyId: t.exposeID('propertyId'),
    property: t.relation('property', { abilityBeyondName: 'properties:read' }),
    bookingId: t.exposeID('bookingId', { nullable: true, description: 'The stay; null for an expense.' }),
    label: t.exposeString('label', {
      description: 'In words: the stay with its nights in the month, or what was paid.',
    }),
    nights: t.exposeInt('nights', { description: 'Nights of the stay in the month; 0 for an expense.' }),
    revenue: t.field({
      type: 'Money',
      description: 'What its nights in the month earned.',
      select: { ...withCurrency, revenueMinor: true },
      resolve: ({ revenueMinor, statement }) => toDecimal(revenueMinor, statement.currency),
    }),
    commission: t.field({
      type: 'Money',
      description: 'What the agency or the channel keeps of that.',
      select: { ...withCurrency, commissionMinor: true },
      resolve: ({ commissionMinor, statement }) => toDecimal(commissionMinor, statement.currency),
    }),
    expense: t.field({
      type: 'Money',
      description: 'What was spent.',
      select: { ...withCurrency, expenseMinor: true },
      resolve: ({ expenseMinor, statement }) => toDecimal(expenseMinor, statement.currency),
    }),
    net: t.field({
      type: 'Money',
      description: 'Revenue less commission less expense; below 0 for what is spent.',
      select: { ...withCurrency, netMinor: true },
      resolve: ({ netMinor, statement }) => toDecimal(netMinor, statement.currency),
    }),
  }),
});

export const Statement = builder.prismaObject('Statement', {
  description:
    'A month of an owner: what their properties earned, what was kept of it, what was spent, and what they are paid. It never changes; what changes afterwards makes another revision.',
  fields: (t) => ({
    id: t.exposeID('id'),
    ownerId: t.exposeID('ownerId'),
    owner: t.relation('owner', { ability: 'owners:read' }),
    ownerName: t.string({
      description: 'What the owner is called now.',
      select: { owner: { select: { name: true } } },
      resolve: ({ owner }) => owner.name,
      sql: (s) => `(select o.name from owner o where o.agency_id = ${s}.agency_id and o.id = ${s}.owner_id)`,
    }),
    from: t.expose('from', { type: 'LocalDate', description: 'The first day of the month.' }),
    to: t.expose('to', { type: 'LocalDate', description: 'The last day of the month.' }),
    revision: t.exposeInt('revision', {
      description: 'Of one owner and month the highest is the one that counts; it stands in place of those before.',
    }),
    latest: t.boolean({
      description:
        'Whether it is the one that counts. The others are kept as they were, and are not to be added to it.',
      select: { supersededAt: true },
      resolve: ({ supersededAt }) => supersededAt === null,
      sql: (s) => `(${s}.superseded_at is null)`,
    }),
    currency: t.expose('currency', { type: 'Currency' }),
    revenue: t.field({
      type: 'Money',
      description: 'What the nights of the month earned.',
      resolve: ({ revenueMinor, currency }) => toDecimal(revenueMinor, currency),
      sql: (s, known) => amount(`${s}.revenue_minor`, `${s}.currency`, known),
    }),
    commission: t.field({
      type: 'Money',
      description: 'What the agency and the channels keep of that.',
      resolve: ({ commissionMinor, currency }) => toDecimal(commissionMinor, currency),
      sql: (s, known) => amount(`${s}.commission_minor`, `${s}.currency`, known),
    }),
    expenses: t.field({
      type: 'Money',
      description: 'What was spent on the properties, maintenance included.',
      resolve: ({ expensesMinor, currency }) => toDecimal(expensesMinor, currency),
      sql: (s, known) => amount(`${s}.expenses_minor`, `${s}.currency`, known),
    }),
    net: t.field({
      type: 'Money',
      description: 'What the owner is paid: revenue less commission less expenses. Below 0, they owe it.',
      resolve: ({ netMinor, currency }) => toDecimal(netMinor, currency),
      sql: (s, known) => amount(`${s}.net_minor`, `${s}.currency`, known),
    }),
    sourcesHash: t.exposeString('sourcesHash', {
      description: 'SHA-256 of the nights and expenses that it was made from. Equal sources have an equal hash.',
    }),
    lines: t.relation('lines', {
      description: 'A line for each stay with nights in the month, then one for each expense.',
      query: { orderBy: { position: 'asc' } },
      cost: 20, // Their number is the month's, and nobody says how many to give.
    }),
    generatedAt: t.expose('generatedAt', { type: 'DateTime', description: 'When it was made.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
  }),
});

export const statements = declareList({
  field: 'statements',
  type: 'Statement',
  model: 'statement',
  ability: 'statements:read',
  description:
    'The monthly statements of owners, with all their revisions; `latest` leaves out those that others replace.',
  filters: {
    ownerId: { column: 'ownerId', op: 'equals', type: 'ID', description: 'Of this owner.' },
    from: { column: 'from', op: 'gte', type: 'LocalDate', description: 'Of months that begin on this day or later.' },
    to: { column: 'to', op: 'lte', type: 'LocalDate', description: 'Of months that end on this day or earlier.' },
    latest: {
      column: 'supersededAt',
      op: 'absent',
      type: 'Boolean',
      description: 'Only those that count, or only those that others replace; both when not said.',
    },
  },
  orders: {
    ID: { column: 'id', kind: 'int' },
    FROM: { column: 'from', kind: 'date' },
    UPDATED_AT: { column: 'updatedAt', kind: 'instant' },
  },
  defaultOrder: 'ID_DESC',
  logged: true,
});

declareRead({ field: 'statement', noun: 'statement', list: statements });
