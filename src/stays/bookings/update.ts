import { fromDay, nightsBetween, toDay } from '../../core/dates.ts';
import { Conflict, refuse, refuseNulls } from '../../core/errors.ts';
import { toDecimal } from '../../core/money.ts';
import { saysAlready } from '../../core/same.ts';
import { textProblem } from '../../core/text.ts';
import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { changed } from '../../outbox/audit.ts';
import { moveNights } from '../../places/inventory.ts';
import { priceStay } from './amounts.ts';
import { type NewBooking, stayProblems } from './create.ts';
import { bookingUpdated } from './events.ts';
import { lock } from './move.ts';
import { HOLDING, rewriteNights, spanOf } from './nights.ts';
import { Booking } from './types.ts';

type Changeable = Omit<NewBooking, 'propertyId' | 'roomTypeId' | 'guestEmail' | 'guestPhone' | 'status'>;
type BookingChange = { [Field in keyof Changeable]?: Changeable[Field] | null };

/**
 * Changes a booking. New dates take the new nights before anything else is true, or are refused with DATES_TAKEN. An
 * amount that isn't given stays as it is, whatever the dates do: Bellhop never changes a price that nobody named.
 */
export function updateBooking(viewer: Viewer, { id, input }: { id: string; input: BookingChange }) {
  refuseNulls(input, ['checkIn', 'checkOut', 'guestsCount', 'guestName', 'source', 'grossAmount', 'commissionAmount']);
  refuse({
    guestName: textProblem(input.guestName, { required: true }),
    source: textProblem(input.source, { most: 50, required: true }),
    channelReference: textProblem(input.channelReference, { most: 100 }),
  });
  return viewer.write(async (tx, emit) => {
    const before = await lock(tx, id);
    const checkIn = input.checkIn ?? toDay(before.checkIn);
    const checkOut = input.checkOut ?? toDay(before.checkOut);
    const nights = nightsBetween(checkIn, checkOut);
    refuse(stayProblems(nights, input as Partial<NewBooking>));
    const moved = checkIn !== toDay(before.checkIn) || checkOut !== toDay(before.checkOut);
    if (moved && !['PENDING', 'CONFIRMED', 'CHECKED_IN'].includes(before.status)) {
      throw new Conflict('INVALID_TRANSITION', 'The dates of a stay that is over can’t change. Reinstate it first.');
    }
    const amounts = priceStay(
      {
        grossAmount: input.grossAmount ?? String(toDecimal(before.grossMinor, before.currency)),
        commissionAmount: input.commissionAmount ?? String(toDecimal(before.commissionMinor, before.currency)),
      },
      { currency: before.currency, nightsMinor: 0, commissionBasisPoints: 0 },
    );
    const columns = {
      checkIn: fromDay(checkIn),
      checkOut: fromDay(checkOut),
      nights,
      guestsCount: input.guestsCount ?? undefined,
      adults: input.adults,
      children: input.children,
      guestName: input.guestName?.trim(),
      source: input.source?.trim().toLowerCase(),
      channelReference: input.channelReference == null ? input.channelReference : input.channelReference.trim() || null,
      notes: input.notes,
      ...amounts,
    };
    if (saysAlready(before, columns)) return before; // A retry has nothing new to tell anyone.
    if (moved && HOLDING.includes(before.status))
      await moveNights(tx, spanOf(before), { roomTypeId: before.roomTypeId, checkIn, checkOut });
    const booking = await tx.booking.update({
      where: { id: before.id },
      data: { ...columns, version: { increment: 1 } },
    });
    // Nights that were priced one by one keep their prices for as long as nothing that they add up to changes.
    const repriced = amounts.grossMinor !== before.grossMinor || amounts.netMinor !== before.netMinor;
    if (moved || repriced) await rewriteNights(tx, booking);
    await emit(bookingUpdated, { booking }, changed(before, booking));
    return booking;
  });
}

const UpdateBookingInput = builder.inputType('UpdateBookingInput', {
  fields: (t) => ({
    checkIn: t.field({ type: 'LocalDate' }),
    checkOut: t.field({ type: 'LocalDate' }),
    guestsCount: t.int(),
    adults: t.int(),
    children: t.int(),
    guestName: t.string(),
    source: t.string(),
    channelReference: t.string({ description: 'What the channel calls it; null for nothing.' }),
    grossAmount: t.field({ type: 'Money', description: 'Stays as it is when not said, whatever the dates do.' }),
    commissionAmount: t.field({ type: 'Money' }),
    notes: t.string(),
  }),
});

builder.mutationField('updateBooking', (t) =>
  t.field({
    type: Booking,
    description: 'Changes the fields that are given and leaves the others as they are.',
    ability: 'bookings:manage',
    args: { id: t.arg.id({ required: true }), input: t.arg({ type: UpdateBookingInput, required: true }) },
    resolve: (_root, { id, input }, { viewer }) => updateBooking(viewer, { id, input }),
  }),
);
