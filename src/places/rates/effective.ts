import { nightsBetween } from '../../core/dates.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import { termsSql, winnersSql } from './nightly.ts';

/** Some nights of a property; `to` is the last. */
export interface Span {
  propertyId: number;
  from: string;
  to: string;
}

/** A night and what holds for it. An array, because a push compares 36,500 of them twice. */
export type Night = [
  date: string,
  priceMinor: number,
  minStay: number,
  closedToArrival: boolean,
  closedToDeparture: boolean,
];

/** Nights that follow each other and changed in the same way: the first one before and after, and the last date. */
export interface Run {
  from: string;
  to: string;
  nights: number;
  before: Night;
  after: Night;
}

/** What holds for each night of some spans, by property and in the order of the dates. Spans may overlap. */
export async function effectiveNights(viewer: Viewer, tx: Transaction, spans: Span[]): Promise<Map<number, Night[]>> {
  const named = JSON.stringify(spans.map(({ propertyId, from, to }) => ({ property_id: propertyId, from, to })));
  const rows = await tx.$queryRawUnsafe<{ property_id: number; nights: string }[]>(NIGHTS, named, viewer.agency.id);
  return new Map(rows.map(({ property_id, nights }) => [property_id, JSON.parse(nights)]));
}

/** One JSON text a property: as rows of its own, Prisma would take longer over the nights than PostgreSQL. */
const NIGHTS = `
  with named as (
    select distinct property_id, "from" + generate_series(0, "to" - "from") as date
    from json_to_recordset($1::json) as s(property_id int, "from" date, "to" date)
  ), windows as (
    select property_id, min(date) as "from", max(date) as "to" from named group by property_id
  )
  select property_id,
    json_agg(json_build_array(date, price_minor, min_stay, closed_to_arrival, closed_to_departure) order by date)::text as nights
  from (
    select n.property_id, n.date, ${termsSql('w', 'p')}
    from named n
    join property p on p.agency_id = $2::int and p.id = n.property_id
    left join (${winnersSql({ windows: 'windows', agency: '$2::int' })}) w
      on w.property_id = n.property_id and w.date = n.date
  ) terms
  group by property_id`;

/** Where the same nights differ before and after a write, in as few runs as say it. */
export function changesBetween(before: Night[], after: Night[]): Run[] {
  const runs: Run[] = [];
  for (const [i, now] of after.entries()) {
    const then = before[i]!;
    if (same(then, now)) continue;
    const run = runs.at(-1);
    if (run && same(run.before, then) && same(run.after, now) && nightsBetween(run.to, now[0]) === 1) {
      run.to = now[0];
      run.nights += 1;
    } else runs.push({ from: now[0], to: now[0], nights: 1, before: then, after: now });
  }
  return runs;
}

/** How many nights changed. */
export const nightsIn = (runs: Run[]): number => runs.reduce((sum, { nights }) => sum + nights, 0);

function same(a: Night, b: Night): boolean {
  return a[1] === b[1] && a[2] === b[2] && a[3] === b[3] && a[4] === b[4];
}
