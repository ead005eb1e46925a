import type { BookingStatus } from '../../../prisma/generated/client/enums.ts';
import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { changed } from '../../outbox/audit.ts';
import { bookingUpdated } from './events.ts';
import { lock, notFrom, settleNights } from './move.ts';
import { Booking, type BookingRow } from './types.ts';

/** Where each undo leads, and what it forgets. A cancelled request becomes a request again. */
const UNDO: Partial<Record<BookingStatus, (booking: BookingRow) => { status: BookingStatus } & Partial<BookingRow>>> = {
  CANCELLED: ({ previousStatus }) => ({ status: previousStatus ?? 'CONFIRMED', cancelReason: null, cancelledAt: null }),
  NO_SHOW: () => ({ status: 'CONFIRMED' }),
  CHECKED_IN: () => ({ status: 'CONFIRMED', checkedInAt: null }),
  CHECKED_OUT: () => ({ status: 'CHECKED_IN', checkedOutAt: null }),
};

/**
 * Takes the last step of a booking back: a cancellation, a no-show, a check-in or a check-out that was a mistake. Nights
 * that were freed are taken again, or the undo is refused with DATES_TAKEN.
 */
export function reinstateBooking(viewer: Viewer, id: string) {
  return viewer.write(async (tx, emit) => {
    const before = await lock(tx, id);
    const undo = UNDO[before.status]?.(before);
    if (!undo) throw notFrom('reinstated', 'There is no step to take back.')(before);
    const booking = await tx.booking.update({
      where: { id: before.id },
      data: { ...undo, previousStatus: before.status, version: { increment: 1 } },
    });
    await settleNights(tx, before, booking);
    await emit(bookingUpdated, { booking }, changed(before, booking));
    return booking;
  });
}

builder.mutationField('reinstateBooking', (t) =>
  t.field({
    type: Booking,
    description:
      'Takes back a cancellation, a no-show, a check-in or a check-out. Nights that were freed are taken again, or it is refused.',
    ability: 'bookings:manage',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { viewer }) => reinstateBooking(viewer, id),
  }),
);
