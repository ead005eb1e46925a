import type { BookingStatus } from '../../../prisma/generated/client/enums.ts';
import { fromDay, nightsOf, toDay } from '../../core/dates.ts';
import { share } from '../../core/money.ts';
import type { Transaction } from '../../database/index.ts';
import type { BookingRow } from './types.ts';

/** The states in which a stay holds its nights against others. A request holds them too, so that it can be confirmed. */
export const HOLDING: BookingStatus[] = ['PENDING', 'CONFIRMED', 'CHECKED_IN', 'CHECKED_OUT'];

/** The states whose nights reports add up. */
const COUNTING: BookingStatus[] = ['CONFIRMED', 'CHECKED_IN', 'CHECKED_OUT'];

export const counts = (status: BookingStatus): boolean => COUNTING.includes(status);

/** Writes one row a night, whose amounts add up to the booking's to the minor unit, the remainder on the last. */
export async function writeNights(tx: Transaction, booking: BookingRow): Promise<void> {
  await tx.night.createMany({ data: nightRows(booking) });
}

/** The nights of a booking as rows. */
export function nightRows(booking: BookingRow) {
  const nights = nightsOf(toDay(booking.checkIn), toDay(booking.checkOut));
  const gross = share(booking.grossMinor, nights.length);
  const net = share(booking.netMinor, nights.length);
  return nights.map((date, i) => ({
    agencyId: booking.agencyId,
    bookingId: booking.id,
    date: fromDay(date),
    propertyId: booking.propertyId,
    roomTypeId: booking.roomTypeId,
    currency: booking.currency,
    grossMinor: gross[i]!,
    netMinor: net[i]!,
    counts: counts(booking.status),
  }));
}

/** Writes the nights anew after the dates or the amounts have changed. */
export async function rewriteNights(tx: Transaction, booking: BookingRow): Promise<void> {
  await tx.night.deleteMany({ where: { bookingId: booking.id } });
  await writeNights(tx, booking);
}

/** Says whether the nights count, after the status has changed. */
export async function recount(tx: Transaction, booking: BookingRow): Promise<void> {
  await tx.night.updateMany({ where: { bookingId: booking.id }, data: { counts: counts(booking.status) } });
}

export const spanOf = (booking: BookingRow) => ({
  roomTypeId: booking.roomTypeId,
  checkIn: toDay(booking.checkIn),
  checkOut: toDay(booking.checkOut),
});
