import type { TaxPeriod } from '../../../prisma/generated/client/enums.ts';
import { toDay } from '../../core/dates.ts';

/** A month or a quarter, with its first and its last night. */
export interface Period {
  name: string;
  period: TaxPeriod;
  from: string;
  to: string;
}

/** `2026-Q3` or `2026-07`; undefined for what is neither. No agency reports a year before 1900 or after 2199. */
export function parsePeriod(name: string): Period | undefined {
  const match = /^((?:19|20|21)\d{2})-(?:Q([1-4])|(0[1-9]|1[0-2]))$/.exec(name);
  if (!match) return undefined;
  const [, year, quarter, month] = match;
  if (quarter) return { name, period: 'QUARTER', ...span(Number(year), Number(quarter) * 3 - 3, 3) };
  return { name, period: 'MONTH', ...span(Number(year), Number(month) - 1, 1) };
}

/** What a report of this period that begins on this day is called. */
export function periodName(period: TaxPeriod, from: string): string {
  if (period === 'MONTH') return from.slice(0, 7);
  return `${from.slice(0, 4)}-Q${(Number(from.slice(5, 7)) + 2) / 3}`;
}

/** The last quarter that was over before this day. */
export function quarterBefore(today: string): Period {
  const quarters = Number(today.slice(0, 4)) * 4 + Math.floor((Number(today.slice(5, 7)) - 1) / 3) - 1;
  return parsePeriod(`${Math.floor(quarters / 4)}-Q${(quarters % 4) + 1}`)!;
}

/** `month` is counted from 0, as Date counts it. */
function span(year: number, month: number, months: number): { from: string; to: string } {
  return { from: toDay(new Date(Date.UTC(year, month, 1))), to: toDay(new Date(Date.UTC(year, month + months, 0))) };
}
