import { addDays } from '../../core/dates.ts';
import type { Binder } from '../../graph/sql.ts';
import { monthsOf, type Span } from './buckets.ts';
import type { Known } from './read.ts';

/**
 * What a report adds up, as SELECTs. Each is exact at every moment: what the fold has taken over and what it hasn't yet are read
 * in one statement, and the fold moves a row from one to the other in one transaction.
 */
export interface Facts {
  /** Rows of day, source and currency with nights, gross_minor, net_minor, bookings, cancelled, stays, stay_nights, lead_days. */
  byDay(): string;
  /** Rows of property_id, source and currency with nights, gross_minor, net_minor. */
  byProperty(): string;
}

/** What is bound must be used: each SELECT binds its own when it is asked for. Named properties, and what was known on another day, are added up night by night. */
export function factsOf(known: Known): Facts {
  return known.ask.propertyIds || known.ask.asOf ? fromNights(known) : fromTotals(known);
}

const MEASURES = 'nights, gross_minor, net_minor';
const DAY_COLUMNS = `date, source, currency, ${MEASURES}, bookings, cancelled, stays, stay_nights, lead_days`;

/** A few thousand rows for years of a million bookings: the days of the agency, and the whole months of each property. */
function fromTotals({ ask: { from, to }, agency, bind }: Known): Facts {
  const within = (column: string, span: Span) =>
    `agency_id = ${agency} and ${column} between ${bind.add(span.from, 'date')} and ${bind.add(span.to, 'date')}`;
  const select = `select property_id, source, currency, ${MEASURES}`;
  return {
    byDay: () =>
      ['agency_day', 'report_delta']
        .map((table) => `select ${DAY_COLUMNS} from ${table} where ${within('date', { from, to })}`)
        .join(' union all '),
    byProperty() {
      const { head, months, tail } = monthsOf(from, to);
      const totals = months && [
        `${select} from property_month where ${within('month', months)}`,
        `${select} from report_delta where ${within('date', months)}`,
      ];
      const nights = [head, tail]
        .filter((span) => span !== undefined)
        .map(
          (span) =>
            `select property_id, source, currency, 1 as nights, gross_minor, net_minor from night
           where ${within('date', span)} and counts`,
        );
      return [...(totals ?? []), ...nights].join(' union all ');
    },
  };
}

/**
 * Night by night and booking by booking, for what no total is kept of. When an imported booking was cancelled nobody knows, so
 * it was never on the books.
 */
function fromNights(known: Known): Facts {
  const { ask, agency, bind } = known;
  const { viewer, from, to, propertyIds, asOf } = ask;
  const within = (row: string, column: string) => {
    const ids = propertyIds ? ` and ${row}.property_id = any(${bind.add(propertyIds, 'int[]')})` : '';
    return `${row}.agency_id = ${agency} and ${row}.${column} between ${bind.add(from, 'date')} and ${bind.add(to, 'date')}${ids}`;
  };
  const then = () => momentAfter(asOf!, viewer.agency.timezone, bind);
  const nights = () => countingSql(known, within('n', 'date'));
  const stays = () => (asOf ? onTheBooks(then(), bind.add(asOf, 'date')) : COUNTING);
  const bookings = () => `
    select b.check_in, b.source, b.currency, 0, 0, 0, 1,
      (b.status = 'CANCELLED'${asOf ? ` and coalesce(b.cancelled_at < ${then()}, true)` : ''})::int, s.stays, s.stays * b.nights,
      s.stays * greatest(0, b.check_in - (b.booked_at at time zone a.timezone)::date)
    from booking b join agency a on a.id = b.agency_id cross join lateral (select (${stays()})::int as stays) s
    where ${within('b', 'check_in')}${asOf ? ` and b.booked_at < ${then()}` : ''}`;
  return {
    byDay: () => `
      select date, source, currency, 1 as nights, gross_minor::bigint, net_minor::bigint, 0 as bookings, 0 as cancelled,
        0 as stays, 0 as stay_nights, 0 as lead_days
      from (${nights()}) n
      union all ${bookings()}`,
    byProperty: () => `select property_id, source, currency, 1 as nights, gross_minor, net_minor from (${nights()}) n`,
  };
}

/** The nights that count, or counted at the end of the day as of which is asked; `where` says which, of the row n. */
export function countingSql({ ask: { viewer, asOf }, bind }: Known, where: string): string {
  if (!asOf) return `select n.* from night n where ${where} and n.counts`;
  const then = momentAfter(asOf, viewer.agency.timezone, bind);
  return `select n.* from night n join booking b on b.agency_id = n.agency_id and b.id = n.booking_id
    where ${where} and ${onTheBooks(then, bind.add(asOf, 'date'))}`;
}

/** The states whose nights count, as `night.counts` has them. */
const COUNTING = `b.status in ('CONFIRMED', 'CHECKED_IN', 'CHECKED_OUT')`;

/** The moment at which a day was over at the properties. */
export const momentAfter = (day: string, timezone: string, bind: Binder): string =>
  `(${bind.add(addDays(day, 1), 'date')}::timestamp at time zone ${bind.add(timezone, 'text')})`;

/**
 * Whether a booking counted at a moment: it was made and confirmed before, and was not cancelled until later. When a guest who
 * never came was given up is not noted, so such a booking counts until the day of arrival. A moment of confirmation that
 * nobody noted is the booking's own. Never null, because what doesn't count is looked for too.
 */
export function onTheBooks(then: string, asOf: string): string {
  return `b.booked_at < ${then} and (
    ${COUNTING} and coalesce(b.confirmed_at, b.booked_at) < ${then}
    or b.status = 'CANCELLED' and coalesce(b.confirmed_at < ${then} and b.cancelled_at >= ${then}, false)
    or b.status = 'NO_SHOW' and coalesce(b.confirmed_at, b.booked_at) < ${then} and b.check_in > ${asOf})`;
}
