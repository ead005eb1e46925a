/**
 * What each night of some properties costs and asks for, as the text of a SELECT that can stand as a subquery: one row a
 * property and night with
 *
 *     property_id int, date date, price_minor int (minor units of the agency's currency), min_stay int (nights),
 *     closed_to_arrival boolean, closed_to_departure boolean, rate_id int (null where the base price holds)
 *
 * The rule: of the rates that cover a night the highest priority wins, among equals the one that was written last; a night
 * that none covers has the property's base price and a minimum stay of 1. The winner decides price, minimum stay and
 * closures together, so that nobody has to work out which of two rates closed a day.
 *
 * `properties` names what stands in FROM with the columns `id` and `base_price_minor`, such as a CTE; `agency`, `from` and
 * `to` (the last night, itself included) are placeholders with their casts, such as `$1::int` and `$2::date`.
 */
export function nightlySql({ properties, agency, from, to }: Range): string {
  const windows = `(select id as property_id, ${from} as "from", ${to} as "to" from ${properties})`;
  return `
    select p.id as property_id, d.date, ${termsSql('w', 'p')}
    from ${properties} p
    cross join (select ${from} + generate_series(0, ${to} - ${from}) as date) d
    left join (${winnersSql({ windows, agency })}) w on w.property_id = p.id and w.date = d.date`;
}

/** The terms of a night: the winner's, or the property's base price where none covers it. */
export function termsSql(winner: string, property: string): string {
  return `
      coalesce(${winner}.price_minor, ${property}.base_price_minor) as price_minor,
      coalesce(${winner}.min_stay, 1) as min_stay,
      coalesce(${winner}.closed_to_arrival, false) as closed_to_arrival,
      coalesce(${winner}.closed_to_departure, false) as closed_to_departure,
      ${winner}.rate_id`;
}

/**
 * The rate that wins each night, for the nights that one covers, of properties in windows of their own: `windows` stands in
 * FROM with the columns `property_id`, "from" and "to".
 *
 * Rates are spread over their nights once for all properties. Asking night by night which rate covers it would read the same
 * rates again for each: 36,500 times for a year of a hundred properties, which this does in some 80 ms.
 */
export function winnersSql({ windows, agency }: { windows: string; agency: string }): string {
  return `
      select distinct on (property_id, date)
        property_id, date, price_minor, min_stay, closed_to_arrival, closed_to_departure, id as rate_id
      from (
        select r.id, r.property_id, r.price_minor, r.min_stay, r.closed_to_arrival, r.closed_to_departure, r.weekdays,
          r.priority, r.rank,
          greatest(r."from", v."from") + generate_series(0, least(r."to", v."to") - greatest(r."from", v."from")) as date
        from ${windows} v
        join rate r on r.agency_id = ${agency} and r.property_id = v.property_id
          and r."to" >= v."from" and r."from" <= v."to"
      ) covered
      where ${fallsOn('weekdays', 'date')}
      order by property_id, date, priority desc, rank desc, id desc`;
}

/** Whether a date is one of the nights of the week that a rate is for; no weekdays are all of them. */
export function fallsOn(weekdays: string, date: string): string {
  return `(cardinality(${weekdays}) = 0 or (enum_range(null::"Weekday"))[extract(isodow from ${date})::int] = any(${weekdays}))`;
}

interface Range {
  properties: string;
  agency: string;
  from: string;
  to: string;
}
