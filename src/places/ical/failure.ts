import { clock } from '../../core/clock.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import type { Failure } from './calendar.ts';
import { syncFailed } from './events.ts';
import { failed } from './result.ts';
import { nextAfterFailure } from './schedule.ts';
import { lockSource } from './source.ts';
import type { SourceRow } from './types.ts';

/**
 * Notes that a calendar could not be read. Nothing that came from it is touched. It is told once an episode: from the first
 * failure to the next good reading. Something that is no calendar, where there was one, is held: an address that leads to a
 * page to log in, say, is for somebody to look at.
 */
export function noteFailure(viewer: Viewer, { id }: SourceRow, failure: Failure) {
  return viewer.write(async (tx, emit, audit) => {
    const before = await lockSource(tx, id);
    const { status, conflicts } = await stateOf(tx, before, failure);
    const failures = before.failures + 1;
    const now = clock.now();
    const source = await tx.icalSource.update({
      where: { id: before.id },
      data: {
        ...{ status, reason: failure.reason, message: failure.message, failures, lastSyncAt: now },
        nextSyncAt: nextAfterFailure(viewer.config, now, failures),
        version: { increment: 1 },
      },
    });
    if (before.failures === 0) await emit(syncFailed, { source });
    else if (viewer.actor.tokenId !== undefined) audit('ical_source.synced', `ical_source:${id}`, { status, failures });
    return failed(failure, { status, conflicts, dryRun: false });
  });
}

/** The same answer for a dry run, which notes nothing. */
export async function foretellFailure(viewer: Viewer, source: SourceRow, failure: Failure) {
  return failed(failure, { ...(await stateOf(viewer.db, source, failure)), dryRun: true });
}

async function stateOf(tx: Transaction, { id }: SourceRow, { reason }: Failure) {
  const known = await tx.icalEvent.findFirst({
    where: { sourceId: id, state: { not: 'ENDED' } },
    select: { id: true },
  });
  const conflicts = await tx.icalConflict.count({ where: { sourceId: id, resolvedAt: null } });
  const status = reason === 'not_a_calendar' && known ? ('HELD' as const) : ('FAILED' as const);
  return { status, conflicts };
}
