import type { Logger } from 'pino';
import { clock } from '../../core/clock.ts';
import { DomainError } from '../../core/errors.ts';
import { beginSpan } from '../../core/trace.ts';
import type { Services } from '../../core/viewer.ts';
import { planIsAlive } from '../../finance/subscription/plan.ts';
import { agencyViewer } from '../../platform/agency-viewer.ts';
import { whileNobodyWaits } from './calendar.ts';
import { syncIcalSource } from './sync.ts';

/** Calendars that one process reads at once. They wait for channels, not for us. */
const AT_ONCE = 8;
/** Longer than any reading takes: if the process dies in the middle of one, somebody else reads the calendar then. */
const LEASE_MS = 10 * 60_000;
/** Until a calendar is tried again that can't be read for a reason of ours: its property is archived. */
const REFUSED_MS = 6 * 3_600_000;

/**
 * Reads all calendars that are due, and answers how many those were. Any number of processes may do it at once: a claim is a
 * lease. One calendar that answers slowly holds up nobody but one reader of the eight. After `stopping` no other is read, and
 * those that are being waited for are left to the next process.
 */
export async function pollIcal(services: Services & { log: Logger }, stopping?: AbortSignal): Promise<number> {
  let count = 0;
  const reader = async () => {
    while (!stopping?.aborted) {
      const due = await claim(services);
      if (!due) return;
      count += 1;
      await read(services, due, stopping);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, reader));
  return count;
}

interface Due {
  id: number;
  agency_id: number;
}

/** The calendar that has been due for longest, of an agency whose plan is alive. */
async function claim({ database }: Services): Promise<Due | undefined> {
  const now = clock.now();
  const { rows } = await database.system.query<Due>({
    name: 'ical-claim',
    text: `
      update ical_source set next_sync_at = $2
      where id = (
        select s.id from ical_source s
        where s.next_sync_at <= $1 and exists (
          select from agency a
          where a.id = s.agency_id and ${planIsAlive('a', '$1')})
        order by s.next_sync_at limit 1
        for update skip locked)
      returning id, agency_id`,
    values: [now, new Date(now.getTime() + LEASE_MS)],
  });
  return rows[0];
}

async function read(
  services: Services & { log: Logger },
  { id, agency_id }: Due,
  stopping: AbortSignal | undefined,
): Promise<void> {
  const { database, log } = services;
  const again = (afterMs: number) =>
    database.system.query('update ical_source set next_sync_at = $2 where id = $1', [
      id,
      new Date(clock.now().getTime() + afterMs),
    ]);
  // Nobody has asked for it: what comes of it can be traced back to this reading.
  const span = beginSpan('read a calendar', {
    kind: 'internal',
    facts: { 'bellhop.agency_id': agency_id, 'bellhop.ical_source_id': id },
  });
  let failure: string | undefined;
  try {
    const viewer = await agencyViewer(services, agency_id, 'timer', { traceparent: span?.traceparent });
    if (viewer) await syncIcalSource(viewer, { id }, { ...whileNobodyWaits(viewer), signal: stopping });
  } catch (error) {
    failure = error instanceof Error ? error.name : 'failed';
    if (stopping?.aborted) await again(0);
    else if (error instanceof DomainError) await again(REFUSED_MS);
    else log.error({ err: error, source: id }, 'a calendar could not be read');
  } finally {
    span?.end({}, failure);
  }
}
