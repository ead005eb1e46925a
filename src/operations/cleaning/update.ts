import { fromDay } from '../../core/dates.ts';
import { refuse, refuseNulls } from '../../core/errors.ts';
import { textProblem } from '../../core/text.ts';
import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { changed } from '../../outbox/audit.ts';
import { photoProblems } from '../photos.ts';
import { type ChecklistItem, refuseLongList } from './checklist.ts';
import { lock, refuseFinished } from './step.ts';
import { CleaningTask } from './types.ts';

interface CleaningTaskChange {
  date?: string | null;
  notes?: string | null;
  checklist?: ChecklistItem[] | null;
  beforePhotos?: string[] | null;
  afterPhotos?: string[] | null;
}

/**
 * Changes a task, or ticks its list. What was done and what was skipped stays as it was told to the world; a note can be
 * added to it still.
 */
export function updateCleaningTask(viewer: Viewer, { id, input }: { id: string; input: CleaningTaskChange }) {
  const { date, notes, checklist, beforePhotos, afterPhotos } = input;
  refuseNulls(input, ['date']);
  refuse({
    notes: textProblem(notes, { most: 10_000 }),
    ...photoProblems('beforePhotos', beforePhotos),
    ...photoProblems('afterPhotos', afterPhotos),
  });
  refuseLongList(checklist);
  return viewer.write(async (tx, _emit, audit) => {
    const before = await lock(tx, id);
    const more = [date, checklist, beforePhotos, afterPhotos].some((given) => given !== undefined);
    if (more) refuseFinished(before, 'changed, except for its notes');
    const task = await tx.cleaningTask.update({
      where: { id: before.id },
      data: {
        date: date == null ? undefined : fromDay(date),
        notes,
        checklist: checklist === undefined ? undefined : ((checklist ?? []) as object[]),
        beforePhotos: beforePhotos === undefined ? undefined : (beforePhotos ?? []),
        afterPhotos: afterPhotos === undefined ? undefined : (afterPhotos ?? []),
        version: { increment: 1 },
      },
    });
    audit('cleaning.updated', `cleaning_task:${task.id}`, changed(before, task));
    return task;
  });
}

const UpdateCleaningTaskInput = builder.inputType('UpdateCleaningTaskInput', {
  fields: (t) => ({
    date: t.field({ type: 'LocalDate', description: 'The day on which it is to be done.' }),
    notes: t.string({ description: 'The one thing that can change once it is completed or skipped.' }),
    checklist: t.field({
      type: ['ChecklistItem'],
      description: 'The whole list, in place of the one before: at most 100 texts or `{label, done}`.',
    }),
    beforePhotos: t.field({ type: ['URL'], description: 'All of them, in place of those before: at most 50.' }),
    afterPhotos: t.field({ type: ['URL'], description: 'All of them, in place of those before: at most 50.' }),
  }),
});

builder.mutationField('updateCleaningTask', (t) =>
  t.field({
    type: CleaningTask,
    description: 'Changes the fields that are given and leaves the others as they are.',
    ability: 'cleaning:write',
    args: { id: t.arg.id({ required: true }), input: t.arg({ type: UpdateCleaningTaskInput, required: true }) },
    resolve: (_root, { id, input }, { viewer }) => updateCleaningTask(viewer, { id, input }),
  }),
);
