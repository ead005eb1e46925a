import { snake } from '../../core/text.ts';
import { builder } from '../../graph/builder.ts';
import { type Column, OCCUPANCY, REVENUE, tablesOf } from './columns.ts';

/** A column of the CSV, told to whoever loads it into a table of their own. */
const ReportColumn = builder.objectRef<Column & { table: string }>('ReportColumn').implement({
  description: 'A column of a report’s CSV. The columns come in this order; new ones go to the end.',
  fields: (t) => ({
    table: t.exposeString('table', { description: 'What `rows` calls the table: series or per_property.' }),
    name: t.string({ description: 'Its heading.', resolve: ({ name }) => snake(name) }),
    type: t.exposeString('type', { description: 'money, integer, number, text, date or id.' }),
    unit: t.exposeString('unit', { description: 'What one of it is.' }),
    nullable: t.boolean({
      description: 'Whether it can be empty, where there is nothing to divide by.',
      resolve: ({ nullable = false }) => nullable,
    }),
    description: t.exposeString('description', { description: 'In a sentence.' }),
  }),
});

const schemaField = (field: string, noun: string, measures: Column[]) =>
  builder.queryField(field, (t) =>
    t.field({
      type: [ReportColumn],
      description: `The columns of the ${noun} report’s CSV.`,
      ability: 'reports:read',
      resolve: () =>
        Object.entries(tablesOf(measures)).flatMap(([table, columns]) =>
          columns.map((column) => ({ ...column, table })),
        ),
    }),
  );

schemaField('revenueReportSchema', 'revenue', REVENUE);
schemaField('occupancyReportSchema', 'occupancy', OCCUPANCY);
