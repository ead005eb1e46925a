import { toDay, todayIn } from '../../core/dates.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import { declareErrand, type ErrandCall } from '../../outbox/errand.ts';
import { unticked } from './checklist.ts';
import { tellOfTask, writeTask } from './create.ts';
import { isFinished } from './step.ts';

/**
 * Makes the cleaning task that follows from a check-out, at a property that wants one. Nothing is made twice, whatever the
 * relay does and however often a check-out is taken back: an event makes one task, and a guest who leaves has one unfinished.
 */
export function cleanAfterCheckOut(viewer: Viewer, { key, event }: ErrandCall): Promise<void> {
  const { created_at, data } = event!;
  return viewer.write(async (tx, emit, audit) => {
    // Two check-outs of one stay wait for each other here, and so does the undo of either.
    await tx.$queryRaw`select id from booking where id = ${data.booking.id} for update`;
    const booking = await tx.booking.findFirst({
      where: { id: data.booking.id, status: 'CHECKED_OUT' },
      include: { property: true },
    });
    if (!booking?.property.cleaningAtCheckOut) return;
    // The day on which the guest left, however late the relay comes.
    const date = todayIn(viewer.agency.timezone, new Date(created_at));
    const planned = toDay(booking.checkOut);
    if (await isSeenTo(tx, { bookingId: booking.id, key, from: date < planned ? date : planned })) return;
    const { property } = booking;
    const task = await writeTask(viewer, tx, {
      propertyId: property.id,
      bookingId: booking.id,
      date,
      assignee: property.cleaningAssignee,
      checklist: unticked(property.cleaningChecklist),
      madeByEvent: key,
    });
    await tellOfTask(task, emit, audit);
  });
}

/**
 * Whether somebody has this check-out to clean up after already: its own task, one that is unfinished from a check-out that was
 * taken back (or that this one was put off to), or one that was made by hand for the departure, dated on `from` or later. A
 * clean during the stay that nobody has ticked off is none of these.
 */
async function isSeenTo(
  tx: Transaction,
  { bookingId, key, from }: { bookingId: number; key: string; from: string },
): Promise<boolean> {
  const tasks = await tx.cleaningTask.findMany({ where: { bookingId }, orderBy: { id: 'asc' } });
  const fromCheckOut = new Set<number | null>();
  for (const { id, madeByEvent, rescheduledToId } of tasks) {
    if (madeByEvent !== null || fromCheckOut.has(id)) fromCheckOut.add(id).add(rescheduledToId); // Follow-ups have higher ids.
  }
  return tasks.some(
    (task) =>
      task.madeByEvent === key || (!isFinished(task) && (fromCheckOut.has(task.id) || toDay(task.date) >= from)),
  );
}

declareErrand({ kind: 'cleaning.after_check_out', on: ['booking.checked_out'], run: cleanAfterCheckOut });
