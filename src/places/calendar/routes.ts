import { listRow, type Row } from '../../graph/row.ts';
import { calendar } from './types.ts';

const NIGHT = `
  property_id: propertyId date status price currency min_stay: minStay
  closed_to_arrival: closedToArrival closed_to_departure: closedToDeparture
  rate_id: rateId booking_id: bookingId units_total: unitsTotal units_available: unitsAvailable`;

export const calendarRoutes: Row[] = [
  listRow({
    path: '/v1/calendar',
    list: calendar,
    fields: NIGHT,
    tag: 'Calendar',
    summary: 'Read every night of every property',
  }),
];
