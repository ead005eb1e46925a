import { NotFound } from '../core/errors.ts';
import { type Verified, verifyAudit } from '../platform/audit/verify.ts';
import type { Answer } from './answer.ts';
import { withServices } from './services.ts';

/** `bellhop audit verify`: of one agency, or of all. The exit code is 1 when a chain is broken. */
export async function auditVerify({ agency }: { agency?: number }): Promise<Answer> {
  const verified = await withServices(async ({ database }) => {
    const { rows } = await database.system.query('select id from agency where $1::int is null or id = $1 order by id', [
      agency ?? null,
    ]);
    if (agency !== undefined && rows.length === 0) throw new NotFound('agency');
    const chains: Verified[] = [];
    for (const { id } of rows) chains.push(await verifyAudit(database, id));
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

function sentences({ agencyId, ok, sealed, unsealed, head, problems }: Verified): string {
  const waiting = unsealed > 0 ? `; ${unsealed} not sealed yet` : '';
  if (ok) return `Agency ${agencyId}: ok. ${sealed} entries, up to seal ${head.seq} ${head.hash}${waiting}.\n`;
  return `Agency ${agencyId}: BROKEN.\n${problems.map(({ what }) => `  ${what}\n`).join('')}`;
}
