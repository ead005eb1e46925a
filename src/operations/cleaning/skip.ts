import { clock } from '../../core/clock.ts';
import { toDay } from '../../core/dates.ts';
import { Conflict, refuse } from '../../core/errors.ts';
import { textProblem } from '../../core/text.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import { builder } from '../../graph/builder.ts';
import { changed } from '../../outbox/audit.ts';
import { itemsOf, unticked } from './checklist.ts';
import { tellOfTask, writeTask } from './create.ts';
import { cleaningSkipped } from './events.ts';
import { lock, refuseFinished } from './step.ts';
import { CleaningTask, type CleaningTaskRow } from './types.ts';

interface Skip {
  id: string;
  reason: string;
  /** The day on which it is done instead: one that has not passed. */
  rescheduleTo?: string | null;
}

/** Says that a task is not done, and puts it off to another day where one is given: a task of its own, for the same hands. */
export function skipCleaningTask(viewer: Viewer, { id, reason, rescheduleTo }: Skip) {
  refuse({ reason: textProblem(reason, { most: 1_000, required: true }) });
  return viewer.write(async (tx, emit, audit) => {
    const before = await lock(tx, id);
    if (before.status === 'SKIPPED') return skippedAlready(tx, before, rescheduleTo);
    refuseFinished(before, 'skipped');
    refuse({
      rescheduleTo:
        rescheduleTo != null &&
        (rescheduleTo < viewer.today
          ? 'must not be a day that has passed'
          : rescheduleTo === toDay(before.date) && 'must be another day than the task’s own'),
    });
    const followUp =
      rescheduleTo == null
        ? undefined
        : await writeTask(viewer, tx, {
            propertyId: before.propertyId,
            bookingId: before.bookingId,
            date: rescheduleTo,
            assignee: before.assignee,
            checklist: unticked(itemsOf(before).map(({ label }) => label)),
          });
    const task = await tx.cleaningTask.update({
      where: { id: before.id },
      data: {
        status: 'SKIPPED',
        skipReason: reason.trim(),
        skippedAt: clock.now(),
        rescheduledToId: followUp?.id,
        version: { increment: 1 },
      },
    });
    await emit(cleaningSkipped, { task, followUp }, changed(before, task));
    if (followUp) await tellOfTask(followUp, emit, audit);
    return task;
  });
}

/**
 * A retry has nothing new to tell anyone. One that asks for another day is no retry: the follow-up may be under way, so it
 * is changed itself.
 */
async function skippedAlready(tx: Transaction, task: CleaningTaskRow, rescheduleTo: string | null | undefined) {
  if (rescheduleTo == null) return task;
  const followUp = await tx.cleaningTask.findFirst({ where: { id: task.rescheduledToId ?? -1 } });
  if (followUp && toDay(followUp.date) === rescheduleTo) return task;
  throw new Conflict(
    'INVALID_TRANSITION',
    followUp
      ? `This cleaning task was put off to ${toDay(followUp.date)} already. Change the date of task ${followUp.id} instead.`
      : 'This cleaning task was skipped already. Create another one for that day.',
  );
}

builder.mutationField('skipCleaningTask', (t) =>
  t.field({
    type: CleaningTask,
    description: 'Says that a cleaning task is not done, and puts it off to another day where one is given.',
    ability: 'cleaning:write',
    args: {
      id: t.arg.id({ required: true }),
      reason: t.arg.string({ required: true, description: 'Why; kept with the task.' }),
      rescheduleTo: t.arg({
        type: 'LocalDate',
        description: 'Makes a task on that day, for the same place, stay and assignee. Not a day that has passed.',
      }),
    },
    resolve: (_root, skip, { viewer }) => skipCleaningTask(viewer, skip),
  }),
);
