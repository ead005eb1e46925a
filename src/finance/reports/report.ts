import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { type Ask, askOf, type ReportArgs } from './ask.ts';
import { addUp, type Sums, sumsByBucket, sumsOf } from './figures.ts';
import { type Found, type Part, type PropertyTotals, readReport } from './read.ts';

/**
 * A report that has been asked for. Its parts are read when a field wants them: all that are wanted in one turn by one
 * statement, so that the whole, its series and its properties are of one moment.
 */
export class Report {
  private readonly asked = new Map<Part, Promise<Found>>();
  private batch: { parts: Set<Part>; found: Promise<Found> } | undefined;

  constructor(
    readonly ask: Ask,
    /** Whether the nights that were not for sale are read with the others. */
    private readonly withOff: boolean,
    /** Whether it is to say where it comes from. */
    readonly explained: boolean,
  ) {}

  want(part: Part): Promise<Found> {
    const known = this.asked.get(part);
    if (known) return known;
    this.batch ??= this.nextBatch();
    this.batch.parts.add(part);
    if (this.withOff) this.batch.parts.add('off');
    this.asked.set(part, this.batch.found);
    return this.batch.found;
  }

  /** It is read when the fields of this turn have all said what they want. */
  private nextBatch() {
    const parts = new Set<Part>();
    const found = Promise.resolve().then(() => {
      this.batch = undefined;
      return readReport(this.ask, parts);
    });
    return { parts, found };
  }

  /** The sums of each bucket. */
  async series(): Promise<Sums[]> {
    return sumsByBucket(this.ask, await this.want('days'));
  }

  async whole(): Promise<{ sums: Sums; sources: NonNullable<Found['sources']> }> {
    const found = await this.want('days');
    return { sums: addUp(sumsByBucket(this.ask, found)), sources: found.sources ?? [] };
  }

  async properties(): Promise<{ property: PropertyTotals; sums: Sums }[]> {
    const { properties } = await this.want('properties');
    return (properties ?? []).map((property) => ({ property, sums: sumsOf(property) }));
  }
}

export function openReport(viewer: Viewer, args: ReportArgs, { withOff }: { withOff: boolean }): Report {
  return new Report(askOf(viewer, args), withOff, args.explain ?? false);
}

const ReportGranularity = builder.enumType('ReportGranularity', {
  description: 'How long a period of a series is. A week is ISO’s and begins on Monday.',
  values: ['DAY', 'WEEK', 'MONTH', 'YEAR'] as const,
});

/** The periods with what `figures` makes of their sums. */
export async function seriesOf<T extends object>(report: Report, figures: (sums: Sums) => T) {
  const sums = await report.series();
  return report.ask.buckets.map((bucket, i) => ({ ...bucket, ...figures(sums[i]!) }));
}

export async function propertiesOf<T extends object>(report: Report, figures: (sums: Sums) => T) {
  const properties = await report.properties();
  return properties.map(({ property: { id, code, name }, sums }) => ({ propertyId: id, code, name, ...figures(sums) }));
}

/** What every report is asked with. */
export const reportArguments = builder.args((t) => ({
  from: t.field({ type: 'LocalDate', required: true, description: 'The first night.' }),
  to: t.field({
    type: 'LocalDate',
    required: true,
    description: 'The last night, itself included; at most 3660 nights in all.',
  }),
  granularity: t.field({ type: ReportGranularity, description: 'Of the series; DAY when not said.' }),
  propertyId: t.idList({ description: 'Of these properties, at most 100; of all when not said.' }),
  asOf: t.field({
    type: 'LocalDate',
    description:
      'As it was known at the end of this day, for at most 366 nights: what was booked by then and not cancelled until later.',
  }),
  explain: t.boolean({ description: 'Whether to say how the figures come about, and what is in none of them.' }),
}));
