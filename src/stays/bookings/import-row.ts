import { Temporal } from 'temporal-polyfill';
import { BookingStatus } from '../../../prisma/generated/client/enums.ts';
import { nightsBetween, parseDate } from '../../core/dates.ts';
import { type DomainError, refuse } from '../../core/errors.ts';
import { isCurrency } from '../../core/money.ts';
import { snake, textProblem } from '../../core/text.ts';
import type { ViewerAgency } from '../../core/viewer.ts';
import { type Amounts, priceStay } from './amounts.ts';
import { stayProblems } from './create.ts';
import { HOLDING } from './nights.ts';
import type { Stay } from './write-many.ts';

/** A row of the file as a stay whose place and missing amounts are still to be settled. */
export interface ImportRow extends Omit<Stay, 'propertyId' | 'roomTypeId' | keyof Amounts> {
  line: number;
  /** The code of its property. */
  property: string;
  holds: boolean;
  grossAmount: string | null;
  commissionAmount: string | null;
}

/** Reads one row, or throws `Invalid` with all that is wrong with it, by column. */
export function readRow(line: number, cells: Record<string, string>, agency: ViewerAgency, now: Date): ImportRow {
  const checkIn = parseDate(cells.check_in!);
  const checkOut = parseDate(cells.check_out!);
  const nights = checkIn && checkOut ? nightsBetween(checkIn, checkOut) : undefined;
  const status = statusOf(cells.status!);
  const adults = countOf(cells.adults!, 1);
  const children = countOf(cells.children!, 0);
  const currency = cells.currency!.toUpperCase() || agency.currency;
  const bookedAt = cells.booked_at ? instantOf(cells.booked_at, agency.timezone) : null;
  const guestName = cells.guest_name || 'Guest';
  const guestEmail = cells.guest_email || null;
  const source = cells.source!.toLowerCase() || 'direct';
  const guestsCount = (adults ?? 1) + (children ?? 0);
  const { checkOut: tooShort, ...problems } = stayProblems(nights ?? 1, {
    guestsCount,
    adults,
    children,
    guestEmail,
    source,
  });
  refuse({
    reference: textProblem(cells.reference, { most: 100, required: true }),
    property: textProblem(cells.property, { most: 64, required: true }),
    check_in: dateProblem(cells.check_in!),
    check_out: dateProblem(cells.check_out!) ?? (tooShort || undefined),
    status: status === undefined && `is "${cells.status}", must be one of ${STATUSES.join(', ')}`,
    guest_name: textProblem(guestName),
    currency: !isCurrency(currency) && `is "${currency}", must be an ISO 4217 code like ${agency.currency}`,
    booked_at:
      bookedAt === undefined && `is "${cells.booked_at}", must be like 2026-07-15T10:23:41+01:00 or 2026-07-15`,
    ...inColumns(problems),
    ...(adults === undefined && { adults: `is "${cells.adults}", must be a whole number` }),
    ...(children === undefined && { children: `is "${cells.children}", must be a whole number` }),
    ...(guestEmail &&
      !/^[^\s@]+@[^\s@]+$/.test(guestEmail) && { guest_email: `is "${guestEmail}", must be an e-mail address` }),
  });
  return {
    line,
    reference: cells.reference!,
    property: cells.property!,
    status: status!,
    holds: HOLDING.includes(status!),
    source,
    checkIn: checkIn!,
    checkOut: checkOut!,
    nights: nights!,
    adults: adults!,
    children: children!,
    guestName,
    guestEmail,
    currency,
    grossAmount: cells.gross_amount || null,
    commissionAmount: cells.commission_amount || null,
    cancelReason: null,
    ...momentsOf(status!, { checkIn: checkIn!, checkOut: checkOut!, bookedAt: bookedAt ?? null }, agency.timezone, now),
  };
}

/**
 * The row's amounts; those it doesn't say follow from the property's base price and the agency's share. Rates say what is
 * asked for now, and a file tells of stays that were sold long ago.
 */
