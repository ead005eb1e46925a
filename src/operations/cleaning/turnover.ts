import type { Viewer } from '../../core/viewer.ts';
import { HOLDING } from '../../stays/bookings/nights.ts';

/**
 * What a task's place in the calendar says of it. Each is one SQL expression on the task's alias, which the planner puts
 * into its statement and `turnoverOf` into its own; so both say the same, down to the timezone data that they go by.
 *
 * The next arrival is that of any stay that holds its nights, the task's own left out: a guest who leaves on the day of the
 * arrival isn't the next one. Of a property of many units nobody knows which one comes next, so there it is null.
 */
export const TURNOVER = {
  nextCheckIn: (task: string) => `(select next_stay.check_in ${nextStay(task)})`,
  readyBy: (task: string) => `(select ${readyAt} ${nextStay(task)})`,
  /** From the hour at which guests must leave on the task's date, in whole minutes. */
  turnoverMinutes: (task: string) => `(
    select (extract(epoch from ${readyAt} - ${at(`${task}.date`, 'check_out_time')}) / 60)::int ${nextStay(task)})`,
  rescheduledTo: (task: string) => `(
    select put_off.date from cleaning_task put_off
    where put_off.agency_id = ${task}.agency_id and put_off.id = ${task}.rescheduled_to_id)`,
};

const at = (date: string, time: string) => `((${date} + place.${time}::time) at time zone home.timezone)`;

const readyAt = at('next_stay.check_in', 'check_in_time');

const nextStay = (task: string) => `
  from property place
  join agency home on home.id = place.agency_id
  cross join lateral (
    select stay.check_in from booking stay
    where stay.agency_id = place.agency_id and stay.property_id = place.id and stay.check_in >= ${task}.date
      and stay.status in (${HOLDING.map((status) => `'${status}'`)}) and stay.id is distinct from ${task}.booking_id
    order by stay.check_in limit 1
  ) next_stay
  where place.agency_id = ${task}.agency_id and place.id = ${task}.property_id and place.units = 1`;

export interface Turnover {
  /** `2026-08-19` */
  nextCheckIn: string | null;
  readyBy: Date | null;
  turnoverMinutes: number | null;
  /** The date of the task that this one was put off to. */
  rescheduledTo: string | null;
}

/** The tasks that were asked for in this turn of the event loop, by who asks. */
const waiting = new WeakMap<Viewer, { ids: Set<number>; found: Promise<Map<number, Turnover>> }>();

/** The same for one task, where a read isn't planned: all that are asked for at once are read by one statement. */
export async function turnoverOf(viewer: Viewer, id: number): Promise<Turnover> {
  let batch = waiting.get(viewer);
  if (!batch) {
    const ids = new Set<number>();
    const found = Promise.resolve().then(() => {
      waiting.delete(viewer);
      return read(viewer, [...ids]);
    });
    batch = { ids, found };
    waiting.set(viewer, batch);
  }
  batch.ids.add(id);
  return (await batch.found).get(id)!;
}

async function read(viewer: Viewer, ids: number[]): Promise<Map<number, Turnover>> {
  // Dates as text: pg and Prisma read them into different things.
  const { rows } = await viewer.read(
    `select task.id, ${TURNOVER.nextCheckIn('task')}::text as a, ${TURNOVER.readyBy('task')} as b,
       ${TURNOVER.turnoverMinutes('task')} as c, ${TURNOVER.rescheduledTo('task')}::text as d
     from cleaning_task task where task.agency_id = $1::int and task.id = any($2::int[])`,
    [viewer.agency.id, ids],
  );
  return new Map(
    (rows as [number, string | null, Date | null, number | null, string | null][]).map(
      ([id, nextCheckIn, readyBy, turnoverMinutes, rescheduledTo]) => [
        id,
        { nextCheckIn, readyBy, turnoverMinutes, rescheduledTo },
      ],
    ),
  );
}
