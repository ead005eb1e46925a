import type { TaxKind } from '../../../prisma/generated/client/enums.ts';
import type { Transaction } from '../../database/index.ts';
import type { Period } from './period.ts';

/** What a report is made from, added up as its lines will be. */
export interface Sources {
  lines: SourceLine[];
  leftOut: LeftOut[];
  /** SHA-256 of every night and every tariff that went in. */
  hash: string;
}

/** The nights of a property that go by one tariff. */
interface SourceLine {
  propertyId: number;
  tariffId: number;
  /** What the property says of itself, as it is written there. */
  commune: string | null;
  category: string | null;
  tax: TaxKind;
  amountMinor: number | null;
  rateBasisPoints: number | null;
  stays: number;
  persons: number;
  exemptPersons: number;
  personNights: number;
  taxablePersonNights: number;
  grossMinor: number;
}

/** Nights of a property that no line speaks of. */
export interface LeftOut {
  propertyId: number;
  /** Null where no tax counts them. */
  tax: TaxKind | null;
  reason: Reason;
  nights: number;
}

/** Why nights are left out of a report. */
export const REASONS = {
  OWNER_STAY: 'The owner’s own stays: nobody is lodged for payment, so no tax counts them.',
  NO_COMMUNE: 'No tariff applies, and the property says no commune.',
  NO_TARIFF: 'No tariff applies on these nights to the property’s commune and category.',
  OTHER_CURRENCY: 'Sold in another currency than the agency’s; amounts of two currencies are never added.',
};
export type Reason = keyof typeof REASONS;

/**
 * Reads the nights that count, finds the tariff of each for each tax, and adds them up, in one statement and so as of one
 * moment. Tariffs are looked up once a place and span, not once a night: a place is a commune and a category, of which an
 * agency has a handful, and within a span of days no tariff begins or ends. The nights of a stay in a span follow each other,
 * so they are one row before any tax is counted; and of a property and span they are one row where all of the stay lies in it
 * (`added_up`, once for each limit of nights). Only a stay that a new tariff finds in the house is counted by itself, for each
 * of its tariffs once (`parted`). That is how a quarter of 10,000 properties, 300,000 stays, is read in some seconds.
 *
 * A tax that the agency has entered no tariff of isn't its business, and nothing is left out for want of one; without any
 * tariff all three are. The hash holds the stays with what was true of their property, the tariffs that held, and the lines.
 *
 * `header` is what else is said of the report, as the first line of what is hashed.
 */
