import { momentAfter, onTheBooks } from './facts.ts';
import type { Known } from './read.ts';

/** Nights of the range that no figure holds, by the reason: the first that applies. It reads every night of the range. */
export function leftOutSql({ ask, bind, agency, first, last, own }: Known): string {
  const { viewer, asOf, propertyIds } = ask;
  const then = asOf && momentAfter(asOf, viewer.agency.timezone, bind);
  const counts = then ? `(${onTheBooks(then, bind.add(asOf, 'date'))})` : 'n.counts';
  const which = propertyIds ? `and n.property_id = any(${bind.add(propertyIds, 'int[]')})` : '';
  return `(
    select json_agg(r order by reason) from (
      select case
          when ${counts} and n.source = 'owner' then 'owner_stay'
          when ${counts} then 'other_currency'
          ${then ? `when b.booked_at >= ${then} then 'booked_later'` : ''}
          when b.status in ('CANCELLED', 'NO_SHOW') then lower(b.status::text)
          else 'pending'
        end as reason, count(*) as nights, count(distinct n.booking_id) as bookings
      from night n join booking b on b.agency_id = n.agency_id and b.id = n.booking_id
      where n.agency_id = ${agency} and n.date between ${first} and ${last} ${which}
        and (not ${counts} or n.source = 'owner' or n.currency <> ${own})
      group by 1) r)`;
}
