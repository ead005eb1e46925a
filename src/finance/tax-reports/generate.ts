import type { TaxReport as TaxReportRow } from '../../../prisma/generated/client/client.ts';
import { clock } from '../../core/clock.ts';
import { fromDay } from '../../core/dates.ts';
import { Conflict, Invalid, refuse } from '../../core/errors.ts';
import { basisPoints, MAX_TOTAL_MINOR } from '../../core/money.ts';
import { textProblem } from '../../core/text.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import { insertMany } from '../../database/insert.ts';
import { builder } from '../../graph/builder.ts';
import { taxReportGenerated } from './events.ts';
import { type Period, parsePeriod } from './period.ts';
import { type Generation, generationOf, TaxReportGeneration } from './result.ts';
import { readSources, type Sources } from './sources.ts';
import { totalsFrom } from './totals.ts';

/** Keeps two clients that generate one agency's report at once from both making it. */
const REPORT_LOCK = 0x7a72;

/**
 * Generates the report of a period: what its counting nights owe by the tariffs of each night. From the same sources it
 * answers with the report that is there; from others it makes the next revision and leaves the earlier as they were. That the
 * period was over is a source too, so a report made before its end is followed by a final one.
 *
 * The sources are read before anything is written, because those of a quarter of ten thousand properties take longer than a
 * transaction that others wait for should. So whoever finds that another revision was made meanwhile reads them again: theirs
 * may be older than what that one was made from.
 */
export async function generateTaxReport(
  viewer: Viewer,
  input: { period: string; commune?: string | null },
): Promise<Generation> {
  const period = parsePeriod(input.period);
  refuse({
    period: !period && 'must be a quarter like 2026-Q3 or a month like 2026-07',
    commune: textProblem(input.commune, { most: 100, required: true }),
  });
  const asked = input.commune == null ? null : await communeOf(viewer.db, input.commune);
  const over = viewer.today > period!.to;
  for (;;) {
    const last = await lastRevision(viewer.db, period!, asked);
    const commune = last ? last.commune : asked;
    const sources = await sourcesOf(viewer, { period: period!, commune, over });
    if (last?.sourcesHash === sources.hash) return generationOf(last, sources, { changed: false, over });
    const report = await writeReport(viewer, { period: period!, commune, last, sources });
    if (report) return generationOf(report, sources, { changed: true, over });
  }
}

/** In a transaction of their own, which locks nothing and may take a minute. */
function sourcesOf(viewer: Viewer, of: { period: Period; commune: string | null; over: boolean }): Promise<Sources> {
  const { id: agencyId, currency } = viewer.agency;
  const header = [of.period.name, of.commune ?? '', currency, of.over ? 'final' : 'so far'].join('|');
  return viewer.db.$transaction((tx) => readSources(tx, { ...of, agencyId, currency, header }), {
    maxWait: 10_000,
    timeout: 60_000,
  });
}

/** The commune as its properties write it, however it was asked for. */
async function communeOf(tx: Pick<Transaction, '$queryRaw'>, asked: string): Promise<string> {
  const [found] = await tx.$queryRaw<{ commune: string }[]>`
    select trim(commune) as commune from property where lower(trim(commune)) = lower(${asked.trim()}) order by id limit 1`;
  if (!found) throw new Invalid({ commune: ['is not the commune of any property of this agency'] });
  return found.commune;
}

async function lastRevision(
  tx: Pick<Transaction, '$queryRaw' | 'taxReport'>,
  { period, from }: Period,
  commune: string | null,
): Promise<TaxReportRow | null> {
  const [last] = await tx.$queryRaw<{ id: number }[]>`
    select id from tax_report
    where period = ${period}::"TaxPeriod" and "from" = ${from}::date and lower(commune) is not distinct from lower(${commune}::text)
    order by revision desc limit 1`;
  return last ? tx.taxReport.findFirstOrThrow({ where: { id: last.id } }) : null;
}

interface New {
  period: Period;
  commune: string | null;
  /** The last revision when the sources were read. */
  last: TaxReportRow | null;
  sources: Sources;
}

/** Undefined where somebody else has made a revision since the sources were read. */
function writeReport(viewer: Viewer, { period, commune, last, sources }: New): Promise<TaxReportRow | undefined> {
  const { id: agencyId, currency } = viewer.agency;
  const lines = sources.lines.map(lineOf);
  const totalMinor = lines.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  if (totalMinor > MAX_TOTAL_MINOR || lines.some(({ baseMinor }) => baseMinor > MAX_TOTAL_MINOR))
    throw new Conflict(
      'AMOUNT_TOO_LARGE',
      'The amounts are larger than a report can hold. Generate it month by month.',
    );
  return viewer.write(async (tx, emit) => {
    await tx.$executeRaw`select pg_advisory_xact_lock(${REPORT_LOCK}::int, ${agencyId}::int)`;
    if ((await lastRevision(tx, period, commune))?.id !== last?.id) return undefined;
    const now = clock.now();
    if (last) await tx.$executeRaw`update tax_report set superseded_at = ${now} where id = ${last.id}`;
    const report = await tx.taxReport.create({
      data: {
        ...{ agencyId, period: period.period, from: fromDay(period.from), to: fromDay(period.to), commune, currency },
        ...{ revision: (last?.revision ?? 0) + 1, totalMinor, sourcesHash: sources.hash, generatedAt: now },
      },
    });
    const place = { agencyId, reportId: report.id };
    await insertMany(
      tx,
      'tax_report_line',
      lines.map((line, i) => ({ ...place, position: i + 1, ...line })),
    );
    await emit(taxReportGenerated, { report, totals: totalsFrom(currency, lines) });
    return report;
  });
}

/** The base is what the rate is of: person-nights, or for VAT the gross amount, which holds no taxes. Rounded once a line. */
function lineOf({ amountMinor, rateBasisPoints, grossMinor, ...line }: Sources['lines'][number]) {
  if (rateBasisPoints !== null)
    return { ...line, baseMinor: grossMinor, amountMinor: basisPoints(grossMinor, rateBasisPoints) };
  return { ...line, baseMinor: line.taxablePersonNights, amountMinor: line.taxablePersonNights * amountMinor! };
}

builder.mutationField('generateTaxReport', (t) =>
  t.field({
    type: TaxReportGeneration,
    description:
      'Generates the tax report of a period. From the same sources it answers with the report that is there; where they have changed it makes a new revision, and says so by tax_report.generated.',
    ability: 'tax_reports:write',
    args: {
      period: t.arg.string({ required: true, description: 'A quarter, `2026-Q3`, or a month, `2026-07`.' }),
      commune: t.arg.string({ description: 'Of the properties in this commune alone; of all when not said.' }),
    },
    resolve: (_root, args, { viewer }) => generateTaxReport(viewer, args),
  }),
);
