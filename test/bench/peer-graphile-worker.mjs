// graphile-worker as its manual starts it, or tuned as its manual tunes it: jobs fetched ahead and completed in batches. With
// a log, its job writes down each attempt, as who has to answer a customer's question would.
import { Logger, run, runMigrations } from 'graphile-worker';
import { sendWebhook, servePeer } from './peer-webhook.mjs';

const [connectionString, ...options] = process.argv.slice(2);
const tuned = options.includes('tuned');
const logger = new Logger(() => () => {}); // It would print a line for each job.
const worker = tuned
  ? {
      concurrentJobs: 64,
      maxPoolSize: 20,
      localQueue: { size: 200 },
      completeJobBatchDelay: 0,
      failJobBatchDelay: 0,
    }
  : { concurrentJobs: 32 };

await runMigrations({ connectionString, logger });
servePeer(async () => {
  const runner = await run({
    connectionString,
    logger,
    noHandleSignals: true,
    preset: { worker },
    taskList: { webhook: options.includes('log') ? sendAndLog : sendWebhook },
  });
  return () => runner.stop();
});

async function sendAndLog(job, helpers) {
  const begun = performance.now();
  await sendWebhook(job);
  await helpers.query('insert into bench_attempt (id, path, total_ms) values ($1, $2, $3)', [
    job.id,
    job.path,
    Math.round(performance.now() - begun),
  ]);
}
