import { z } from 'zod';
import { instant, toDay } from '../../core/dates.ts';
import { toDecimal } from '../../core/money.ts';
import { declareEvent } from '../../outbox/event.ts';
import type { BookingRow } from './types.ts';

interface BookingFacts {
  booking: BookingRow;
}

/** The first eight keys and their order are the ones that the product promised first; new ones are only ever added. */
export const BookingData = z.object({
  booking: z.object({
    id: z.int(),
    reference: z.string(),
    status: z.enum(['pending', 'confirmed', 'checked_in', 'checked_out', 'cancelled', 'no_show']),
    source: z.string().describe('airbnb, booking, direct …'),
    check_in: z.iso.date(),
    check_out: z.iso.date().describe('The day of departure; not a night of the stay.'),
    guests_count: z.int(),
    guest_name: z.string(),
    property_id: z.int(),
    room_type_id: z.int(),
    guest_id: z.int(),
    nights: z.int(),
    gross_amount: z.number(),
    commission_amount: z.number(),
    net_amount: z.number(),
    currency: z.string().length(3),
    cancel_reason: z.string().nullable(),
    created_at: z.iso.datetime({ offset: true }),
    updated_at: z.iso.datetime({ offset: true }),
    channel_reference: z.string().nullable().describe('What the channel calls it.'),
  }),
});

export const example: z.infer<typeof BookingData> = {
  booking: {
    id: 9876,
    reference: 'BKG-A1B2C3',
    status: 'confirmed',
    source: 'airbnb',
    check_in: '2026-08-12',
    check_out: '2026-08-19',
    guests_count: 2,
    guest_name: 'Karim B.',
    property_id: 12,
    room_type_id: 12,
    guest_id: 77,
    nights: 7,
    gross_amount: 12950,
    commission_amount: 1295,
    net_amount: 11655,
    currency: 'MAD',
    cancel_reason: null,
    created_at: '2026-07-15T10:20:02+00:00',
    updated_at: '2026-07-15T10:23:41+00:00',
    channel_reference: 'HMABCDEFGH',
  },
};

export function bookingData({ booking }: BookingFacts): z.infer<typeof BookingData> {
  return {
    booking: {
      id: booking.id,
      reference: booking.reference,
      status: booking.status.toLowerCase() as 'pending',
      source: booking.source,
      check_in: toDay(booking.checkIn),
      check_out: toDay(booking.checkOut),
      guests_count: booking.guestsCount,
      guest_name: booking.guestName,
      property_id: booking.propertyId,
      room_type_id: booking.roomTypeId,
      guest_id: booking.guestId,
      nights: booking.nights,
      gross_amount: toDecimal(booking.grossMinor, booking.currency),
      commission_amount: toDecimal(booking.commissionMinor, booking.currency),
      net_amount: toDecimal(booking.netMinor, booking.currency),
      currency: booking.currency,
      cancel_reason: booking.cancelReason,
      created_at: instant(booking.createdAt),
      updated_at: instant(booking.updatedAt),
      channel_reference: booking.channelReference,
    },
  };
}

/** Connect's reservation: the keys of its one published sample, in that order. */
const Reservation = z.object({
  arrival_date: z.iso.date(),
  arrival_time: z.string().nullable(),
  confirmation_number: z.string(),
  departure_date: z.iso.date(),
  departure_time: z.string().nullable(),
  hotel_id: z.int(),
  id: z.int(),
  object: z.literal('reservation'),
  status: z.enum(['reserved', 'checkedin', 'checkedout', 'noshow', 'canceled']),
});

const reservationExample: z.infer<typeof Reservation> = {
  arrival_date: '2026-08-12',
  arrival_time: null,
  confirmation_number: 'BKG-A1B2C3',
  departure_date: '2026-08-19',
  departure_time: null,
  hotel_id: 12,
  id: 9876,
  object: 'reservation',
  status: 'reserved',
};

const CONNECT_STATUS = {
  PENDING: 'reserved',
  CONFIRMED: 'reserved',
  CHECKED_IN: 'checkedin',
  CHECKED_OUT: 'checkedout',
  CANCELLED: 'canceled',
  NO_SHOW: 'noshow',
} as const;

function reservation({ booking }: BookingFacts): z.infer<typeof Reservation> {
  return {
    arrival_date: toDay(booking.checkIn),
    arrival_time: null,
    confirmation_number: booking.reference,
    departure_date: toDay(booking.checkOut),
    departure_time: null,
    hotel_id: booking.propertyId,
    id: booking.id,
    object: 'reservation',
    status: CONNECT_STATUS[booking.status],
  };
}

const about = (name: string, summary: string, connect: string) =>
  declareEvent<BookingFacts>({
    name,
    summary,
    ability: 'bookings:read',
    data: BookingData,
    render: bookingData,
    read: 'booking',
    subject: ({ booking }) => ({ kind: 'booking', id: booking.id, version: booking.version }),
    connect: { name: connect, data: Reservation, render: reservation },
    example,
    connectExample: reservationExample,
  });

export const bookingCreated = about('booking.created', 'New booking', 'create_reservation');
export const bookingConfirmed = about(
  'booking.confirmed',
  'Booking moved from pending to confirmed',
  'edit_reservation',
);
export const bookingUpdated = about('booking.updated', 'Booking modified', 'edit_reservation');
export const bookingCancelled = about('booking.cancelled', 'Booking cancelled', 'cancel_reservation');
export const bookingCheckedIn = about('booking.checked_in', 'Check-in confirmed', 'checkin_completed');
export const bookingCheckedOut = about('booking.checked_out', 'Check-out confirmed', 'checkedout');
export const bookingNoShow = about('booking.no_show', 'Guest did not show up', 'edit_reservation');
