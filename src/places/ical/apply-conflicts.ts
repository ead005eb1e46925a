import { fromDay } from '../../core/dates.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import { drawIds, insertMany } from '../../database/insert.ts';
import { recordAll } from '../../outbox/record.ts';
import type { Decision } from './decide.ts';
import { type ConflictFacts, conflictDetected } from './events.ts';
import type { Clash } from './work.ts';

/** Writes what became of the conflicts, those that are over first: an event has one open conflict at most. */
export async function applyConflicts(viewer: Viewer, tx: Transaction, decision: Decision): Promise<void> {
  const { begun, lasting, over } = decision.conflicts;
  const { now } = decision;
  if (over.length > 0) {
    await tx.$executeRaw`
      update ical_conflict c set resolution = o.resolution::"IcalConflictResolution", resolved_at = ${now}, updated_at = ${now}
      from json_to_recordset(${JSON.stringify(over)}::json) as o(id int, resolution text)
      where c.id = o.id and c.resolved_at is null`;
  }
  if (lasting.length > 0) {
    const seen = lasting.map(({ id, clash: { kind, nights } }) => ({ id, kind, nights }));
    await tx.$executeRaw`
      update ical_conflict c set last_seen_at = ${now}, resolution = null, resolved_at = null,
        kind = s.kind::"IcalConflictKind", nights = s.nights,
        updated_at = case when c.resolved_at is null and c.kind = s.kind::"IcalConflictKind" and c.nights = s.nights
          then c.updated_at else ${now} end
      from json_to_recordset(${JSON.stringify(seen)}::json) as s(id int, kind text, nights text[])
      where c.id = s.id`;
  }
  const ids = await drawIds(tx, 'ical_conflict', begun.length);
  const told = begun.map(({ entry, clash }, i): ConflictFacts => {
    const { id: icalEventId, uid, summary } = entry.next;
    const { holder, kind, nights, checkIn, checkOut } = clash;
    const conflict = {
      ...{
        id: ids[i]!,
        agencyId: viewer.agency.id,
        propertyId: decision.source.propertyId,
        sourceId: decision.source.id,
      },
      ...{ icalEventId, bookingId: bookingOf(clash), kind, nights, uid, summary },
      ...{ checkIn: fromDay(checkIn), checkOut: fromDay(checkOut), firstSeenAt: now, lastSeenAt: now },
      ...{ resolution: null, resolvedAt: null, note: null },
    };
    return { conflict, holder };
  });
  const times = { createdAt: now, updatedAt: now };
  await insertMany(
    tx,
    'ical_conflict',
    told.map(({ conflict }) => ({ ...conflict, ...times })),
  );
  await recordAll(tx, viewer.agency.id, conflictDetected, told, { silent: viewer.silent });
}

const bookingOf = ({ holder }: Clash): number | null => holder.stay?.id ?? holder.entry?.next.bookingId ?? null;
