import { Readable } from 'node:stream';
import { execute, parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import { schema } from '../src/domains.ts';
import { cleanAfterCheckOut } from '../src/operations/cleaning/after-check-out.ts';
import { planQuery } from '../src/planner/plan.ts';
import { agencyViewer } from '../src/platform/agency-viewer.ts';
import { importBookings } from '../src/stays/bookings/import.ts';
import { checkOutBooking } from '../src/stays/bookings/steps.ts';
import type { Receiver } from './support/receiver.ts';
import { type Integrator, startWorld, type World } from './support/world.ts';

// biome-ignore lint/suspicious/noExplicitAny: the body of a task
type Task = any;

async function makeTask(mine: Integrator, fields: object = {}): Promise<Task> {
  const property_id = 'property_id' in fields ? fields.property_id : (await mine.property()).id;
  const answer = await mine.post('/v1/cleaning-tasks', { property_id, date: '2027-06-10', ...fields });
  if (answer.status !== 201) throw new Error(answer.text);
  return answer.body.data;
}

async function doTo(mine: Integrator, id: number, step: string, body: object = {}) {
  const answer = await mine.post(`/v1/cleaning-tasks/${id}/${step}`, body);
  return answer.status === 200 ? answer.body.data : [answer.status, answer.body.code, answer.body.errors];
}

/** Checks a stay in and out at the desk, and lets the relay do what follows from it. */
async function leave(world: World, bookingId: number) {
  await world.post(`/v1/bookings/${bookingId}/check-in`);
  await world.post(`/v1/bookings/${bookingId}/check-out`);
  await world.relay();
}

const tasksOf = async (mine: Integrator, query = '') => (await mine.get(`/v1/cleaning-tasks${query}`)).body.data;

/** What arrived, in the order in which it happened: deliveries may overtake each other, and ids rise. */
const told = ({ received }: Receiver) => [...received].sort((a, b) => (a.id < b.id ? -1 : 1));

const PHOTO = 'https://photos.example.com/1.jpg';

describe('the life of a cleaning task', () => {
  // The cleaners' app shows what these calls carry, and nothing else: what isn't told isn't cleaned.
  test('created, assigned, started, completed: the webhooks tell of the assignment and the completion', async () => {
    const world = await startWorld({ today: '2027-06-01' });
    const receiver = await world.subscribe('cleaning.*');
    const booking = await world.book({ check_in: '2027-06-08', check_out: '2027-06-10' });
    const { property_id } = booking;
    const task = await makeTask(world, {
      property_id,
      booking_id: booking.id,
      checklist: ['Sheets', { label: 'Towels' }],
    });
    expect(task).toMatchObject({ status: 'todo', assignee: null, booking_id: booking.id, date: '2027-06-10' });
    expect(task.checklist).toEqual([
      { label: 'Sheets', done: false },
      { label: 'Towels', done: false },
    ]);
    expect(await doTo(world, task.id, 'assign', { assignee: ' Fatima Z. ' })).toMatchObject({
      status: 'assigned',
      assignee: 'Fatima Z.',
      assigned_at: expect.any(String),
    });
    expect(await doTo(world, task.id, 'start', { photos: [PHOTO] })).toMatchObject({
      status: 'in_progress',
      before_photos: [PHOTO],
    });
    const ticked = await world.patch(`/v1/cleaning-tasks/${task.id}`, {
      checklist: [{ label: 'Sheets', done: true }, 'Towels'],
    });
    expect(ticked.body.data.checklist.map(({ done }: Task) => done)).toEqual([true, false]);
    const done = await doTo(world, task.id, 'complete', {
      photos: [`${PHOTO}?after`],
      checklist: [
        { label: 'Sheets', done: true },
        { done: true, label: 'Towels' },
      ],
      notes: 'A lamp is broken.',
    });
    expect(done).toMatchObject({ status: 'completed', after_photos: [`${PHOTO}?after`], notes: 'A lamp is broken.' });
    await world.relay();
    expect(told(receiver).map(({ event, signature }) => [event, signature])).toEqual([
      ['cleaning.assigned', 'valid'],
      ['cleaning.completed', 'valid'],
    ]);
    const [assigned, completed] = told(receiver).map(({ json }) => json.data.cleaning_task);
    expect(assigned).toMatchObject({ id: task.id, status: 'assigned', assignee: 'Fatima Z.', started_at: null });
    expect(completed).toEqual({
      id: task.id,
      property_id,
      booking_id: booking.id,
      date: '2027-06-10',
      status: 'completed',
      assignee: 'Fatima Z.',
      checklist: [
        { label: 'Sheets', done: true },
        { label: 'Towels', done: true },
      ],
      before_photos: [PHOTO],
      after_photos: [`${PHOTO}?after`],
      notes: 'A lamp is broken.',
      skip_reason: null,
      rescheduled_to: null,
      rescheduled_to_id: null,
      started_at: done.started_at,
      completed_at: done.completed_at,
      created_at: done.created_at,
      updated_at: done.updated_at,
    });
  });

  // A second message for one task sends a second cleaner.
  test('a step that is asked for again answers the same and tells nobody; a change of hands tells again', async () => {
    const world = await startWorld({ today: '2027-06-01' });
    const receiver = await world.subscribe('cleaning.*');
    const { id } = await makeTask(world, { assignee: 'Fatima' });
    const [first, again] = [
      await doTo(world, id, 'assign', { assignee: 'Fatima' }),
      await doTo(world, id, 'assign', { assignee: 'Fatima ' }),
    ];
    expect(again).toEqual(first);
    await doTo(world, id, 'assign', { assignee: 'Ahmed' });
    const started = await doTo(world, id, 'start');
    expect(await doTo(world, id, 'start', { photos: [PHOTO] })).toEqual(started);
    expect(await doTo(world, id, 'assign', { assignee: 'Samira' })).toMatchObject({ status: 'in_progress' });
    const completed = await doTo(world, id, 'complete');
    expect(await doTo(world, id, 'complete', { photos: [PHOTO] })).toEqual(completed);
    expect(await doTo(world, id, 'assign', { assignee: 'Samira' })).toEqual(completed);
    const skipped = await makeTask(world);
    for (const _ask of ['first', 'again']) {
      await doTo(world, skipped.id, 'skip', { reason: 'Rain', reschedule_to: '2027-06-12' });
    }
    await world.relay();
    expect(told(receiver).map(({ event, json }) => [event, json.data.cleaning_task.assignee])).toEqual([
      ['cleaning.assigned', 'Fatima'],
      ['cleaning.assigned', 'Ahmed'],
      ['cleaning.assigned', 'Samira'],
      ['cleaning.completed', 'Samira'],
      ['cleaning.skipped', null],
    ]);
  });

  // The same task is on two telephones. Both must not be told that they have it.
  test('two clients at once: one completion, one skip and one follow-up', async () => {
    const world = await startWorld({ today: '2027-06-01' });
    const receiver = await world.subscribe('cleaning.*');
    const first = await makeTask(world);
    const answers = await Promise.all(
      ['complete', 'complete', 'skip', 'skip'].map((step) =>
        world.post(`/v1/cleaning-tasks/${first.id}/${step}`, step === 'skip' ? { reason: 'Rain' } : {}),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 409, 409]);
    const second = await makeTask(world);
    await Promise.all(
      [1, 2, 3].map(() => doTo(world, second.id, 'skip', { reason: 'Rain', reschedule_to: '2027-06-12' })),
    );
    expect(await tasksOf(world, `?property_id=${second.property_id}`)).toHaveLength(2);
    await world.relay();
    expect(receiver.received).toHaveLength(2);
  });

  test('a skipped task is put off to another day with the same place, stay and hands, and its list unticked', async () => {
    const world = await startWorld({ today: '2027-06-10' });
    const receiver = await world.subscribe('cleaning.*');
    const booking = await world.book({ check_in: '2027-06-08', check_out: '2027-06-10' });
    const { property_id } = booking;
    const checklist = [{ label: 'Sheets', done: true }, 'Towels'];
    const task = await makeTask(world, { property_id, booking_id: booking.id, assignee: 'Fatima', checklist });
    const skipped = await doTo(world, task.id, 'skip', { reason: 'Late check-out', reschedule_to: '2027-06-11' });
    expect(skipped).toMatchObject({ status: 'skipped', skip_reason: 'Late check-out', rescheduled_to: '2027-06-11' });
    const followUp = (await world.get(`/v1/cleaning-tasks/${skipped.rescheduled_to_id}`)).body.data;
    expect(followUp).toMatchObject({
      property_id,
      booking_id: booking.id,
      date: '2027-06-11',
      status: 'assigned',
      assignee: 'Fatima',
      checklist: [
        { label: 'Sheets', done: false },
        { label: 'Towels', done: false },
      ],
    });
    await world.relay();
    const happened = told(receiver);
    expect(happened.map(({ event, json }) => [event, json.data.cleaning_task.id])).toEqual([
      ['cleaning.assigned', task.id],
      ['cleaning.skipped', task.id],
      ['cleaning.assigned', followUp.id],
    ]);
    expect(happened[1]!.json.data.cleaning_task).toMatchObject({
      status: 'skipped',
      rescheduled_to: '2027-06-11',
      rescheduled_to_id: followUp.id,
    });
    // Another day is no retry, and must not be lost in silence.
    const other = await world.post(`/v1/cleaning-tasks/${task.id}/skip`, { reason: 'x', reschedule_to: '2027-06-13' });
    expect([other.status, other.body.message]).toEqual([409, expect.stringContaining(`task ${followUp.id}`)]);
  });

  test('what is finished stays as it was told, except for its notes', async () => {
    const world = await startWorld({ today: '2027-06-01' });
    const completed = await makeTask(world);
    await doTo(world, completed.id, 'complete');
    const skipped = await makeTask(world);
    await doTo(world, skipped.id, 'skip', { reason: 'Rain' });
    const refused = [409, 'INVALID_TRANSITION', undefined];
    for (const [id, others] of [
      [completed.id, ['start', 'skip', 'assign']],
      [skipped.id, ['start', 'complete', 'assign']],
    ]) {
      for (const step of others) expect(await doTo(world, id, step, BODY[step])).toEqual(refused);
      const change = await world.patch(`/v1/cleaning-tasks/${id}`, { notes: 'x', date: '2027-06-11' });
      expect([change.status, change.body.code]).toEqual([409, 'INVALID_TRANSITION']);
      const noted = await world.patch(`/v1/cleaning-tasks/${id}`, { notes: 'The key is at the desk.' });
      expect(noted.body.data).toMatchObject({ notes: 'The key is at the desk.', date: '2027-06-10' });
    }
    const late = await world.post(`/v1/cleaning-tasks/${skipped.id}/skip`, {
      reason: 'x',
      reschedule_to: '2027-07-01',
    });
    expect(late.status).toBe(409);
  });
});

const BODY: Record<string, object> = { skip: { reason: 'Rain' }, assign: { assignee: 'Nobody' } };

describe('what a check-out makes', () => {
  // The next guests come in three hours, and nobody at the desk writes a task by hand.
  test('a check-out makes the cleaning task of that day, with the property’s list and its cleaner, and tells of it', async () => {
    const world = await startWorld({ today: '2027-06-03' });
    const property = await world.property({ cleaning_checklist: ['Sheets', 'Towels'], cleaning_assignee: 'Fatima' });
    const booking = await world.book({ property_id: property.id });
    const receiver = await world.subscribe('cleaning.*');
    await leave(world, booking.id);
    const [task, ...others] = await tasksOf(world, `?booking_id=${booking.id}`);
    expect(others).toEqual([]);
    expect(task).toMatchObject({
      property_id: property.id,
      date: '2027-06-03',
      status: 'assigned',
      assignee: 'Fatima',
      checklist: [
        { label: 'Sheets', done: false },
        { label: 'Towels', done: false },
      ],
    });
    await world.relay();
    expect(receiver.received).toMatchObject([
      { event: 'cleaning.assigned', signature: 'valid', json: { data: { cleaning_task: { id: task.id } } } },
    ]);
  });

  test('its day is the day at the property, and a task that nobody was given is told to nobody', async () => {
    const world = await startWorld({ today: '2027-06-03' });
    const receiver = await world.subscribe('cleaning.*');
    const booking = await world.book();
    world.pass(11.5 * 3_600_000); // 23:30 in London, half past midnight in Casablanca.
    await leave(world, booking.id);
    expect(await tasksOf(world)).toMatchObject([{ date: '2027-06-04', status: 'todo', checklist: [] }]);
    expect(receiver.received).toEqual([]);
  });

  // A mistaken check-out, taken back and done again an hour later, must not send two cleaners.
  test('a check-out that was taken back makes nothing, and a second one no second task until the first is finished', async () => {
    const world = await startWorld({ today: '2027-06-03' });
    const { id } = await world.book();
    const step = (name: string) => world.post(`/v1/bookings/${id}/${name}`);
    await step('check-in');
    await step('check-out');
    await step('reinstate');
    await world.relay();
    expect(await tasksOf(world)).toEqual([]);
    await step('check-out');
    await world.relay();
    await step('reinstate');
    await step('check-out');
    await world.relay();
    const [task, ...others] = await tasksOf(world);
    expect(others).toEqual([]);
    await doTo(world, task.id, 'complete');
    await step('reinstate');
    await step('check-out');
    await world.relay();
    expect(await tasksOf(world)).toHaveLength(2);
  });

  // A cleaner who forgot to tick off Monday's clean must not leave Thursday's guests with unmade beds.
  test('a clean during the stay that nobody ticked off is not the one after it; one made for the departure is', async () => {
    const world = await startWorld({ today: '2027-06-01' });
    const { id: booking_id, property_id } = await world.book({ check_in: '2027-06-01', check_out: '2027-06-05' });
    const during = await makeTask(world, { property_id, booking_id, date: '2027-06-03' });
    await world.post(`/v1/bookings/${booking_id}/check-in`);
    world.pass(4 * 86_400_000);
    await leave(world, booking_id);
    const after = await tasksOf(world, `?booking_id=${booking_id}&sort=id_asc`);
    expect(after.map(({ id, date }: Task) => [id === during.id, date])).toEqual([
      [true, '2027-06-03'],
      [false, '2027-06-05'],
    ]);

    // One that is put off to the next day is still the check-out's own, and so is one that is brought forward.
    const { rescheduled_to_id } = await doTo(world, after[1].id, 'skip', {
      reason: 'Rain',
      reschedule_to: '2027-06-07',
    });
    await world.patch(`/v1/cleaning-tasks/${rescheduled_to_id}`, { date: '2027-06-04' });
    await world.post(`/v1/bookings/${booking_id}/reinstate`);
    await leave(world, booking_id);
    expect(await tasksOf(world, `?booking_id=${booking_id}`)).toHaveLength(3);

    // By hand for the planned day of the departure; the desk notes the check-out a day late.
    const second = await world.book({ check_in: '2027-06-05', check_out: '2027-06-07' });
    await world.post(`/v1/bookings/${second.id}/check-in`);
    await makeTask(world, { property_id: second.property_id, booking_id: second.id, date: '2027-06-07' });
    world.pass(3 * 86_400_000);
    await leave(world, second.id);
    expect(await tasksOf(world, `?booking_id=${second.id}`)).toMatchObject([{ date: '2027-06-07' }]);
  });

  // A relay can die after the task is made and before that is written down; then the errand is run again.
  test('the same check-out, worked off again or by two relays at once, makes one task', async () => {
    const world = await startWorld({ today: '2027-06-03' });
    const first = await world.book();
    await leave(world, first.id);
    const [task] = await tasksOf(world);
    await doTo(world, task.id, 'complete'); // So that only the event stands in the way of a second one.
    await world.database.system.query(`update errand set status = 'PENDING', lease = null, due_at = now()`);
    await world.relay();
    expect(await tasksOf(world)).toHaveLength(1);

    // A lease that runs out while its relay still works gives the errand to another.
    const second = await world.book();
    await world.post(`/v1/bookings/${second.id}/check-in`);
    await world.post(`/v1/bookings/${second.id}/check-out`);
    const { rows } = await world.database.system.query(
      `select id, body from outbox_event where type = 'booking.checked_out' order by seq desc limit 1`,
    );
    const call = { key: rows[0].id, attempt: 1, event: JSON.parse(rows[0].body) };
    await Promise.all([1, 2, 3].map(() => cleanAfterCheckOut(world.viewer, call)));
    expect(await tasksOf(world, `?booking_id=${second.id}`)).toHaveLength(1);
  });

  test('no task where the property wants none, nor from any other step, nor from history that is imported', async () => {
    const world = await startWorld({ today: '2027-06-03' });
    const property = await world.property({ cleaning_at_check_out: false });
    const booking = await world.book({ property_id: property.id });
    await leave(world, booking.id);
    const other = await world.book();
    await world.post(`/v1/bookings/${other.id}/check-in`);
    const third = await world.book();
    await world.post(`/v1/bookings/${third.id}/cancel`);
    const silent = (await agencyViewer(world.viewer, world.agencyId, 'cli', { silent: true }))!;
    for (const [i, viewer] of [silent, world.viewer].entries()) {
      const file = `reference,property,status,check_in,check_out\nR${i},${other.property.code},checked_out,2026-06-0${i + 1},2026-06-0${i + 2}\n`;
      expect(await importBookings(viewer, Readable.from([file]))).toMatchObject({ created: 1 });
    }
    await checkOutBooking(silent, String(other.id));
    await world.relay();
    expect(await tasksOf(world)).toEqual([]);
  });
});

describe('the turnover', () => {
  // Five hours or two days: the cleaner plans by it.
  test('a task knows when the next guests come and how many minutes there are until then', async () => {
    const world = await startWorld({ today: '2027-06-01' });
    const villa = await world.property({ check_in_time: '16:30', check_out_time: '10:00' });
    const leaving = await world.book({ property_id: villa.id, check_in: '2027-06-08', check_out: '2027-06-10' });
    const task = await makeTask(world, { property_id: villa.id, booking_id: leaving.id });
    expect(task).toMatchObject({ next_check_in: null, ready_by: null, turnover_minutes: null });
    const next = await world.book({ property_id: villa.id, check_in: '2027-06-12', check_out: '2027-06-14' });
    const read = async () => (await world.get(`/v1/cleaning-tasks/${task.id}`)).body.data;
    expect(await read()).toMatchObject({
      next_check_in: '2027-06-12',
      ready_by: '2027-06-12T15:30:00+00:00',
      turnover_minutes: 2 * 1440 + 390,
    });
    await world.book({ property_id: villa.id, check_in: '2027-06-10', check_out: '2027-06-11' });
    expect(await read()).toMatchObject({ next_check_in: '2027-06-10', turnover_minutes: 390 });
    await world.post(`/v1/bookings/${next.id}/cancel`);
    await world.patch(`/v1/cleaning-tasks/${task.id}`, { date: '2027-06-11' });
    expect(await read()).toMatchObject({ next_check_in: null, ready_by: null, turnover_minutes: null });
  });

  test('a guest who leaves on the day of the arrival is not the next one, and a hotel has no next one', async () => {
    const world = await startWorld({ today: '2027-06-01' });
    const booking = await world.book({ check_in: '2027-06-10', check_out: '2027-06-12' });
    const own = await makeTask(world, { property_id: booking.property_id, booking_id: booking.id });
    expect(own.next_check_in).toBe(null);
    const hotel = await world.property({ kind: 'hotel', units: 7 });
    await world.book({ property_id: hotel.id, check_in: '2027-06-11', check_out: '2027-06-12' });
    expect(await makeTask(world, { property_id: hotel.id })).toMatchObject({ next_check_in: null, ready_by: null });
  });

  // The night on which the clocks change has an hour more or less; the guests come by the clock on the wall.
  test('the hours are those of the wall clock, over a change of it', async () => {
    const world = await startWorld({ today: '2027-03-01' });
    await world.database.system.query(`update agency set timezone = 'Europe/Paris' where id = $1`, [world.agencyId]);
    const { id } = await world.property();
    await world.book({ property_id: id, check_in: '2027-03-28', check_out: '2027-03-30' });
    expect(await makeTask(world, { property_id: id, date: '2027-03-27' })).toMatchObject({
      ready_by: '2027-03-28T13:00:00+00:00',
      turnover_minutes: 1440 + 240 - 60,
    });
  });

  // A list that asks once a row is slow on the day with the most departures.
  test('a list is one statement at 5 rows and at 50; executed in the ordinary way it says the same in as few', async () => {
    const world = await startWorld({ today: '2027-06-01' });
    const villa = await world.property();
    const stays = [
      await world.book({ property_id: villa.id, check_in: '2027-06-08', check_out: '2027-06-10' }),
      await world.book({ property_id: villa.id, check_in: '2027-06-20', check_out: '2027-06-22' }),
    ];
    for (let i = 0; i < 50; i++) {
      await makeTask(world, {
        property_id: villa.id,
        date: `2027-06-${String((i % 25) + 1).padStart(2, '0')}`,
        checklist: ['“Sheets” \\ "\n\u0007✨', { label: 'é', done: true }].slice(0, i % 3),
        ...(i % 2 && { booking_id: stays[0].id, assignee: 'Fatima' }),
      });
    }
    const [last] = await tasksOf(world);
    await doTo(world, last.id, 'skip', { reason: 'Rain', reschedule_to: '2027-07-01' });
    await doTo(world, last.id - 1, 'complete', { photos: [PHOTO, `${PHOTO}?"2"`] });
    const fields = Object.values(
      (schema.getType('CleaningTask') as unknown as { getFields(): Record<string, { name: string }> }).getFields(),
    ).map(({ name }) => (name === 'property' || name === 'booking' ? `${name} { id }` : name));
    const counts = new Set<number>();
    for (const first of [5, 50]) {
      expect(await world.statements(() => world.get(`/v1/cleaning-tasks?per_page=${first}`))).toBe(1);
      const document = parse(
        `{ cleaningTasks(first: ${first}, orderBy: DATE_ASC) { totalCount nodes { ${fields.join(' ')} } } }`,
      );
      const context = { viewer: world.viewer, signal: new AbortController().signal };
      const planned = await planQuery(schema, document, document.definitions[0] as never, {})!.run(context, {});
      let ordinary = '';
      counts.add(
        await world.statements(async () => {
          ordinary = JSON.stringify((await execute({ schema, document, contextValue: context })).data);
        }),
      );
      expect(planned).toBe(ordinary);
      expect(planned).toContain('"turnoverMinutes":1');
    }
    expect([...counts]).toHaveLength(1);
  });
});

describe('what is refused', () => {
  test('what can’t be kept is refused with the name of its field, and nothing is changed', async () => {
    const world = await startWorld({ today: '2027-06-01' });
    const { id: property_id } = await world.property();
    const elsewhere = await world.book();
    const good = { property_id, date: '2027-06-10' };
    const items = (count: number) => Array.from({ length: count }, (_, i) => `Item ${i}`);
    const refusals: [object, string][] = [
      [{ date: '2027-06-10' }, 'property_id'],
      [{ property_id }, 'date'],
      [{ ...good, date: '2027-02-30' }, 'date'],
      [{ ...good, date: '0000-01-01' }, 'date'],
      [{ ...good, property_id: 999_999 }, 'property_id'],
      [{ ...good, booking_id: elsewhere.id }, 'booking_id'],
      [{ ...good, assignee: ' ' }, 'assignee'],
      [{ ...good, assignee: 'x'.repeat(201) }, 'assignee'],
      [{ ...good, notes: 'x'.repeat(10_001) }, 'notes'],
      [{ ...good, checklist: items(101) }, 'checklist'],
      [{ ...good, checklist: ['ok', 'x'.repeat(201)] }, 'checklist.1'],
      [{ ...good, checklist: [''] }, 'checklist.0'],
      [{ ...good, checklist: ['a\0b'] }, 'checklist.0'],
      [{ ...good, checklist: [{ label: 'a\0b' }] }, 'checklist.0'],
      [{ ...good, checklist: [{ label: '\ud800' }] }, 'checklist.0'],
      [{ ...good, checklist: [7] }, 'checklist.0'],
      [{ ...good, checklist: [{ label: 'a', done: 'yes' }] }, 'checklist.0'],
      [{ ...good, checklist: [{ label: 'a', dome: true }] }, 'checklist.0'],
      [{ ...good, checklist: 'Sheets' }, 'checklist'],
      [{ ...good, status: 'completed' }, 'status'],
    ];
    for (const [body, field] of refusals) {
      const answer = await world.post('/v1/cleaning-tasks', body);
      expect([answer.status, Object.keys(answer.body.errors ?? {})]).toEqual([422, [field]]);
    }
    expect(await tasksOf(world)).toEqual([]);

    const task = await makeTask(world, { property_id, checklist: items(100) });
    const steps: [string, object, string][] = [
      ['assign', {}, 'assignee'],
      ['assign', { assignee: '' }, 'assignee'],
      ['start', { photos: ['ftp://example.com/1.jpg'] }, 'photos.0'],
      ['start', { photos: [PHOTO, 'nonsense'] }, 'photos.1'],
      ['start', { photos: [`${PHOTO}?\ud83d`] }, 'photos.0'],
      ['complete', { photos: [`${PHOTO}?${'x'.repeat(2_048)}`] }, 'photos.0'],
      ['complete', { photos: Array.from({ length: 51 }, (_, i) => `${PHOTO}?${i}`) }, 'photos'],
      ['complete', { checklist: items(101) }, 'checklist'],
      ['skip', {}, 'reason'],
      ['skip', { reason: ' ' }, 'reason'],
      ['skip', { reason: 'x', reschedule_to: '2027-05-31' }, 'reschedule_to'],
      ['skip', { reason: 'x', reschedule_to: task.date }, 'reschedule_to'],
      ['skip', { reason: 'x', reschedule_to: '2027-06-31' }, 'reschedule_to'],
    ];
    for (const [step, body, field] of steps) {
      const answer = await world.post(`/v1/cleaning-tasks/${task.id}/${step}`, body);
      expect([step, answer.status, Object.keys(answer.body.errors ?? {})]).toEqual([step, 422, [field]]);
    }
    for (const [body, field] of [
      [{ date: null }, 'date'],
      [{ before_photos: ['x'] }, 'before_photos.0'],
      [{ after_photos: ['javascript:alert(1)'] }, 'after_photos.0'],
      [{ assignee: 'Fatima' }, 'assignee'],
    ] as [object, string][]) {
      const answer = await world.patch(`/v1/cleaning-tasks/${task.id}`, body);
      expect([answer.status, Object.keys(answer.body.errors)]).toEqual([422, [field]]);
    }
    expect((await world.get(`/v1/cleaning-tasks/${task.id}`)).body.data).toEqual(task);
  });

  test('GraphQL refuses the same and takes the same', async () => {
    const world = await startWorld({ today: '2027-06-01' });
    const { id } = await world.property();
    const make = (checklist: string, fields = '') =>
      world.graphql(`mutation { createCleaningTask(input: {
        propertyId: "${id}", date: "2027-06-10", checklist: ${checklist} ${fields}
      }) { status checklist assignee turnoverMinutes } }`);
    const { body } = await make('["Sheets", {label: "Towels", done: true}]', 'assignee: "Fatima"');
    expect(body.data.createCleaningTask).toEqual({
      status: 'ASSIGNED',
      checklist: [
        { label: 'Sheets', done: false },
        { label: 'Towels', done: true },
      ],
      assignee: 'Fatima',
      turnoverMinutes: null,
    });
    for (const wrong of ['[{label: 7}]', '[{done: true}]', '[["Sheets"]]', '[true]']) {
      expect((await make(wrong)).body.errors).toHaveLength(1);
    }
    expect((await make('[]', 'bookingId: "999"')).body.errors[0].extensions).toMatchObject({ code: 'VALIDATION' });
    expect(await tasksOf(world)).toHaveLength(1);
  });

  // Another agency's row is answered like one that never was, whatever is done to it.
  test('another agency sees no task, changes none, and can’t make one at our property or after our stay', async () => {
    const world = await startWorld({ today: '2027-06-01' });
    const booking = await world.book();
    const task = await makeTask(world, { property_id: booking.property_id });
    const other = await world.anotherAgency();
    expect(await tasksOf(other)).toEqual([]);
    expect((await other.get(`/v1/cleaning-tasks/${task.id}`)).status).toBe(404);
    expect((await other.patch(`/v1/cleaning-tasks/${task.id}`, { notes: 'x' })).status).toBe(404);
    for (const step of ['assign', 'start', 'complete', 'skip']) {
      expect((await doTo(other, task.id, step, BODY[step]))[0]).toBe(404);
    }
    const at = await other.post('/v1/cleaning-tasks', { property_id: booking.property_id, date: '2027-06-10' });
    expect([at.status, Object.keys(at.body.errors)]).toEqual([422, ['property_id']]);
    const mine = await other.property();
    const after = await other.post('/v1/cleaning-tasks', {
      property_id: mine.id,
      date: '2027-06-10',
      booking_id: booking.id,
    });
    expect([after.status, Object.keys(after.body.errors)]).toEqual([422, ['booking_id']]);
    expect((await world.get(`/v1/cleaning-tasks/${task.id}`)).body.data).toEqual(task);
  });

  // A cleaning app's token must not read the guests.
  test('cleaning:read reads, cleaning:write manages, and neither opens the bookings', async () => {
    const world = await startWorld({ today: '2027-06-01' });
    const task = await makeTask(world);
    const path = `/v1/cleaning-tasks/${task.id}`;
    const reader = await world.withAbilities('cleaning:read');
    const writer = await world.withAbilities('cleaning:write');
    const stranger = await world.withAbilities('maintenance:read', 'maintenance:write', 'bookings:read');
    const tries = async (mine: Integrator) => [
      (await mine.get('/v1/cleaning-tasks')).status,
      (await mine.get(path)).status,
      (await mine.post('/v1/cleaning-tasks', { property_id: task.property_id, date: '2027-06-10' })).status,
      (await mine.patch(path, { notes: 'x' })).status,
      (await mine.post(`${path}/assign`, { assignee: 'Fatima' })).status,
      (await mine.post(`${path}/start`)).status,
      (await mine.post(`${path}/skip`, { reason: 'Rain' })).status,
    ];
    expect(await tries(stranger)).toEqual([403, 403, 403, 403, 403, 403, 403]);
    expect(await tries(reader)).toEqual([200, 200, 403, 403, 403, 403, 403]);
    expect(await tries(writer)).toEqual([403, 403, 201, 200, 200, 200, 200]);
    const { body } = await reader.graphql(`{ cleaningTask(id: "${task.id}") { booking { guestName } } }`);
    expect(body.errors[0].extensions.code).toBe('FORBIDDEN');
  });
});

test('tasks are found by place, stay, state, hands and day, in the order of their days, and as CSV', async () => {
  const world = await startWorld({ today: '2027-06-01' });
  const booking = await world.book();
  const a = await makeTask(world, { property_id: booking.property_id, booking_id: booking.id, date: '2027-06-12' });
  const b = await makeTask(world, { date: '2027-06-10', assignee: 'Fatima', checklist: ['Sheets', 'Towels'] });
  const c = await makeTask(world, { property_id: b.property_id, date: '2027-06-11', assignee: 'Ahmed' });
  const ids = async (query: string) => (await tasksOf(world, query)).map(({ id }: Task) => id);
  expect(await ids('?sort=date_asc')).toEqual([b.id, c.id, a.id]);
  expect(await ids(`?property_id=${b.property_id}`)).toEqual([c.id, b.id]);
  expect(await ids(`?booking_id=${booking.id}`)).toEqual([a.id]);
  expect(await ids('?status=todo')).toEqual([a.id]);
  expect(await ids('?status=todo,assigned&assignee=Ahmed')).toEqual([c.id]);
  expect(await ids('?date_from=2027-06-11&date_to=2027-06-11')).toEqual([c.id]);
  const csv = (await world.get('/v1/cleaning-tasks?format=csv&assignee=Fatima')).text;
  expect(csv).toContain('""label"":""Sheets""');
  expect(csv).not.toContain('[object');
});

test('a property says when guests come and go and how it is cleaned, and takes no hour that isn’t one', async () => {
  const world = await startWorld();
  const receiver = await world.subscribe('property.*');
  const made = await world.property();
  expect(made).toMatchObject({
    check_in_time: '15:00',
    check_out_time: '11:00',
    cleaning_at_check_out: true,
    cleaning_checklist: [],
    cleaning_assignee: null,
  });
  const change = {
    check_in_time: '00:00',
    check_out_time: '23:59',
    cleaning_at_check_out: false,
    cleaning_checklist: ['Sheets', 'Towels'],
    cleaning_assignee: 'Fatima',
  };
  expect((await world.patch(`/v1/properties/${made.id}`, change)).body.data).toMatchObject(change);
  expect((await world.get(`/v1/properties/${made.id}`)).body.data).toMatchObject(change);
  const emptied = { cleaning_checklist: null, cleaning_assignee: null };
  expect((await world.patch(`/v1/properties/${made.id}`, emptied)).body.data).toMatchObject({
    cleaning_checklist: [],
    cleaning_assignee: null,
    check_in_time: '00:00',
  });
  for (const [body, field] of [
    [{ check_in_time: '24:00' }, 'check_in_time'],
    [{ check_in_time: '3pm' }, 'check_in_time'],
    [{ check_out_time: '9:00' }, 'check_out_time'],
    [{ check_out_time: '11:00\n' }, 'check_out_time'],
    [{ check_in_time: null }, 'check_in_time'],
    [{ cleaning_at_check_out: null }, 'cleaning_at_check_out'],
    [{ cleaning_checklist: ['ok', ' '] }, 'cleaning_checklist.1'],
    [{ cleaning_checklist: ['x'.repeat(201)] }, 'cleaning_checklist.0'],
    [{ cleaning_checklist: ['\ud83d'] }, 'cleaning_checklist.0'],
    [{ cleaning_checklist: Array.from({ length: 101 }, () => 'x') }, 'cleaning_checklist'],
    [{ cleaning_assignee: '' }, 'cleaning_assignee'],
  ] as [object, string][]) {
    const answer = await world.patch(`/v1/properties/${made.id}`, body);
    expect([answer.status, Object.keys(answer.body.errors)]).toEqual([422, [field]]);
  }
  await world.relay();
  expect(Object.keys(told(receiver)[1]!.json.data.property).slice(-3)).toEqual([
    'updated_at',
    'check_in_time',
    'check_out_time',
  ]);
  const task = await world.post('/v1/cleaning-tasks', { property_id: made.id, date: '2027-06-10' });
  expect(task.body.data.checklist).toEqual([]);
});
