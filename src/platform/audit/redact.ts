import type { Audit } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';

/** The line that says so; with it a salt that somebody puts back is found. */
export const REDACTED = 'audit.redacted';

/**
 * Makes the audit log forget what it says of somebody: the salts of all commitments in the lines about `subject`
 * ("guest:7") go, and without its salt a commitment can't be compared with anything. The lines and their chain stay as
 * they are. Answers how many lines it was.
 */
export async function redactAudit(tx: Transaction, audit: Audit, subject: string): Promise<number> {
  const lines = await tx.$executeRaw`
    delete from audit_salt s using audit_entry e
    where e.agency_id = s.agency_id and e.id = s.entry_id and e.occurred_at = s.occurred_at and e.subject = ${subject}`;
  audit(REDACTED, subject, { lines }, 'WARNING');
  return lines;
}