export function amountsOf(row: ImportRow, agency: ViewerAgency, basePriceMinor: number): Amounts {
  const { currency, nights } = row;
  refuse({
    gross_amount:
      row.grossAmount === null &&
      currency !== agency.currency &&
      `must be said, because the property's price is in ${agency.currency}`,
  });
  const { commissionBasisPoints } = agency;
  return priceStay(row, { currency, nightsMinor: basePriceMinor * nights, commissionBasisPoints });
}

/** What is wrong with a row, in one line and in the words of the file's header. */
export function reasonOf(error: DomainError): string {
  if (!error.fields) return error.message;
  return Object.entries(inColumns(error.fields))
    .flatMap(([column, problems]) => problems.map((problem) => `${column} ${problem}`))
    .join('; ');
}

const inColumns = <T>(fields: Record<string, T>): Record<string, T> =>
  Object.fromEntries(Object.entries(fields).map(([field, value]) => [snake(field), value]));

const STATUSES = Object.keys(BookingStatus).map((status) => status.toLowerCase());

/** In any case, and as others spell it. Undefined for what isn't one. */
function statusOf(text: string): BookingStatus | undefined {
  const name =
    text
      .toUpperCase()
      .replace(/[\s-]+/g, '_')
      .replace(/^CANCELED$/, 'CANCELLED') || 'CONFIRMED';
  return Object.hasOwn(BookingStatus, name) ? (name as BookingStatus) : undefined;
}

function countOf(text: string, otherwise: number): number | undefined {
  if (text === '') return otherwise;
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function dateProblem(text: string): string | undefined {
  if (!parseDate(text)) return text === '' ? 'must not be empty' : `is "${text}", must be a date like 2026-08-12`;
  return text < '1900' || text > '2200' ? `is ${text}, must be from 1900 to 2199` : undefined;
}

/** An instant with an offset; without one, the time or the beginning of the day at the agency. */
function instantOf(text: string, timezone: string): Date | undefined {
  const date = parseDate(text);
  if (date) return startOfDay(date, timezone);
  if (!/^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}/.test(text)) return undefined;
  try {
    const hasOffset = /(Z|[+-]\d{2}:?\d{2})$/i.test(text);
    const milliseconds = hasOffset
      ? Temporal.Instant.from(text).epochMilliseconds
      : Temporal.PlainDateTime.from(text, { overflow: 'reject' }).toZonedDateTime(timezone).epochMilliseconds;
    return new Date(milliseconds);
  } catch {
    return undefined;
  }
}

/**
 * When things happened. The file tells the day of arrival and of departure and not the hour, so they are noted at the
 * beginning of the day, and nothing is noted later than now. When a booking was cancelled the file doesn't say.
 */
function momentsOf(
  status: BookingStatus,
  said: { checkIn: string; checkOut: string; bookedAt: Date | null },
  timezone: string,
  now: Date,
) {
  const notLater = (moment: Date) => (moment < now ? moment : now);
  const arrival = notLater(startOfDay(said.checkIn, timezone));
  const bookedAt = said.bookedAt ?? arrival;
  const arrived = status === 'CHECKED_IN' || status === 'CHECKED_OUT';
  return {
    bookedAt,
    confirmedAt: arrived || status === 'CONFIRMED' || status === 'NO_SHOW' ? bookedAt : null,
    checkedInAt: arrived ? arrival : null,
    checkedOutAt: status === 'CHECKED_OUT' ? notLater(startOfDay(said.checkOut, timezone)) : null,
    cancelledAt: null,
  };
}

/** Kept, because finding it costs as much as the rest of the row and a file has few days. */
const days = new Map<string, Date>();

function startOfDay(date: string, timezone: string): Date {
  const key = `${date} ${timezone}`;
  let start = days.get(key);
  if (!start) {
    start = new Date(Temporal.PlainDate.from(date).toZonedDateTime(timezone).epochMilliseconds);
    days.set(key, start);
  }
  return start;
}
