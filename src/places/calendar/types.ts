import { toDecimal } from '../../core/money.ts';
import { builder } from '../../graph/builder.ts';
import { declareList } from '../../graph/list.ts';
import { amount, literal } from '../../graph/sql.ts';
import { calendarNights } from './nights.ts';

/** A row of `nights.ts`. */
interface NightRow {
  /** Sorts by property and then by date. */
  id: number;
  propertyId: number;
  /** `2026-08-12` */
  date: string;
  status: keyof typeof STATUSES;
  priceMinor: number;
  minStay: number;
  closedToArrival: boolean;
  closedToDeparture: boolean;
  rateId: number | null;
  bookingId: number | null;
  unitsTotal: number;
  unitsAvailable: number;
}

const STATUSES = {
  AVAILABLE: { description: 'A unit can be sold.' },
  BOOKED: { description: 'No unit is left, and a stay has one of them.' },
  BLOCKED: { description: 'No unit is left, and none of them is sold.' },
};

export const CalendarStatus = builder.enumType('CalendarStatus', {
  description: 'Whether a night of a property can be sold.',
  values: STATUSES,
});

export const CalendarNight = builder.objectRef<NightRow>('CalendarNight').implement({
  description: 'One night of one property: whether it can be sold, for how much, and who stays.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Of this night of this property; it sorts by property and then by date.' }),
    propertyId: t.exposeID('propertyId'),
    property: t.prismaField({
      type: 'Property',
      leadsTo: { model: 'property', key: 'propertyId' },
      // Prisma makes one statement of the look-ups of a page.
      resolve: (query, { propertyId }, _args, { viewer }) =>
        viewer.db.property.findUniqueOrThrow({ ...query, where: { id: propertyId } }),
    }),
    date: t.expose('date', { type: 'LocalDate', description: 'The day on which the night begins.' }),
    status: t.expose('status', { type: CalendarStatus, description: 'Whether it can be sold.' }),
    price: t.field({
      type: 'Money',
      description: 'Of the night, by the rate that holds or else the base price of the property.',
      resolve: ({ priceMinor }, _args, { viewer }) => toDecimal(priceMinor, viewer.agency.currency),
      sql: (n, known) => amount(`${n}.price_minor`, literal(known.currency), known),
    }),
    currency: t.field({
      type: 'Currency',
      description: "The agency's.",
      resolve: (_night, _args, { viewer }) => viewer.agency.currency,
      sql: (_n, known) => literal(known.currency),
    }),
    minStay: t.exposeInt('minStay', { description: 'How many nights a stay that begins on this one must have.' }),
    closedToArrival: t.exposeBoolean('closedToArrival', { description: 'Whether no stay may begin on this day.' }),
    closedToDeparture: t.exposeBoolean('closedToDeparture', { description: 'Whether no stay may end on this day.' }),
    rateId: t.exposeID('rateId', {
      nullable: true,
      description: 'The rate that says price, minimum stay and closures; null where the base price holds.',
    }),
    bookingId: t.exposeID('bookingId', {
      nullable: true,
      description: 'The stay on this night, pending ones included; of several at one property the one made first.',
    }),
    booking: t.prismaField({
      type: 'Booking',
      nullable: true,
      ability: 'bookings:read',
      description: 'The stay that bookingId names.',
      leadsTo: { model: 'booking', key: 'bookingId' },
      resolve: (query, { bookingId }, _args, { viewer }) =>
        bookingId === null ? null : viewer.db.booking.findUnique({ ...query, where: { id: bookingId } }),
    }),
    unitsTotal: t.exposeInt('unitsTotal', { description: 'How many units the property has on this night.' }),
    unitsAvailable: t.exposeInt('unitsAvailable', { description: 'How many of them are neither sold nor blocked.' }),
  }),
});

export const calendar = declareList({
  field: 'calendar',
  type: 'CalendarNight',
  source: calendarNights,
  ability: 'calendar:read',
  description:
    'Every night of every property from one date to another, ordered by property and then by date. With the property or the stay of each night, say `first` or `propertyId`: a whole page with them costs more than a request may.',
  filters: {
    status: {
      column: 'status',
      op: 'in',
      type: { enum: 'CalendarStatus', ref: CalendarStatus },
      description: 'In any of these states.',
    },
  },
  orders: { ID: { column: 'id', kind: 'int' } },
  defaultOrder: 'ID_ASC',
  id: 'bigint',
  pageLimit: 36_600, // A leap year of a hundred properties, in one answer.
  exportPage: 500, // At 228 bytes a row of /v1 (measured) they stay under the 128 KB that exports keep to.
  rowCost: 1 / 8, // So that the whole page, at 4,576 points, is within what a request may cost.
});
