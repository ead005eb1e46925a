import pg from 'pg';
import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import { schema } from '../src/domains.ts';
import { startRelay } from '../src/relay/relay.ts';
import type { Receiver } from './support/receiver.ts';
import { startWorld } from './support/world.ts';

const RELAYED = '^(endpoint_turn|delivery_queue|delivery|outbox_event|webhook_endpoint)(_|$)';

/** How many index entries and rows the relay's tables have given to whoever looked, dead ones included. */
async function visited(pools: pg.Pool[]): Promise<number> {
  for (const pool of pools) {
    // Each connection tells its figures when it likes, unless it is told to.
    const all = await Promise.all(Array.from({ length: pool.totalCount }, () => pool.connect()));
    for (const client of all) await client.query('select pg_stat_force_next_flush()');
    for (const client of all) client.release();
  }
  const { rows } = await pools[0]!.query(
    `select (
       (select sum(idx_tup_read) from pg_stat_all_indexes where relname ~ $1) +
       (select sum(seq_tup_read) from pg_stat_all_tables where relname ~ $1))::int as count`,
    [RELAYED],
  );
  return rows[0].count;
}

async function costOf(pools: pg.Pool[], work: () => Promise<unknown>): Promise<number> {
  const before = await visited(pools);
  await work();
  return (await visited(pools)) - before;
}

// Somebody's report of two hours keeps PostgreSQL from cleaning up. A relay that passes over all that has been since it began is
// slower with every webhook, and by lunch the morning's bookings haven't been told.
test('a transaction that somebody holds open makes no look of the relay longer: 200 deliveries cost after 2,000 others what they cost before', async () => {
  const world = await startWorld({ env: { WEBHOOK_TIMEOUT_SECONDS: '15' } });
  const receivers: Receiver[] = [];
  for (let n = 0; n < 4; n++) receivers.push(await world.subscribe('property.created'));
  const somebody = new pg.Client({ connectionString: world.database.ownerUrl });
  const owner = new pg.Client({ connectionString: world.database.ownerUrl });
  await Promise.all([somebody.connect(), owner.connect()]);
  onTestFinished(async () => {
    await Promise.all([somebody.end(), owner.end()]);
  });

  await somebody.query('begin isolation level repeatable read; select count(*) from booking');

  const { config } = world;
  const pools = [world.database.system];
  const database = {
    ...world.database,
    ownConnection() {
      const own = world.database.ownConnection();
      pools.push(own);
      return own;
    },
  };
  const { wake } = world.viewer;
  vi.useFakeTimers({ toFake: ['performance'] }); // The relay's stop watch, which stands still unless it is told.
  onTestFinished(() => void vi.useRealTimers());
  const relay = startRelay({ database, config, wake, schema, log: pino({ level: 'silent' }) });
  onTestFinished(() => relay.stop());
  let events = 0;
  /** Ten events a transaction, as a busy day has them, told to all four. */
  const tell = async (count: number) => {
    for (events += count; count > 0; count -= 10) {
      await database.system.query(
        `insert into outbox_event (id, agency_id, type, subject, subject_seq, occurred_at, body)
         select gen_random_uuid(), $1, 'property.created', 'property:' || n, 1, now(), '{}' from generate_series(1, 10) n`,
        [world.agencyId],
      );
      wake.poke();
    }
    await Promise.all(receivers.map((receiver) => receiver.arrived(events)));
    // Asked of a table that isn't counted: this look would be.
    const settled = async () => (await database.system.query('select count(*)::int from attempt')).rows[0].count;
    await expect.poll(settled, { timeout: 20_000 }).toBe(events * receivers.length);
  };

  /** The relay remembers how far its looks have come, and trusts that once some seconds have passed. */
  const rest = async () => {
    for (let n = 0; n < 3; n++) {
      vi.advanceTimersByTime(5_000);
      await tell(10);
    }
  };

  /** Of three times: on a busy machine the relay looks more often, and each look passes over what was since it rested. */
  const least = async () => {
    const costs: number[] = [];
    while (costs.length < 3) {
      await rest();
      costs.push(await costOf(pools, () => tell(50)));
    }
    return Math.min(...costs);
  };

  await tell(50); // Connections are opened and statements planned.
  const first = await least();
  await tell(500);
  await owner.query('analyze'); // As PostgreSQL does by itself: of tables that are empty again, but for what is dead.
  const last = await least();
  for (const { received } of receivers) expect(new Set(received.map(({ id }) => id)).size).toBe(events);

  const kept = await costOf(pools, async () => {
    const client = await database.system.connect();
    await client.query('begin; set local enable_seqscan = off; set local enable_bitmapscan = off');
    await client.query(`select * from endpoint_turn where due_at <= now() order by due_at`);
    await client.query('commit');
    client.release();
  });
  expect(kept).toBeGreaterThan(250); // What a look from the very beginning passes over, for no row at all.
  expect(last).toBeLessThan(first * 1.5);
}, 120_000);
