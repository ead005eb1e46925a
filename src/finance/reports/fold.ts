import type { Services } from '../../core/viewer.ts';

/** Rows that one transaction takes over: some tens of milliseconds, so that nobody waits long for a total. */
const BATCH = 20_000;
/** Of one agency, two folds at once would only wait for each other's totals. */
const FOLD_LOCK = 7_106_003;

/**
 * Takes over what has changed into the totals, agency by agency, and answers how many changes those were. It is only what keeps
 * reports fast: their figures are the same before and after. Harmless when several processes do it at once.
 */
export async function foldReports({ database }: Pick<Services, 'database'>): Promise<number> {
  const { rows } = await database.system.query<{ id: number }>(
    `select id from agency a
     where exists (select from report_delta d where d.agency_id = a.id) or exists (select from supply_delta d where d.agency_id = a.id)
     order by id`,
  );
  let folded = 0;
  for (const { id } of rows) {
    for (const fold of [FOLD, FOLD_SUPPLY]) {
      for (let taken = BATCH; taken === BATCH; folded += taken) {
        const answer = await database.asAgency(id, (client) => client.query<{ taken: number }>(fold, [id]));
        taken = answer.rows[0]?.taken ?? 0;
      }
    }
  }
  return folded;
}

/** The changes that one fold takes over, taken out of their table. */
const takenFrom = (table: string) => `
  with mine as materialized (select pg_try_advisory_xact_lock(${FOLD_LOCK}, $1) as locked),
  batch as (
    select id from ${table}
    where agency_id = $1 and (select locked from mine)
    order by id limit ${BATCH}
  ),
  taken as (delete from ${table} d using batch where d.id = batch.id returning d.*)`;

/**
 * One statement, so that a reader sees a change either here or there. It takes what was written when it began; what is being
 * written meanwhile is left for the next time. The totals are written in the order of their keys.
 */
export const FOLD = `${takenFrom('report_delta')},
  days as (
    insert into agency_day as t
    select agency_id, date, source, currency, sum(nights), sum(gross_minor), sum(net_minor), sum(bookings), sum(cancelled),
      sum(stays), sum(stay_nights), sum(lead_days)
    from taken group by agency_id, date, source, currency order by date, source, currency
    on conflict (agency_id, date, source, currency) do update set
      nights = t.nights + excluded.nights, gross_minor = t.gross_minor + excluded.gross_minor,
      net_minor = t.net_minor + excluded.net_minor, bookings = t.bookings + excluded.bookings,
      cancelled = t.cancelled + excluded.cancelled, stays = t.stays + excluded.stays,
      stay_nights = t.stay_nights + excluded.stay_nights, lead_days = t.lead_days + excluded.lead_days
  ),
  months as (
    insert into property_month as t
    select agency_id, date_trunc('month', date)::date as month, property_id, source, currency, sum(nights), sum(gross_minor),
      sum(net_minor)
    from taken group by 1, 2, 3, 4, 5 having sum(nights) <> 0 or sum(gross_minor) <> 0 or sum(net_minor) <> 0
    order by 2, 3, 4, 5
    on conflict (agency_id, month, property_id, source, currency) do update set
      nights = t.nights + excluded.nights, gross_minor = t.gross_minor + excluded.gross_minor,
      net_minor = t.net_minor + excluded.net_minor
  )
  select count(*)::int as taken from taken`;

/** The same of what there is to sell. */
export const FOLD_SUPPLY = `${takenFrom('supply_delta')},
  days as (
    insert into agency_supply as t
    select agency_id, date, sum(units), sum(blocked), sum(owner) from taken group by agency_id, date order by date
    on conflict (agency_id, date) do update set
      units = t.units + excluded.units, blocked = t.blocked + excluded.blocked, owner = t.owner + excluded.owner
  ),
  months as (
    insert into property_off as t
    select agency_id, date_trunc('month', date)::date as month, property_id, sum(blocked), sum(owner)
    from taken group by 1, 2, 3 having sum(blocked) <> 0 or sum(owner) <> 0
    order by 2, 3
    on conflict (agency_id, month, property_id) do update set
      blocked = t.blocked + excluded.blocked, owner = t.owner + excluded.owner
  )
  select count(*)::int as taken from taken`;
