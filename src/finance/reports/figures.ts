import { addDays } from '../../core/dates.ts';
import { decimals, toDecimal } from '../../core/money.ts';
import type { Ask } from './ask.ts';
import { lengthOf } from './buckets.ts';
import type { Found, PropertyTotals, SourceTotals } from './read.ts';

/** What the figures of a whole, a period or a property are worked out from. Money is in minor units of the agency's currency. */
export interface Sums {
  /** Sold, in the agency's currency. */
  nights: number;
  grossMinor: number;
  netMinor: number;
  /** Sold, in whatever currency. */
  allNights: number;
  /** Nights of units on the market, sold or not. */
  available: number;
  /** Of those, the ones that were blocked, and the owner's own. */
  blocked: number;
  owner: number;
}

/** Quotients are rounded once, half up, and null where there is nothing to divide by. */
export function quotient(dividend: number, divisor: number, places: number): number | null {
  if (divisor <= 0) return null;
  const [above, below] = [BigInt(dividend) * 10n ** BigInt(places), BigInt(divisor)];
  return Number((2n * above + below) / (2n * below)) / 10 ** places;
}

export function revenueOf({ nights, grossMinor, netMinor, available }: Sums, currency: string) {
  const unit = 10 ** decimals(currency);
  return {
    grossRevenue: toDecimal(grossMinor, currency),
    netRevenue: toDecimal(netMinor, currency),
    nightsBooked: nights,
    adr: quotient(grossMinor, nights * unit, 2),
    revpar: quotient(grossMinor, available * unit, 2),
    nightsAvailable: available,
  };
}

export function occupancyOf({ allNights, available, blocked, owner }: Sums) {
  const adjusted = available - blocked - owner;
  return {
    occupancy: quotient(allNights, available, 4),
    nightsBooked: allNights,
    nightsAvailable: available,
    adjustedOccupancy: quotient(allNights, adjusted, 4),
    adjustedNightsAvailable: adjusted,
    nightsBlocked: blocked,
    nightsOwner: owner,
  };
}

/** Of the bookings that arrive in the range, whatever their currency; the owner's own stays are none of them. */
export function staysOf(sources: SourceTotals[]) {
  const sold = sources.filter(({ source }) => source !== 'owner');
  const sum = (key: 'bookings' | 'cancelled' | 'stays' | 'stay_nights' | 'lead_days') =>
    sold.reduce((total, row) => total + row[key], 0);
  return {
    averageLengthOfStay: quotient(sum('stay_nights'), sum('stays'), 2),
    averageLeadTime: quotient(sum('lead_days'), sum('stays'), 2),
    cancellationRate: quotient(sum('cancelled'), sum('bookings'), 4),
  };
}

const nothing = (): Sums => ({
  nights: 0,
  grossMinor: 0,
  netMinor: 0,
  allNights: 0,
  available: 0,
  blocked: 0,
  owner: 0,
});

/** The sums of each bucket, in their order. */
export function sumsByBucket({ buckets, to }: Ask, { series, off, supply }: Found): Sums[] {
  const sums = buckets.map(nothing);
  const byFrom = new Map(buckets.map(({ from }, i) => [from, sums[i]!]));
  for (const [from, nights, grossMinor, netMinor, allNights] of series ?? [])
    Object.assign(byFrom.get(from)!, { nights, grossMinor, netMinor, allNights });
  for (const [from, blocked, owner] of off ?? []) Object.assign(byFrom.get(from)!, { blocked, owner });
  // Each change of the supply holds until the next, across as many buckets as lie between.
  let units = 0;
  let at = 0;
  const changes = supply ?? [];
  for (const [i, [date, change]] of changes.entries()) {
    units += change;
    const until = changes[i + 1] ? addDays(changes[i + 1]![0], -1) : to;
    for (let from = date; from <= until; ) {
      while (buckets[at]!.to < from) at++;
      const end = buckets[at]!.to < until ? buckets[at]!.to : until;
      sums[at]!.available += units * lengthOf({ from, to: end });
      from = addDays(end, 1);
    }
  }
  return sums;
}

export function addUp(parts: Sums[]): Sums {
  const whole = nothing();
  for (const part of parts) for (const key of Object.keys(whole) as (keyof Sums)[]) whole[key] += part[key];
  return whole;
}

export function sumsOf({
  nights,
  gross_minor,
  net_minor,
  all_nights,
  available,
  blocked,
  owner,
}: PropertyTotals): Sums {
  return {
    ...{ nights, grossMinor: gross_minor, netMinor: net_minor },
    ...{ allNights: all_nights, available, blocked, owner },
  };
}