export async function readSources(
  tx: Transaction,
  { agencyId, currency, period, commune, header }: Of,
): Promise<Sources> {
  // A quarter of 10,000 properties is half a million rows on the way, which the usual 4 MB would spill onto the disk.
  await tx.$executeRaw`set local work_mem = '64MB'`;
  await tx.$executeRaw`set local statement_timeout = '60s'`;
  const [row] = await tx.$queryRaw<[{ found: Sources }]>`
    with tariff as materialized (
      select t.*, lower(t.commune) as in_commune, lower(t.category) as of_category from tax_tariff t where t.agency_id = ${agencyId}
    ),
    tax as (
      select tax from unnest(enum_range(null::"TaxKind")) tax
      where tax in (select tax from tariff) or not exists (select from tariff)
    ),
    span as materialized (
      select day as "from", coalesce(lead(day) over (order by day) - 1, ${period.to}::date) as "to"
      from (
        select ${period.from}::date as day
        union select valid_from from tariff union select valid_to + 1 from tariff
      ) day
      where day between ${period.from}::date and ${period.to}::date
    ),
    place as materialized (
      select id as property_id, commune, category, written_commune, written_category,
        dense_rank() over (order by commune, category) as place
      from (
        select id, lower(trim(coalesce(commune, ''))) as commune, lower(trim(coalesce(tax_category, ''))) as category,
          nullif(trim(commune), '') as written_commune, nullif(trim(tax_category), '') as written_category
        from property where agency_id = ${agencyId}
      ) property
      where ${commune}::text is null or commune = lower(${commune}::text)
    ),
    part as materialized (
      select n.booking_id, n.property_id, span."from" as span, n.currency, min(n.date) as first, count(*)::int as nights,
        sum(n.gross_minor) as gross_minor
      from night n join span on n.date between span."from" and span."to"
      where n.agency_id = ${agencyId} and n.counts and n.date between ${period.from}::date and ${period.to}::date
      group by 1, 2, 3, 4
    ),
    slept as materialized (
      select part.*, place.place, place.commune, place.category, b.guests_count as persons,
        least(coalesce(b.children, 0), b.guests_count) as children, b.source = 'owner' as owners,
        part.first - b.check_in as before, part.currency <> ${currency} as is_foreign,
        part.nights = least(b.check_out, ${period.to}::date + 1) - greatest(b.check_in, ${period.from}::date) as is_whole
      from part
      join place on place.property_id = part.property_id
      join booking b on b.agency_id = ${agencyId} and b.id = part.booking_id
    ),
    applied as materialized (
      select p.*, span."from" as span, span."to", tax.tax, t.*,
        case when t.tariff_id is null then case when p.commune = '' then 'NO_COMMUNE' else 'NO_TARIFF' end end as missing
      from (select distinct place, commune, category from slept where not owners) p
      cross join span
      cross join tax
      left join lateral (
        select t.id as tariff_id, t.amount_minor, t.rate_basis_points, t.children_exempt, t.exempt_after_nights
        from tariff t
        where t.tax = tax.tax and t.valid_from <= span."from" and (t.valid_to is null or t.valid_to >= span."to")
          and (t.commune is null or t.in_commune = p.commune) and (t.category is null or t.of_category = p.category)
        order by t.commune is null, t.category is null, t.valid_from desc, t.id desc limit 1
      ) t on true
    ),
    most as (select null::int as nights union select exempt_after_nights from tariff),
    added_up as materialized (
      select s.property_id, s.place, s.span, s.is_foreign, most.nights as most, count(*) as stays, sum(s.persons) as persons,
        sum(s.children) as children, sum(s.nights) as nights, sum(s.persons * s.nights) as person_nights,
        sum(s.persons * taxed) as taxed, sum(s.children * taxed) as taxed_children, sum(s.gross_minor) as gross_minor
      from slept s
      cross join most
      cross join lateral (select greatest(0, least(s.nights, most.nights - s.before)) as taxed) t
      where s.is_whole and not s.owners
      group by 1, 2, 3, 4, 5
    ),
    parted as (
      select s.booking_id, s.property_id, s.persons, s.nights, s.gross_minor, a.tax, a.tariff_id,
        case when a.children_exempt then s.children else 0 end as exempt,
        greatest(0, least(s.nights, a.exempt_after_nights - s.before)) as taxed,
        case when a.tax = 'VAT' and s.is_foreign and a.missing is null then 'OTHER_CURRENCY' else a.missing end as reason
      from slept s
      join applied a on a.place = s.place and a.span = s.span
      where not s.is_whole and not s.owners
    ),
    counted as materialized (
      select s.property_id, a.tax, a.tariff_id, s.stays, s.persons, case when a.children_exempt then s.children else 0 end as exempt,
        s.nights, s.person_nights, s.taxed - case when a.children_exempt then s.taxed_children else 0 end as taxable, s.gross_minor,
        case when a.tax = 'VAT' and s.is_foreign and a.missing is null then 'OTHER_CURRENCY' else a.missing end as reason
      from added_up s
      join applied a on a.place = s.place and a.span = s.span and a.exempt_after_nights is not distinct from s.most
      union all
      select property_id, tax, tariff_id, 1, max(persons), max(exempt), sum(nights), sum(persons * nights),
        sum((persons - exempt) * taxed), sum(gross_minor), reason
      from parted group by booking_id, property_id, tax, tariff_id, reason
    ),
    line as materialized (
      select property_id as "propertyId", tariff_id as "tariffId", tax, sum(stays) as stays, sum(persons) as persons,
        sum(exempt) as "exemptPersons", sum(person_nights) as "personNights", sum(taxable) as "taxablePersonNights",
        sum(gross_minor) as "grossMinor"
      from counted where reason is null group by 1, 2, 3
    ),
    priced as (
      select line.*, p.written_commune as commune, p.written_category as category,
        t.amount_minor as "amountMinor", t.rate_basis_points as "rateBasisPoints"
      from line join tariff t on t.id = line."tariffId" join place p on p.property_id = line."propertyId"
    ),
    missing as (
      select property_id as "propertyId", tax, reason, sum(nights) as nights
      from counted where reason is not null group by 1, 2, 3
      union all
      select property_id, null, 'OWNER_STAY', sum(nights) from slept where owners group by 1
    ),
    stay as (
      select booking_id, concat_ws('|', 'stay', booking_id, first, nights, property_id, commune, category, persons, children,
        before, owners, gross_minor, currency) as text
      from slept where is_whole
      union all
      select booking_id, concat_ws('|', 'stay', booking_id, min(first), sum(nights), property_id, commune, category, persons,
        children, min(before), owners, sum(gross_minor), currency)
      from slept where not is_whole
      group by booking_id, property_id, commune, category, persons, children, owners, currency
    ),
    held as (
      select tariff_id, place, concat_ws('|', 'tariff', tariff_id, commune, category, min(span), max("to")) as text
      from applied where tariff_id is not null group by place, tariff_id, commune, category
    ),
    drawn as (
      select "propertyId", "tariffId", concat_ws('|', 'line', "propertyId", "tariffId", stays, persons, "exemptPersons",
        "personNights", "taxablePersonNights", "grossMinor") as text
      from line
    )
    select json_build_object(
      'lines', coalesce((select json_agg(priced order by "propertyId", tax, "tariffId") from priced), '[]'),
      'leftOut', coalesce((select json_agg(missing order by "propertyId", tax nulls first, reason) from missing), '[]'),
      'hash', encode(sha256(convert_to(
        concat_ws(E'\n', ${header}::text,
          (select string_agg(text, E'\n' order by booking_id, text collate "C") from stay),
          (select string_agg(text, E'\n' order by tariff_id, place) from held),
          (select string_agg(text, E'\n' order by "propertyId", "tariffId") from drawn)),
        'UTF8')), 'hex')
    ) as found`;
  return row.found;
}

interface Of {
  agencyId: number;
  currency: string;
  period: Period;
  /** Null for all of them. */
  commune: string | null;
  header: string;
}
