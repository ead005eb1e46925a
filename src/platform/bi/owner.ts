import pg from 'pg';
import type { Database } from '../../database/index.ts';

/** One at a time: two that close the same door at once would be told that a row of the catalogue was changed meanwhile. */
const BI_LOCK = 7_106_020;

/** Runs what only the owner of the database may do, in one transaction of a connection of its own. */
export async function asOwner<T>(
  { ownerUrl }: Pick<Database, 'ownerUrl'>,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: ownerUrl, application_name: 'bellhop bi' });
  await client.connect();
  try {
    await client.query('begin');
    await client.query('select pg_advisory_xact_lock($1)', [BI_LOCK]);
    const result = await work(client);
    await client.query('commit');
    return result;
  } finally {
    await client.end(); // What wasn't committed is taken back.
  }
}
