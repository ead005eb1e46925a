import { clock } from '../../core/clock.ts';
import { refuse } from '../../core/errors.ts';
import { textProblem } from '../../core/text.ts';
import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { changed } from '../../outbox/audit.ts';
import { photoProblems, withPhotos } from '../photos.ts';
import { type ChecklistItem, refuseLongList } from './checklist.ts';
import { cleaningCompleted } from './events.ts';
import { lock, refuseFinished } from './step.ts';
import { CleaningTask } from './types.ts';

interface Completion {
  id: string;
  photos?: string[] | null;
  checklist?: ChecklistItem[] | null;
  notes?: string | null;
}

/**
 * Says that the place is ready. From any state that isn't finished: a cleaner who forgot to press start has cleaned all the
 * same. Nothing is ticked that nobody ticked.
 */
export function completeCleaningTask(viewer: Viewer, { id, photos, checklist, notes }: Completion) {
  refuse({ notes: textProblem(notes, { most: 10_000 }), ...photoProblems('photos', photos) });
  refuseLongList(checklist);
  return viewer.write(async (tx, emit) => {
    const before = await lock(tx, id);
    if (before.status === 'COMPLETED') return before; // A retry has nothing new to tell anyone.
    refuseFinished(before, 'completed');
    const afterPhotos = withPhotos(before.afterPhotos, photos);
    refuse(photoProblems('photos', afterPhotos));
    const task = await tx.cleaningTask.update({
      where: { id: before.id },
      data: {
        status: 'COMPLETED',
        completedAt: clock.now(),
        afterPhotos,
        checklist: checklist == null ? undefined : (checklist as object[]),
        notes: notes ?? undefined,
        version: { increment: 1 },
      },
    });
    await emit(cleaningCompleted, { task }, changed(before, task));
    return task;
  });
}

builder.mutationField('completeCleaningTask', (t) =>
  t.field({
    type: CleaningTask,
    description: 'Says that the place is ready, whether the task was ever started or not.',
    ability: 'cleaning:write',
    args: {
      id: t.arg.id({ required: true }),
      photos: t.arg({ type: ['URL'], description: 'How the place was left; added to its after photos.' }),
      checklist: t.arg({ type: ['ChecklistItem'], description: 'The whole list as it stands now.' }),
      notes: t.arg.string({ description: 'In place of the notes before.' }),
    },
    resolve: (_root, completion, { viewer }) => completeCleaningTask(viewer, completion),
  }),
);
