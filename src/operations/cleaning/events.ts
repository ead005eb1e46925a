import { z } from 'zod';
import { instant, toDay } from '../../core/dates.ts';
import { declareEvent } from '../../outbox/event.ts';
import { itemsOf } from './checklist.ts';
import type { CleaningTaskRow } from './types.ts';

interface CleaningFacts {
  task: CleaningTaskRow;
  /** The task that it was put off to. */
  followUp?: CleaningTaskRow;
}

const CleaningData = z.object({
  cleaning_task: z.object({
    id: z.int(),
    property_id: z.int(),
    booking_id: z.int().nullable().describe('The stay that it cleans up after.'),
    date: z.iso.date(),
    status: z.enum(['todo', 'assigned', 'in_progress', 'completed', 'skipped']),
    assignee: z.string().nullable(),
    checklist: z.array(z.object({ label: z.string(), done: z.boolean() })),
    before_photos: z.array(z.string()),
    after_photos: z.array(z.string()),
    notes: z.string().nullable(),
    skip_reason: z.string().nullable(),
    rescheduled_to: z.iso.date().nullable().describe('The day that a skipped task was put off to.'),
    rescheduled_to_id: z.int().nullable().describe('The task of that day.'),
    started_at: z.iso.datetime({ offset: true }).nullable(),
    completed_at: z.iso.datetime({ offset: true }).nullable(),
    created_at: z.iso.datetime({ offset: true }),
    updated_at: z.iso.datetime({ offset: true }),
  }),
});

const example: z.infer<typeof CleaningData> = {
  cleaning_task: {
    id: 310,
    property_id: 12,
    booking_id: 9876,
    date: '2026-08-19',
    status: 'assigned',
    assignee: 'Fatima Z.',
    checklist: [{ label: 'Change the sheets', done: false }],
    before_photos: [],
    after_photos: [],
    notes: null,
    skip_reason: null,
    rescheduled_to: null,
    rescheduled_to_id: null,
    started_at: null,
    completed_at: null,
    created_at: '2026-08-19T10:02:11+00:00',
    updated_at: '2026-08-19T10:02:11+00:00',
  },
};

function cleaningData({ task, followUp }: CleaningFacts): z.infer<typeof CleaningData> {
  return {
    cleaning_task: {
      id: task.id,
      property_id: task.propertyId,
      booking_id: task.bookingId,
      date: toDay(task.date),
      status: task.status.toLowerCase() as 'todo',
      assignee: task.assignee,
      checklist: itemsOf(task),
      before_photos: task.beforePhotos,
      after_photos: task.afterPhotos,
      notes: task.notes,
      skip_reason: task.skipReason,
      rescheduled_to: followUp ? toDay(followUp.date) : null,
      rescheduled_to_id: task.rescheduledToId,
      started_at: task.startedAt && instant(task.startedAt),
      completed_at: task.completedAt && instant(task.completedAt),
      created_at: instant(task.createdAt),
      updated_at: instant(task.updatedAt),
    },
  };
}

const about = (name: string, summary: string) =>
  declareEvent<CleaningFacts>({
    name,
    summary,
    ability: 'cleaning:read',
    data: CleaningData,
    render: cleaningData,
    read: 'cleaningTask',
    subject: ({ task }) => ({ kind: 'cleaning_task', id: task.id, version: task.version }),
    example,
  });

export const cleaningAssigned = about('cleaning.assigned', 'Cleaning task assigned');
export const cleaningCompleted = about('cleaning.completed', 'Cleaning task completed');
export const cleaningSkipped = about('cleaning.skipped', 'Cleaning task skipped (to be re-scheduled)');
