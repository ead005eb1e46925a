import type { Logger } from 'pino';
import type { Database } from '../../database/index.ts';

/** Twice the statement_timeout that a BI session begins with and can lift. */
const MOST_SECONDS = 60;

/** Ends the BI sessions whose transaction has been open for too long: it holds back the event log of every agency. */
export async function endLongSessions(
  { database, log }: { database: Database; log: Logger },
  seconds = MOST_SECONDS,
): Promise<void> {
  const { rows } = await database.system.query<{ role: string }>('select bi_end_long($1) as role', [seconds]);
  if (rows.length > 0)
    log.warn({ roles: rows.map(({ role }) => role), seconds }, 'BI sessions were ended: open for too long');
}
