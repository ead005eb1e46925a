import type pg from 'pg';
import type { Logger } from 'pino';
import { v7 as uuid } from 'uuid';
import { clock } from '../../core/clock.ts';
import type { Services } from '../../core/viewer.ts';
import { inTransaction } from '../../relay/transaction.ts';
import { agencyViewer } from '../agency-viewer.ts';
import { anchorAudit } from './anchor.ts';
import { sealAudit, takeAuditLock } from './seal.ts';
import { LINES_DROPPED, type Problem, verifyAudit } from './verify.ts';
import { witnessOf } from './witness.ts';

/**
 * What the audit log needs every day: anchors, a look at the whole chain, new partitions, and an end to what is past its
 * retention. An agency is verified by whoever made its anchor, and so once a day however many processes there are. The
 * anchors are logged as well: a log that has left the machine is out of reach of whoever owns the database.
 */
export async function keepAudit(services: Services & { log: Logger }): Promise<void> {
  const { database, config, log } = services;
  await sealAndWatch(services);
  for (const { late, ...anchor } of await anchorAudit(database)) {
    log.info({ anchor }, 'the audit chain at the end of a day');
    const noted = witnessOf(database.system).headOf(anchor.agency_id);
    const { problems } = await verifyAudit(database, anchor.agency_id, { noted });
    // These stand there again, and only now can it be said that they were gone.
    if (late.length > MOST_LATE) problems.push(gone(late));
    if (problems.length > 0) await tellBroken(services, anchor.agency_id, problems);
  }
  const dropped = await retainAudit(services);
  if (dropped.length > 0)
    log.info({ dropped, months: config.auditRetentionMonths }, 'audit entries past their retention');
}

/** A process that stops leaves the day on which it did so, and the one before where that had just ended. */
const MOST_LATE = 2;

const gone = (days: string[]): Problem => ({
  seq: null,
  entryId: null,
  what: `The anchors of ${days.length} days, from ${days[0]} to ${days.at(-1)}, were missing, and were made anew.`,
});

/** Seals, and says at once where a chain doesn't hold what this process had put there. */
export async function sealAndWatch(services: Services & { log: Logger }): Promise<void> {
  const { database } = services;
  await sealAudit(database);
  for (const [agencyId, problem] of witnessOf(database.system).takeBroken())
    await tellBroken(services, agencyId, [problem]);
}

/** Makes the partitions of the months to come, and drops what is older than the retention. Answers what it dropped. */
export async function retainAudit({ database, config }: Pick<Services, 'database' | 'config'>): Promise<string[]> {
  return inTransaction(database.system, async (client) => {
    if (!(await takeAuditLock(client))) return [];
    const { rows } = await client.query('select audit_retain($1) as part', [config.auditRetentionMonths]);
    const { rows: kept } = await client.query('select max(dropped_before) as before from audit_retention');
    await client.query('delete from audit_salt where occurred_at < $1', [kept[0].before]);
    const dropped = rows.map(({ part }) => part);
    if (dropped.length > 0) await sayDropped(client, kept[0].before, dropped);
    return dropped;
  });
}

/** Each chain says itself what it has lost: an entry that is missing without that is missing. */
async function sayDropped(client: pg.PoolClient, before: Date, parts: string[]): Promise<void> {
  const { rows } = await client.query('select distinct agency_id from audit_anchor');
  const lines = rows.map(({ agency_id }) => ({ id: uuid(), agency_id }));
  await client.query(
    `insert into audit_entry (id, agency_id, occurred_at, severity, actor, action, subject, changes)
     select id, agency_id, $2, 'WARNING', 'timer', $3, 'agency:' || agency_id, $4
     from json_to_recordset($1::json) as l(id uuid, agency_id int)`,
    [JSON.stringify(lines), clock.now(), LINES_DROPPED, JSON.stringify({ before: before.toISOString(), parts })],
  );
}

/** A chain that is broken is said in the chain itself, which goes on from where it is, and to whoever listens. */
async function tellBroken(services: Services & { log: Logger }, agencyId: number, problems: Problem[]): Promise<void> {
  services.log.error({ agencyId, problems }, 'the audit chain is broken');
  const viewer = await agencyViewer(services, agencyId, 'timer');
  await viewer?.write(async (_tx, _emit, audit) => {
    const [first] = problems;
    audit(
      'audit.chain_broken',
      `agency:${agencyId}`,
      { seq: first?.seq, what: first?.what, problems: problems.length },
      'CRITICAL',
    );
  });
}
