import type { Logger } from 'pino';
import { v7 as uuid } from 'uuid';
import { clock } from '../../core/clock.ts';
import type { Services } from '../../core/viewer.ts';
import { inTransaction } from '../../relay/transaction.ts';

/**
 * Makes the attempts' partitions of the days to come, and takes away what is past its retention: attempts by the day,
 * then deliveries that have ended and events, a few at a time, so that nobody waits for it. An event stays for as long as
 * a delivery of it does. What is left when `stopping` aborts is for the next time.
 */
export async function retainWebhooks(
  { database, config, log }: Pick<Services, 'database' | 'config'> & { log: Logger },
  stopping: AbortSignal,
): Promise<void> {
  const days = config.webhookRetentionDays;
  const before = new Date(clock.now().getTime() - days * 86_400_000);
  const dropped = await inTransaction(database.system, async (client) => {
    const { rows: lock } = await client.query('select pg_try_advisory_xact_lock($1) as mine', [RETAIN_LOCK]);
    if (!lock[0].mine) return [];
    const { rows } = await client.query('select attempt_retain($1, $2) as part', [clock.now(), days]);
    return rows.map(({ part }) => part as string);
  });
  // Ids begin with the time at which they were made: so the oldest are found without an index of their own.
  const firstKept = uuid({ msecs: before.getTime(), random: new Uint8Array(16), seq: 0 });
  const counts = { deliveries: 0, events: 0 };
  for (const [what, text] of Object.entries({ deliveries: OLD_DELIVERIES, events: OLD_EVENTS })) {
    for (let found = 1; found > 0 && !stopping.aborted; ) {
      found = (await database.system.query(text, [firstKept, before, AT_ONCE])).rowCount ?? 0;
      counts[what as keyof typeof counts] += found;
    }
  }
  if (dropped.length > 0 || counts.deliveries > 0 || counts.events > 0)
    log.info({ dropped, ...counts, days }, 'webhook history past its retention');
}

/** Any number that nobody else locks. */
const RETAIN_LOCK = 7_215_306;
/** Of each agency. */
const AT_ONCE = 500;

const OLD_DELIVERIES = `
  delete from delivery d
  using (
    select old.* from agency a
    cross join lateral (
      select agency_id, id, endpoint_id from delivery
      where agency_id = a.id and id < $1 and status <> 'PENDING' and finished_at < $2
      order by id limit $3
    ) old
  ) o
  where d.agency_id = o.agency_id and d.id = o.id and d.endpoint_id = o.endpoint_id`;

const OLD_EVENTS = `
  delete from outbox_event e
  using (
    select old.id from agency a
    cross join lateral (
      select e.id from outbox_event e
      where e.agency_id = a.id and e.id < $1 and e.occurred_at < $2 and e.dispatched_at is not null
        and not exists (select 1 from delivery d where d.event_id = e.id)
      order by e.id limit $3
    ) old
  ) o
  where e.id = o.id`;
