import { chmodSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { Logger } from 'pino';
import { type Cluster, clusterUnder, makeData, runningServer, startServer, stopServer, urlOf } from './cluster.ts';
import { findPostgres, refuseClosedPath } from './postgres-home.ts';

export interface EmbeddedServer {
  /** The owner's connection string. */
  url: string;
  /** The last process to close stops the server. */
  close(): Promise<void>;
}

/** Whoever uses the server holds this lock, shared, for as long. The one that gets it alone may stop the server. */
const PRESENCE_LOCK = 7_106_001;
const PATIENCE_MS = 60_000;

/**
 * The PostgreSQL under `dataDir`: joined when it runs already, otherwise made and started. There is no lock file that
 * could go stale: of two processes that start at once, a rename decides whose data directory it is and PostgreSQL itself
 * whose server, and the other joins. A server whose starter was killed is joined the same way, and stopped by its last
 * user. `settings` are PostgreSQL's, on top of ours.
 */
export async function openEmbedded(
  dataDir: string,
  log: Logger,
  settings: Record<string, string> = {},
): Promise<EmbeddedServer> {
  mkdirSync(dataDir, { recursive: true });
  const home = await findPostgres();
  if (home.user) {
    chmodSync(dataDir, statSync(dataDir).mode | 0o011); // Ours to open for the server; `mktemp -d` makes them closed.
    refuseClosedPath(dataDir, home.user, 'DATA_DIR');
  }
  const cluster = clusterUnder(dataDir, home, settings);
  const presence = await joinOrStart(cluster);
  presence.client.once('error', (error) => log.error({ error: error.message }, 'the embedded database dropped us'));
  return {
    url: urlOf(cluster, presence.port),
    async close() {
      await leave(cluster, presence).catch(async (error) => {
        // The server dropped us some time ago. If it has come back since, it is still ours to stop.
        log.warn({ error: error.message }, 'the embedded database was lost');
        const running = runningServer(cluster.data);
        const again = running && (await joinServer(cluster, running.port));
        if (again) await leave(cluster, again);
      });
    },
  };
}

/** A connection that stands for this process among the server's users. It ends with the process, however that ends. */
interface Presence {
  client: pg.Client;
  port: number;
}

async function joinOrStart(cluster: Cluster): Promise<Presence> {
  let failures = 0;
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; ) {
    const running = runningServer(cluster.data);
    if (running) {
      const presence = running.status === 'ready' ? await joinServer(cluster, running.port) : undefined;
      if (presence) return presence;
      await pause(20); // It is starting or stopping.
      continue;
    }
    if (!existsSync(join(cluster.data, 'PG_VERSION'))) await makeData(cluster);
    try {
      await startServer(cluster);
    } catch (error) {
      // Another process's server came first, or somebody took the port, or a killed server's children are still dying:
      // all of that looks different the next time round.
      failures += 1;
      if (failures === 4) throw error;
      await pause(100 * failures);
    }
  }
  throw new Error(`The embedded PostgreSQL didn't answer within a minute; see ${join(cluster.data, 'server.log')}.`);
}

/** Undefined when the server is about to stop, or to answer. */
async function joinServer(cluster: Cluster, port: number): Promise<Presence | undefined> {
  const client = new pg.Client({
    connectionString: urlOf(cluster, port),
    application_name: 'bellhop presence',
    keepAlive: true,
  });
  client.on('error', () => {}); // Whoever asks it something is told.
  try {
    await client.connect();
    await client.query('select pg_advisory_lock_shared($1)', [PRESENCE_LOCK]);
    return { client, port };
  } catch (error) {
    await client.end().catch(() => {});
    if (!(error instanceof pg.DatabaseError) || error.code !== '28P01') return undefined;
    throw new Error(
      `The PostgreSQL in ${cluster.data} doesn't accept the password in ${cluster.dir}/postgres.password.`,
    );
  }
}

/**
 * Leaves the server, and stops it when nobody else is there. Whoever comes just then waits for the lock that we hold
 * alone, is cut off by the stop, and starts the server again.
 */
async function leave(cluster: Cluster, { client }: Presence): Promise<void> {
  client.removeAllListeners('error').on('error', () => {});
  try {
    await client.query('select pg_advisory_unlock_shared($1)', [PRESENCE_LOCK]);
    const { rows } = await client.query('select pg_try_advisory_lock($1) as alone', [PRESENCE_LOCK]);
    if (rows[0].alone) await stopServer(cluster);
  } finally {
    await client.end().catch(() => {});
  }
}
