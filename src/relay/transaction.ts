import type pg from 'pg';

/** Runs `work` in one transaction on a connection of its own, and rolls back when it throws. */
export function inTransaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  return transaction(pool, 'begin', work);
}

/**
 * The same for work that holds endpoints' turns. A relay whose machine freezes holds them for as long as PostgreSQL lets it;
 * nothing in these transactions waits for anything but PostgreSQL, so a few seconds of silence mean that nobody is there.
 */
export function inTurnsTransaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  return transaction(pool, HOLDS_TURNS, work);
}

const HOLDS_TURNS = "begin; set local idle_in_transaction_session_timeout = '5s'";
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
