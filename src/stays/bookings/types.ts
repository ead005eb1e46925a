import type { Booking as BookingRow } from '../../../prisma/generated/client/client.ts';
import { BookingStatus as Statuses } from '../../../prisma/generated/client/enums.ts';
import { toDecimal } from '../../core/money.ts';
import { builder } from '../../graph/builder.ts';
import { declareList } from '../../graph/list.ts';
import { declareRead } from '../../graph/read.ts';
import { amount } from '../../graph/sql.ts';

export type { BookingRow };

export const BookingStatus = builder.enumType('BookingStatus', {
  description: 'Where a stay is in its life: pending → confirmed → checked in → checked out, or cancelled, or no-show.',
  values: Object.keys(Statuses) as (keyof typeof Statuses)[],
});

export const Booking = builder.prismaObject('Booking', {
  description: 'A stay, from the request to the check-out.',
  fields: (t) => ({
    id: t.exposeID('id'),
    reference: t.exposeString('reference', {
      description: '`BKG-` and six letters or digits, or what an import gave it.',
    }),
    status: t.expose('status', { type: BookingStatus }),
    source: t.exposeString('source', { description: 'Where it was made: airbnb, booking, direct …' }),
    channelReference: t.exposeString('channelReference', {
      nullable: true,
      description: 'What the channel calls it: Airbnb’s HM… code.',
    }),
    propertyId: t.exposeID('propertyId'),
    property: t.relation('property', { abilityBeyondName: 'properties:read' }),
    roomTypeId: t.exposeID('roomTypeId'),
    guestId: t.exposeID('guestId'),
    guest: t.relation('guest', { abilityBeyondName: 'guests:read' }),
    guestName: t.exposeString('guestName', { description: 'As it stands on this booking.' }),
    checkIn: t.expose('checkIn', { type: 'LocalDate', description: 'The first night.' }),
    checkOut: t.expose('checkOut', {
      type: 'LocalDate',
      description: 'The day of departure; not a night of the stay.',
    }),
    nights: t.exposeInt('nights'),
    guestsCount: t.exposeInt('guestsCount'),
    adults: t.exposeInt('adults', { nullable: true }),
    children: t.exposeInt('children', { nullable: true }),
    grossAmount: t.field({
      type: 'Money',
      description: 'What the guest pays for the stay.',
      resolve: (booking) => toDecimal(booking.grossMinor, booking.currency),
      sql: (b, known) => amount(`${b}.gross_minor`, `${b}.currency`, known),
    }),
    commissionAmount: t.field({
      type: 'Money',
      description: 'What the channel or the agency keeps of it.',
      resolve: (booking) => toDecimal(booking.commissionMinor, booking.currency),
      sql: (b, known) => amount(`${b}.commission_minor`, `${b}.currency`, known),
    }),
    netAmount: t.field({
      type: 'Money',
      description: 'Gross less commission.',
      resolve: (booking) => toDecimal(booking.netMinor, booking.currency),
      sql: (b, known) => amount(`${b}.net_minor`, `${b}.currency`, known),
    }),
    paidAmount: t.field({
      type: 'Money',
      ability: 'payments:read',
      description: 'What has been paid of it so far: its payments that succeeded.',
      select: { payments: { where: { status: 'SUCCEEDED' }, select: { amountMinor: true } } },
      resolve: ({ payments, currency }) =>
        toDecimal(
          payments.reduce((sum, { amountMinor }) => sum + amountMinor, 0n),
          currency,
        ),
      sql: (b, known) =>
        amount(
          `(select coalesce(sum(p.amount_minor), 0) from payment p
            where p.agency_id = ${b}.agency_id and p.booking_id = ${b}.id and p.status = 'SUCCEEDED')`,
          `${b}.currency`,
          known,
        ),
    }),
    currency: t.expose('currency', { type: 'Currency' }),
    cancelReason: t.exposeString('cancelReason', { nullable: true }),
    notes: t.exposeString('notes', { nullable: true }),
    bookedAt: t.expose('bookedAt', {
      type: 'DateTime',
      description: 'When the guest booked; earlier than createdAt for imports.',
    }),
    confirmedAt: t.expose('confirmedAt', { type: 'DateTime', nullable: true }),
    checkedInAt: t.expose('checkedInAt', { type: 'DateTime', nullable: true }),
    checkedOutAt: t.expose('checkedOutAt', { type: 'DateTime', nullable: true }),
    cancelledAt: t.expose('cancelledAt', { type: 'DateTime', nullable: true }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
  }),
});

export const bookings = declareList({
  field: 'bookings',
  type: 'Booking',
  model: 'booking',
  ability: 'bookings:read',
  description: 'The bookings of the agency.',
  filters: {
    status: {
      column: 'status',
      op: 'in',
      type: { enum: 'BookingStatus', ref: BookingStatus },
      description: 'In any of these states.',
    },
    source: { column: 'source', op: 'in', type: 'String', description: 'From any of these sources.' },
    propertyId: { column: 'propertyId', op: 'equals', type: 'ID', description: 'At this property.' },
    reference: { column: 'reference', op: 'equals', type: 'String', description: 'With this reference.' },
    channelReference: {
      column: 'channelReference',
      op: 'equals',
      type: 'String',
      description: 'With this reference of the channel.',
    },
    guestName: {
      column: 'guestName',
      op: 'contains',
      type: 'String',
      description: 'With this in the guest’s name, in any case.',
    },
    checkInFrom: { column: 'checkIn', op: 'gte', type: 'LocalDate', description: 'Arriving on this day or later.' },
    checkInTo: { column: 'checkIn', op: 'lte', type: 'LocalDate', description: 'Arriving on this day or earlier.' },
    checkOutFrom: { column: 'checkOut', op: 'gte', type: 'LocalDate', description: 'Leaving on this day or later.' },
    checkOutTo: { column: 'checkOut', op: 'lte', type: 'LocalDate', description: 'Leaving on this day or earlier.' },
  },
  orders: {
    ID: { column: 'id', kind: 'int' },
    CHECK_IN: { column: 'checkIn', kind: 'date' },
    UPDATED_AT: { column: 'updatedAt', kind: 'instant' },
  },
  defaultOrder: 'ID_DESC',
  logged: true,
});

declareRead({ field: 'booking', noun: 'booking', list: bookings });
