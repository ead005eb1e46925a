import { listRow, type Row } from '../../graph/row.ts';
import { cleaningTasks } from './types.ts';

const tag = 'Cleaning';

const TASK = `
  id property_id: propertyId property { id code name } booking_id: bookingId
  date status assignee checklist before_photos: beforePhotos after_photos: afterPhotos notes
  skip_reason: skipReason rescheduled_to: rescheduledTo rescheduled_to_id: rescheduledToId
  next_check_in: nextCheckIn ready_by: readyBy turnover_minutes: turnoverMinutes
  assigned_at: assignedAt started_at: startedAt completed_at: completedAt skipped_at: skippedAt
  created_at: createdAt updated_at: updatedAt`;

export const cleaningRoutes: Row[] = [
  listRow({ path: '/v1/cleaning-tasks', list: cleaningTasks, fields: TASK, tag, summary: 'List cleaning tasks' }),
  {
    method: 'GET',
    path: '/v1/cleaning-tasks/{id}',
    tag,
    summary: 'Read a cleaning task',
    document: `query ($id: ID!) { data: cleaningTask(id: $id) { ${TASK} } }`,
  },
  {
    method: 'POST',
    path: '/v1/cleaning-tasks',
    status: 201,
    tag,
    summary: 'Create a cleaning task',
    document: `mutation ($input: CreateCleaningTaskInput!) { data: createCleaningTask(input: $input) { ${TASK} } }`,
    example: { property_id: 12, date: '2026-08-19', checklist: ['Change the sheets', 'Count the towels'] },
  },
  {
    method: 'PATCH',
    path: '/v1/cleaning-tasks/{id}',
    tag,
    summary: 'Change a cleaning task',
    document: `mutation ($id: ID!, $input: UpdateCleaningTaskInput!) { data: updateCleaningTask(id: $id, input: $input) { ${TASK} } }`,
    example: {
      checklist: [{ label: 'Change the sheets', done: true }, 'Count the towels'],
      notes: 'A towel is missing.',
    },
  },
  {
    method: 'POST',
    path: '/v1/cleaning-tasks/{id}/assign',
    tag,
    summary: 'Assign a cleaning task',
    document: `mutation ($id: ID!, $assignee: String!) { data: assignCleaningTask(id: $id, assignee: $assignee) { ${TASK} } }`,
    example: { assignee: 'Fatima Z.' },
  },
  {
    method: 'POST',
    path: '/v1/cleaning-tasks/{id}/start',
    tag,
    summary: 'Start a cleaning task',
    document: `mutation ($id: ID!, $photos: [URL!]) { data: startCleaningTask(id: $id, photos: $photos) { ${TASK} } }`,
    example: { photos: ['https://photos.example.com/before-1.jpg'] },
  },
  {
    method: 'POST',
    path: '/v1/cleaning-tasks/{id}/complete',
    tag,
    summary: 'Complete a cleaning task',
    document: `mutation ($id: ID!, $photos: [URL!], $checklist: [ChecklistItem!], $notes: String) {
      data: completeCleaningTask(id: $id, photos: $photos, checklist: $checklist, notes: $notes) { ${TASK} }
    }`,
    example: {
      photos: ['https://photos.example.com/after-1.jpg'],
      checklist: [
        { label: 'Change the sheets', done: true },
        { label: 'Count the towels', done: true },
      ],
    },
  },
  {
    method: 'POST',
    path: '/v1/cleaning-tasks/{id}/skip',
    tag,
    summary: 'Skip a cleaning task, or put it off',
    // No day in the example: whatever it said would pass one day, and then the example wouldn't work.
    document: `mutation ($id: ID!, $reason: String!, $reschedule_to: LocalDate) {
      data: skipCleaningTask(id: $id, reason: $reason, rescheduleTo: $reschedule_to) { ${TASK} }
    }`,
    example: { reason: 'The guests stay a night longer.' },
  },
];
