import { monthsOf, type Span } from './buckets.ts';
import { countingSql } from './facts.ts';
import type { Known } from './read.ts';

/**
 * What there was to sell, as SELECTs; they read from `active`. As facts are, each is exact at every moment: what the fold has
 * taken over and what it hasn't yet.
 */
export interface Supply {
  /** Rows of date and units: how many more, or fewer, are on the market from that day of the range on. */
  changes(): string;
  /** Rows of date, blocked and owner: nights of units on the market that were not for sale. */
  offByDay(): string;
  /** The same in rows of property_id, blocked and owner. */
  offByProperty(): string;
}

/** Named properties are looked at one by one; and so are all of them where the owners' stays of another day are wanted. */
export function supplyOf(known: Known): Supply {
  return known.ask.propertyIds || known.ask.asOf ? fromProperties(known) : fromTotals(known);
}

/** The properties with the days of the range on which they are on the market: `ends` is the first day on which they are not. Archiving ends it on the day itself. */
export function activeSql({ ask, bind, agency, first, last }: Known): string {
  const which = ask.propertyIds ? `and p.id = any(${bind.add(ask.propertyIds, 'int[]')})` : '';
  const archived = `(p.archived_at at time zone ${bind.add(ask.viewer.agency.timezone, 'text')})::date`;
  return `
    select p.id, p.code, p.name, p.units, greatest(p.active_from, ${first}) as starts,
      least(p.active_to + 1, ${archived}, ${last} + 1) as ends
    from property p where p.agency_id = ${agency} ${which}`;
}

function fromTotals(known: Known): Supply {
  const { ask, agency, first, last, bind } = known;
  const both = (select: (table: string) => string) => ['agency_supply', 'supply_delta'].map(select).join(' union all ');
  return {
    changes: () =>
      both(
        (table) => `select greatest(date, ${first}) as date, units from ${table}
          where agency_id = ${agency} and date <= ${last} and units <> 0`,
      ),
    offByDay: () =>
      both(
        (table) => `select date, blocked, owner from ${table}
          where agency_id = ${agency} and date between ${first} and ${last} and (blocked <> 0 or owner <> 0)`,
      ),
    offByProperty() {
      const { head, months, tail } = monthsOf(ask.from, ask.to);
      const select = 'select property_id, blocked, owner';
      const totals = months && [
        `${select} from property_off where ${within('month', months)}`,
        `${select} from supply_delta where ${within('date', months)} and (blocked <> 0 or owner <> 0)`,
      ];
      const nights = [head, tail]
        .filter((span) => span !== undefined)
        .map((span) => `${select} from (${offSql(known, bind.add(span.from, 'date'), bind.add(span.to, 'date'))}) o`);
      return [...(totals ?? []), ...nights].join(' union all ');
    },
  };

  function within(column: string, span: Span): string {
    return `agency_id = ${agency} and ${column} between ${bind.add(span.from, 'date')} and ${bind.add(span.to, 'date')}`;
  }
}

function fromProperties(known: Known): Supply {
  const off = () => offSql(known, known.first, known.last);
  return {
    changes: () => `
      select starts as date, units from active where starts < ends
      union all select ends, -units from active where starts < ends and ends <= ${known.last}`,
    offByDay: off,
    offByProperty: off,
  };
}

/** Nights of units on the market that were not for sale: blocked, or the owner's own. */
function offSql(known: Known, from: string, to: string): string {
  const { agency } = known;
  const owners = countingSql(
    known,
    `n.agency_id = ${agency} and n.date between ${from} and ${to} and n.source = 'owner'`,
  );
  return `
    select n.property_id, n.date, n.blocked, n.owner from (
      select r.property_id, i.date, i.blocked, 0 as owner
      from inventory i join room_type r on r.agency_id = i.agency_id and r.id = i.room_type_id
      where i.agency_id = ${agency} and i.date between ${from} and ${to} and i.blocked > 0
      union all
      select property_id, date, 0, 1 from (${owners}) o
    ) n join active a on a.id = n.property_id and n.date >= a.starts and n.date < a.ends`;
}
