import { builder } from '../../graph/builder.ts';
import { OCCUPANCY } from './columns.ts';
import { explain } from './explain.ts';
import { occupancyOf, staysOf } from './figures.ts';
import { ReportExplanation, reportObjects } from './objects.ts';
import { openReport, propertiesOf, type Report, reportArguments, seriesOf } from './report.ts';

const FORMULAS: [string, string][] = [
  ['occupancy', 'nights_booked / nights_available'],
  ['nights_available', 'the units of each property by its days on the market within the range'],
  ['adjusted_nights_available', 'nights_available - nights_blocked - nights_owner'],
  ['adjusted_occupancy', 'nights_booked / adjusted_nights_available'],
];

const { Parts } = reportObjects('Occupancy', 'Occupancy', OCCUPANCY);

/** How full the properties were. What a night earns doesn't matter here, so nights in every currency count. */
const OccupancyReport = builder.objectRef<Report>('OccupancyReport').implement({
  description: 'How many of the nights on the market were sold. Nights in every currency count.',
  fields: (t) => ({
    from: t.field({ type: 'LocalDate', description: 'The first night.', resolve: ({ ask }) => ask.from }),
    to: t.field({ type: 'LocalDate', description: 'The last night.', resolve: ({ ask }) => ask.to }),
    currency: t.field({
      type: 'Currency',
      description: 'The agency’s, as in every report; no figure here is an amount.',
      resolve: ({ ask }) => ask.viewer.agency.currency,
    }),
    figures: t.field({
      type: Parts,
      description: 'The figures; `data` in `/v1`.',
      resolve: (report) => ({
        whole: async () => {
          const { sums, sources } = await report.whole();
          return { ...occupancyOf(sums), ...staysOf(sources) };
        },
        properties: () => propertiesOf(report, occupancyOf),
        series: () => seriesOf(report, occupancyOf),
      }),
    }),
    explanation: t.field({
      type: ReportExplanation,
      nullable: true,
      description: 'How the figures come about; null unless `explain` asks for it.',
      resolve: (report) =>
        report.explained
          ? explain(report, { formulas: FORMULAS, currencies: 'Nights in every currency count.', everyCurrency: true })
          : null,
    }),
  }),
});

builder.queryField('occupancyReport', (t) =>
  t.field({
    type: OccupancyReport,
    description:
      'How many of the nights on the market were sold, as a whole, over time and by property; and of the nights that could be sold, without those that were blocked or the owner’s own.',
    ability: 'reports:read',
    cost: 10,
    args: reportArguments,
    resolve: (_root, args, { viewer }) => openReport(viewer, args, { withOff: true }),
  }),
);
