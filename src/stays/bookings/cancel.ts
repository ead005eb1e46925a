import { clock } from '../../core/clock.ts';
import { fromDay } from '../../core/dates.ts';
import { Conflict, refuse } from '../../core/errors.ts';
import { textProblem } from '../../core/text.ts';
import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { bookingCancelled } from './events.ts';
import { move, notFrom } from './move.ts';
import { Booking } from './types.ts';

/** Cancels a booking and frees its nights. A stay that has begun is checked out instead, so its nights stay billable. */
export function cancelBooking(viewer: Viewer, { id, reason }: { id: string; reason?: string | null }) {
  refuse({ reason: textProblem(reason, { most: 1_000 }) });
  return move(viewer, id, {
    from: ['PENDING', 'CONFIRMED'],
    to: 'CANCELLED',
    event: bookingCancelled,
    where: ({ today }) => ({ checkIn: { gt: fromDay(today) } }),
    data: () => ({ cancelReason: reason ?? null, cancelledAt: clock.now() }),
    refusal: (booking) =>
      booking.status === 'NO_SHOW' || booking.status === 'CHECKED_OUT'
        ? notFrom('cancelled', 'Reinstate it first if that was a mistake.')(booking)
        : new Conflict(
            'BOOKING_STARTED',
            'This stay has begun. Check the guest out, or mark the guest as a no-show, instead.',
          ),
  });
}

builder.mutationField('cancelBooking', (t) =>
  t.field({
    type: Booking,
    description: 'Cancels a booking whose stay has not begun, and frees its nights.',
    ability: 'bookings:write',
    args: { id: t.arg.id({ required: true }), reason: t.arg.string({ description: 'Kept with the booking.' }) },
    resolve: (_root, { id, reason }, { viewer }) => cancelBooking(viewer, { id, reason }),
  }),
);
