import type { Logger } from 'pino';
import type { Services } from '../../core/viewer.ts';
import { inTransaction } from '../../relay/transaction.ts';
import { agencyViewer } from '../agency-viewer.ts';
import { anchorAudit } from './anchor.ts';
import { sealAudit, takeAuditLock } from './seal.ts';
import { type Verified, verifyAudit } from './verify.ts';

/**
 * What the audit log needs every day: anchors, a look at the whole chain, new partitions, and an end to what is past its
 * retention. An agency is verified by whoever made its anchor, and so once a day however many processes there are. The
 * anchors are logged as well: a log that has left the machine is out of reach of whoever owns the database.
 */
export async function keepAudit(services: Services & { log: Logger }): Promise<void> {
  const { database, config, log } = services;
  await sealAudit(database);
  for (const anchor of await anchorAudit(database)) {
    log.info({ anchor }, 'the audit chain at the end of a day');
    const verified = await verifyAudit(database, anchor.agency_id);
    if (!verified.ok) await tellBroken(services, verified);
  }
  const dropped = await retainAudit(services);
  if (dropped.length > 0)
    log.info({ dropped, months: config.auditRetentionMonths }, 'audit entries past their retention');
}

/** Makes the partitions of the months to come, and drops what is older than the retention. Answers what it dropped. */
export async function retainAudit({ database, config }: Pick<Services, 'database' | 'config'>): Promise<string[]> {
  return inTransaction(database.system, async (client) => {
    if (!(await takeAuditLock(client))) return [];
    const { rows } = await client.query('select audit_retain($1) as part', [config.auditRetentionMonths]);
    await client.query(`delete from audit_salt where occurred_at < (select max(dropped_before) from audit_retention)`);
    return rows.map(({ part }) => part);
  });
}

/** A chain that is broken is said in the chain itself, which goes on from where it is, and to whoever listens. */
async function tellBroken(services: Services & { log: Logger }, { agencyId, problems }: Verified): Promise<void> {
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
