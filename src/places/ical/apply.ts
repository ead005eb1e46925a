import { fromDay, nightsBetween } from '../../core/dates.ts';
import { type Audit, TryAgain, type Viewer } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import { drawIds, insertMany } from '../../database/insert.ts';
import { changed } from '../../outbox/audit.ts';
import type { EventDeclaration } from '../../outbox/event.ts';
import { recordAll } from '../../outbox/record.ts';
import { bookingCancelled, bookingUpdated } from '../../stays/bookings/events.ts';
import { writeNights } from '../../stays/bookings/nights.ts';
import { newReference } from '../../stays/bookings/reference.ts';
import type { BookingRow } from '../../stays/bookings/types.ts';
import { type Stay, writeBookings } from '../../stays/bookings/write-many.ts';
import { changeNights } from '../inventory-many.ts';
import { applyConflicts } from './apply-conflicts.ts';
import type { Decision } from './decide.ts';
import type { KnownStay } from './known.ts';
import { bookingSources, type Entry } from './work.ts';

/** Writes what was decided, in a number of statements that doesn't grow with the calendar: all of it, or nothing. */
export async function apply(viewer: Viewer, tx: Transaction, decision: Decision, audit: Audit): Promise<void> {
  const cancelled = await cancelBookings(tx, decision);
  const moved = await moveBookings(tx, decision);
  await changeNights(tx, decision.known.units.changes());
  await bookNew(viewer, tx, decision);
  await writeEvents(viewer, tx, decision);
  const stays = new Map([...decision.cancels, ...decision.moves].map(({ stay }) => [stay.id, stay]));
  await tell(viewer, tx, audit, bookingCancelled, cancelled, stays);
  await tell(viewer, tx, audit, bookingUpdated, moved, stays);
  await applyConflicts(viewer, tx, decision);
}

/** Whether bookings or their nights change, for which others may be waiting. */
export function touchesStays({ cancels, moves, known, entries }: Decision): boolean {
  return (
    cancels.length > 0 || moves.length > 0 || entries.some(({ books }) => books) || known.units.changes().length > 0
  );
}

async function cancelBookings(tx: Transaction, { cancels, now }: Decision): Promise<number[]> {
  const ids = cancels.map(({ stay }) => stay.id);
  if (ids.length === 0) return ids;
  const wanted = JSON.stringify(cancels.map(({ stay, reason }) => ({ id: stay.id, reason })));
  await tx.$executeRaw`
    update booking b set previous_status = b.status, status = 'CANCELLED', cancel_reason = c.reason, cancelled_at = ${now},
      updated_at = ${now}, version = b.version + 1
    from json_to_recordset(${wanted}::json) as c(id int, reason text)
    where b.id = c.id`;
  await tx.$executeRaw`update night set counts = false where booking_id = any(${ids}::int[])`;
  return ids;
}

async function moveBookings(tx: Transaction, { moves, now }: Decision): Promise<number[]> {
  const ids = moves.map(({ stay }) => stay.id);
  if (ids.length === 0) return ids;
  const wanted = JSON.stringify(moves.map(({ stay, checkIn, checkOut }) => ({ id: stay.id, checkIn, checkOut })));
  await tx.$executeRaw`
    update booking b set check_in = m."checkIn", check_out = m."checkOut", nights = m."checkOut" - m."checkIn",
      updated_at = ${now}, version = b.version + 1
    from json_to_recordset(${wanted}::json) as m(id int, "checkIn" date, "checkOut" date)
    where b.id = m.id`;
  await tx.$executeRaw`delete from night where booking_id = any(${ids}::int[])`;
  await writeNights(tx, await tx.booking.findMany({ where: { id: { in: ids } } }));
  return ids;
}

