import { Binder } from '../../graph/sql.ts';
import type { Ask } from './ask.ts';
import { factsOf } from './facts.ts';
import { leftOutSql } from './left-out.ts';
import { activeSql, supplyOf } from './supply.ts';

/** What can be read of a report. Nothing is read that isn't asked for. */
export type Part = 'days' | 'properties' | 'off' | 'leftOut';

/** What a report is worked out from: sums of whole numbers, money in minor units. */
export interface Found {
  /** Sold nights by the bucket's first day: in the agency's currency with what they earn, and in all currencies. */
  series: [from: string, nights: number, grossMinor: number, netMinor: number, allNights: number][] | null;
  sources: SourceTotals[] | null;
  /** Units that come on the market on a date, or leave it. */
  supply: [date: string, units: number][] | null;
  /** Nights of active units that were not for sale, by the bucket's first day. */
  off: [from: string, blocked: number, owner: number][] | null;
  properties: PropertyTotals[] | null;
  leftOut: { reason: string; nights: number; bookings: number }[] | null;
}

export interface SourceTotals {
  source: string;
  currency: string;
  nights: number;
  gross_minor: number;
  net_minor: number;
  bookings: number;
  cancelled: number;
  stays: number;
  stay_nights: number;
  lead_days: number;
}

export interface PropertyTotals {
  id: number;
  code: string;
  name: string;
  nights: number;
  gross_minor: number;
  net_minor: number;
  all_nights: number;
  available: number;
  blocked: number;
  owner: number;
}

/** Reads the parts in one statement, so that all of them are of one moment and add up to each other. */
export async function readReport(ask: Ask, parts: ReadonlySet<Part>): Promise<Found> {
  const { viewer } = ask;
  const bind = new Binder();
  const known: Known = {
    ask,
    bind,
    agency: bind.add(viewer.agency.id, 'int'),
    first: bind.add(ask.from, 'date'),
    last: bind.add(ask.to, 'date'),
    own: bind.add(viewer.agency.currency, 'char(3)'),
  };
  const counted = parts.has('days') || parts.has('properties');
  const off = parts.has('off');
  const tables: string[] = [];
  const columns: string[] = [];
  if (counted) tables.push(`active as (${activeSql(known)})`);
  if (parts.has('days')) {
    const place = placeSql(known);
    tables.push(`day as (${factsOf(known).byDay()})`);
    columns.push(`'series', ${seriesSql(place, known)}`, `'sources', ${SOURCES}`, `'supply', ${supplySql(known)}`);
    if (off) columns.push(`'off', ${offByBucketSql(place, known)}`);
  }
  if (parts.has('properties')) columns.push(`'properties', ${propertiesSql(known, off)}`);
  if (parts.has('leftOut')) columns.push(`'leftOut', ${leftOutSql(known)}`);
  const text = `${tables.length > 0 ? `with ${tables.join(', ')}` : ''}
    select json_build_object(${columns.join(', ')})::text`;
  const { rows } = await viewer.read(text, bind.values);
  return JSON.parse(rows[0]![0] as string) as Found;
}

/** What every part of the statement is written with; the texts are placeholders. */
export interface Known {
  ask: Ask;
  bind: Binder;
  agency: string;
  first: string;
  last: string;
  /** The agency's currency. */
  own: string;
}

/** The first day of a date's bucket. Looking it up in an array of a thousand took two thirds of the statement's time. */
function placeSql({ ask, first }: Known): string {
  if (ask.granularity === 'DAY') return 'date';
  return `greatest(date_trunc('${ask.granularity.toLowerCase()}', date::timestamp)::date, ${first})`;
}

/** Nights in the agency's currency with what they earn, and nights in all. */
const soldSql = (own: string) => `
  coalesce(sum(nights) filter (where currency = ${own}), 0) as nights,
  coalesce(sum(gross_minor) filter (where currency = ${own}), 0) as gross,
  coalesce(sum(net_minor) filter (where currency = ${own}), 0) as net, sum(nights) as all_nights`;

const seriesSql = (place: string, { own }: Known) => `(
  select json_agg(json_build_array(bucket, nights, gross, net, all_nights)) from (
    select ${place} as bucket, ${soldSql(own)} from day where source <> 'owner' group by 1) s)`;

const SOURCES = `(
  select json_agg(s order by gross_minor desc, source, currency) from (
    select source, currency, sum(nights) as nights, sum(gross_minor) as gross_minor, sum(net_minor) as net_minor,
      sum(bookings) as bookings, sum(cancelled) as cancelled, sum(stays) as stays, sum(stay_nights) as stay_nights,
      sum(lead_days) as lead_days
    from day group by source, currency) s)`;

const supplySql = (known: Known) => `(
  select json_agg(json_build_array(date, units) order by date) from (
    select date, sum(units) as units from (${supplyOf(known).changes()}) c group by date having sum(units) <> 0) u)`;

const offByBucketSql = (place: string, known: Known) => `(
  select json_agg(json_build_array(bucket, blocked, owner)) from (
    select ${place} as bucket, sum(blocked) as blocked, sum(owner) as owner from (${supplyOf(known).offByDay()}) off group by 1) o)`;

/** A property that was off the market all the time is left out, unless it has sold nights all the same. */
function propertiesSql(known: Known, off: boolean): string {
  const offSums = off
    ? `left join (
        select property_id, sum(blocked) as blocked, sum(owner) as owner from (${supplyOf(known).offByProperty()}) off group by 1
      ) o on o.property_id = a.id`
    : 'cross join (select 0 as blocked, 0 as owner) o';
  return `(
    select json_agg(json_build_object('id', a.id, 'code', a.code, 'name', a.name,
      'nights', coalesce(s.nights, 0), 'gross_minor', coalesce(s.gross, 0), 'net_minor', coalesce(s.net, 0),
      'all_nights', coalesce(s.all_nights, 0), 'available', a.units * greatest(0, a.ends - a.starts),
      'blocked', coalesce(o.blocked, 0), 'owner', coalesce(o.owner, 0)) order by a.id)
    from active a
    left join (
      select property_id, ${soldSql(known.own)}
      from (${factsOf(known).byProperty()}) f where source <> 'owner' group by property_id
    ) s on s.property_id = a.id
    ${offSums}
    where a.starts < a.ends or s.all_nights > 0)`;
}
