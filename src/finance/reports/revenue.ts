import { toDecimal } from '../../core/money.ts';
import { builder } from '../../graph/builder.ts';
import { REVENUE } from './columns.ts';
import { explain } from './explain.ts';
import { revenueOf, staysOf } from './figures.ts';
import { ReportExplanation, reportObjects } from './objects.ts';
import type { SourceTotals } from './read.ts';
import { openReport, propertiesOf, type Report, reportArguments, seriesOf } from './report.ts';

const FORMULAS: [string, string][] = [
  ['gross_revenue', 'the gross of the nights sold; a stay’s gross is shared out over its nights'],
  ['net_revenue', 'gross_revenue less commission'],
  ['adr', 'gross_revenue / nights_booked'],
  ['revpar', 'gross_revenue / nights_available; blocked nights and the owner’s own count as available'],
];

/** What nights have earned. Only the agency's currency is added up; nights in another are named beside it, never added. */
const RevenueReport = builder.objectRef<Report>('RevenueReport');
const { Whole, Parts } = reportObjects('Revenue', 'Revenue', REVENUE);

RevenueReport.implement({
  description: 'What the nights of a range have earned, in the agency’s currency.',
  fields: (t) => ({
    from: t.field({ type: 'LocalDate', description: 'The first night.', resolve: ({ ask }) => ask.from }),
    to: t.field({ type: 'LocalDate', description: 'The last night.', resolve: ({ ask }) => ask.to }),
    currency: t.field({ type: 'Currency', resolve: ({ ask }) => ask.viewer.agency.currency }),
    figures: t.field({
      type: Parts,
      description: 'The figures; `data` in `/v1`.',
      resolve: (report) => {
        const { currency } = report.ask.viewer.agency;
        return {
          whole: async () => {
            const { sums, sources } = await report.whole();
            return { ...revenueOf(sums, currency), ...staysOf(sources), sources, currency };
          },
          properties: () => propertiesOf(report, (sums) => revenueOf(sums, currency)),
          series: () => seriesOf(report, (sums) => revenueOf(sums, currency)),
        };
      },
    }),
    otherCurrencies: t.field({
      type: [OtherCurrency],
      description: 'Nights sold in other currencies. They are in none of the figures.',
      resolve: async (report) =>
        byCurrency((await report.want('days')).sources ?? [], report.ask.viewer.agency.currency),
    }),
  }),
});

interface SourceRow {
  source: string;
  grossRevenue: number;
  netRevenue: number;
  nightsBooked: number;
}

const RevenueOfSource = builder.objectRef<SourceRow>('RevenueOfSource').implement({
  description: 'Revenue of the bookings of one source.',
  fields: (t) => ({
    source: t.exposeString('source'),
    grossRevenue: t.expose('grossRevenue', { type: 'Money', description: 'What guests pay for the nights sold.' }),
    netRevenue: t.expose('netRevenue', { type: 'Money', description: 'Gross less commission.' }),
    nightsBooked: t.exposeInt('nightsBooked', { description: 'Nights sold in the currency of the report.' }),
  }),
});

builder.objectField(Whole, 'revenueBySource', (t) =>
  t.field({
    type: [RevenueOfSource],
    description: 'By the source of the booking, the largest first; they add up to the whole.',
    resolve: (whole) => {
      const { sources, currency } = whole as { sources: SourceTotals[]; currency: string };
      return sources
        .filter((row) => row.source !== 'owner' && row.currency === currency && row.nights > 0)
        .map((row) => ({
          source: row.source,
          grossRevenue: toDecimal(row.gross_minor, currency),
          netRevenue: toDecimal(row.net_minor, currency),
          nightsBooked: row.nights,
        }));
    },
  }),
);

interface CurrencyRow {
  currency: string;
  grossRevenue: number;
  nights: number;
}

const OtherCurrency = builder.objectRef<CurrencyRow>('RevenueInOtherCurrency').implement({
  description: 'Nights sold in a currency that isn’t the agency’s.',
  fields: (t) => ({
    currency: t.expose('currency', { type: 'Currency' }),
    grossRevenue: t.expose('grossRevenue', {
      type: 'Money',
      description: 'What guests pay for them, in that currency.',
    }),
    nights: t.exposeInt('nights', { description: 'How many nights.' }),
  }),
});

function byCurrency(sources: SourceTotals[], own: string): CurrencyRow[] {
  const found = new Map<string, { minor: number; nights: number }>();
  for (const { source, currency, nights, gross_minor } of sources) {
    if (source === 'owner' || currency === own || nights === 0) continue;
    const { minor, nights: before } = found.get(currency) ?? { minor: 0, nights: 0 };
    found.set(currency, { minor: minor + gross_minor, nights: before + nights });
  }
  return [...found]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([currency, { minor, nights }]) => ({ currency, grossRevenue: toDecimal(minor, currency), nights }));
}

builder.objectField(RevenueReport, 'explanation', (t) =>
  t.field({
    type: ReportExplanation,
    nullable: true,
    description: 'How the figures come about; null unless `explain` asks for it.',
    resolve: (report) =>
      report.explained
        ? explain(report, {
            formulas: FORMULAS,
            currencies: `Amounts in ${report.ask.viewer.agency.currency}; nights in another currency are named and never added.`,
            everyCurrency: false,
          })
        : null,
  }),
);

builder.queryField('revenueReport', (t) =>
  t.field({
    type: RevenueReport,
    description:
      'What the nights of a range have earned: gross, net, ADR and RevPAR, as a whole, over time and by property. A booking is in it the moment it is made.',
    ability: 'reports:read',
    cost: 10,
    args: reportArguments,
    resolve: (_root, args, { viewer }) => openReport(viewer, args, { withOff: false }),
  }),
);
