import { addDays, fromDay } from '../core/dates.ts';
import { basisPoints } from '../core/money.ts';
import type { ViewerAgency } from '../core/viewer.ts';
import { newReference } from '../stays/bookings/reference.ts';
import type { Stay } from '../stays/bookings/write-many.ts';
import { someGuest } from './guests.ts';
import type { Place } from './places.ts';
import type { Random } from './random.ts';

/** A place that is in the database. */
export type BuiltPlace = Place & { propertyId: number; roomTypeId: number };

interface Present {
  today: string;
  now: Date;
  agency: ViewerAgency;
  random: Random;
}

/** Four months behind us and four before us: some five hundred bookings. */
const DAYS_BACK = 120;
const DAYS_AHEAD = 120;
const DAY_MS = 86_400_000;

/**
 * A season of stays around today, unit after unit, so that no two stays share a unit and a night. What is over was checked
 * out, who is here is checked in, and the further ahead a night lies, the likelier it is still free.
 */
export function makeSeason(places: BuiltPlace[], present: Present): Stay[] {
  const stays = places.flatMap((place) =>
    Array.from({ length: place.units }, () => seasonOfUnit(place, present)).flat(),
  );
  const references = new Set<string>();
  while (references.size < stays.length) references.add(newReference(present.random.below));
  const byTime = stays.sort((a, b) => a.bookedAt.getTime() - b.bookedAt.getTime());
  const names = [...references];
  return byTime.map((stay, i) => ({ ...stay, reference: names[i]! }));
}

function seasonOfUnit(place: BuiltPlace, present: Present): Omit<Stay, 'reference'>[] {
  const { random, today } = present;
  const stays: Omit<Stay, 'reference'>[] = [];
  let day = random.between(0, 6) - DAYS_BACK;
  while (day < DAYS_AHEAD) {
    const nights = place.kind === 'HOTEL' ? random.between(1, 4) : random.between(2, 8);
    const stay = makeStay(place, present, addDays(today, day), nights);
    stays.push(stay);
    if (stay.status === 'CANCELLED' || stay.status === 'NO_SHOW') continue; // Its nights are sold again.
    day += nights + random.between(0, day < 30 ? 8 : 8 + Math.round(day / 5));
  }
  return stays;
}

function makeStay(place: BuiltPlace, present: Present, checkIn: string, nights: number): Omit<Stay, 'reference'> {
  const { random, agency } = present;
  const checkOut = addDays(checkIn, nights);
  const status = fateOf(checkIn, checkOut, present);
  const source = status === 'PENDING' ? 'direct' : random.pick(SOURCES);
  const guest = someGuest(random);
  const adults = random.between(1, place.sleeps > 2 ? Math.ceil(place.sleeps * 0.7) : 2);
  const grossMinor =
    Array.from({ length: nights }, (_, i) => priceOf(place, addDays(checkIn, i))).reduce(
      (sum, price) => sum + price,
      0,
    ) * 100;
  const commissionMinor = basisPoints(grossMinor, agency.commissionBasisPoints);
  return {
    propertyId: place.propertyId,
    roomTypeId: place.roomTypeId,
    status,
    source,
    checkIn,
    checkOut,
    nights,
    adults,
    children: place.sleeps - adults > 1 && random.chance(0.3) ? random.between(1, 2) : 0,
    guestName: guest.name,
    guestEmail: source === 'airbnb' && random.chance(0.5) ? null : guest.email, // Channels keep addresses to themselves.
    currency: agency.currency,
    grossMinor,
    commissionMinor,
    netMinor: grossMinor - commissionMinor,
    ...historyOf(status, checkIn, checkOut, present),
  };
}

const SOURCES = ['airbnb', 'airbnb', 'airbnb', 'booking', 'booking', 'booking', 'direct', 'direct', 'vrbo'];

function fateOf(checkIn: string, checkOut: string, { today, random }: Present): Stay['status'] {
  if (random.chance(0.08)) return 'CANCELLED';
  if (checkIn >= today) return checkIn > today && random.chance(0.12) ? 'PENDING' : 'CONFIRMED';
  if (random.chance(0.02)) return 'NO_SHOW';
  return checkOut < today ? 'CHECKED_OUT' : 'CHECKED_IN';
}

/** When it was booked and what happened to it, none of it later than now. */
function historyOf(status: Stay['status'], checkIn: string, checkOut: string, { now, random }: Present) {
  const at = (date: string, minutes: number) => new Date(fromDay(date).getTime() + minutes * 60_000);
  const lead = random.between(2, random.pick([10, 30, 60, 120])) * DAY_MS;
  const recent = now.getTime() - random.between(1, status === 'PENDING' ? 2 * 1_440 : 60 * 1_440) * 60_000;
  const bookedAt = new Date(Math.min(at(checkIn, random.below(1_440)).getTime() - lead, recent));
  const arrived = status === 'CHECKED_IN' || status === 'CHECKED_OUT';
  const until = Math.min(fromDay(checkIn).getTime(), now.getTime());
  const cancelledAt = new Date(bookedAt.getTime() + (until - bookedAt.getTime()) * (random.between(10, 90) / 100));
  return {
    bookedAt,
    confirmedAt: status === 'PENDING' ? null : bookedAt,
    checkedInAt: arrived ? at(checkIn, random.between(13 * 60, 20 * 60)) : null,
    checkedOutAt: status === 'CHECKED_OUT' ? at(checkOut, random.between(8 * 60, 11 * 60)) : null,
    cancelledAt: status === 'CANCELLED' ? cancelledAt : null,
    cancelReason: status === 'CANCELLED' ? random.pick(REASONS) : null,
  };
}

const REASONS = ['Flight cancelled', 'Illness', 'Change of plans', 'Booked twice', 'Visa not granted'];

/** By month: spring and autumn are dear, the hot months are not. In whole tens of dirhams. */
export const SEASON = [0.85, 0.95, 1.15, 1.3, 1.15, 0.9, 0.75, 0.75, 1, 1.25, 1.1, 1];

function priceOf(place: Place, date: string): number {
  const atNewYear = date.slice(5) >= '12-22' || date.slice(5) <= '01-02';
  const factor = atNewYear ? 1.6 : SEASON[Number(date.slice(5, 7)) - 1]!;
  return Math.round((place.price * factor) / 10) * 10;
}
