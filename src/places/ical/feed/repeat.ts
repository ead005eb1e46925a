import { addDays, fromDay, nightsBetween } from '../../../core/dates.ts';
import type { RawEvent } from './components.ts';
import { dateAt, momentOf } from './moment.ts';
import { momentsIn, propertyOf, rawValue } from './property.ts';
import type { Span } from './span.ts';

/** What is left of the work that one feed may cause. */
export interface Budget {
  days: number;
}

/**
 * The check-ins of an event that repeats, up to two years from today; the first is its own. `problem` ends a sentence.
 *
 * Each day is asked whether the rule holds on it, since a stay begins at most once a day. That ends whatever the rule
 * says: ical.js looks for ever for a day of "daily, on 30 February", and the rule is anybody's who can write the feed.
 */
export function checkInsOf(
  event: RawEvent,
  { checkIn: first, checkOut }: Span,
  { timezone, today, budget }: { timezone: string; today: string; budget: Budget },
): { checkIns: string[]; problem?: string } {
  const dates = (name: string) => {
    const moments = momentsIn(event, name, Math.min(MOST_TIMES, Math.max(0, budget.days)));
    budget.days -= moments.length * DAYS_AN_INSTANT;
    return moments.flatMap((moment) => (moment ? [dateAt(moment, timezone)] : []));
  };
  const last = addDays(today, AHEAD_DAYS);
  const oldest = addDays(today, -nightsBetween(first, checkOut) - 7); // One that is in the house counts.
  const left = new Set(dates('EXDATE'));
  const found = new Set([first, ...dates('RDATE').filter((date) => date <= last)]);
  let problem: string | undefined;

  const rule = ruleOf(event, timezone);
  if (typeof rule === 'string') problem = rule;
  else if (rule) {
    const holds = conditionOf(rule, first);
    const end = rule.until && rule.until < last ? rule.until : last;
    let count = 1;
    for (let date = addDays(first, 1); date <= end; date = addDays(date, 1)) {
      if (--budget.days < 0) problem = 'repeats over too long a time to be followed';
      if (found.size >= MOST_TIMES) problem = `repeats more than ${MOST_TIMES} times, and the rest was left out`;
      if (problem) break;
      if (!holds(date)) continue;
      if (++count > (rule.count ?? Number.POSITIVE_INFINITY)) break;
      if (date >= oldest) found.add(date);
    }
  }
  return { checkIns: [...found].filter((date) => !left.has(date)).sort(), problem };
}

const AHEAD_DAYS = 731;
const MOST_TIMES = 1_000;
/** The date of an instant in another zone takes as long as asking ten days: 50 µs. */
const DAYS_AN_INSTANT = 10;

interface Rule {
  freq: 'DAILY' | 'WEEKLY' | 'MONTHLY' | 'YEARLY';
  interval: number;
  count?: number;
  until?: string;
  /** 1 is January. */
  months?: number[];
  /** -1 is the month's last. */
  monthDays?: number[];
  /** [2, 0] is the second Sunday of the month, [0, 0] every one. */
  weekdays?: [nth: number, day: number][];
  /** 0 is Sunday. */
  weekStart: number;
}

/** Undefined for an event without a rule; the end of a sentence for a rule that isn't followed here. */
function ruleOf(event: RawEvent, timezone: string): Rule | string | undefined {
  const text = event.lines.get('RRULE')?.map((line) => rawValue(line).toUpperCase())[0];
  if (text === undefined) return undefined;
  const unknown = `repeats in a way that isn't followed here (${text.slice(0, 60)}), so only its first time was taken`;
  const parts = propertyOf(`RRULE:${text}`)?.[3] as Record<string, unknown> | undefined;
  if (!parts || NOT_FOLLOWED.some((part) => parts[part] !== undefined)) return unknown;

  const list = (name: string) => (parts[name] === undefined ? undefined : [parts[name]].flat());
  const freq = parts.freq as Rule['freq'];
  if (!['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'].includes(freq)) return unknown;
  const weekdays = list('byday')?.map((day) => weekdayOf(String(day)));
  const isOfMonth = freq === 'MONTHLY' || (freq === 'YEARLY' && parts.bymonth !== undefined);
  if (weekdays?.some(([nth]) => nth !== 0 && !isOfMonth)) return unknown;
  const until = parts.until === undefined ? undefined : momentOf(String(parts.until));
  if (parts.until !== undefined && !until) return unknown;
  return {
    freq,
    interval: Number(parts.interval ?? 1),
    count: parts.count === undefined ? undefined : Number(parts.count),
    until: until && dateAt(until, timezone),
    months: list('bymonth')?.map(Number),
    monthDays: list('bymonthday')?.map(Number),
    weekdays,
    weekStart: parts.wkst === undefined ? 1 : Number(parts.wkst) - 1, // ical.js counts them from 1.
  };
}

/** Parts that no calendar of a house needs, and those that choose among a day's hours. */
const NOT_FOLLOWED = ['bysetpos', 'byweekno', 'byyearday', 'byhour', 'byminute', 'bysecond'];

/** "TU" → [0, 2], "-1SU" → [-1, 0] */
function weekdayOf(text: string): [nth: number, day: number] {
  return [Number.parseInt(text, 10) || 0, WEEKDAYS.indexOf(text.slice(-2))];
}

const WEEKDAYS = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'];

/** RFC 5545, 3.3.10: what a part leaves open is taken from the first time. */
function conditionOf(rule: Rule, first: string): (date: string) => boolean {
  const start = fromDay(first);
  const weekOf = (date: string) => Math.floor((nightsBetween('1970-01-04', date) - rule.weekStart) / 7); // A Sunday.
  const monthOf = (day: Date) => day.getUTCFullYear() * 12 + day.getUTCMonth();
  const periods = {
    DAILY: (date: string) => nightsBetween(first, date),
    WEEKLY: (date: string) => weekOf(date) - weekOf(first),
    MONTHLY: (date: string) => monthOf(fromDay(date)) - monthOf(start),
    YEARLY: (date: string) => fromDay(date).getUTCFullYear() - start.getUTCFullYear(),
  };
  const { freq, months, monthDays, weekdays } = rule;
  const free = freq === 'DAILY' || weekdays || monthDays;

  return (date) => {
    const day = fromDay(date);
    if (periods[freq](date) % rule.interval !== 0) return false;
    if (months && !months.includes(day.getUTCMonth() + 1)) return false;
    if (monthDays && !monthDays.some((n) => n === day.getUTCDate() || n === day.getUTCDate() - daysIn(day) - 1))
      return false;
    if (weekdays && !weekdays.some(([nth, weekday]) => weekday === day.getUTCDay() && isNth(nth, day))) return false;
    if (free) return true;
    if (freq === 'WEEKLY') return day.getUTCDay() === start.getUTCDay();
    if (day.getUTCDate() !== start.getUTCDate()) return false;
    return freq === 'MONTHLY' || months !== undefined || day.getUTCMonth() === start.getUTCMonth();
  };
}

function isNth(nth: number, day: Date): boolean {
  if (nth === 0) return true;
  const date = nth > 0 ? day.getUTCDate() : daysIn(day) - day.getUTCDate() + 1;
  return Math.ceil(date / 7) === Math.abs(nth);
}

function daysIn(day: Date): number {
  return new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 0)).getUTCDate();
}
