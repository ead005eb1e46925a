// pg-boss with four workers that take a hundred jobs at a time, as often as it allows.
import PgBoss from 'pg-boss';
import { sendWebhook, servePeer } from './peer-webhook.mjs';

const [connectionString] = process.argv.slice(2);
const WORKERS = 4;
const OPTIONS = { batchSize: 100, pollingIntervalSeconds: 0.5 };

const boss = new PgBoss({ connectionString });
boss.on('error', (error) => console.error(error));
await boss.start();
await boss.createQueue('webhook');
servePeer(async () => {
  for (let worker = 0; worker < WORKERS; worker++) {
    await boss.work('webhook', OPTIONS, (jobs) => Promise.all(jobs.map(({ data }) => sendWebhook(data))));
  }
  return () => boss.offWork('webhook');
});
