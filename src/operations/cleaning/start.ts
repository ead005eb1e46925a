import { clock } from '../../core/clock.ts';
import { refuse } from '../../core/errors.ts';
import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { changed } from '../../outbox/audit.ts';
import { photoProblems, withPhotos } from '../photos.ts';
import { lock, refuseFinished } from './step.ts';
import { CleaningTask } from './types.ts';

/** Begins a task. The photos show how the place was found. */
export function startCleaningTask(viewer: Viewer, { id, photos }: { id: string; photos?: string[] | null }) {
  refuse(photoProblems('photos', photos));
  return viewer.write(async (tx, _emit, audit) => {
    const before = await lock(tx, id);
    if (before.status === 'IN_PROGRESS') return before;
    refuseFinished(before, 'started');
    const beforePhotos = withPhotos(before.beforePhotos, photos);
    refuse(photoProblems('photos', beforePhotos));
    const task = await tx.cleaningTask.update({
      where: { id: before.id },
      data: { status: 'IN_PROGRESS', startedAt: clock.now(), beforePhotos, version: { increment: 1 } },
    });
    audit('cleaning.started', `cleaning_task:${task.id}`, changed(before, task));
    return task;
  });
}

builder.mutationField('startCleaningTask', (t) =>
  t.field({
    type: CleaningTask,
    description: 'Says that the cleaning has begun.',
    ability: 'cleaning:write',
    args: {
      id: t.arg.id({ required: true }),
      photos: t.arg({ type: ['URL'], description: 'How the place was found; added to its before photos.' }),
    },
    resolve: (_root, { id, photos }, { viewer }) => startCleaningTask(viewer, { id, photos }),
  }),
);
