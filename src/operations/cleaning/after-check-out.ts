import { todayIn } from '../../core/dates.ts';
import type { Viewer } from '../../core/viewer.ts';
import { declareErrand, type ErrandCall } from '../../outbox/errand.ts';
import { unticked } from './checklist.ts';
import { tellOfTask, writeTask } from './create.ts';

/**
 * Makes the cleaning task that follows from a check-out, at a property that wants one. Nothing is made twice, whatever the
 * relay does and however often a check-out is taken back: an event makes one task, and a stay has one unfinished task.
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
    const known = await tx.cleaningTask.findFirst({
      where: {
        OR: [{ madeByEvent: key }, { bookingId: booking.id, status: { in: ['TODO', 'ASSIGNED', 'IN_PROGRESS'] } }],
      },
      select: { id: true },
    });
    if (known) return;
    const { property } = booking;
    const task = await writeTask(viewer, tx, {
      propertyId: property.id,
      bookingId: booking.id,
      // The day on which the guest left, however late the relay comes.
      date: todayIn(viewer.agency.timezone, new Date(created_at)),
      assignee: property.cleaningAssignee,
      checklist: unticked(property.cleaningChecklist),
      madeByEvent: key,
    });
    await tellOfTask(task, emit, audit);
  });
}

declareErrand({ kind: 'cleaning.after_check_out', on: ['booking.checked_out'], run: cleanAfterCheckOut });
