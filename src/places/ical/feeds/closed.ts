import type { IcalChannel } from '../../../../prisma/generated/client/enums.ts';
import { addDays } from '../../../core/dates.ts';
import type { Viewer } from '../../../core/viewer.ts';
import { HOLDING } from '../../../stays/bookings/nights.ts';
import { BOOKING_SOURCES } from '../source.ts';
import type { Closed } from './print.ts';

/** A feed and its property, as far as they decide what is exported. */
export interface FeedFacts {
  id: number;
  propertyId: number;
  units: number;
  channel: IcalChannel;
  /** The sources that bring in what the feed's reader says. */
  ownSourceIds: number[];
}

/** Channels don't sell further ahead. */
const AHEAD_DAYS = 731;

/** How far back a stay that is still going on can have begun. */
const BACK_DAYS = 731;

/**
 * What is closed for a feed's reader from yesterday on, in the order of the dates: one statement, however much it is. What
 * came from the reader itself is left out. Told its own stay as somebody else's, a channel would keep the nights closed after
 * the guest has cancelled there.
 */
export async function closedFor(viewer: Viewer, feed: FeedFacts): Promise<Closed[]> {
  const from = addDays(viewer.today, -1); // Somewhere it is still yesterday.
  const until = addDays(viewer.today, AHEAD_DAYS);
  const given = [feed.propertyId, HOLDING, OWN_SOURCES[feed.channel], feed.ownSourceIds, from, until];
  const { rows } =
    feed.units > 1
      ? await viewer.read(FULL_NIGHTS, [...given, addDays(from, -BACK_DAYS)])
      : await viewer.read(STAYS_AND_BLOCKS, given);
  return rows.map(([uid, first, last, reserved, changedAt, version]) => ({
    uid: uid as string,
    from: first as string,
    to: last as string,
    reserved: reserved as boolean,
    changedAt: changedAt as string,
    version: version as number | null,
  }));
}

/** What a booking's `source` says when it was made at a channel, whoever brought it here. Others are many, and not one. */
const OWN_SOURCES: Record<IcalChannel, readonly string[]> = { ...BOOKING_SOURCES, OTHER: [] };

/**
 * Whether a booking `b` came from the feed's reader: by its calendar, or, where no calendar holds it, by its name. A villa
 * may be listed twice at one channel, and either listing must hear of the other's guests. An echo of ours in a calendar
 * doesn't make a stay the reader's.
 */
const IS_OWN = `coalesce((
  select bool_or(o.source_id = any($4::int[])) from ical_event o
  where o.agency_id = b.agency_id and o.booking_id = b.id and o.state = 'BOOKED'), b.source = any($3::text[]))`;

const STAYS = `
  select b.* from booking b
  where b.property_id = $1::int and b.status::text = any($2::text[]) and b.check_out >= $5::date`;

const BLOCKS = `
  select e.* from ical_event e
  where e.property_id = $1::int and e.state = 'BLOCKED' and e.check_out >= $5::date`;

/** An instant as ical.js takes it. The session is in UTC. */
const stamp = (instant: string): string => `to_char(${instant}, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;

const STAYS_AND_BLOCKS = `
  select 'booking-' || b.id, b.check_in::text, b.check_out::text, true, ${stamp('b.updated_at')}, b.version
  from (${STAYS}) b
  where b.check_in < $6::date and not ${IS_OWN}
  union all
  select 'block-' || e.id, e.check_in::text, e.check_out::text, false, ${stamp('e.first_seen_at')}, null
  from (${BLOCKS}) e
  where e.check_in < $6::date and e.source_id <> all($4::int[])
  order by 2, 3, 1`;

/**
 * A place of several units is closed only on the nights on which none of any room type is left, whoever has them; nights that
 * follow each other are one event. Nights that the reader's own guests fill alone are no news to it. The look back lets an
 * event that began long ago keep the UID of its first night.
 */
const FULL_NIGHTS = `
  with room_types as (
    select id from room_type where property_id = $1::int
  ), taken as (
    select i.date, sum(i.sold + i.blocked) as units from inventory i join room_types r on r.id = i.room_type_id
    where i.date >= $7::date
    group by i.date
    having count(*) filter (where i.sold + i.blocked >= i.total) = (select count(*) from room_types)
  ), own as (
    select date, count(*) as units from (
      select generate_series(b.check_in, b.check_out - 1, interval '1 day')::date as date
      from (${STAYS.replace('$5', '$7')}) b where ${IS_OWN}
      union all
      select generate_series(e.check_in, e.check_out - 1, interval '1 day')::date
      from (${BLOCKS.replace('$5', '$7')}) e where e.source_id = any($4::int[])
    ) nights group by date
  ), closed as (
    select date, date - row_number() over (order by date)::int as island
    from taken t left join own o using (date)
    where t.units > coalesce(o.units, 0)
  ), changed as (
    select coalesce(max(b.updated_at), to_timestamp(0)) as at from booking b
    where b.property_id = $1::int and b.check_out >= $5::date
  )
  select 'full-' || $1::int || '-' || min(date), min(date)::text, (max(date) + 1)::text, false, ${stamp('changed.at')}, null
  from closed, changed
  group by island, changed.at
  having max(date) + 1 >= $5::date and min(date) < $6::date
  order by 2`;
