import { setImmediate as nextTurn } from 'node:timers/promises';
import { clock } from '../../core/clock.ts';
import { fromDay } from '../../core/dates.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import { drawIds, insertMany } from '../../database/insert.ts';
import { recordRendered, renderEvents } from '../../outbox/record.ts';
import { takeManyNights } from '../../places/inventory-many.ts';
import { guestsFor } from '../guests-many.ts';
import type { Amounts } from './amounts.ts';
import { bookingCreated } from './events.ts';
import { HOLDING, writeNights } from './nights.ts';
import type { BookingRow } from './types.ts';

/** A stay as a file or a season of examples tells it, with its place and its price settled. */
export interface Stay
  extends Amounts,
    Pick<
      BookingRow,
      'propertyId' | 'roomTypeId' | 'reference' | 'status' | 'source' | 'guestName' | 'currency' | 'nights'
    >,
    Pick<BookingRow, 'bookedAt' | 'confirmedAt' | 'checkedInAt' | 'checkedOutAt' | 'cancelledAt' | 'cancelReason'> {
  checkIn: string;
  checkOut: string;
  adults: number;
  children: number;
  guestEmail: string | null;
  /** What the channel calls the booking. */
  channelReference?: string | null;
}

/**
 * Books many stays at once, in a handful of statements: nights, guests, bookings and one booking.created each. Answers
 * for each stay with the nights on which no unit was left; such a stay is not written. The references must be new.
 */
export async function writeBookings(viewer: Viewer, tx: Transaction, stays: Stay[]): Promise<string[][]> {
  const holding = stays.filter(({ status }) => HOLDING.includes(status));
  const taken = await takeManyNights(tx, holding);
  const full = new Map(holding.map((stay, i) => [stay, taken[i]!]));
  const booked = stays.filter((stay) => !full.get(stay)?.length);

  const guestIds = await guestsFor(
    viewer,
    tx,
    booked.map(({ guestName, guestEmail }) => ({ name: guestName, email: guestEmail })),
  );
  const ids = await drawIds(tx, 'booking', booked.length);
  const now = clock.now();
  const bookings = booked.map(
    (stay, i): BookingRow => ({
      id: ids[i]!,
      agencyId: viewer.agency.id,
      propertyId: stay.propertyId,
      roomTypeId: stay.roomTypeId,
      guestId: guestIds[i]!,
      reference: stay.reference,
      status: stay.status,
      previousStatus: null,
      source: stay.source,
      channelReference: stay.channelReference ?? null,
      checkIn: fromDay(stay.checkIn),
      checkOut: fromDay(stay.checkOut),
      nights: stay.nights,
      guestsCount: stay.adults + stay.children,
      adults: stay.adults,
      children: stay.children,
      guestName: stay.guestName,
      currency: stay.currency,
      grossMinor: stay.grossMinor,
      commissionMinor: stay.commissionMinor,
      netMinor: stay.netMinor,
      cancelReason: stay.cancelReason,
      notes: null,
      bookedAt: stay.bookedAt,
      confirmedAt: stay.confirmedAt,
      checkedInAt: stay.checkedInAt,
      checkedOutAt: stay.checkedOutAt,
      cancelledAt: stay.cancelledAt,
      createdAt: now,
      updatedAt: now,
      version: 1,
    }),
  );
  const [events] = await Promise.all([
    nextTurn().then(() =>
      renderEvents(
        viewer.agency.id,
        bookingCreated,
        bookings.map((booking) => ({ booking })),
      ),
    ), // While PostgreSQL is busy.
    insertMany(tx, 'booking', bookings).then(() => writeNights(tx, bookings)),
  ]);
  await recordRendered(tx, events, { silent: viewer.silent });
  return stays.map((stay) => full.get(stay) ?? []);
}
