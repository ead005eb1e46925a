import { clock } from '../../core/clock.ts';
import { snake } from '../../core/text.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import { fallsOn } from './nightly.ts';
import type { NamedNights } from './push.ts';

/**
 * Takes what earlier pushes said of some nights away, in one statement whatever their number. A rate whose nights are all
 * named goes; of one that has others, each part without a named night in it stays: the first in the same row, the others as
 * rows of their own. The nights of a part follow each other among the nights of the rate's own weekdays, so a rate for
 * weekends that loses one weekend becomes two rates for weekends.
 */
export async function clearPushed(viewer: Viewer, tx: Transaction, named: NamedNights[]): Promise<void> {
  const rows = named.map((night) =>
    Object.fromEntries(Object.entries(night).map(([key, value]) => [snake(key), value])),
  );
  await tx.$executeRawUnsafe(CLEAR, JSON.stringify(rows), viewer.agency.id, clock.now());
}

const CLEAR = `
  with named as materialized (
    select distinct property_id, date
    from (
      select property_id, weekdays, "from" + generate_series(0, "to" - "from") as date
      from json_to_recordset($1::json) as s(property_id int, "from" date, "to" date, weekdays "Weekday"[])
    ) spread
    where ${fallsOn('weekdays', 'date')}
  ), windows as (
    select property_id, min(date) as "from", max(date) as "to" from named group by property_id
  ), nights as materialized (
    select o.id, o.date, n.date is not null as named, row_number() over (partition by o.id order by o.date) as number
    from (
      select r.id, r.property_id, r.weekdays, r."from" + generate_series(0, r."to" - r."from") as date
      from windows w
      join rate r on r.agency_id = $2::int and r.property_id = w.property_id and r.pushed
        and r."to" >= w."from" and r."from" <= w."to"
    ) o
    left join named n on n.property_id = o.property_id and n.date = o.date
    where ${fallsOn('o.weekdays', 'o.date')}
  ), touched as (
    select id from nights group by id having bool_or(named)
  ), parts as materialized (
    select id, min(date) as "from", max(date) as "to", row_number() over (partition by id order by min(date)) as part
    from (
      select id, date, number - row_number() over (partition by id order by date) as island
      from nights
      where not named and id in (select id from touched)
    ) kept
    group by id, island
  ), gone as (
    delete from rate r using touched t where r.id = t.id and not exists (select from parts p where p.id = t.id)
  ), trimmed as (
    update rate r set "from" = p."from", "to" = p."to", updated_at = $3::timestamptz
    from parts p where p.part = 1 and r.id = p.id
  )
  insert into rate (agency_id, property_id, name, "from", "to", weekdays, price_minor, min_stay, closed_to_arrival,
    closed_to_departure, priority, pushed, rank, created_at, updated_at)
  select r.agency_id, r.property_id, r.name, p."from", p."to", r.weekdays, r.price_minor, r.min_stay, r.closed_to_arrival,
    r.closed_to_departure, r.priority, true, r.rank, r.created_at, $3::timestamptz
  from parts p join rate r on r.id = p.id
  where p.part > 1`;
