import { pino } from 'pino';
import { expect, test } from 'vitest';
import { schema } from '../src/domains.ts';
import { askFor, declareErrand, type ErrandCall, GiveUp, TryLater } from '../src/outbox/errand.ts';
import { agencyViewer } from '../src/platform/agency-viewer.ts';
import { createRelay } from '../src/relay/relay.ts';
import { startWorld, type World } from './support/world.ts';

/** What the errands of this file do; each test says it for itself. */
let doIt: (agencyId: number, errand: ErrandCall) => Promise<void> | void = () => {};
let said: string[] = [];
const silent = pino({ level: 'silent' });

const greet = declareErrand({
  kind: 'test.greet',
  run: async (viewer, errand) => doIt(viewer.agency.id, errand),
  failed: async (_viewer, { key }, error) => void said.push(`${key}: ${error}`),
});

const ask = (world: World, key: string, at?: Date, agencyId = world.agencyId) =>
  agencyViewer({ database: world.database, wake: world.viewer.wake, config: world.config }, agencyId, 'test').then(
    (viewer) => viewer!.write((tx) => askFor(tx, { agencyId, errand: greet, key, at })),
  );

async function errands(world: World) {
  const { rows } = await world.database.system.query('select key, status, attempts, error from errand order by key');
  return rows;
}

// A cleaning that nobody was sent to, because the process that should have made the task had died.
test('what follows from an event is done once, even by two relays at once, and knows the event', async () => {
  const world = await startWorld({ today: '2027-06-01' });
  const booking = await world.book({ check_in: '2027-06-01', check_out: '2027-06-02' });
  for (const step of ['check-in', 'check-out']) await world.post(`/v1/bookings/${booking.id}/${step}`);
  const other = createRelay({
    database: world.database,
    wake: world.viewer.wake,
    config: world.config,
    log: silent,
    schema,
  });
  await Promise.all([world.relay(), other.drain()]);
  await world.relay();
  await other.stop();
  const { body: log } = await world.get('/v1/events?types=booking.checked_out');
  expect(await errands(world)).toEqual([{ key: log.data[0].id, status: 'DONE', attempts: 1, error: null }]);
  const { body: tasks } = await world.get('/v1/cleaning-tasks');
  expect(tasks.data.map((task: { booking_id: number }) => task.booking_id)).toEqual([booking.id]);
});

test('an errand that fails is tried again on the schedule, and given up with a word after the last attempt', async () => {
  const world = await startWorld({ env: { WEBHOOK_RETRY_SCHEDULE: '0,60,600' } });
  said = [];
  const attempts: number[] = [];
  doIt = (_agencyId, { attempt }) => {
    attempts.push(attempt);
    throw new Error('The provider is asleep.');
  };
  await ask(world, 'a');
  await world.relay();
  await world.relay();
  expect(attempts).toEqual([1]);
  world.pass(75_000);
  await world.relay();
  expect(attempts).toEqual([1, 2]);
  world.pass(700_000);
  await world.relay();
  expect(attempts).toEqual([1, 2, 3]);
  expect(said).toEqual(['a: The provider is asleep.']);
  expect(await errands(world)).toMatchObject([
    { key: 'a', status: 'FAILED', attempts: 3, error: 'The provider is asleep.' },
  ]);
});

test('what can’t be mended is given up at once, and what should wait waits as long as it was told', async () => {
  const world = await startWorld({ env: { WEBHOOK_RETRY_SCHEDULE: '0,1,86400' } });
  said = [];
  let calls = 0;
  doIt = (_agencyId, { key }) => {
    calls++;
    if (key === 'final') throw new GiveUp('The number does not exist.');
    if (calls < 3) throw new TryLater('Too many.', 3_600_000);
  };
  await ask(world, 'final');
  await ask(world, 'later');
  await world.relay();
  expect(said).toEqual(['final: The number does not exist.']);
  world.pass(3_500_000);
  await world.relay();
  expect(calls).toBe(2);
  world.pass(200_000);
  await world.relay();
  expect(calls).toBe(3);
  expect((await errands(world)).map(({ key, status }) => `${key} ${status}`)).toEqual(['final FAILED', 'later DONE']);
});

test('asked for twice with one key, an errand is done once; asked for later, it is done no sooner', async () => {
  const world = await startWorld();
  const done: string[] = [];
  doIt = (_agencyId, { key }) => void done.push(key);
  await ask(world, 'twice');
  await ask(world, 'twice');
  await ask(world, 'tomorrow', new Date(Date.now() + 86_400_000));
  await world.relay();
  expect(done).toEqual(['twice']);
  world.pass(86_500_000);
  await world.relay();
  expect(done).toEqual(['twice', 'tomorrow']);
});

// A relay that is killed in the middle of an errand must not take it along.
test('an errand whose relay has died is claimed again when its lease ends, and counts that attempt', async () => {
  const world = await startWorld();
  const attempts: number[] = [];
  doIt = (_agencyId, { attempt }) => void attempts.push(attempt);
  await ask(world, 'dead');
  await world.database.system.query(
    `update errand set attempts = 1, lease = gen_random_uuid(), first_at = now(), due_at = now() + interval '17 seconds'`,
  );
  await world.relay();
  expect(attempts).toEqual([]);
  world.pass(18_000);
  await world.relay();
  expect(attempts).toEqual([2]);
});

// While a new version is rolled out, the old one still runs beside it and must not give up what it has never heard of.
test('an errand that this version doesn’t know is left as it is for one that does', async () => {
  const world = await startWorld();
  await world.viewer.write((tx) =>
    askFor(tx, { agencyId: world.agencyId, errand: { ...greet, kind: 'test.of_tomorrow' }, key: 'later' }),
  );
  for (let i = 0; i < 3; i++) {
    await world.relay();
    world.pass(60_000);
  }
  expect(await errands(world)).toEqual([{ key: 'later', status: 'PENDING', attempts: 0, error: null }]);
});

test('an agency’s thousand errands leave room for another’s one', async () => {
  const world = await startWorld();
  const other = await world.anotherAgency();
  const order: number[] = [];
  doIt = (agencyId) => void order.push(agencyId);
  for (let i = 0; i < 40; i++) await ask(world, `mine ${String(i).padStart(2, '0')}`);
  await ask(world, 'theirs', undefined, other.agencyId);
  await world.relay();
  expect(order).toHaveLength(41);
  expect(order.indexOf(other.agencyId)).toBeLessThan(16);
});
