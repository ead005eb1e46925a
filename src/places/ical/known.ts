import { Prisma } from '../../../prisma/generated/client/client.ts';
import type {
  BookingStatus,
  IcalConflictKind,
  IcalConflictResolution,
  IcalEventKind,
  IcalEventState,
} from '../../../prisma/generated/client/enums.ts';
import { addDays } from '../../core/dates.ts';
import type { Transaction } from '../../database/index.ts';
import type { SourceRow } from './types.ts';
import { type KeptNight, Units } from './units.ts';

/** An event of the calendar as the last reading left it. Dates are plain. */
export interface KnownEvent {
  id: number;
  bookingId: number | null;
  uid: string;
  code: string | null;
  summary: string | null;
  kind: IcalEventKind;
  state: IcalEventState;
  checkIn: string;
  checkOut: string;
  /**
   * Readings in a row that did not hold it; of an echo, readings in a row in which the stay that it is the echo of wasn't
   * there any more. And since when.
   */
  misses: number;
  missingSince: Date | null;
}

/** A booking of the property, of whatever status. */
export interface KnownStay {
  id: number;
  roomTypeId: number;
  reference: string;
  channelReference: string | null;
  status: BookingStatus;
  source: string;
  guestName: string;
  checkIn: string;
  checkOut: string;
  cancelReason: string | null;
  /** Whether an event of any calendar is this booking already. */
  linked: boolean;
}

/** The last conflict of an event, open or resolved. */
export interface KnownConflict {
  id: number;
  eventId: number;
  bookingId: number | null;
  kind: IcalConflictKind;
  nights: string[];
  checkIn: string;
  checkOut: string;
  resolution: IcalConflictResolution | null;
}

/** What is known of a property before a calendar is compared with it. */
export interface Known {
  archived: boolean;
  /** Of the room type that stays are booked in. */
  roomTypeId: number;
  /** Whether that is one unit, which two guests can't have on the same nights. */
  oneUnit: boolean;
  events: KnownEvent[];
  stays: KnownStay[];
  /** What other calendars block here. */
  blocks: { channel: string; checkIn: string; checkOut: string }[];
  conflicts: KnownConflict[];
  units: Units;
}

/** Departures this long ago may still move: a guest stays on, and the channel tells it late. */
const BACK_DAYS = 7;

/**
 * Reads all that a calendar is compared with, in one statement a table however much there is. With `lock`, nobody changes
 * what is read until the transaction ends: bookings first and then their nights, the order in which everybody takes them.
 */
export async function readKnown(
  tx: Transaction,
  { id, propertyId }: Pick<SourceRow, 'id' | 'propertyId'>,
  { today, from, lock = false }: { today: string; from: string; lock?: boolean },
): Promise<Known> {
  const since = Prisma.sql`${addDays(today, -BACK_DAYS)}::text::date`;
  const held = Prisma.sql`where property_id = ${propertyId} and check_out >= ${since}`;
  if (lock) await tx.$queryRaw`select id from booking ${held} order by id for update`;
  const nights = await list<KeptNight>(
    tx,
    Prisma.sql`
      select i.room_type_id as "roomTypeId", i.date, i.total, i.sold, i.blocked from inventory i
      where i.room_type_id in (select id from room_type where property_id = ${propertyId})
        and i.date >= least(${from}::text::date, (select min(check_in) from ical_event where source_id = ${id} and check_out >= ${since}))
      order by i.room_type_id, i.date ${lock ? Prisma.sql`for update` : Prisma.empty}`,
  );
  const roomTypes = await list<{ id: number; units: number; archived: boolean }>(
    tx,
    Prisma.sql`
      select r.id, r.units, p.archived_at is not null as archived from room_type r join property p on p.id = r.property_id
      where p.id = ${propertyId} order by r.id`,
  );
  const events = await list<KnownEvent>(
    tx,
    Prisma.sql`
      select id, booking_id as "bookingId", uid, code, summary, kind, state, check_in as "checkIn", check_out as "checkOut",
        misses, missing_since as "missingSince"
      from ical_event where source_id = ${id} and check_out >= ${since} order by id`,
  );
  // `in` and not a join: of rows that were written a moment ago PostgreSQL has no count yet, and would join them in a loop,
  // 215 ms against 6 at 2,000 stays.
  const stays = await list<KnownStay>(
    tx,
    Prisma.sql`
      select b.id, b.room_type_id as "roomTypeId", b.reference, b.channel_reference as "channelReference", b.status, b.source,
        b.guest_name as "guestName", b.check_in as "checkIn", b.check_out as "checkOut", b.cancel_reason as "cancelReason",
        b.id in (
          select booking_id from ical_event where property_id = ${propertyId} and state = 'BOOKED' and booking_id is not null
        ) as linked
      from (select * from booking ${held}) b
      order by b.id`,
  );
  const blocks = await list<Known['blocks'][number]>(
    tx,
    Prisma.sql`
      select lower(s.channel::text) as channel, e.check_in as "checkIn", e.check_out as "checkOut"
      from (select * from ical_event ${held} and source_id <> ${id} and state = 'BLOCKED') e
      join ical_source s on s.id = e.source_id`,
  );
  const conflicts = await list<KnownConflict>(
    tx,
    Prisma.sql`
      select distinct on (ical_event_id) id, ical_event_id as "eventId", booking_id as "bookingId", kind, nights,
        check_in as "checkIn", check_out as "checkOut", resolution
      from ical_conflict where source_id = ${id} order by ical_event_id, id desc`,
  );
  for (const event of events) event.missingSince &&= new Date(event.missingSince);
  const [{ id: roomTypeId, units: count, archived }] = roomTypes as [(typeof roomTypes)[number]];
  const units = new Units(nights, new Map(roomTypes.map((one) => [one.id, one.units])));
  return { archived, roomTypeId, oneUnit: count === 1, events, stays, blocks, conflicts, units };
}

/** A statement's rows as one text of JSON, whose dates are plain: for thousands of rows, half as long as row by row. */
async function list<Row>(tx: Transaction, statement: Prisma.Sql): Promise<Row[]> {
  const [all] = await tx.$queryRaw<[{ rows: string }]>`
    select coalesce(json_agg(r), '[]')::text as rows from (${statement}) r`;
  return JSON.parse(all.rows);
}

/** The room type that stays of a calendar are booked in: the property's first. */
export async function firstRoomType(tx: Transaction, propertyId: number): Promise<number> {
  const roomType = await tx.roomType.findFirstOrThrow({ where: { propertyId }, orderBy: { id: 'asc' } });
  return roomType.id;
}
