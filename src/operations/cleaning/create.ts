import { clock } from '../../core/clock.ts';
import { fromDay } from '../../core/dates.ts';
import { Invalid, refuse } from '../../core/errors.ts';
import { textProblem } from '../../core/text.ts';
import type { Audit, Emit, Viewer } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import { builder } from '../../graph/builder.ts';
import { parseId } from '../../graph/ids.ts';
import { type ChecklistItem, refuseLongList, unticked } from './checklist.ts';
import { cleaningAssigned } from './events.ts';
import { CleaningTask, type CleaningTaskRow } from './types.ts';

interface NewCleaningTask {
  propertyId: string;
  date: string;
  bookingId?: string | null;
  assignee?: string | null;
  checklist?: ChecklistItem[] | null;
  notes?: string | null;
}

/** Creates a task. One that is created with somebody to do it is assigned at once. */
export function createCleaningTask(viewer: Viewer, input: NewCleaningTask) {
  refuse({
    assignee: textProblem(input.assignee, { required: true }),
    notes: textProblem(input.notes, { most: 10_000 }),
  });
  refuseLongList(input.checklist);
  return viewer.write(async (tx, emit, audit) => {
    const property = await tx.property.findFirst({ where: { id: parseId(input.propertyId) ?? -1 } });
    if (!property) throw new Invalid({ propertyId: ['is not a property of this agency'] });
    const task = await writeTask(viewer, tx, {
      propertyId: property.id,
      bookingId: input.bookingId == null ? null : await bookingOf(tx, input.bookingId, property.id),
      date: input.date,
      assignee: input.assignee?.trim() ?? null,
      checklist: input.checklist ?? unticked(property.cleaningChecklist),
      notes: input.notes,
    });
    await tellOfTask(task, emit, audit);
    return task;
  });
}

/** What a task is made of. */
interface Task {
  propertyId: number;
  bookingId: number | null;
  /** `2026-08-19` */
  date: string;
  assignee: string | null;
  checklist: ChecklistItem[];
  notes?: string | null;
  /** The id of the check-out that made it. */
  madeByEvent?: string;
}

/** Writes a new task, and leaves it to `tellOfTask` to say so. */
export function writeTask(viewer: Viewer, tx: Transaction, { date, checklist, ...facts }: Task) {
  const assigned = facts.assignee !== null;
  return tx.cleaningTask.create({
    data: {
      agencyId: viewer.agency.id,
      ...facts,
      date: fromDay(date),
      checklist: checklist as object[],
      status: assigned ? 'ASSIGNED' : 'TODO',
      assignedAt: assigned ? clock.now() : null,
    },
  });
}

/** The world hears of a new task when somebody has got it to do. */
export async function tellOfTask(task: CleaningTaskRow, emit: Emit, audit: Audit): Promise<void> {
  audit('cleaning.created', `cleaning_task:${task.id}`);
  if (task.status === 'ASSIGNED') await emit(cleaningAssigned, { task });
}

async function bookingOf(tx: Transaction, id: string, propertyId: number): Promise<number> {
  const booking = await tx.booking.findFirst({ where: { id: parseId(id) ?? -1, propertyId }, select: { id: true } });
  if (!booking) throw new Invalid({ bookingId: ['is not a booking of this property'] });
  return booking.id;
}

const CreateCleaningTaskInput = builder.inputType('CreateCleaningTaskInput', {
  fields: (t) => ({
    propertyId: t.id({ required: true }),
    date: t.field({ type: 'LocalDate', required: true, description: 'The day on which it is to be done.' }),
    bookingId: t.id({ description: 'The stay that it cleans up after; one at the same property.' }),
    assignee: t.string({ description: 'Who does it; it is assigned at once.' }),
    checklist: t.field({
      type: ['ChecklistItem'],
      description: "At most 100 texts or `{label, done}`; the property's list when not said.",
    }),
    notes: t.string(),
  }),
});

builder.mutationField('createCleaningTask', (t) =>
  t.field({
    type: CleaningTask,
    description: 'Creates a cleaning task, assigned at once where it says to whom.',
    ability: 'cleaning:write',
    args: { input: t.arg({ type: CreateCleaningTaskInput, required: true }) },
    resolve: (_root, { input }, { viewer }) => createCleaningTask(viewer, input),
  }),
);
