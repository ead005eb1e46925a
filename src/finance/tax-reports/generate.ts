import type { TaxReport as TaxReportRow } from '../../../prisma/generated/client/client.ts';
import { clock } from '../../core/clock.ts';
import { fromDay } from '../../core/dates.ts';
import { Conflict, Invalid, refuse } from '../../core/errors.ts';
import { basisPoints, MAX_MINOR } from '../../core/money.ts';
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
 */
export function generateTaxReport(
  viewer: Viewer,
  input: { period: string; commune?: string | null },
): Promise<Generation> {
  const period = parsePeriod(input.period);
  refuse({
    period: !period && 'must be a quarter like 2026-Q3 or a month like 2026-07',
    commune: textProblem(input.commune, { most: 100, required: true }),
  });
  return viewer.write(async (tx, emit) => {
    const { id: agencyId, currency } = viewer.agency;
    await tx.$executeRaw`select pg_advisory_xact_lock(${REPORT_LOCK}::int, ${agencyId}::int)`;
    const asked = input.commune == null ? null : await communeOf(tx, input.commune);
    const last = await lastRevision(tx, period!, asked);
    const commune = last ? last.commune : asked;
    const over = viewer.today > period!.to;
    const header = [period!.name, commune ?? '', currency, over ? 'final' : 'so far'].join('|');
    const sources = await readSources(tx, { agencyId, currency, period: period!, commune, header });
    if (last?.sourcesHash === sources.hash) return generationOf(last, sources, { changed: false, over });
    const revision = (last?.revision ?? 0) + 1;
    const { report, lines } = await writeReport(tx, {
      agencyId,
      currency,
      period: period!,
      commune,
      revision,
      sources,
    });
    await emit(taxReportGenerated, { report, totals: totalsFrom(currency, lines) });
    return generationOf(report, sources, { changed: true, over });
  });
}

/** The commune as its properties write it, however it was asked for. */
async function communeOf(tx: Transaction, asked: string): Promise<string> {
  const [found] = await tx.$queryRaw<{ commune: string }[]>`
    select trim(commune) as commune from property where lower(trim(commune)) = lower(${asked.trim()}) order by id limit 1`;
  if (!found) throw new Invalid({ commune: ['is not the commune of any property of this agency'] });
  return found.commune;
}

async function lastRevision(
  tx: Transaction,
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
  agencyId: number;
  currency: string;
  period: Period;
  commune: string | null;
  revision: number;
  sources: Sources;
}

async function writeReport(
  tx: Transaction,
  { agencyId, currency, period: { period, from, to }, commune, revision, sources }: New,
) {
  const lines = sources.lines.map(lineOf);
  const totalMinor = lines.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  if (Math.max(totalMinor, ...lines.map(({ baseMinor }) => baseMinor)) > MAX_MINOR)
    throw new Conflict(
      'AMOUNT_TOO_LARGE',
      'The amounts are larger than a report can hold. Generate it month by month.',
    );
  const report = await tx.taxReport.create({
    data: {
      ...{ agencyId, period, from: fromDay(from), to: fromDay(to), commune, revision, currency, totalMinor },
      ...{ sourcesHash: sources.hash, generatedAt: clock.now() },
    },
  });
  const place = { agencyId, reportId: report.id };
  await insertMany(
    tx,
    'tax_report_line',
    lines.map((line, i) => ({ ...place, position: i + 1, ...line })),
  );
  return { report, lines };
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
