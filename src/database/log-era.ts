import type pg from 'pg';
import type { Logger } from 'pino';

/**
 * Begins another era of the event log when it has come into another cluster, by a dump or by a recovery: what is written from
 * now on stands behind all that is there, and behind every cursor that a reader may have brought along. Usually there is nothing
 * to do, and finding that out is one query.
 */
export async function continueLog(system: pg.Pool, log: Logger): Promise<void> {
  if (!(await isElsewhere(system))) return;
  const client = await system.connect();
  try {
    await client.query('begin');
    // Whoever is writing still stands in the era before, and has to be done before anybody reads past its end.
    await client.query('lock table outbox_event in exclusive mode');
    // Another process may have seen it too.
    if (await isElsewhere(client)) {
      await client.query('update log_era set cluster = log_cluster(), shift = shift + $1::bigint', [ERA]);
      log.warn('the database is in another cluster than before; the event log goes on behind what it holds');
    }
    await client.query('commit');
    client.release();
  } catch (error) {
    client.release(true);
    throw error;
  }
}

/** More transactions than any cluster runs: a thousand a second for five hundred years. */
const ERA = 2 ** 44;

async function isElsewhere(db: Pick<pg.Pool, 'query'>): Promise<boolean> {
  const { rows } = await db.query<{ elsewhere: boolean }>(ELSEWHERE);
  return rows[0]!.elsewhere;
}

// Where clusters can't be told apart, an event that nobody can have written yet gives it away.
const ELSEWHERE = `
  select cluster is distinct from log_cluster() or exists (
    select from outbox_event where xid >= log_position(pg_snapshot_xmax(pg_current_snapshot()))
  ) as elsewhere
  from log_era`;
