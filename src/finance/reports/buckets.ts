import { Temporal } from 'temporal-polyfill';
import { addDays, nightsBetween } from '../../core/dates.ts';

export type Granularity = 'DAY' | 'WEEK' | 'MONTH' | 'YEAR';

/** A part of a report's range, both days included. */
export interface Bucket {
  /** `2026-07-15`, `2026-W29`, `2026-07` or `2026`: of the whole period, where the range cuts it short too. */
  period: string;
  from: string;
  to: string;
}

/** The periods that a range touches, in order, the first and the last cut to the range. A week is ISO's, from Monday. */
export function bucketsOf(from: string, to: string, granularity: Granularity): Bucket[] {
  const buckets: Bucket[] = [];
  for (let start = from; start <= to; ) {
    const last = lastDay(start, granularity);
    const end = last < to ? last : to;
    buckets.push({ period: periodOf(start, granularity), from: start, to: end });
    start = addDays(end, 1);
  }
  return buckets;
}

/** The last day of the period that a day is in. */
function lastDay(day: string, granularity: Granularity): string {
  if (granularity === 'DAY') return day;
  if (granularity === 'WEEK') return addDays(day, 7 - Temporal.PlainDate.from(day).dayOfWeek);
  if (granularity === 'YEAR') return `${day.slice(0, 4)}-12-31`;
  return monthEnd(day);
}

function periodOf(day: string, granularity: Granularity): string {
  if (granularity === 'DAY') return day;
  if (granularity === 'MONTH') return day.slice(0, 7);
  if (granularity === 'YEAR') return day.slice(0, 4);
  const { weekOfYear, yearOfWeek } = Temporal.PlainDate.from(day);
  return `${String(yearOfWeek).padStart(4, '0')}-W${String(weekOfYear).padStart(2, '0')}`;
}

/**
 * A range as whole months with days before and after them: totals are kept by the month, and only the days are added up
 * night by night. Each part is undefined when it is empty.
 */
export function monthsOf(from: string, to: string): { head?: Span; months?: Span; tail?: Span } {
  const first = from.endsWith('-01') ? from : addDays(monthEnd(from), 1);
  const lastWhole = monthEnd(to) === to ? to : addDays(`${to.slice(0, 7)}-01`, -1);
  if (first > lastWhole) return { head: { from, to } };
  return {
    ...(from < first && { head: { from, to: addDays(first, -1) } }),
    months: { from: first, to: lastWhole },
    ...(lastWhole < to && { tail: { from: addDays(lastWhole, 1), to } }),
  };
}

/** Both days included. */
export interface Span {
  from: string;
  to: string;
}

function monthEnd(day: string): string {
  const [year, month] = [Number(day.slice(0, 4)), Number(day.slice(5, 7))];
  return addDays(
    month === 12
      ? `${String(year + 1).padStart(4, '0')}-01-01`
      : `${day.slice(0, 5)}${String(month + 1).padStart(2, '0')}-01`,
    -1,
  );
}

export const lengthOf = ({ from, to }: Span): number => nightsBetween(from, to) + 1;
