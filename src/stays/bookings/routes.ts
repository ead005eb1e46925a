import { listRow, type Row } from '../../graph/row.ts';
import { bookings } from './types.ts';

const tag = 'Bookings';

const BOOKING = `
  id reference status source channel_reference: channelReference property_id: propertyId property { id code name } room_type_id: roomTypeId
  guest_id: guestId guest { id name }
  check_in: checkIn check_out: checkOut nights
  guests_count: guestsCount adults children guest_name: guestName
  gross_amount: grossAmount commission_amount: commissionAmount net_amount: netAmount currency
  cancel_reason: cancelReason notes
  booked_at: bookedAt confirmed_at: confirmedAt checked_in_at: checkedInAt checked_out_at: checkedOutAt
  cancelled_at: cancelledAt created_at: createdAt updated_at: updatedAt`;

export const bookingRoutes: Row[] = [
  listRow({ path: '/v1/bookings', list: bookings, fields: BOOKING, tag, summary: 'List bookings' }),
  {
    method: 'GET',
    path: '/v1/bookings/{id}',
    tag,
    summary: 'Read a booking',
    document: `query ($id: ID!) { data: booking(id: $id) { ${BOOKING} } }`,
  },
  {
    method: 'POST',
    path: '/v1/bookings',
    status: 201,
    tag,
    summary: 'Book a stay',
    document: `mutation ($input: CreateBookingInput!) { data: createBooking(input: $input) { ${BOOKING} } }`,
    example: {
      property_id: 12,
      check_in: '2026-08-12',
      check_out: '2026-08-19',
      guests_count: 2,
      guest_name: 'Karim B.',
      source: 'airbnb',
      gross_amount: 12_950,
    },
  },
  {
    method: 'PATCH',
    path: '/v1/bookings/{id}',
    tag,
    summary: 'Change a booking',
    document: `mutation ($id: ID!, $input: UpdateBookingInput!) { data: updateBooking(id: $id, input: $input) { ${BOOKING} } }`,
    example: { check_out: '2026-08-20', guests_count: 3 },
  },
  {
    method: 'POST',
    path: '/v1/bookings/{id}/cancel',
    tag,
    summary: 'Cancel a booking',
    document: `mutation ($id: ID!, $reason: String) { data: cancelBooking(id: $id, reason: $reason) { ${BOOKING} } }`,
    example: { reason: 'The guest is ill.' },
  },
  step('confirm', 'confirmBooking', 'Confirm a pending booking'),
  step('check-in', 'checkInBooking', 'Check the guest in'),
  step('check-out', 'checkOutBooking', 'Check the guest out'),
  step('no-show', 'markBookingNoShow', 'Mark the guest as a no-show'),
  step('reinstate', 'reinstateBooking', 'Take the last step back'),
];

/** A step in a booking's life that needs no more than its id. */
function step(action: string, field: string, summary: string): Row {
  return {
    method: 'POST',
    path: `/v1/bookings/{id}/${action}`,
    tag,
    summary,
    document: `mutation ($id: ID!) { data: ${field}(id: $id) { ${BOOKING} } }`,
  };
}
