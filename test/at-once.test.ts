import { expect, test } from 'vitest';
import { rows } from '../src/routes.ts';
import { NOUNS } from './support/nouns.ts';
import { readyFor, TODAY, withOwnIds } from './support/rows.ts';
import { type Answer, startWorld } from './support/world.ts';

const CLIENTS = 6;
const statuses = (answers: Answer[]) => answers.map(({ status }) => status);

// A double click, a retry that overtakes its first try, two tools with one job: somebody is faster, and that is no fault of ours.
test('whatever is written by six clients at once is answered with what came of it, never with a Server Error', async () => {
  const world = await startWorld({ today: TODAY });
  for (const row of rows.filter(({ method }) => method !== 'GET')) {
    const path = row.path.replace('{id}', String(await readyFor(world, row)));
    const body = row.method === 'DELETE' ? undefined : row.example ? await withOwnIds(world, row.example) : {};
    const answers = await Promise.all(Array.from({ length: CLIENTS }, () => world.ask(row.method, path, body)));
    expect([row.method, path, statuses(answers).filter((status) => status >= 500)]).toEqual([row.method, path, []]);
    expect(statuses(answers)).toContain(row.status ?? 200);
  }
}, 60_000);

test('bookings of one new guest that come at once share one profile', async () => {
  const world = await startWorld();
  const { id } = await world.property();
  for (const email of ['amina@example.com', 'karim@example.com', 'lea@example.com']) {
    const before = await world.viewer.db.guest.count();
    const answers = await Promise.all(
      Array.from({ length: CLIENTS }, (_, i) =>
        world.post('/v1/bookings', {
          ...{ property_id: id, guests_count: 1, guest_name: 'Amina', guest_email: email },
          ...{ check_in: `${2027 + before}-06-1${i}`, check_out: `${2027 + before}-06-1${i + 1}` },
        }),
      ),
    );
    expect(statuses(answers)).toEqual(answers.map(() => 201));
    expect(await world.viewer.db.guest.count()).toBe(before + 1);
  }
});

test('who asks for something of a thing that is being deleted has it, or is told that it is gone', async () => {
  const world = await startWorld();
  for (let round = 0; round < 8; round++) {
    const endpoint = await NOUNS['/v1/webhooks']!(world);
    const [asked, deleted] = await Promise.all([
      world.post('/v1/webhook-replays', { endpoint_id: endpoint }),
      world.delete(`/v1/webhooks/${endpoint}`),
    ]);
    expect([201, 422]).toContain(asked.status);
    expect(deleted.status).toBe(204);
  }
});
