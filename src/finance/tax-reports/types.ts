import type { TaxReport as TaxReportRow } from '../../../prisma/generated/client/client.ts';
import { TaxPeriod as Periods } from '../../../prisma/generated/client/enums.ts';
import { addDays, toDay, todayIn } from '../../core/dates.ts';
import { toDecimal } from '../../core/money.ts';
import { builder } from '../../graph/builder.ts';
import { declareList } from '../../graph/list.ts';
import { declareRead } from '../../graph/read.ts';
import { amount } from '../../graph/sql.ts';
import { periodName } from './period.ts';
import { TaxTotals, totalsFrom } from './totals.ts';
import './lines.ts';

export type { TaxReportRow };

/** The tourist board is paid within so many days of the end of a quarter. */
const TPT_DAYS = 20;

export const TaxPeriod = builder.enumType('TaxPeriod', {
  description: 'How long a period a tax report is of.',
  values: Object.keys(Periods) as (keyof typeof Periods)[],
});

export const TaxReport = builder.prismaObject('TaxReport', {
  description:
    'What is owed in taxes on the stays of a month or a quarter. It is frozen: when its sources have changed, generating the period again makes a new revision beside it.',
  fields: (t) => ({
    id: t.exposeID('id'),
    period: t.string({
      description: 'The quarter or the month: `2026-Q3`, `2026-07`.',
      resolve: (report) => periodName(report.period, toDay(report.from)),
      sql: (r) => `to_char(${r}."from", case ${r}.period when 'QUARTER' then 'YYYY"-Q"Q' else 'YYYY-MM' end)`,
    }),
    granularity: t.expose('period', { type: TaxPeriod, description: 'Whether it is of a month or of a quarter.' }),
    from: t.expose('from', { type: 'LocalDate', description: 'The first night.' }),
    to: t.expose('to', { type: 'LocalDate', description: 'The last night, itself included.' }),
    commune: t.exposeString('commune', {
      nullable: true,
      description: 'Of the properties in this commune alone; null for all of them.',
    }),
    revision: t.exposeInt('revision', { description: 'Counts the reports of one period and commune, from 1.' }),
    latest: t.boolean({
      description: 'Whether it is the last revision; the others are kept as they were and are not to be added to it.',
      select: { supersededAt: true },
      resolve: ({ supersededAt }) => supersededAt === null,
      sql: (r) => `(${r}.superseded_at is null)`,
    }),
    final: t.boolean({
      description:
        'Whether the period was over when it was generated. One that isn’t final counts the stays that were on the books.',
      resolve: ({ generatedAt, to }, _args, { viewer }) => todayIn(viewer.agency.timezone, generatedAt) > toDay(to),
      sql: (r) =>
        `((${r}.generated_at at time zone (select a.timezone from agency a where a.id = ${r}.agency_id))::date > ${r}."to")`,
    }),
    currency: t.expose('currency', { type: 'Currency' }),
    totalsByTax: t.field({
      type: TaxTotals,
      description: 'What is owed of each tax.',
      select: { lines: { select: { tax: true, amountMinor: true } } },
      resolve: ({ currency, lines }) => totalsFrom(currency, lines),
      embeds: true,
    }),
    total: t.field({
      type: 'Money',
      description: 'The sum of the lines.',
      resolve: ({ totalMinor, currency }) => toDecimal(totalMinor, currency),
      sql: (r, known) => amount(`${r}.total_minor`, `${r}.currency`, known),
    }),
    dueOn: t.field({
      type: 'LocalDate',
      nullable: true,
      description: `The last day to pay the taxe de promotion touristique of a quarter, ${TPT_DAYS} days after its end; null for reports without any.`,
      select: { lines: { select: { tax: true, amountMinor: true } } },
      resolve: ({ period, to, lines }) =>
        period === 'QUARTER' && lines.some(({ tax }) => tax === 'TPT') ? addDays(toDay(to), TPT_DAYS) : null,
      sql: (r) => `(case when ${r}.period = 'QUARTER' and exists (select from tax_report_line l
        where l.agency_id = ${r}.agency_id and l.report_id = ${r}.id and l.tax = 'TPT') then ${r}."to" + ${TPT_DAYS} end)`,
    }),
    lines: t.relation('lines', {
      query: { orderBy: { position: 'asc' } },
      description: 'What is owed, a property and tariff each.',
    }),
    sourcesHash: t.exposeString('sourcesHash', {
      description: 'SHA-256 of the nights and the tariffs that it was made from. The same sources have the same.',
    }),
    generatedAt: t.expose('generatedAt', { type: 'DateTime', description: 'When it was made.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
  }),
});

export const taxReports = declareList({
  field: 'taxReports',
  type: 'TaxReport',
  model: 'taxReport',
  ability: 'tax_reports:read',
  description: 'The tax reports of the agency, every revision of them.',
  filters: {
    granularity: {
      column: 'period',
      op: 'equals',
      type: { enum: 'TaxPeriod', ref: TaxPeriod },
      description: 'Of a month, or of a quarter.',
    },
    from: { column: 'from', op: 'gte', type: 'LocalDate', description: 'Of periods that begin on this day or later.' },
    to: { column: 'to', op: 'lte', type: 'LocalDate', description: 'Of periods that end on this day or earlier.' },
    commune: { column: 'commune', op: 'equals', type: 'String', description: 'Of this commune alone.' },
    latest: {
      column: 'supersededAt',
      op: 'absent',
      type: 'Boolean',
      description: 'Only the last revisions, or only those that others replace; both when not said.',
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

declareRead({ field: 'taxReport', noun: 'tax report', list: taxReports });
