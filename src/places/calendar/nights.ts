import { nightsBetween } from '../../core/dates.ts';
import { refuse } from '../../core/errors.ts';
import { parseId } from '../../graph/ids.ts';
import type { Making, Source, Window } from '../../graph/source.ts';
import { HOLDING } from '../../stays/bookings/nights.ts';
import { nightlySql } from '../rates/nightly.ts';

/** Two years and a leap day: as far as anybody sells. */
const MOST_NIGHTS = 731;

/**
 * The nights of the calendar, which no table holds: every night of every property in a range, with its price by the rates,
 * its units by the inventory, and the stay that holds it. Each of the tables is read once for the whole range and joined;
 * a look-up a night would be 36,500 of them for a year of a hundred properties.
 *
 * Every property has as many nights as every other. So a page says which properties it touches, only their nights are made,
 * and how many nights there are is known without making any.
 */
export const calendarNights: Source = {
  arguments: {
    from: { type: 'LocalDate', required: true, description: 'The first night.' },
    to: {
      type: 'LocalDate',
      required: true,
      description: `The last night, itself included; at most ${MOST_NIGHTS} nights in all.`,
    },
    propertyId: {
      type: 'ID',
      many: true,
      description: 'At any of these properties, archived ones too; at all that are not archived when not said.',
    },
  },

  refuse(args) {
    const nights = countNights(args);
    refuse({
      to:
        nights < 1
          ? 'must not be before from'
          : nights > MOST_NIGHTS && `must be less than ${MOST_NIGHTS} days after from; ask in two requests`,
    });
  },

  select(made, window) {
    const { args, agency, bind } = made;
    const { text: chosen, skip } = propertiesSql(made, window);
    return { text: nightsSql(chosen, agency, bind.add(args.from, 'date'), bind.add(args.to, 'date')), skip };
  },

  count(made) {
    return `(select count(*)::int * ${made.bind.add(countNights(made.args), 'int')} from property p where ${whichSql(made)})`;
  },

  mostRows({ from, to, propertyId }) {
    if (!from || !to || !Array.isArray(propertyId)) return undefined;
    return Math.max(0, countNights({ from, to })) * new Set(propertyId).size;
  },
};

const countNights = ({ from, to }: Record<string, unknown>): number => nightsBetween(from as string, to as string) + 1;

/** Which properties the calendar is of. */
function whichSql({ args, agency, bind }: Making): string {
  const ids = args.propertyId as string[] | null | undefined;
  // No property has -1, as none has an id that isn't there.
  const said =
    ids &&
    bind.add(
      ids.map((id) => parseId(id) ?? -1),
      'int[]',
    );
  return `p.agency_id = ${agency} and ${said ? `p.id = any(${said})` : 'p.archived_at is null'}`;
}

/** The properties that a page touches, and how many of their nights lie before it. */
function propertiesSql(made: Making, window: Window | undefined): { text: string; skip: number } {
  const select = `select p.id, p.base_price_minor from property p where ${whichSql(made)}`;
  if (!window) return { text: select, skip: 0 };
  const { walked, seek, take } = window;
  const nights = countNights(made.args);
  const skip = window.skip % nights;
  // The cursor's own property may have no night left, and then the page begins with the next.
  const touched = seek ? Math.ceil(take / nights) + 1 : Math.ceil((skip + take) / nights);
  const past = walked === 'asc' ? '>=' : '<=';
  const from = seek ? ` and p.id ${past} ${made.bind.add(Math.floor(Number(seek.key) / PROPERTY), 'bigint')}` : '';
  const text = `${select}${from} order by p.id ${walked}
    limit ${made.bind.add(touched, 'int')} offset ${made.bind.add(Math.floor(window.skip / nights), 'int')}`;
  return { text, skip };
}

/** A night's id sorts by property and then by date: the property's id, and 22 bits for the days since the year 1. Together 53, which a double holds. */
const PROPERTY = 2 ** 22;

/**
 * A night is free while a unit is. When none is, it is booked if a stay has one of them, and blocked otherwise. A room type
 * has a row in the inventory for the nights that were ever touched, and all of its units on the others.
 */
function nightsSql(properties: string, agency: string, from: string, to: string): string {
  return `
    with chosen as (${properties}),
    priced as (${nightlySql({ properties: 'chosen', agency, from, to })}),
    stock as (
      select r.property_id, sum(r.units) as units
      from room_type r where r.agency_id = ${agency} and r.property_id in (select id from chosen)
      group by r.property_id
    ),
    touched as (
      select r.property_id, i.date, sum(i.total - r.units) as more, sum(i.sold) as sold, sum(i.blocked) as blocked
      from room_type r join inventory i on i.agency_id = r.agency_id and i.room_type_id = r.id
      where r.agency_id = ${agency} and r.property_id in (select id from chosen) and i.date between ${from} and ${to}
      group by r.property_id, i.date
    ),
    held as (
      select n.property_id, n.date, min(n.booking_id) as booking_id
      from night n join booking b on b.agency_id = n.agency_id and b.id = n.booking_id
      where n.agency_id = ${agency} and n.property_id in (select id from chosen) and n.date between ${from} and ${to}
        and b.status in (${HOLDING.map((status) => `'${status}'`).join(', ')})
      group by n.property_id, n.date
    )
    select ${agency} as agency_id, p.property_id::bigint * ${PROPERTY} + (p.date - date '0001-01-01') as id, p.property_id, p.date,
      case when u.total > u.sold + u.blocked then 'AVAILABLE' when u.sold > 0 then 'BOOKED' else 'BLOCKED' end as status,
      p.price_minor, p.min_stay, p.closed_to_arrival, p.closed_to_departure, p.rate_id, h.booking_id,
      u.total as units_total, u.total - u.sold - u.blocked as units_available
    from priced p
    left join stock s on s.property_id = p.property_id
    left join touched t on t.property_id = p.property_id and t.date = p.date
    left join held h on h.property_id = p.property_id and h.date = p.date
    cross join lateral (
      select (coalesce(s.units, 0) + coalesce(t.more, 0))::int as total, coalesce(t.sold, 0)::int as sold,
        coalesce(t.blocked, 0)::int as blocked
    ) u`;
}
