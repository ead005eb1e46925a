import { addDays, fromDay, nightsOf } from '../core/dates.ts';
import { Conflict } from '../core/errors.ts';
import type { Transaction } from '../database/index.ts';

/** A room type's nights from check-in to the day before check-out. */
export interface Span {
  roomTypeId: number;
  checkIn: string;
  checkOut: string;
}

/**
 * Sells one unit of each night, or none. The one statement states what must be true of every night; PostgreSQL locks the
 * rows in the order of their dates, so two stays that overlap wait for each other instead of both winning. A night that
 * nobody has sold before has no row yet, and gets one here.
 */
export async function takeNights(tx: Transaction, { roomTypeId, checkIn, checkOut }: Span): Promise<void> {
  const taken = await tx.$queryRaw<Taken>`
    insert into inventory (agency_id, room_type_id, date, total, sold)
    select r.agency_id, r.id, night::date, r.units, 1
    from room_type r, generate_series(${fromDay(checkIn)}::date, ${fromDay(addDays(checkOut, -1))}::date, interval '1 day') night
    where r.id = ${roomTypeId}
    order by night
    on conflict (agency_id, room_type_id, date)
    do update set sold = inventory.sold + 1 where inventory.sold + inventory.blocked < inventory.total
    returning date::text`;
  refuseFull(nightsOf(checkIn, checkOut), taken);
}

/**
 * Sells the nights of `after` and gives those of `before` back, of one room type; a night of both stays sold. In one statement
 * too, because two stays that change places would each hold what the other waits for.
 */
export async function moveNights(tx: Transaction, before: Span, after: Span): Promise<void> {
  const [old, wanted] = [before, after].map(({ checkIn, checkOut }) => nightsOf(checkIn, checkOut)) as [
    string[],
    string[],
  ];
  const [freed, sold] = [old.filter((date) => !wanted.includes(date)), wanted.filter((date) => !old.includes(date))];
  const taken = await tx.$queryRaw<Taken>`
    insert into inventory (agency_id, room_type_id, date, total, sold)
    select r.agency_id, r.id, n.date, r.units, n.sold
    from room_type r, (
      select unnest(${freed}::text[])::date as date, 0 as sold union all select unnest(${sold}::text[])::date, 1
    ) n
    where r.id = ${after.roomTypeId}
    order by n.date
    on conflict (agency_id, room_type_id, date)
    do update set sold = inventory.sold + case excluded.sold when 1 then 1 else -1 end
      where case excluded.sold when 1 then inventory.sold + inventory.blocked < inventory.total else inventory.sold > 0 end
    returning date::text`;
  refuseFull(sold, taken);
}

type Taken = { date: string }[];

function refuseFull(wanted: string[], taken: Taken): void {
  const got = new Set(taken.map(({ date }) => date));
  const full = wanted.filter((date) => !got.has(date));
  if (full.length > 0) throw datesTaken(full);
}

/** The refusal of a stay, with the nights on which nothing is left. */
export function datesTaken(full: string[]): Conflict {
  const nights = full.length > 5 ? `${full.slice(0, 5).join(', ')} and ${full.length - 5} more` : full.join(', ');
  return new Conflict('DATES_TAKEN', `No unit is left on ${nights}. Choose other dates or another property.`);
}

/** Gives one unit of each night back. */
export async function freeNights(tx: Transaction, { roomTypeId, checkIn, checkOut }: Span): Promise<void> {
  await tx.$executeRaw`
    with held as (
      select agency_id, room_type_id, date from inventory
      where room_type_id = ${roomTypeId} and date >= ${fromDay(checkIn)}::date and date < ${fromDay(checkOut)}::date
      order by date for update
    )
    update inventory i set sold = i.sold - 1 from held h
    where i.agency_id = h.agency_id and i.room_type_id = h.room_type_id and i.date = h.date and i.sold > 0`;
}
