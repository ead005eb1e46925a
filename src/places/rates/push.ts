import type { Weekday } from '../../../prisma/generated/client/enums.ts';
import { dayNumber, fromDayNumber } from '../../core/dates.ts';
import { Invalid } from '../../core/errors.ts';
import { parseId } from '../../graph/ids.ts';
import type { Span } from './effective.ts';
import { type RateTerms, rateProblems } from './input.ts';

/** What a caller sets of one property. */
export interface Push {
  propertyId: number;
  /** Where it stands in the input, for what is wrong with it: `rates`, or `properties.3.rates`. */
  path: string;
  rates: RateTerms[];
}

/** A year of a hundred properties, night by night, and a little more. */
export const MOST_RATES = 36_600;
/** Three years of a hundred properties. A rate of a whole season is one rate and many nights. */
export const MOST_NIGHTS = 120_000;
export const MOST_PROPERTIES = 1_000;

/** The nights that a push names: a range, and the nights of the week in it. */
export type NamedNights = Span & { weekdays: readonly Weekday[] };

/** Refuses what needs no database to be seen, all of it at once, each rate by its path. */
export function refusePushes(pushes: Push[], currency: string): void {
  const wrong: Record<string, string[]> = {};
  const total = pushes.reduce((sum, { rates }) => sum + rates.length, 0);
  if (total > MOST_RATES)
    throw new Invalid({ [pushes[0]!.path]: [`must be at most ${MOST_RATES} in one call, and are ${total}`] });
  for (const { path, rates } of pushes) {
    if (rates.length === 0) wrong[path] = ['must hold at least one'];
    for (const [i, terms] of rates.entries()) {
      for (const [field, problem] of Object.entries(rateProblems(terms, currency)))
        if (problem) wrong[`${path}.${i}.${field}`] = [problem];
    }
  }
  if (Object.keys(wrong).length > 0) throw new Invalid(wrong);
  const nights = pushes.reduce((sum, { rates }) => sum + rates.reduce((n, rate) => n + length(rate), 0), 0);
  if (nights > MOST_NIGHTS)
    throw new Invalid({
      [pushes[0]!.path]: [`must cover at most ${MOST_NIGHTS} nights in one call, and cover ${nights}`],
    });
  for (const push of pushes) refuseTwice(push, wrong);
  if (Object.keys(wrong).length > 0) throw new Invalid(wrong);
}

/** Of two rates of one priority for one night nobody could say which was meant: both are written last. */
function refuseTwice({ path, rates }: Push, wrong: Record<string, string[]>): void {
  const taken = new Map<number, number>();
  for (const [i, terms] of rates.entries()) {
    for (const day of daysOf(terms)) {
      const key = day * PRIORITIES + (terms.priority ?? 0);
      const other = taken.get(key);
      if (other === undefined) taken.set(key, i);
      else {
        wrong[`${path}.${i}.from`] = [
          `must not name the night ${fromDayNumber(day)}, which ${path}.${other} names with the same priority`,
        ];
        break;
      }
    }
  }
}

/** More than there are. */
const PRIORITIES = 10_000;

/** How many nights some rates name. */
export function countNamed(rates: RateTerms[]): number {
  return new Set(rates.flatMap(daysOf)).size;
}

/** The nights of a rate, those of its nights of the week only, as day numbers: a push has too many for dates. */
function daysOf({ from, to, weekdays }: RateTerms): number[] {
  const first = dayNumber(from);
  const days = Array.from({ length: length({ from, to }) }, (_, i) => first + i);
  if (!weekdays || weekdays.length === 0) return days;
  return days.filter((day) => weekdays.includes(WEEK[day % 7]!));
}

/** From the weekday of 1970-01-01, the first day number. */
const WEEK: Weekday[] = ['THU', 'FRI', 'SAT', 'SUN', 'MON', 'TUE', 'WED'];

const length = ({ from, to }: Pick<RateTerms, 'from' | 'to'>): number => dayNumber(to) - dayNumber(from) + 1;

/**
 * The nights that the pushes name, as ranges. A year that is written night by night is one of them, which PostgreSQL reads
 * a hundred times as fast as 365.
 */
export function namedNights(pushes: Push[]): NamedNights[] {
  const ranges: NamedNights[] = [];
  for (const { propertyId, rates } of pushes) {
    for (const { from, to, weekdays } of rates) {
      const next = { propertyId, from, to, weekdays: weekdays ?? [] };
      const last = ranges.at(-1);
      if (last && goesOn(last, next)) last.to = to;
      else ranges.push(next);
    }
  }
  return ranges;
}

function goesOn(last: NamedNights, next: NamedNights): boolean {
  return (
    last.propertyId === next.propertyId &&
    dayNumber(last.to) + 1 === dayNumber(next.from) &&
    String(last.weekdays) === String(next.weekdays)
  );
}

/** The pushes of a call for many properties. One that is named twice would be set by its own call twice. */
export function readPushes(properties: { propertyId: string; rates: RateTerms[] }[]): Push[] {
  const wrong: Record<string, string[]> = {};
  if (properties.length === 0 || properties.length > MOST_PROPERTIES)
    throw new Invalid({ properties: [`must be from 1 to ${MOST_PROPERTIES}`] });
  const seen = new Set<number>();
  const pushes = properties.map(({ propertyId, rates }, i) => {
    const id = parseId(propertyId) ?? -1;
    if (seen.has(id)) wrong[`properties.${i}.propertyId`] = ['is named twice; put all of its rates in one place'];
    seen.add(id);
    return { propertyId: id, path: `properties.${i}.rates`, rates };
  });
  if (Object.keys(wrong).length > 0) throw new Invalid(wrong);
  return pushes;
}
