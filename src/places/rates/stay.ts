import type { Viewer } from '../../core/viewer.ts';
import { nightlySql } from './nightly.ts';

/** What a stay costs by the rates, and what stands in its way. */
export interface StayTerms {
  nights: { date: string; priceMinor: number; rateId: number | null }[];
  grossMinor: number;
  /** What the rates ask for that these dates don't have. */
  restrictions: StayProblem[];
  /** The nights on which no unit is left of what a booking gets that names no room type. */
  full: string[];
  archived: boolean;
}

export interface StayProblem {
  code: 'MIN_STAY' | 'CLOSED_TO_ARRIVAL' | 'CLOSED_TO_DEPARTURE' | 'DATES_TAKEN' | 'PROPERTY_ARCHIVED';
  message: string;
}

/**
 * Prices a stay in one statement. The quote and the booking both ask here, so a guest pays what was quoted. The minimum stay
 * is that of the night of arrival; the day of departure is no night of the stay, but may be closed to departures. Undefined
 * where the agency has no such property.
 */
export async function stayTerms(
  viewer: Viewer,
  { propertyId, checkIn, checkOut }: { propertyId: number; checkIn: string; checkOut: string },
): Promise<StayTerms | undefined> {
  const { rows } = await viewer.read(STAY, [viewer.agency.id, propertyId, checkIn, checkOut]);
  if (rows.length === 0) return undefined;
  const days = rows.map(
    ([date, priceMinor, minStay, noArrival, noDeparture, rateId, full, archived]) =>
      ({ date, priceMinor, minStay, noArrival, noDeparture, rateId, full, archived }) as Day,
  );
  const nights = days.slice(0, -1);
  return {
    nights,
    grossMinor: nights.reduce((sum, { priceMinor }) => sum + priceMinor, 0),
    restrictions: restrictionsOf(days[0]!, days.at(-1)!, nights.length),
    full: nights.filter(({ full }) => full).map(({ date }) => date),
    archived: days[0]!.archived,
  };
}

/** A night, or the day of departure. */
interface Day {
  date: string;
  priceMinor: number;
  minStay: number;
  noArrival: boolean;
  noDeparture: boolean;
  rateId: number | null;
  full: boolean;
  archived: boolean;
}

function restrictionsOf(arrival: Day, departure: Day, nights: number): StayProblem[] {
  const problems: StayProblem[] = [];
  if (nights < arrival.minStay) {
    const message = `A stay that arrives on ${arrival.date} has at least ${arrival.minStay} nights, and this one has ${nights}.`;
    problems.push({ code: 'MIN_STAY', message });
  }
  if (arrival.noArrival)
    problems.push({ code: 'CLOSED_TO_ARRIVAL', message: `No stay can arrive on ${arrival.date}.` });
  if (departure.noDeparture)
    problems.push({ code: 'CLOSED_TO_DEPARTURE', message: `No stay can leave on ${departure.date}.` });
  return problems;
}

/** A booking that names no room type gets the property's first; so that is the one whose units are looked at. */
const STAY = `
  with place as (
    select id, base_price_minor, archived_at is not null as archived,
      (select r.id from room_type r where r.agency_id = $1::int and r.property_id = p.id order by r.id limit 1) as room_type_id
    from property p
    where p.agency_id = $1::int and p.id = $2::int
  )
  select n.date::text, n.price_minor, n.min_stay, n.closed_to_arrival, n.closed_to_departure, n.rate_id,
    coalesce(i.sold + i.blocked >= i.total, false) as is_full, place.archived
  from place
  join (${nightlySql({ properties: 'place', agency: '$1::int', from: '$3::date', to: '$4::date' })}) n on true
  left join inventory i on i.agency_id = $1::int and i.room_type_id = place.room_type_id and i.date = n.date
  order by n.date`;
