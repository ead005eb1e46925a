import type { Logger } from 'pino';
import type { Services, Viewer } from '../../core/viewer.ts';
import { agencyViewer } from '../../platform/agency-viewer.ts';
import { livingAgencies } from '../subscription/living.ts';
import { generateTaxReport } from './generate.ts';
import { quarterBefore } from './period.ts';

/**
 * Generates the report of the quarter that is over for every agency that has tariffs and no final report of it yet, from the
 * first of the next quarter on, as dated where the agency is; a process that was down then catches up. Answers how many
 * it made. Several processes may do it at once: the second finds the report of the first.
 */
export async function generateDueTaxReports(services: Services & { log: Logger }): Promise<number> {
  let count = 0;
  for (const id of await livingAgencies(services)) {
    try {
      const viewer = await agencyViewer(services, id, 'timer');
      if (!viewer || !(await isDue(viewer))) continue;
      const { changed } = await generateTaxReport(viewer, { period: quarterBefore(viewer.today).name });
      if (changed) count += 1;
    } catch (error) {
      services.log.error({ err: error, agency: id }, 'a tax report could not be generated'); // The others get theirs.
    }
  }
  return count;
}

/** Whether a tariff was valid in the quarter and no report of all communes was made since its end. */
async function isDue(viewer: Viewer): Promise<boolean> {
  const { from, to } = quarterBefore(viewer.today);
  const { rows } = await viewer.read(
    `select exists (
       select from tax_tariff where agency_id = $1::int and valid_from <= $3::date and (valid_to is null or valid_to >= $2::date)
     ) and not exists (
       select from tax_report
       where agency_id = $1::int and period = 'QUARTER' and "from" = $2::date and commune is null
         and (generated_at at time zone $4::text)::date > $3::date
     )`,
    [viewer.agency.id, from, to, viewer.agency.timezone],
  );
  return rows[0]![0] === true;
}
