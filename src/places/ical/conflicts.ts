import type { IcalConflictResolution } from '../../../prisma/generated/client/enums.ts';
import type { KnownConflict } from './known.ts';
import type { Clash, Entry, Work } from './work.ts';

/** What becomes of a calendar's conflicts after a reading. */
export interface ConflictChanges {
  /** New ones, which are told of. */
  begun: { entry: Entry; clash: Clash }[];
  /** Those that are there still, or again without anything new to tell. */
  lasting: { id: number; clash: Clash }[];
  over: { id: number; resolution: Exclude<IcalConflictResolution, 'MANUAL'> }[];
  /** How many are open after this reading. */
  open: number;
}

/**
 * Compares the conflicts that a reading found with the last one of each event. One pair that claims the same nights is one
 * conflict: it is told of once, however often the calendar is read, and not again after somebody has settled it.
 */
export function settleConflicts(work: Work, missing: ReadonlySet<Entry>): ConflictChanges {
  const last = new Map(work.known.conflicts.map((conflict) => [conflict.eventId, conflict]));
  const changes: ConflictChanges = { begun: [], lasting: [], over: [], open: 0 };
  const entries = new Map(work.entries.flatMap((entry) => (entry.known ? [[entry.known.id, entry] as const] : [])));

  for (const entry of work.entries) {
    const { clash } = entry;
    if (!clash) continue;
    const before = last.get(entry.next.id);
    if (before && isSame(before, clash) && before.resolution === 'MANUAL') continue;
    if (before && isSame(before, clash) && before.resolution !== 'NIGHTS_FREED') {
      changes.lasting.push({ id: before.id, clash });
      continue;
    }
    if (before?.resolution === null)
      changes.over.push({ id: before.id, resolution: hasMoved(before, clash) ? 'EVENT_GONE' : 'NIGHTS_FREED' });
    changes.begun.push({ entry, clash });
  }
  let kept = 0;
  for (const { id, eventId, resolution } of work.known.conflicts) {
    const entry = entries.get(eventId);
    if (resolution !== null || entry?.clash) continue;
    if (entry && work.held && missing.has(entry))
      kept += 1; // Nothing is believed of such a reading, this neither.
    else changes.over.push({ id, resolution: entry?.took ? 'NIGHTS_FREED' : 'EVENT_GONE' });
  }
  changes.open = changes.begun.length + changes.lasting.length + kept;
  return changes;
}

function isSame(before: KnownConflict, clash: Clash): boolean {
  return (
    before.bookingId === (clash.holder.stay?.id ?? clash.holder.entry?.next.bookingId ?? null) &&
    !hasMoved(before, clash)
  );
}

const hasMoved = (before: KnownConflict, { checkIn, checkOut }: Clash): boolean =>
  before.checkIn !== checkIn || before.checkOut !== checkOut;
