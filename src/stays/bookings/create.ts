import { clock } from '../../core/clock.ts';
import { fromDay, nightsBetween } from '../../core/dates.ts';
import { Conflict, Invalid, refuse } from '../../core/errors.ts';
import { textProblem } from '../../core/text.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import { builder } from '../../graph/builder.ts';
import { parseId } from '../../graph/ids.ts';
import { takeNights } from '../../places/inventory.ts';
import { type StayTerms, stayTerms } from '../../places/rates/stay.ts';
import { guestFor } from '../guests.ts';
import { priceStay } from './amounts.ts';
import { bookingCreated } from './events.ts';
import { writeNights, writePricedNights } from './nights.ts';
import { newReference } from './reference.ts';
import { Booking } from './types.ts';

/** Longer than this is a lease. */
export const LONGEST_STAY = 730;

export interface NewBooking {
  propertyId: string;
  roomTypeId?: string | null;
  checkIn: string;
  checkOut: string;
  guestsCount: number;
  adults?: number | null;
  children?: number | null;
  guestName: string;
  guestEmail?: string | null;
  guestPhone?: string | null;
  source?: string | null;
  channelReference?: string | null;
  status?: 'PENDING' | 'CONFIRMED' | null;
  grossAmount?: string | null;
  commissionAmount?: string | null;
  notes?: string | null;
}

/**
 * Books a stay: takes its nights, or refuses with DATES_TAKEN and leaves everything as it was. Who names the amount has sold
 * the stay already; who lets Bellhop price it buys by the rates, with what they ask for.
 */
export function createBooking(viewer: Viewer, input: NewBooking) {
  const nights = nightsBetween(input.checkIn, input.checkOut);
  refuse({ ...stayProblems(nights, input), guestName: textProblem(input.guestName, { required: true }) });
  return viewer.write(async (tx, emit) => {
    const { property, roomType } = await placeOf(tx, input);
    const { currency } = viewer.agency;
    const commissionBasisPoints = await shareOf(viewer, tx, property.ownerId, input);
    const priced = input.grossAmount == null ? await priceByRates(viewer, tx, property.id, input) : undefined;
    const amounts = priceStay(input, { currency, nightsMinor: priced?.grossMinor ?? 0, commissionBasisPoints });
    await takeNights(tx, { roomTypeId: roomType.id, checkIn: input.checkIn, checkOut: input.checkOut });
    const guest = await guestFor(viewer, tx, {
      name: input.guestName.trim(),
      email: input.guestEmail,
      phone: input.guestPhone,
    });
    const now = clock.now();
    const status = input.status ?? 'CONFIRMED';
    const booking = await tx.booking.create({
      data: {
        agencyId: viewer.agency.id,
        propertyId: property.id,
        roomTypeId: roomType.id,
        guestId: guest.id,
        reference: newReference(),
        status,
        source: input.source?.trim().toLowerCase() || 'direct',
        channelReference: input.channelReference?.trim() || null,
        checkIn: fromDay(input.checkIn),
        checkOut: fromDay(input.checkOut),
        nights,
        guestsCount: input.guestsCount,
        adults: input.adults,
        children: input.children,
        guestName: input.guestName.trim(),
        currency,
        ...amounts,
        notes: input.notes,
        bookedAt: now,
        confirmedAt: status === 'CONFIRMED' ? now : null,
      },
    });
    if (priced) {
      const prices = priced.nights.map(({ priceMinor }) => priceMinor);
      await writePricedNights(tx, booking, prices);
    } else await writeNights(tx, [booking]);
    await emit(bookingCreated, { booking });
    return booking;
  });
}

/** What can't be true of a stay, whoever asks for it. */
export function stayProblems(nights: number, stay: Partial<NewBooking>) {
  return {
    checkOut:
      nights < 1
        ? 'must be after the check-in'
        : nights > LONGEST_STAY && `must be at most ${LONGEST_STAY} nights after the check-in`,
    guestsCount:
      stay.guestsCount != null && (stay.guestsCount < 1 || stay.guestsCount > 1_000) && 'must be from 1 to 1000',
    adults: stay.adults != null && (stay.adults < 0 || stay.adults > 1_000) && 'must be from 0 to 1000',
    children: stay.children != null && (stay.children < 0 || stay.children > 1_000) && 'must be from 0 to 1000',
    guestEmail: textProblem(stay.guestEmail),
    guestPhone: textProblem(stay.guestPhone, { most: 50 }),
    source: textProblem(stay.source, { most: 50 }),
    channelReference: textProblem(stay.channelReference, { most: 100 }),
    notes: textProblem(stay.notes, { most: 10_000 }),
  };
}

