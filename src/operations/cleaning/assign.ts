import { clock } from '../../core/clock.ts';
import { refuse } from '../../core/errors.ts';
import { textProblem } from '../../core/text.ts';
import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { changed } from '../../outbox/audit.ts';
import { cleaningAssigned } from './events.ts';
import { lock, refuseFinished } from './step.ts';
import { CleaningTask } from './types.ts';

/**
 * Gives a task to somebody, or to somebody else. One that has begun stays begun: whoever takes over goes on with it.
 */
export function assignCleaningTask(viewer: Viewer, { id, assignee }: { id: string; assignee: string }) {
  refuse({ assignee: textProblem(assignee, { required: true }) });
  return viewer.write(async (tx, emit) => {
    const before = await lock(tx, id);
    if (before.assignee === assignee.trim()) return before; // A retry has nothing new to tell anyone.
    refuseFinished(before, 'assigned');
    const task = await tx.cleaningTask.update({
      where: { id: before.id },
      data: {
        assignee: assignee.trim(),
        assignedAt: clock.now(),
        status: before.status === 'TODO' ? 'ASSIGNED' : before.status,
        version: { increment: 1 },
      },
    });
    await emit(cleaningAssigned, { task }, changed(before, task));
    return task;
  });
}

builder.mutationField('assignCleaningTask', (t) =>
  t.field({
    type: CleaningTask,
    description: 'Gives a cleaning task to somebody, or to somebody else while it is not finished.',
    ability: 'cleaning:write',
    args: {
      id: t.arg.id({ required: true }),
      assignee: t.arg.string({ required: true, description: 'Who does it, in the agency’s own words.' }),
    },
    resolve: (_root, { id, assignee }, { viewer }) => assignCleaningTask(viewer, { id, assignee }),
  }),
);
