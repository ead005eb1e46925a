import { Temporal } from 'temporal-polyfill';
import { addDays } from '../../core/dates.ts';
import { Invalid } from '../../core/errors.ts';

/** A month of the calendar, in the agency's time zone. */
export interface Month {
  /** `2026-07` */
  name: string;
  /** Its first and its last day. */
  from: string;
  to: string;
  /** When it begins and when it is over. */
  begins: Date;
  ends: Date;
}

/** `2026-07` → July 2026. Throws Invalid for what isn't a month from 2000 to 2199. */
export function monthOf(name: string, timezone: string): Month {
  if (!/^2[01]\d\d-(0[1-9]|1[0-2])$/.test(name)) {
    throw new Invalid({ month: ['must be a month like 2026-07, from 2000-01 to 2199-12'] });
  }
  const first = Temporal.PlainDate.from(`${name}-01`);
  const next = first.add({ months: 1 });
  const at = (day: Temporal.PlainDate) => new Date(day.toZonedDateTime(timezone).epochMilliseconds);
  return { name, from: first.toString(), to: addDays(next.toString(), -1), begins: at(first), ends: at(next) };
}

/** The month before the one that a date lies in, by its name. */
export function monthBefore(date: string): string {
  return Temporal.PlainDate.from(date).toPlainYearMonth().subtract({ months: 1 }).toString();
}
