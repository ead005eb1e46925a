import { amount, type Known, literal } from '../../graph/sql.ts';

/**
 * The SQL of what the statements of a month are made from, as CTEs: `source`, a row for each line; `owed`, a row for each
 * owner with the totals and the hash. The parameters, in their order:
 *
 * - `$1` the agency, `$2` and `$3` the first and the last day, `$4` and `$5` when the month begins and when it is over
 * - `$6` one owner alone, or null
 * - `$7` true leaves out the owners who have a statement that was made after the month was over
 * - `$8` the agency's time zone, which says on what day a ticket was resolved
 *
 * A stay earns what its nights of the month say, in the agency's currency. Two kinds stand there with their nights and
 * without an amount: an owner's own stay, which nobody pays, and one in another currency, which can't be added up.
 * A property's owner is whoever that is now.
 */
export function sourcesSql(known: Known): string {
  const own = literal(known.currency);
  return `
  chosen as (
    select o.id from owner o
    where o.agency_id = $1::int and ($6::int is null or o.id = $6)
      and not ($7::boolean and exists (
        select from statement s
        where s.agency_id = $1 and s.owner_id = o.id and s."from" = $2::date and s.generated_at >= $5::timestamptz))
  ), place as (
    select p.id, p.owner_id from property p where p.agency_id = $1 and p.owner_id in (select id from chosen)
  ), stay as (
    select place.owner_id, n.property_id, n.booking_id, n.currency, b.reference, b.source = 'owner' as by_owner,
      n.currency = ${own} and b.source <> 'owner' as earns, count(*)::int as nights, min(n.date) as first, max(n.date) as last,
      sum(n.gross_minor) as gross, sum(n.gross_minor - n.net_minor) as commission,
      string_agg(concat_ws('|', 'night', n.booking_id, b.reference, n.property_id, n.date, n.currency, n.gross_minor,
        n.net_minor, case b.source when 'owner' then 'owner' end), E'\\n' order by n.date) as canonical
    from night n
    join place on place.id = n.property_id
    join booking b on b.agency_id = n.agency_id and b.id = n.booking_id
    where n.agency_id = $1 and n.date between $2 and $3::date and n.counts
    group by place.owner_id, n.property_id, n.booking_id, n.currency, b.reference, b.source
  ), source as materialized (
    select found.*,
      row_number() over (partition by owner_id order by kind, day, property_id, tie, booking_id, id)::int as position
    from (
      select owner_id, 'BOOKING'::"StatementLineKind" as kind, property_id, booking_id, first as day, 0 as tie, 0 as id,
        nights, reference || case when nights = 1 then ' (night of ' || first else ' (nights of ' || first || ' to ' || last end
          || case when by_owner then '; the owner’s own stay'
               when not earns then '; ' || ${amount('gross', 'currency', known)} || ' ' || currency || ', not added up'
               else '' end || ')' as label,
        case when earns then gross else 0 end as revenue, case when earns then commission else 0 end as commission,
        0 as expense, canonical
      from stay
      union all
      select place.owner_id, 'EXPENSE', e.property_id, null, e.date, 1, e.id, 0, e.label, 0, 0, e.amount_minor,
        concat_ws('|', 'expense', e.id, e.property_id, e.date, e.currency, e.amount_minor, e.label)
      from expense e join place on place.id = e.property_id
      where e.agency_id = $1 and e.date between $2 and $3 and e.currency = ${own}
      union all
      select place.owner_id, 'EXPENSE', m.property_id, null, done.day, 2, m.id, 0, m.title, 0, 0, m.cost_minor,
        concat_ws('|', 'maintenance', m.id, m.property_id, done.day, m.currency, m.cost_minor, m.title)
      from maintenance_ticket m join place on place.id = m.property_id
      cross join lateral (select (m.resolved_at at time zone $8::text)::date as day) done
      where m.agency_id = $1 and m.status = 'RESOLVED' and m.resolved_at >= $4 and m.resolved_at < $5
        and m.cost_minor > 0 and m.currency = ${own}
    ) found
  ), earlier as (
    select distinct on (s.owner_id) s.owner_id, s.revision, s.sources_hash
    from statement s
    where s.agency_id = $1 and s."from" = $2 and s.owner_id in (select id from chosen)
    order by s.owner_id, s.revision desc
  ), owed as (
    select owner_id, coalesce(earlier.revision, 0) + 1 as revision, earlier.sources_hash as hash_before,
      coalesce(sum(revenue), 0) as revenue, coalesce(sum(source.commission), 0) as commission,
      coalesce(sum(expense), 0) as expenses,
      encode(sha256(convert_to(concat_ws(E'\\n', concat_ws('|', 'statement', owner_id, $2, $3, ${own}),
        string_agg(canonical, E'\\n' order by position)), 'UTF8')), 'hex') as hash
    from source full join earlier using (owner_id)
    group by owner_id, earlier.revision, earlier.sources_hash
  )`;
}
