import type pg from 'pg';

/** Runs `work` in one transaction on a connection of its own, and rolls back when it throws. */
export async function inTransaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin');
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
