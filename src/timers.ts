import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Services } from './core/viewer.ts';
import { foldReports } from './finance/reports/fold.ts';
import { generateMonthly } from './finance/statements/monthly.ts';
import { generateDueTaxReports } from './finance/tax-reports/due.ts';
import { pollIcal } from './places/ical/poll.ts';
import { keepAudit, sealAndWatch } from './platform/audit/keep.ts';
import { endLongSessions } from './platform/bi/end-long-sessions.ts';
import { retainWebhooks } from './platform/webhooks/retain.ts';

/** What has to happen every so often, whoever asks. */
interface Timer {
  name: string;
  everyMs: number;
  /** Harmless when several processes do it at once. Whatever takes long ends soon after `stopping`. */
  run(services: Services & { log: Logger }, stopping: AbortSignal): Promise<void>;
}

const TIMERS: Timer[] = [
  {
    name: 'forget idempotency keys',
    everyMs: 3_600_000,
    async run({ database }) {
      await database.system.query(`delete from idempotency_key where created_at < now() - interval '24 hours'`);
    },
  },
  {
    name: 'forget errands that were done',
    everyMs: 3_600_000,
    async run({ database }) {
      await database.system.query(
        `delete from errand where status = 'DONE' and finished_at < now() - interval '30 days'`,
      );
    },
  },
  {
    name: 'seal the audit log',
    everyMs: 1_000,
    run: sealAndWatch,
  },
  {
    name: 'keep the audit log',
    everyMs: 3_600_000,
    run: keepAudit,
  },
  {
    name: 'keep the history of webhooks',
    everyMs: 3_600_000,
    run: retainWebhooks,
  },
  {
    name: 'end BI sessions that are open for too long',
    everyMs: 15_000,
    run: (services) => endLongSessions(services),
  },
  {
    name: 'read calendars that are due',
    everyMs: 30_000,
    async run(services, stopping) {
      await pollIcal(services, stopping);
    },
  },
  {
    name: 'fold what reports add up',
    everyMs: 5_000,
    async run(services) {
      await foldReports(services);
    },
  },
  {
    name: 'make statements of last month',
    everyMs: 3_600_000,
    async run(services) {
      await generateMonthly(services);
    },
  },
  {
    name: 'generate tax reports of the quarter that is over',
    everyMs: 3_600_000,
    async run(services) {
      await generateDueTaxReports(services);
    },
  },
];

export interface Timers {
  stop(): Promise<void>;
}

/** Runs every timer now and then at its interval. A run that fails is logged, and the next one comes all the same. */
export function startTimers(services: Services & { log: Logger }): Timers {
  const { log } = services;
  const stopping = new AbortController();
  const running = TIMERS.map(async ({ name, everyMs, run }) => {
    while (!stopping.signal.aborted) {
      await run(services, stopping.signal).catch((error) => log.error({ err: error }, `the timer "${name}" failed`));
      await pause(everyMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  });
  return {
    async stop() {
      stopping.abort();
      await Promise.all(running);
    },
  };
}
