import { clock } from '../../core/clock.ts';
import { Conflict, NotFound } from '../../core/errors.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import { builder } from '../../graph/builder.ts';
import { parseId } from '../../graph/ids.ts';
import { apply, touchesStays } from './apply.ts';
import { type Calendar, readCalendar, whileSomebodyWaits } from './calendar.ts';
import { type Decision, decide } from './decide.ts';
import { foretellFailure, noteFailure } from './failure.ts';
import type { Feed } from './feed/types.ts';
import { type Known, readKnown } from './known.ts';
import { resultOf, SyncResult } from './result.ts';
import { nextSync } from './schedule.ts';
import { lockSource } from './source.ts';
import type { SourceRow } from './types.ts';

export interface SyncAsked {
  id: string | number;
  /** Says what would be done, and does nothing. */
  dryRun?: boolean | null;
  /** Takes the calendar at its word: what it doesn't hold is gone, now. Guests who have arrived stay all the same. */
  accept?: boolean | null;
}

/** A calendar may have been read by somebody else between our fetch and our write: ours is the older one then, and read again. */
const READINGS = 3;

/**
 * Reads a channel's calendar and makes the property agree with it: the calendar is fetched first, outside of any transaction,
 * then compared and written in one.
 */
export async function syncIcalSource(viewer: Viewer, asked: SyncAsked, patience = whileSomebodyWaits(viewer)) {
  const accept = asked.accept === true;
  for (let reading = 1; reading <= READINGS; reading++) {
    const source = await sourceOf(viewer, asked.id);
    const calendar = await readCalendar(viewer, source, { ...patience, whole: accept });
    if ('reason' in calendar) {
      if (asked.dryRun) return foretellFailure(viewer, source, calendar);
      return noteFailure(viewer, source, calendar);
    }
    if (asked.dryRun) {
      return resultOf(await compare(viewer, viewer.db, source, calendar, { accept, lock: false }), { dryRun: true });
    }
    const decision = await write(viewer, source, calendar, accept);
    if (decision) return resultOf(decision, { dryRun: false });
  }
  throw new Conflict(
    'SYNC_RUNNING',
    'This calendar is being read by somebody else, again and again. Ask a little later.',
  );
}

/** Undefined when somebody else has read the calendar meanwhile. */
function write(viewer: Viewer, before: SourceRow, calendar: Calendar, accept: boolean): Promise<Decision | undefined> {
  return viewer.write(async (tx, _emit, audit) => {
    const source = await lockSource(tx, before.id);
    if (source.version !== before.version) return undefined;
    // Most readings change nothing; only those that do make others wait.
    let decision = await compare(viewer, tx, source, calendar, { accept, lock: false });
    if (touchesStays(decision)) decision = await compare(viewer, tx, source, calendar, { accept, lock: true });
    await apply(viewer, tx, decision, audit);
    const { hold, now } = decision;
    await tx.icalSource.update({
      where: { id: source.id },
      data: {
        status: hold ? 'HELD' : 'OK',
        reason: hold?.reason ?? null,
        message: hold?.message ?? null,
        failures: 0,
        lastSyncAt: now,
        lastSuccessAt: hold ? undefined : now,
        nextSyncAt: nextSync(viewer.config, now),
        // What isn't settled is read again whole, whether it has changed or not.
        etag: isSettled(decision) ? calendar.etag : null,
        lastModified: isSettled(decision) ? calendar.lastModified : null,
        version: { increment: 1 },
      },
    });
    const { created, updated, cancelled, blocked, unblocked } = resultOf(decision, { dryRun: false });
    // A timer's reading that found nothing new is nobody's doing.
    if (created + updated + cancelled + blocked + unblocked > 0 || viewer.actor.tokenId !== undefined)
      audit('ical_source.synced', `ical_source:${source.id}`, { created, updated, cancelled, blocked, unblocked });
    return decision;
  });
}

async function compare(
  viewer: Viewer,
  tx: Transaction,
  source: SourceRow,
  { feed }: Calendar,
  { accept, lock }: { accept: boolean; lock: boolean },
): Promise<Decision> {
  const { today } = viewer;
  const from = (feed?.events ?? []).reduce(
    (first, { checkIn, checkOut }) => (checkOut > today && checkIn < first ? checkIn : first),
    today,
  );
  const known = await readKnown(tx, source, { today, from, lock });
  if (known.archived)
    throw new Conflict('PROPERTY_ARCHIVED', 'This property is archived and takes no bookings. Delete its calendars.');
  const how = { today, now: clock.now(), accept, unchanged: feed === undefined };
  return decide(source, known, feed ?? asBefore(known), how);
}

/** What the calendar said the last time, for a channel that says that it hasn't changed. */
function asBefore({ events }: Known): Feed {
  const held = events.filter(({ state, misses }) => state !== 'ENDED' && (misses === 0 || state === 'ECHO'));
  return {
    events: held.map(({ uid, code, summary, kind, state, checkIn, checkOut }) => ({
      ...{ uid, code, summary, kind, checkIn, checkOut, guestName: null, cancelled: false },
      certain: kind === 'RESERVATION' && state !== 'ECHO',
    })),
    warnings: [],
    unread: [],
  };
}

/** Whether nothing of the calendar waits for something that may change here and not there. */
const isSettled = ({ hold, entries }: Decision): boolean =>
  !hold && entries.every(({ next, clash }) => !clash && next.state !== 'CONFLICT');

async function sourceOf(viewer: Viewer, id: string | number): Promise<SourceRow> {
  const source = await viewer.db.icalSource.findFirst({ where: { id: parseId(id) ?? -1 } });
  if (!source) throw new NotFound('calendar of a channel');
  return source;
}

builder.mutationField('syncIcalSource', (t) =>
  t.field({
    type: SyncResult,
    description:
      'Reads a channel’s calendar now. A calendar that can’t be read is no error of the request: `status` is FAILED then, and says why. A reservation becomes a confirmed booking whose amounts are 0, because a calendar tells none.',
    ability: 'properties:write',
    args: {
      id: t.arg.id({ required: true }),
      dryRun: t.arg.boolean({ description: 'Says what would be done, and does nothing.' }),
      accept: t.arg.boolean({
        description:
          'Takes the calendar at its word, however it looks: what it doesn’t hold any more is cancelled at once. Guests who have arrived stay all the same.',
      }),
    },
    resolve: (_root, args, { viewer }) => syncIcalSource(viewer, args),
  }),
);
