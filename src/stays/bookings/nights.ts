import type { BookingStatus } from '../../../prisma/generated/client/enums.ts';
import { toDay } from '../../core/dates.ts';
import type { Transaction } from '../../database/index.ts';
import type { BookingRow } from './types.ts';

/** The states in which a stay holds its nights against others. A request holds them too, so that it can be confirmed. */
export const HOLDING: BookingStatus[] = ['PENDING', 'CONFIRMED', 'CHECKED_IN', 'CHECKED_OUT'];

/** The states whose nights reports add up. */
const COUNTING: BookingStatus[] = ['CONFIRMED', 'CHECKED_IN', 'CHECKED_OUT'];

export const counts = (status: BookingStatus): boolean => COUNTING.includes(status);

/**
 * Writes one row a night of each booking, whose amounts add up to the booking's to the minor unit, the remainder on the
 * last. Written where the bookings are, because a year of them is a hundred thousand nights.
 */
export async function writeNights(tx: Transaction, bookings: BookingRow[]): Promise<void> {
  await tx.$executeRaw`
    insert into night (agency_id, booking_id, date, property_id, room_type_id, source, currency, gross_minor, net_minor, counts)
    select agency_id, b.id, check_in + n, property_id, room_type_id, source, currency,
      gross_minor / nights + case n when nights - 1 then gross_minor % nights else 0 end,
      net_minor / nights + case n when nights - 1 then net_minor % nights else 0 end,
      status::text = any(${COUNTING})
    from booking b, generate_series(0, b.nights - 1) n
    where b.id = any(${bookings.map(({ id }) => id)})`;
}

/**
 * Writes the nights of a booking that was priced night by night: each with its own price, and with its share of the
 * booking's net, rounded down, the remainder on the last. `pricesMinor` are in the order of the dates and add up to the gross.
 */
export async function writePricedNights(tx: Transaction, booking: BookingRow, pricesMinor: number[]): Promise<void> {
  const { id, grossMinor, netMinor } = booking;
  // Their product is more than a double holds exactly.
  const nets = pricesMinor.map((price) =>
    grossMinor === 0 ? 0 : Number((BigInt(netMinor) * BigInt(price)) / BigInt(grossMinor)),
  );
  nets[nets.length - 1]! += netMinor - nets.reduce((sum, net) => sum + net, 0);
  await tx.$executeRaw`
    insert into night (agency_id, booking_id, date, property_id, room_type_id, source, currency, gross_minor, net_minor, counts)
    select agency_id, b.id, check_in + n.n::int - 1, property_id, room_type_id, source, currency, n.gross, n.net,
      status::text = any(${COUNTING})
    from booking b, unnest(${pricesMinor}::int[], ${nets}::int[]) with ordinality n(gross, net, n)
    where b.id = ${id}`;
}

/** Writes the nights anew after the dates or the amounts have changed. */
export async function rewriteNights(tx: Transaction, booking: BookingRow): Promise<void> {
  await tx.night.deleteMany({ where: { bookingId: booking.id } });
  await writeNights(tx, [booking]);
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
