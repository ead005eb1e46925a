// Cleaning, as Turno, Properly and Breezeway do it: hear of a task as it is assigned, send it to the team's app, and report
// back what was done, with photos. The task itself was made by the check-out.
// Abilities: cleaning:read, cleaning:write, webhooks:write.
import { ask, listen } from './api.mjs';

// A team that was offline asks for what has changed since, and loses nothing.
const since = new Date(Date.now() - 3_600_000).toISOString();
const { meta } = await ask('GET', `/v1/cleaning-tasks?updated_since=${since}&status=todo,assigned`);
console.log(`${meta.total} open from the last hour`);

await listen(['cleaning.*'], async ({ event, data: { cleaning_task: task } }) => {
  if (event === 'cleaning.completed') {
    console.log(`task ${task.id} is done: ${task.after_photos.length} photo`);
    return true;
  }
  if (event !== 'cleaning.assigned') return;
  console.log(
    `${task.assignee} cleans property ${task.property_id} on ${task.date}: ${task.checklist.map(({ label }) => label).join(', ')}`,
  );
  // What the team's app would do as its people tap.
  await ask('POST', `/v1/cleaning-tasks/${task.id}/start`, { photos: ['https://photos.example.com/before.jpg'] });
  await ask('POST', `/v1/cleaning-tasks/${task.id}/complete`, { photos: ['https://photos.example.com/after.jpg'] });
});