/** Books what is new. A calendar tells no amounts: they are 0 until somebody says them. */
async function bookNew(viewer: Viewer, tx: Transaction, decision: Decision): Promise<void> {
  const { entries, known, source, now } = decision;
  const fresh = entries.filter(({ books }) => books);
  const stays = fresh.map(({ next, books }): Stay => {
    const { checkIn, checkOut } = next;
    return {
      ...{
        propertyId: source.propertyId,
        roomTypeId: known.roomTypeId,
        reference: newReference(),
        status: 'CONFIRMED',
      },
      ...{ source: bookingSources(decision)[0]!, channelReference: books!.code, guestName: books!.guestName },
      ...{ guestEmail: null, adults: 1, children: 0, checkIn, checkOut, nights: nightsBetween(checkIn, checkOut) },
      ...{ currency: viewer.agency.currency, grossMinor: 0, commissionMinor: 0, netMinor: 0 },
      ...{
        bookedAt: now,
        confirmedAt: now,
        checkedInAt: null,
        checkedOutAt: null,
        cancelledAt: null,
        cancelReason: null,
      },
    };
  });
  if (stays.length === 0) return;
  const full = await writeBookings(viewer, tx, stays);
  if (full.some((nights) => nights.length > 0)) throw new TryAgain('Somebody else sold one of these nights.');
  const made = await tx.$queryRaw<{ id: number; reference: string }[]>`
    select id, reference from booking where reference = any(${stays.map(({ reference }) => reference)}::text[])`;
  const ids = new Map(made.map(({ id, reference }) => [reference, id]));
  for (const [i, { next }] of fresh.entries()) next.bookingId = ids.get(stays[i]!.reference)!;
}

/** Keeps what was read: new events, and of those that were known the ones that have changed. */
async function writeEvents(viewer: Viewer, tx: Transaction, { entries, source, now }: Decision): Promise<void> {
  const fresh = entries.filter(({ known }) => !known);
  const ids = await drawIds(tx, 'ical_event', fresh.length);
  for (const [i, { next }] of fresh.entries()) next.id = ids[i]!;
  const common = { agencyId: viewer.agency.id, sourceId: source.id, propertyId: source.propertyId };
  const seen = { firstSeenAt: now, lastSeenAt: now };
  await insertMany(
    tx,
    'ical_event',
    fresh.map(({ next }) => ({ ...common, ...next, ...seen })),
  );

  const changed = entries.filter(hasChanged).map(({ next, known }) => ({
    ...next,
    // An event that has just gone was last seen when the calendar was last read well.
    lastSeenAt: next.misses === 0 ? now : known!.misses === 0 ? (source.lastSuccessAt ?? now) : null,
  }));
  if (changed.length === 0) return;
  await tx.$executeRaw`
    update ical_event e set booking_id = n."bookingId", uid = n.uid, code = n.code, summary = n.summary,
      kind = n.kind::"IcalEventKind", state = n.state::"IcalEventState", check_in = n."checkIn", check_out = n."checkOut",
      misses = n.misses, missing_since = n."missingSince", last_seen_at = coalesce(n."lastSeenAt", e.last_seen_at)
    from json_to_recordset(${JSON.stringify(changed)}::json) as n(id int, "bookingId" int, uid text, code text, summary text,
      kind text, state text, "checkIn" date, "checkOut" date, misses int, "missingSince" timestamptz, "lastSeenAt" timestamptz)
    where e.id = n.id`;
}

function hasChanged({ known, next }: Entry): boolean {
  return known !== undefined && (Object.keys(next) as (keyof typeof next)[]).some((key) => known[key] !== next[key]);
}

/** One event and one audit line a booking. */
async function tell(
  viewer: Viewer,
  tx: Transaction,
  audit: Audit,
  event: EventDeclaration<{ booking: BookingRow }>,
  ids: number[],
  stays: Map<number, KnownStay>,
): Promise<void> {
  if (ids.length === 0) return;
  const bookings = await tx.booking.findMany({ where: { id: { in: ids } }, orderBy: { id: 'asc' } });
  const told = bookings.map((booking) => ({ booking }));
  await recordAll(tx, viewer.agency.id, event, told, { silent: viewer.silent });
  for (const booking of bookings) {
    const { checkIn, checkOut, status } = stays.get(booking.id)!;
    const before = { checkIn: fromDay(checkIn), checkOut: fromDay(checkOut), status };
    audit(event.name, `booking:${booking.id}`, changed(before, booking));
  }
}
