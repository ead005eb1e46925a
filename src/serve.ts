import cluster from 'node:cluster';
import { setFlagsFromString } from 'node:v8';
import { pino } from 'pino';
import { STOP, workerConfig } from './cluster.ts';
import { readConfig } from './config.ts';
import { type Running, start } from './main.ts';
import { answerPrimary, watchProcess } from './telemetry/gather.ts';
import { openLog } from './telemetry/log.ts';

/** `bellhop serve`: runs until SIGTERM or SIGINT, and then stops in order. Resolves with the exit code. */
export async function serve({ json = false } = {}): Promise<number> {
  const config = cluster.isWorker ? workerConfig(readConfig()) : readConfig();
  const log = openLog(config.logLevel, pino.destination({ fd: 2, sync: false }));
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWING_PERCENT}`);
  watchProcess();
  if (cluster.isWorker) answerPrimary();
  const tracing = config.otlpEndpoint
    ? (await import('./telemetry/tracing.ts')).startTracing(config.otlpEndpoint)
    : undefined;
  const asked = askedToStop();
  const early = new AbortController();
  asked.then(() => early.abort());
  const running = await start(config, log, early.signal).catch((error) => {
    if (error === early.signal.reason) return undefined;
    throw error;
  });
  if (!running) return 0; // Nothing has been begun.
  if (cluster.isPrimary) process.stdout.write(json ? `${JSON.stringify(facts(running))}\n` : welcome(running));
  log.info({ port: running.gateway?.port, roles: [...config.roles] }, 'ready');
  log.info({ asked: await asked }, 'stopping');
  await running.stop();
  await tracing?.stop().catch((error) => log.warn({ err: error }, 'the last spans were not taken'));
  return 0;
}

/** A signal, or in a worker the primary's word: signals that reach all of a group's processes are the primary's business. */
function askedToStop(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      if (cluster.isWorker) process.on(signal, () => {});
      else process.once(signal, () => resolve(signal));
    }
    if (cluster.isWorker) process.on('message', (message) => message === STOP && resolve(STOP));
  });
}

/** The same for whoever starts it from a script. */
function facts({ config, gateway, demoToken, database }: Running) {
  const url = gateway ? config.publicUrl : null;
  return { ready: true, url, roles: [...config.roles], embedded: database.embedded, demo_token: demoToken ?? null };
}

/** What a newcomer needs to see once, and an operator at a glance. */
function welcome({ config, gateway, demoToken, database }: Running): string {
  const url = config.publicUrl;
  const lines = [
    '',
    `  Bellhop is ready${gateway ? '' : ` (${[...config.roles].join(', ')})`}. Database: ${database.embedded ? `embedded, in ${config.dataDir}` : 'DATABASE_URL'}.`,
  ];
  if (gateway) lines.push('', `  GraphiQL    ${url}/graphql`, `  Swagger UI  ${url}/docs`, `  API         ${url}/v1`);
  if (gateway && demoToken) {
    const auth = `-H 'Authorization: Bearer ${demoToken}'`;
    lines.push(
      '',
      `  Demo token  ${demoToken}   (shown once; \`npx bellhop token create\` makes others)`,
      '',
      '  Three lines to copy:',
      `  1. List bookings:          curl -s ${auth} '${url}/v1/bookings?per_page=3'`,
      `  2. Listen and register:    npx bellhop webhook listen --port 4100 --register --token '${demoToken}' --events 'booking.*' --server ${url}`,
      `  3. In another terminal:    curl -s ${auth} -H 'Content-Type: application/json' ${url}/v1/bookings -d '${JSON.stringify(sample())}'`,
      '  The listener prints the verified event.',
    );
  }
  return `${lines.join('\n')}\n\n`;
}

/** A stay far enough ahead that the demo's season doesn't hold its nights. */
function sample() {
  const year = new Date().getUTCFullYear() + 2;
  return {
    property_id: 1,
    check_in: `${year}-08-12`,
    check_out: `${year}-08-19`,
    guests_count: 2,
    guest_name: 'Karim B.',
    source: 'direct',
  };
}

/**
 * By how much the heap may grow before all of it is looked through, which holds every core for as long as ten deliveries take.
 * Left to itself V8 does that every five megabytes here, every few seconds of a busy relay.
 */
const HEAP_GROWING_PERCENT = 30;
