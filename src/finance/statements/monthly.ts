import type { Logger } from 'pino';
import type { Services } from '../../core/viewer.ts';
import { agencyViewer } from '../../platform/agency-viewer.ts';
import { livingAgencies } from '../subscription/living.ts';
import { generateStatements } from './generate.ts';
import { monthBefore } from './month.ts';

/**
 * Makes the statements of last month that are missing, of every agency whose plan is alive: on the 1st, as soon as that day
 * has begun in its time zone, and after that for whoever has had nothing to be told of until then. So it doesn't matter
 * when it runs, and what was missed while no process ran is made up for. An owner's statement that was made since the month was over
 * is left as it is: another revision is for people to ask for. Any number of processes may do it at once.
 *
 * One agency that can't be served is logged, and the others get theirs.
 */
export async function generateMonthly(services: Services & { log: Logger }): Promise<void> {
  for (const id of await livingAgencies(services)) {
    try {
      const viewer = await agencyViewer(services, id, 'timer');
      if (viewer && (await viewer.db.owner.findFirst({ select: { id: true } })))
        await generateStatements(viewer, { month: monthBefore(viewer.today), onlyMissing: true });
    } catch (error) {
      services.log.error({ err: error, agency: id }, 'the statements of an agency could not be made');
    }
  }
}
