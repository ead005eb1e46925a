import type pg from 'pg';

/** Runs `work` in one transaction on a connection of its own, and rolls back when it throws. */
export function inTransaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  return transaction(pool, 'begin', work);
}

/**
 * The same for the relay's own statements, whose plans must not depend on how the queue looked when they were made: an empty
 * table is read whole, and a plan that does so is kept while the table fills. Each of them is about a few rows that an index
 * leads to, so they follow indexes from row to row, and are planned once a connection.
 *
 * These transactions hold endpoints' turns, and a relay whose machine freezes holds them for as long as PostgreSQL lets it.
 * Nothing in them waits for anything but PostgreSQL, so a few seconds of silence mean that nobody is there.
 */
export function inSteadyTransaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  return transaction(pool, STEADY, work);
}

const STEADY = [
  'begin',
  'set local plan_cache_mode = force_generic_plan',
  ...['seqscan', 'hashjoin', 'mergejoin'].map((way) => `set local enable_${way} = off`),
  "set local idle_in_transaction_session_timeout = '5s'",
].join(';');

async function transaction<T>(pool: pg.Pool, begin: string, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query(begin);
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch((failure) => {
      broken = failure;
    });
    throw error;
  } finally {
    client.release(broken); // A connection that can't even roll back is closed.
  }
}

/**
 * The time that all relays share: PostgreSQL's, plus `$1` milliseconds, by which a test has moved it (`clock.aheadMs`).
 * In whole milliseconds, as the columns are: a due time must not be rounded to just after the moment it was written for.
 */
export const NOW = `(date_trunc('milliseconds', now()) + $1::float8 * interval '1 millisecond')`;
