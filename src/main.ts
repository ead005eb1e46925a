import cluster from 'node:cluster';
import type { Logger } from 'pino';
import { openWorkers, type Workers } from './cluster.ts';
import type { Config } from './config.ts';
import { persist } from './core/persist.ts';
import { isAway } from './database/away.ts';
import { type Database, openDatabase } from './database/index.ts';
import { makeDemo } from './demo/demo.ts';
import { schema } from './domains.ts';
import { doors } from './doors.ts';
import { compileRoutes } from './gateway/rest/route.ts';
import { openGateway } from './gateway/server.ts';
import { openWake } from './outbox/wake.ts';
import { startRelay } from './relay/relay.ts';
import { rows } from './routes.ts';
import { printMetrics } from './telemetry/gather.ts';
import { metricsDoor, openMetricsPort } from './telemetry/metrics-door.ts';
import { startTimers } from './timers.ts';

export interface Running {
  config: Config;
  database: Database;
  /** The api: in this process, or in the workers of this one. */
  gateway: Pick<Workers, 'port'> | undefined;
  /** The demo's token, on the one start that made it. */
  demoToken: string | undefined;
  /** Everything in reverse: no new requests, no new claims, what is in flight finished, the database last. */
  stop(): Promise<void>;
}

/**
 * Starts the database, the relay, the timers and the gateway, in that order, as far as ROLES asks for them. A database server that is
 * away or just starting is waited for, until `signal`: after a power cut nobody says which of the two is up first.
 */
export async function start(config: Config, log: Logger, signal?: AbortSignal): Promise<Running> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const end of stops.reverse().splice(0)) await end();
  };
  try {
    const database = await persist(() => openDatabase(config, log), {
      retries: Number.POSITIVE_INFINITY,
      minTimeout: 100,
      maxTimeout: 1_000,
      maxRetryTime: LONGEST_WAIT_MS,
      signal,
      shouldRetry: ({ error }) => config.databaseUrl !== undefined && isAway(error), // Our own was started by us.
      onFailedAttempt({ error }) {
        if (isAway(error)) log.warn({ err: error }, 'the database isn’t there yet');
      },
    });
    stops.push(() => database.close());
    const wake = openWake(database.system, database.ownerUrl, log);
    stops.push(() => wake.close());
    const demoToken = config.demo ? await demoOnce(database, config) : undefined;
    const relay = config.roles.has('relay') ? startRelay({ database, config, log, wake, schema }) : undefined;
    if (relay) stops.push(() => relay.stop());
    const timers = config.roles.has('timers') ? startTimers({ database, config, wake, log }) : undefined;
    if (timers) stops.push(() => timers.stop());
    const readiness = async () => ({
      database: await database.system.query('select 1').then(Boolean, () => false),
      ...(relay && { relay: relay.running() }),
    });
    const metrics = metricsDoor(config, () => printMetrics(database.system), log);
    if (config.metricsPort !== undefined && cluster.isPrimary) {
      const port = await openMetricsPort(config.host, config.metricsPort, metrics);
      stops.push(() => port.close());
    }
    const routes = () => compileRoutes(schema, rows, { planned: config.planner });
    const openApi = () =>
      config.workers > 1
        ? openWorkers(config, database, log)
        : openGateway({ schema, routes: routes(), doors, config, database, wake, log, readiness, metrics });
    const gateway = config.roles.has('api') ? await openApi() : undefined;
    if (gateway) stops.push(() => gateway.close());
    return { config, database, gateway, demoToken, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** By then it is an address that is wrong. */
const LONGEST_WAIT_MS = 60_000;

/**
 * An empty database gets the demo agency; one that has an agency is somebody's, and is left alone. A demo without a token
 * was never finished, and is made anew. Two servers that start at once make one demo: the second waits and finds it.
 */
async function demoOnce(database: Database, config: Config): Promise<string | undefined> {
  const client = await database.system.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [DEMO_LOCK]);
    const { rows: kept } = await client.query(
      'select 1 from agency a where not a.demo or exists (select from access_token where agency_id = a.id) limit 1',
    );
    return kept.length > 0 ? undefined : (await makeDemo(database, config)).token;
  } finally {
    await client.query('select pg_advisory_unlock($1)', [DEMO_LOCK]).finally(() => client.release());
  }
}

/** Any number that nobody else locks. */
const DEMO_LOCK = 7_215_301;
