import type pg from 'pg';
import type { Logger } from 'pino';
import type { Prisma, PrismaClient } from '../../prisma/generated/client/client.ts';
import type { Config } from '../config.ts';
import { watchPool } from '../core/metrics.ts';
import { clientsByAgency, readerByAgency } from './clients.ts';
import { openEmbedded } from './embedded.ts';
import { continueLog } from './log-era.ts';
import { migrate } from './migrate.ts';
import { openPool } from './pools.ts';
import { AgencyPool } from './tenant-pool.ts';

export interface Database {
  /** The Prisma client of one agency. It can neither see nor write another agency's rows. */
  forAgency(agencyId: number): PrismaClient;
  /** Connections for what works across agencies (tokens, relay, command line, timers): the platform's tables only. */
  system: pg.Pool;
  /**
   * A connection like those of `system` for whoever says the same hundreds of times a second, one after the other. It stays
   * open, and with it the plans: among a dozen that take turns, each would make them anew after every `analyze`.
   */
  ownConnection(): pg.Pool;
  /** Runs one reading statement as an agency, without Prisma. Rows are arrays. */
  read(agencyId: number, text: string, values: unknown[]): Promise<pg.QueryArrayResult>;
  /**
   * Lends a plain connection that acts for one agency, for COPY and raw SQL. A statement may take 15 seconds; longer
   * work says `set local statement_timeout` in its transaction. If `fn` throws, the connection is closed.
   */
  asAgency<T>(agencyId: number, fn: (client: pg.PoolClient) => Promise<T>): Promise<T>;
  /** The owner's connection string: for migrations, LISTEN and `psql`. */
  ownerUrl: string;
  /** Whether the server is ours, under DATA_DIR. */
  embedded: boolean;
  /** Waits for what is lent out, closes everything, and stops the embedded server if nobody else uses it. */
  close(): Promise<void>;
}

/** What `viewer.write` hands to an operation. */
export type Transaction = Prisma.TransactionClient;

/** Starts or joins the embedded server unless DATABASE_URL names another, migrates, and opens the pools. */
export async function openDatabase(
  config: Pick<Config, 'databaseUrl' | 'dataDir' | 'databasePool'>,
  log: Logger,
): Promise<Database> {
  const server = config.databaseUrl ? undefined : await openEmbedded(config.dataDir, log);
  const ownerUrl = config.databaseUrl ?? server!.url;
  const app = openPool(ownerUrl, 'bellhop_app', config.databasePool, log);
  const system = openPool(ownerUrl, 'bellhop_system', Math.max(3, Math.ceil(config.databasePool / 2)), log);

  const pools = [app, system];
  const watched = [watchPool(app, 'requests'), watchPool(system, 'system')];

  async function close(): Promise<void> {
    for (const forget of watched) forget();
    await endPools(pools, log);
    await server?.close();
  }

  try {
    await migrate(ownerUrl, log);
    await refuseStrongRoles(system);
    await continueLog(system, log);
  } catch (error) {
    await close();
    throw error;
  }

  return {
    forAgency: clientsByAgency(app),
    read: readerByAgency(app),
    system,
    ownConnection() {
      const own = openPool(ownerUrl, 'bellhop_system', 1, log, { idleTimeoutMillis: 0 });
      pools.push(own);
      watched.push(watchPool(own, 'system'));
      return own;
    },
    async asAgency(agencyId, fn) {
      const client = await new AgencyPool(app, agencyId).connect();
      try {
        const result = await fn(client);
        client.release();
        return result;
      } catch (error) {
        client.release(true); // It may be in the middle of a COPY.
        throw error;
      }
    },
    ownerUrl,
    embedded: server !== undefined,
    close,
  };
}

/** The wall between agencies is only as good as the roles that stand before it; somebody may have altered them. */
async function refuseStrongRoles(system: pg.Pool): Promise<void> {
  const { rows } = await system.query<{ rolname: string }>(
    `select rolname from pg_roles where rolname in ('bellhop_app', 'bellhop_system', 'bellhop_reporting') and (rolsuper or rolbypassrls)`,
  );
  if (rows.length === 0) return;
  const names = rows.map((row) => row.rolname).join(' and ');
  throw new Error(
    `The database role ${names} can look past row-level security. Take that away: alter role … nosuperuser nobypassrls.`,
  );
}

/** A connection that somebody forgot to give back must not keep the process from stopping. */
async function endPools(pools: pg.Pool[], log: Logger): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, 5_000, 'late');
  });
  const outcome = await Promise.race([Promise.all(pools.map((pool) => pool.end())), late]);
  clearTimeout(timer);
  if (outcome === 'late') log.warn('database connections were still lent out after five seconds; closing all the same');
}
