// graphile-worker as its manual starts it, or tuned as its manual tunes it: jobs fetched ahead and completed in batches.
import { Logger, run, runMigrations } from 'graphile-worker';
import { sendWebhook, servePeer } from './peer-webhook.mjs';

const [connectionString, tuned] = process.argv.slice(2);
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
    taskList: { webhook: sendWebhook },
  });
  return () => runner.stop();
});