/** The property and the room type that are asked for; the property's first room type when none is named. */
async function placeOf(tx: Transaction, { propertyId, roomTypeId }: Pick<NewBooking, 'propertyId' | 'roomTypeId'>) {
  const property = await tx.property.findFirst({
    where: { id: parseId(propertyId) ?? -1 },
    include: { roomTypes: { orderBy: { id: 'asc' } } },
  });
  if (!property) throw new Invalid({ propertyId: ['is not a property of this agency'] });
  if (property.archivedAt) throw new Conflict('PROPERTY_ARCHIVED', 'This property is archived and takes no bookings.');
  const roomType =
    roomTypeId == null ? property.roomTypes[0] : property.roomTypes.find(({ id }) => id === parseId(roomTypeId));
  if (!roomType) throw new Invalid({ roomTypeId: ['is not a room type of this property'] });
  return { property, roomType };
}

/** What the agency keeps where the booking doesn't say: its share of this owner's stays, or else its usual one. */
async function shareOf(
  { agency }: Viewer,
  tx: Transaction,
  ownerId: number | null,
  { commissionAmount }: Pick<NewBooking, 'commissionAmount'>,
): Promise<number> {
  if (commissionAmount != null || ownerId === null) return agency.commissionBasisPoints;
  const owner = await tx.owner.findFirst({ where: { id: ownerId }, select: { commissionBasisPoints: true } });
  return owner?.commissionBasisPoints ?? agency.commissionBasisPoints;
}

/** What the rates make of the stay, or STAY_RESTRICTED with all that they ask for and these dates don't have. */
async function priceByRates(viewer: Viewer, tx: Transaction, propertyId: number, stay: NewBooking): Promise<StayTerms> {
  const { checkIn, checkOut } = stay;
  const terms = (await stayTerms(viewer.within(tx), { propertyId, checkIn, checkOut }))!;
  if (terms.restrictions.length === 0) return terms;
  const why = terms.restrictions.map(({ message }) => message).join(' ');
  throw new Conflict(
    'STAY_RESTRICTED',
    `${why} Choose other dates, or say the gross amount of a stay that is sold already.`,
  );
}

const NewBookingStatus = builder.enumType('NewBookingStatus', {
  description: 'How a booking begins: as a request, or settled.',
  values: ['PENDING', 'CONFIRMED'] as const,
});

const CreateBookingInput = builder.inputType('CreateBookingInput', {
  fields: (t) => ({
    propertyId: t.id({ required: true }),
    roomTypeId: t.id({ description: "The property's first when not said." }),
    checkIn: t.field({ type: 'LocalDate', required: true, description: 'The first night.' }),
    checkOut: t.field({ type: 'LocalDate', required: true, description: 'The day of departure.' }),
    guestsCount: t.int({ required: true }),
    adults: t.int(),
    children: t.int(),
    guestName: t.string({ required: true }),
    guestEmail: t.field({ type: 'EmailAddress', description: 'Finds the guest’s profile, or begins one.' }),
    guestPhone: t.string(),
    source: t.string({ description: 'airbnb, booking, direct …; direct when not said.' }),
    channelReference: t.string({ description: 'What the channel calls it: Airbnb’s HM… code.' }),
    status: t.field({ type: NewBookingStatus, description: 'CONFIRMED when not said.' }),
    grossAmount: t.field({
      type: 'Money',
      description: 'What the stay was sold for, whatever the rates say; the sum of its nights’ rates when not said.',
    }),
    commissionAmount: t.field({
      type: 'Money',
      description: "The agency's share of the owner's stays when not said, or else its usual one.",
    }),
    notes: t.string(),
  }),
});

builder.mutationField('createBooking', (t) =>
  t.field({
    type: Booking,
    description: 'Books a stay. Two requests can never sell the same unit-night: the loser gets DATES_TAKEN.',
    ability: 'bookings:write',
    args: { input: t.arg({ type: CreateBookingInput, required: true }) },
    resolve: (_root, { input }, { viewer }) => createBooking(viewer, input),
  }),
);
