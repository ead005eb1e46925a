import { DomainError, NotFound } from '../core/errors.ts';
import { redactAudit } from '../platform/audit/redact.ts';
import { type Verified, verifyAudit } from '../platform/audit/verify.ts';
import type { Head } from '../platform/audit/witness.ts';
import type { Answer } from './answer.ts';
import { operatorOf, withServices } from './services.ts';

/**
 * `bellhop audit verify`: of one agency, or of all. The exit code is 1 when a chain is broken. With `head` an auditor gives
 * what an earlier run, an anchor in the server's log or a SIEM has told of one agency's chain.
 */
export async function auditVerify({ agency, head }: { agency?: number; head?: string }): Promise<Answer> {
  const noted = head === undefined ? undefined : readHead(head, agency);
  const verified = await withServices(async ({ database }) => {
    const { rows } = await database.system.query('select id from agency where $1::int is null or id = $1 order by id', [
      agency ?? null,
    ]);
    if (agency !== undefined && rows.length === 0) throw new NotFound('agency');
    const chains: Verified[] = [];
    for (const { id } of rows) chains.push(await verifyAudit(database, id, { noted }));
    return chains;
  });
  const ok = verified.every((chain) => chain.ok);
  return {
    data: {
      ok,
      agencies: verified.map(({ agencyId, problems, ...chain }) => ({
        agency_id: agencyId,
        ...chain,
        problems: problems.map(({ seq, entryId, what }) => ({ seq, entry_id: entryId, what })),
      })),
    },
    text: verified.map(sentences).join('') || 'There is no agency yet.\n',
    exitCode: ok ? 0 : 1,
  };
}

/**
 * `bellhop audit forget`: whoever has asked to be forgotten stands in the log as commitments, and their salts go. All of the
 * subjects, or none: one without a line is a slip of the pen.
 */
export async function auditForget({ agency, subjects }: { agency: number; subjects: string[] }): Promise<Answer> {
  const forgotten = await withServices(async (services) => {
    const viewer = await operatorOf(services, agency);
    return viewer.write(async (tx, _emit, audit) => {
      const done: { subject: string; lines: number }[] = [];
      for (const subject of new Set(subjects)) {
        if (!(await tx.auditEntry.findFirst({ where: { subject } })))
          throw new DomainError('NOT_FOUND', `No line of agency ${agency} is about ${subject}. Nothing was forgotten.`);
        done.push({ subject, lines: await redactAudit(tx, audit, subject) });
      }
      return done;
    });
  });
  const text = forgotten.map(({ subject, lines }) => `${subject}: ${lines} lines have forgotten what was personal.\n`);
  return { data: { agency_id: agency, forgotten }, text: text.join('') };
}

function readHead(text: string, agency: number | undefined): Head {
  const [, seq, hash] = /^(\d{1,9}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (!seq || !hash) throw new DomainError('BAD_REQUEST', '--head must be a seal’s number and its hash: 120:9f86d0…');
  if (agency === undefined) throw new DomainError('BAD_REQUEST', '--head is of one chain: say --agency too.');
  return { seq: Number(seq), hash };
}

function sentences({ agencyId, ok, sealed, unsealed, head, problems }: Verified): string {
  const waiting = unsealed > 0 ? `; ${unsealed} not sealed yet` : '';
  if (ok) return `Agency ${agencyId}: ok. ${sealed} entries, up to seal ${head.seq} ${head.hash}${waiting}.\n`;
  return `Agency ${agencyId}: BROKEN.\n${problems.map(({ what }) => `  ${what}\n`).join('')}`;
}
