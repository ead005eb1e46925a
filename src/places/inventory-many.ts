import { nightsOf } from '../core/dates.ts';
import { TryAgain } from '../core/viewer.ts';
import type { Transaction } from '../database/index.ts';
import type { Span } from './inventory.ts';

/**
 * Sells one unit of every night of every stay, first come first served, and answers for each stay with the nights that
 * were full: none when it was sold, and nothing of a stay is sold when one night is full. What `takeNights` does for one
 * stay, in three statements for hundreds.
 */
export async function takeManyNights(tx: Transaction, spans: Span[]): Promise<string[][]> {
  const { nights, bySpan } = await lockNights(tx, spans);
  const full = bySpan.map((own) => {
    const none = own.filter((night) => night.left - night.taken < 1);
    if (none.length === 0) for (const night of own) night.taken += 1;
    return none.map(({ date }) => date);
  });
  const sold = nights.filter(({ taken }) => taken > 0);
  const written = await tx.$executeRaw`
    insert into inventory (agency_id, room_type_id, date, total, sold)
    select r.agency_id, r.id, n.date, r.units, n.taken
    from json_to_recordset(${JSON.stringify(sold)}::json) as n("roomTypeId" int, date date, taken int)
    join room_type r on r.id = n."roomTypeId"
    order by r.id, n.date
    on conflict (agency_id, room_type_id, date)
    do update set sold = inventory.sold + excluded.sold
      where inventory.sold + inventory.blocked + excluded.sold <= inventory.total`;
  // A night that had no row couldn't be locked, and somebody sold it meanwhile.
  if (written < sold.length) throw new TryAgain('Somebody else sold one of these nights at the same time.');
  return full;
}

/** What changes on a night: units more or fewer that are sold, and that are blocked. */
export interface NightChange {
  roomTypeId: number;
  date: string;
  sold: number;
  blocked: number;
}

/**
 * Sells, frees, blocks and unblocks units of many nights, each night once, in two statements. All of it fits beside what
 * others have, or somebody was quicker and the work is done again. Who calls it has locked the nights that it has read.
 */
export async function changeNights(tx: Transaction, changes: NightChange[]): Promise<void> {
  if (changes.length === 0) return;
  const wanted = JSON.stringify(changes);
  const changed = await tx.$executeRaw`
    update inventory i set sold = i.sold + n.sold, blocked = i.blocked + n.blocked
    from json_to_recordset(${wanted}::json) as n("roomTypeId" int, date date, sold int, blocked int)
    where i.room_type_id = n."roomTypeId" and i.date = n.date and i.sold + n.sold >= 0 and i.blocked + n.blocked >= 0
      and i.sold + n.sold + i.blocked + n.blocked <= i.total`;
  if (changed === changes.length) return;
  const begun = await tx.$executeRaw`
    insert into inventory (agency_id, room_type_id, date, total, sold, blocked)
    select r.agency_id, r.id, n.date, r.units, n.sold, n.blocked
    from json_to_recordset(${wanted}::json) as n("roomTypeId" int, date date, sold int, blocked int)
    join room_type r on r.id = n."roomTypeId"
    where n.sold >= 0 and n.blocked >= 0
    order by r.id, n.date
    on conflict (agency_id, room_type_id, date) do nothing`;
  if (changed + begun < changes.length) throw new TryAgain('Somebody else took one of these nights at the same time.');
}

/** How many units each room type needs so that these stays fit beside what is sold and blocked already. */
export async function unitsNeeded(tx: Transaction, spans: Span[]): Promise<Map<number, number>> {
  const { nights, bySpan } = await lockNights(tx, spans);
  for (const night of bySpan.flat()) night.taken += 1;
  const needed = new Map<number, number>();
  for (const { roomTypeId, total, left, taken } of nights) {
    needed.set(roomTypeId, Math.max(needed.get(roomTypeId) ?? 0, total - left + taken));
  }
  return needed;
}

/** How many of the stays are there on their busiest night. */
export function busiestNight(stays: { checkIn: string; checkOut: string }[]): number {
  const guests = new Map<string, number>();
  for (const { checkIn, checkOut } of stays) {
    for (const date of nightsOf(checkIn, checkOut)) guests.set(date, (guests.get(date) ?? 0) + 1);
  }
  return Math.max(0, ...guests.values());
}

interface RoomNight {
  roomTypeId: number;
  date: string;
  total: number;
  /** Neither sold nor blocked. */
  left: number;
  /** What these stays take of it. */
  taken: number;
}

/**
 * The nights of these stays, all of them and stay by stay, held until the transaction ends, in the order in which `takeNights` takes them too: two
 * writers wait for each other and never in a circle.
 */
async function lockNights(tx: Transaction, spans: Span[]): Promise<{ nights: RoomNight[]; bySpan: RoomNight[][] }> {
  const roomTypes = await tx.$queryRaw<{ id: number; units: number }[]>`
    select id, units from room_type where id = any(${[...new Set(spans.map(({ roomTypeId }) => roomTypeId))]}::int[])`;
  const units = new Map(roomTypes.map((row) => [row.id, row.units]));
  const known = new Map<string, RoomNight>();
  const bySpan = spans.map(({ roomTypeId, checkIn, checkOut }) =>
    nightsOf(checkIn, checkOut).map((date) => {
      const key = keyOf(roomTypeId, date);
      const total = units.get(roomTypeId) ?? 0;
      const night = known.get(key) ?? { roomTypeId, date, total, left: total, taken: 0 };
      known.set(key, night);
      return night;
    }),
  );
  const nights = [...known.values()];
  const kept = await tx.$queryRaw<{ room_type_id: number; date: string; total: number; used: number }[]>`
    select i.room_type_id, i.date::text, i.total, i.sold + i.blocked as used
    from inventory i
    join json_to_recordset(${JSON.stringify(nights)}::json) as n("roomTypeId" int, date date)
      on n."roomTypeId" = i.room_type_id and n.date = i.date
    order by i.room_type_id, i.date
    for update of i`;
  for (const { room_type_id, date, total, used } of kept) {
    Object.assign(known.get(keyOf(room_type_id, date))!, { total, left: total - used });
  }
  return { nights, bySpan };
}

const keyOf = (roomTypeId: number, date: string) => `${roomTypeId} ${date}`;
