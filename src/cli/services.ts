import { pino } from 'pino';
import { readConfig } from '../config.ts';
import { NotFound } from '../core/errors.ts';
import type { Services, Viewer } from '../core/viewer.ts';
import { openDatabase } from '../database/index.ts';
import { openWake } from '../outbox/wake.ts';
import { agencyViewer } from '../platform/agency-viewer.ts';
import { openLog } from '../telemetry/log.ts';

/**
 * Runs a command on the database that a server uses, or would: it joins an embedded one that runs already, and then
 * leaves it running. A command says nothing in passing but warnings, to stderr, unless LOG_LEVEL asks for more.
 */
export async function withServices<T>(work: (services: Services) => Promise<T>): Promise<T> {
  const config = readConfig({ LOG_LEVEL: 'warn', ...process.env });
  const log = openLog(config.logLevel, pino.destination({ fd: 2, sync: true }));
  const database = await openDatabase(config, log);
  try {
    const wake = openWake(database.system, database.ownerUrl, log);
    try {
      return await work({ database, wake, config });
    } finally {
      await wake.close();
    }
  } finally {
    await database.close();
  }
}

/** The agency as its operator at the command line sees it: with every ability. */
export async function operatorOf(services: Services, agencyId: number, { silent = false } = {}): Promise<Viewer> {
  const viewer = await agencyViewer(services, agencyId, 'cli', { silent });
  if (!viewer) throw new NotFound('agency');
  return viewer;
}
