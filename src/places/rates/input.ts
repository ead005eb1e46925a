import type { Weekday as WeekdayName } from '../../../prisma/generated/client/enums.ts';
import { fromDay, nightsBetween } from '../../core/dates.ts';
import { MAX_MINOR, toMinor } from '../../core/money.ts';
import { textProblem } from '../../core/text.ts';
import { builder, type Types } from '../../graph/builder.ts';
import { Weekday } from './types.ts';

/** What a caller may say of the nights of a rate. */
export interface RateTerms {
  from: string;
  to: string;
  price: string;
  name?: string | null;
  weekdays?: readonly WeekdayName[] | null;
  minStay?: number | null;
  closedToArrival?: boolean | null;
  closedToDeparture?: boolean | null;
  priority?: number | null;
}

/** Three years, one of them a leap year. */
export const LONGEST_SEASON = 1_096;

/** Prices of other centuries are slips of the hand. */
const EARLIEST = '2000-01-01';
const LATEST = '2199-12-31';

/** What can't be true of a rate, by field. */
export function rateProblems(terms: RateTerms, currency: string) {
  const { from, to, price, name, weekdays, minStay, priority } = terms;
  const priceMinor = toMinor(price, currency);
  const century = `must be from ${EARLIEST} to ${LATEST}`;
  return {
    from: (from < EARLIEST || from > LATEST) && century,
    to:
      to < from
        ? 'must not be before from; it is the last night, itself included'
        : to > LATEST
          ? century
          : nightsBetween(from, to) >= LONGEST_SEASON &&
            `must be one of the ${LONGEST_SEASON} nights that begin with from`,
    price:
      (priceMinor === undefined || priceMinor < 0 || priceMinor > MAX_MINOR) &&
      `must be an amount of ${currency}, 0 or more, with no more decimals than ${currency} has`,
    name: textProblem(name),
    weekdays: weekdays && new Set(weekdays).size < weekdays.length && 'must not name a day twice',
    minStay: minStay != null && (minStay < 1 || minStay > 365) && 'must be from 1 to 365',
    priority: priority != null && (priority < -1_000 || priority > 1_000) && 'must be from -1000 to 1000',
  };
}

/** The columns of a rate that has no problems. */
export function rateColumns(terms: RateTerms, currency: string) {
  return {
    name: terms.name?.trim() || null,
    from: fromDay(terms.from),
    to: fromDay(terms.to),
    weekdays: [...(terms.weekdays ?? [])],
    priceMinor: toMinor(terms.price, currency)!,
    minStay: terms.minStay ?? 1,
    closedToArrival: terms.closedToArrival ?? false,
    closedToDeparture: terms.closedToDeparture ?? false,
    priority: terms.priority ?? 0,
  };
}

/** What is said of a new rate, alone or among many: everything but the dates and the price may be left out. */
export const rateFields = (t: InputFields) => ({
  from: t.field({ type: 'LocalDate', required: true, description: 'The first night.' }),
  to: t.field({ type: 'LocalDate', required: true, description: 'The last night, itself included.' }),
  price: t.field({ type: 'Money', required: true, description: "Of one night, in the agency's currency." }),
  name: t.string({ description: 'What the agency calls the season.' }),
  weekdays: t.field({
    type: [Weekday],
    description: 'The nights of the week that it is for; all of them when not said.',
  }),
  minStay: t.int({ description: 'The fewest nights of a stay that arrives on one of its nights; 1 when not said.' }),
  closedToArrival: t.boolean({ description: 'No stay begins on one of its nights; false when not said.' }),
  closedToDeparture: t.boolean({ description: 'No stay ends on one of its days; false when not said.' }),
  priority: t.int({ description: 'The highest wins, among equals the rate written last; 0 when not said.' }),
});

type InputFields = PothosSchemaTypes.InputFieldBuilder<PothosSchemaTypes.ExtendDefaultTypes<Types>, 'InputObject'>;

export const RateInput = builder.inputType('RateInput', {
  description: 'A rate among others that are set at once.',
  fields: rateFields,
});
