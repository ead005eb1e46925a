import { z } from 'zod';
import type { TaxReport as TaxReportRow } from '../../../prisma/generated/client/client.ts';
import { instant, toDay } from '../../core/dates.ts';
import { toDecimal } from '../../core/money.ts';
import { declareEvent } from '../../outbox/event.ts';
import { periodName } from './period.ts';
import { type Totals, totalsByTax } from './totals.ts';

interface TaxReportFacts {
  report: TaxReportRow;
  totals: Totals;
}

const TaxReportData = z.object({
  tax_report: z.object({
    id: z.int(),
    period: z.string().describe('A quarter, `2026-Q3`, or a month, `2026-07`.'),
    from: z.iso.date(),
    to: z.iso.date().describe('The last night, itself included.'),
    commune: z.string().nullable().describe('Of the properties in this commune alone; null for all.'),
    revision: z.int().describe('Counts the reports of one period and commune; the last one holds.'),
    currency: z.string().length(3),
    totals_by_tax: z.object({ taxe_de_sejour: z.number(), tpt: z.number(), vat: z.number() }),
    total: z.number(),
    sources_hash: z.string().length(64).describe('SHA-256 of the nights and the tariffs that it was made from.'),
    generated_at: z.iso.datetime({ offset: true }),
  }),
});

const example: z.infer<typeof TaxReportData> = {
  tax_report: {
    id: 41,
    period: '2026-Q3',
    from: '2026-07-01',
    to: '2026-09-30',
    commune: null,
    revision: 1,
    currency: 'MAD',
    totals_by_tax: { taxe_de_sejour: 7440, tpt: 3720, vat: 14_250 },
    total: 25_410,
    sources_hash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    generated_at: '2026-10-01T00:12:09+00:00',
  },
};

function taxReportData({ report, totals }: TaxReportFacts): z.infer<typeof TaxReportData> {
  return {
    tax_report: {
      id: report.id,
      period: periodName(report.period, toDay(report.from)),
      from: toDay(report.from),
      to: toDay(report.to),
      commune: report.commune,
      revision: report.revision,
      currency: report.currency,
      totals_by_tax: totalsByTax(totals),
      total: toDecimal(report.totalMinor, report.currency),
      sources_hash: report.sourcesHash,
      generated_at: instant(report.generatedAt),
    },
  };
}

export const taxReportGenerated = declareEvent<TaxReportFacts>({
  name: 'tax_report.generated',
  summary: 'Tax report generated',
  ability: 'tax_reports:read',
  data: TaxReportData,
  render: taxReportData,
  read: 'taxReport',
  subject: ({ report }) => ({ kind: 'tax_report', id: report.id, version: report.revision }),
  example,
});
