import { clock } from '../../core/clock.ts';
import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { bookingCheckedIn, bookingCheckedOut, bookingConfirmed, bookingNoShow } from './events.ts';
import { move, notFrom, type Step } from './move.ts';
import { Booking } from './types.ts';

// No step asks for a date. What happened at the door happened: a guest arrives a day early, a channel reports a
// check-out late, and a gateway that refused the news would only stop knowing it.

/** Settles a request. */
const confirm: Step = {
  from: ['PENDING'],
  to: 'CONFIRMED',
  event: bookingConfirmed,
  data: () => ({ confirmedAt: clock.now() }),
  refusal: notFrom('confirmed', 'Only a pending booking is confirmed.'),
};

/** The guest is in. */
const checkIn: Step = {
  from: ['CONFIRMED'],
  to: 'CHECKED_IN',
  event: bookingCheckedIn,
  data: () => ({ checkedInAt: clock.now() }),
  refusal: notFrom('checked in', 'Confirm or reinstate it first.'),
};

/** The guest has left. The nights stay sold as they were booked. */
const checkOut: Step = {
  from: ['CHECKED_IN'],
  to: 'CHECKED_OUT',
  event: bookingCheckedOut,
  data: () => ({ checkedOutAt: clock.now() }),
  refusal: notFrom('checked out', 'Check the guest in first.'),
};

/** The guest never came: the nights are free again and count for nothing. */
const noShow: Step = {
  from: ['CONFIRMED'],
  to: 'NO_SHOW',
  event: bookingNoShow,
  refusal: notFrom('marked as a no-show', 'Only a confirmed booking is.'),
};

export const confirmBooking = (viewer: Viewer, id: string) => move(viewer, id, confirm);
export const checkInBooking = (viewer: Viewer, id: string) => move(viewer, id, checkIn);
export const checkOutBooking = (viewer: Viewer, id: string) => move(viewer, id, checkOut);
export const markNoShow = (viewer: Viewer, id: string) => move(viewer, id, noShow);

const mutation = (name: string, description: string, run: (viewer: Viewer, id: string) => ReturnType<typeof move>) =>
  builder.mutationField(name, (t) =>
    t.field({
      type: Booking,
      description,
      ability: 'bookings:manage',
      args: { id: t.arg.id({ required: true }) },
      resolve: (_root, { id }, { viewer }) => run(viewer, id),
    }),
  );

mutation('confirmBooking', 'Settles a pending booking.', confirmBooking);
mutation('checkInBooking', 'Checks the guest of a confirmed booking in.', checkInBooking);
mutation('checkOutBooking', 'Checks the guest out.', checkOutBooking);
mutation(
  'markBookingNoShow',
  'Says that the guest of a confirmed booking never came, and frees the nights.',
  markNoShow,
);
