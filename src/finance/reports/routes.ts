import type { Row } from '../../graph/row.ts';
import { type Column, OCCUPANCY, REVENUE, STAYS, selectionOf, tablesOf } from './columns.ts';

const tag = 'Reports';

/** The rows of a report: the report itself, which is also two tables, and the columns of the tables. */
function reportRows(facts: {
  name: string;
  summary: string;
  measures: Column[];
  /** What the whole has beside its measures, and the report beside its figures. */
  more?: { ofWhole: string; ofReport: string };
}): Row[] {
  const { name, summary, measures, more = { ofWhole: '', ofReport: '' } } = facts;
  const { series, per_property } = tablesOf(measures);
  const write = (selection: string) => `
    query ($from: LocalDate!, $to: LocalDate!, $granularity: ReportGranularity, $property_id: [ID!], $as_of: LocalDate, $explain: Boolean) {
      data: ${name}Report(from: $from, to: $to, granularity: $granularity, propertyId: $property_id, asOf: $as_of, explain: $explain) {
        ${selection}
      }
    }`;
  return [
    {
      method: 'GET',
      path: `/v1/reports/${name}`,
      tag,
      summary,
      document: write(`
        from to currency
        data: figures {
          global { ${selectionOf([...measures, ...STAYS])} ${more.ofWhole} }
          per_property: perProperty { ${selectionOf(per_property)} }
          series { ${selectionOf(series)} }
        }
        ${more.ofReport}
        explain: explanation { basis formulas { name formula } left_out: leftOut { reason nights bookings } }`),
      tables: {
        series: write(`figures { series { ${selectionOf(series)} } }`),
        per_property: write(`figures { perProperty { ${selectionOf(per_property)} } }`),
      },
    },
    {
      method: 'GET',
      path: `/v1/reports/${name}/schema`,
      tag,
      summary: `Read the columns of the ${name} report’s CSV`,
      document: `query { data: ${name}ReportSchema { table name type unit nullable description } }`,
    },
  ];
}

export const reportRoutes: Row[] = [
  ...reportRows({
    name: 'revenue',
    summary: 'Report what nights have earned',
    measures: REVENUE,
    more: {
      ofWhole: `revenue_by_source: revenueBySource {
        source gross_revenue: grossRevenue net_revenue: netRevenue nights_booked: nightsBooked
      }`,
      ofReport: 'other_currencies: otherCurrencies { currency gross_revenue: grossRevenue nights }',
    },
  }),
  ...reportRows({ name: 'occupancy', summary: 'Report how full the properties were', measures: OCCUPANCY }),
];
