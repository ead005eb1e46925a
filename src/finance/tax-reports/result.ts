import type { TaxReport as TaxReportRow } from '../../../prisma/generated/client/client.ts';
import { builder } from '../../graph/builder.ts';
import { type LeftOut, REASONS, type Reason, type Sources } from './sources.ts';
import { TaxKind } from './tariffs/types.ts';
import { TaxReport } from './types.ts';

/** A report, and what somebody should know of it. */
export interface Generation {
  report: TaxReportRow;
  /** Whether this call made it. */
  changed: boolean;
  leftOut: LeftOut[];
  /** The same in sentences. */
  warnings: string[];
}

export function generationOf(
  report: TaxReportRow,
  { leftOut, lines }: Sources,
  { changed, over }: { changed: boolean; over: boolean },
): Generation {
  const warnings = [
    !over && 'The period is not over: this report counts the stays that are on the books, and is not final.',
    lines.length === 0 && 'No night is taxed in this period: no stay counts, or no tariff applies.',
    ...(Object.keys(REASONS) as Reason[]).map((reason) => warningOf(reason, leftOut)),
  ].filter((warning) => warning !== false);
  return { report, changed, leftOut, warnings };
}

function warningOf(reason: Reason, leftOut: LeftOut[]): string | false {
  const properties = new Set(leftOut.filter((one) => one.reason === reason).map(({ propertyId }) => propertyId)).size;
  return (
    properties > 0 &&
    `${properties === 1 ? '1 property has' : `${properties} properties have`} nights left out. ${REASONS[reason]}`
  );
}

const TaxLeftOutReason = builder.enumType('TaxLeftOutReason', {
  description: 'Why nights are left out of a tax report.',
  values: Object.fromEntries(
    Object.entries(REASONS).map(([reason, description]) => [reason, { value: reason as Reason, description }]),
  ) as Record<Reason, { value: Reason; description: string }>,
});

const TaxLeftOut = builder.objectRef<LeftOut>('TaxLeftOut').implement({
  description: 'Nights of a property that are in no line of a tax report.',
  fields: (t) => ({
    propertyId: t.exposeID('propertyId'),
    tax: t.expose('tax', {
      type: TaxKind,
      nullable: true,
      description: 'Which tax has no line of them; null for all.',
    }),
    reason: t.expose('reason', { type: TaxLeftOutReason, description: 'Why they are left out.' }),
    nights: t.exposeInt('nights', { description: 'How many nights these are.' }),
  }),
});

export const TaxReportGeneration = builder.objectRef<Generation>('TaxReportGeneration').implement({
  description: 'A tax report, and what it was made without.',
  fields: (t) => ({
    report: t.field({ type: TaxReport, description: 'The report.', resolve: ({ report }) => report }),
    changed: t.exposeBoolean('changed', {
      description: 'Whether this call made it; false where the sources are those of the report that was there.',
    }),
    leftOut: t.field({
      type: [TaxLeftOut],
      description: 'The nights that it says nothing of, by property, tax and reason.',
      resolve: ({ leftOut }) => leftOut,
    }),
    warnings: t.exposeStringList('warnings', { description: 'What somebody should know, in sentences.' }),
  }),
});
