import pg from 'pg';
import { v7 as uuid } from 'uuid';
import { expect, onTestFinished, test } from 'vitest';
import { clock } from '../src/core/clock.ts';
import { dispatch } from '../src/relay/dispatch.ts';
import { standardBody } from '../src/relay/envelope.ts';
import { knowledge } from '../src/relay/fan-out.ts';
import { openFront } from '../src/relay/front.ts';
import type { Received } from './support/receiver.ts';
import { startWorld, type World } from './support/world.ts';

/** Writes an event of a booking as an operation's transaction would. */
async function happen(
  world: World,
  booking: number,
  version: number,
  { db = world.database.system, type = 'booking.updated' }: { db?: pg.Pool | pg.Client; type?: string } = {},
): Promise<void> {
  const id = uuid();
  const { agencyId } = world;
  const body = standardBody({ id, event: type, createdAt: clock.now(), agencyId, data: {} });
  await db.query(
    `insert into outbox_event (id, agency_id, type, subject, subject_seq, occurred_at, body)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [id, agencyId, type, `booking:${booking}`, version, clock.now(), body],
  );
}

async function asOwner(world: World): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: world.database.ownerUrl });
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

const told = ({ received }: { received: Received[] }) =>
  received.map(({ headers }) => `${headers['x-subject']} ${headers['x-sequence']}`);

// A cleaner who hears "cancelled" before "booked" cleans a flat that nobody has slept in.
test('two relays that dispatch at once tell of a booking in order', async () => {
  const world = await startWorld();
  await world.subscribe('booking.created');
  const ordered = await world.subscribe('booking.updated', { ordered: true });
  // One more than the first relay takes, which hasn't committed when the second one comes.
  await happen(world, 1, 1);
  for (let booking = 2; booking <= 500; booking++) await happen(world, booking, 1, { type: 'booking.created' });
  await happen(world, 1, 2);
  const first = await world.database.system.connect();
  await first.query('begin');
  await first.query("select relay.dispatch($1, 500, 0, $2, '{}')", [clock.aheadMs, knowledge()]);
  await world.relay(); // The second.
  await first.query('commit');
  first.release();
  await world.relay();
  expect(told(ordered)).toEqual(['booking:1 1', 'booking:1 2']);
});

// An import of a thousand bookings is one transaction of many seconds, and its first guest may cancel right after it.
test('what a long transaction wrote is told before what came after it', async () => {
  const world = await startWorld();
  const ordered = await world.subscribe('booking.*', { ordered: true });
  const importer = await asOwner(world);
  let now = 0;
  const front = openFront(() => now);
  await importer.query('begin');
  await happen(world, 1, 1, { db: importer });
  for (const at of [0, 2_500, 4_600]) {
    now = at;
    await happen(world, 2, at);
    await dispatch(world.database.system, { front });
  }
  await importer.query('commit');
  await happen(world, 1, 2);
  now += 100; // A look that begins where the last ones were.
  await dispatch(world.database.system, { front });
  await world.relay();
  expect(told(ordered).filter((what) => what.startsWith('booking:1 '))).toEqual(['booking:1 1', 'booking:1 2']);
});
