import { clock } from '../../core/clock.ts';
import type { Database } from '../../database/index.ts';
import { inTransaction } from '../../relay/transaction.ts';
import { waitForAuditLock } from './seal.ts';

export interface Anchor {
  agency_id: number;
  day: string;
  seq: number;
  hash: string;
}

/**
 * Keeps where each chain stood at the end of every day (UTC) that is over: for each day on which something was sealed, and
 * for yesterday in any case. From an anchor the chain can be verified when all that came before it is dropped. Answers
 * the anchors of yesterday that this call made, each with the earlier days that it had to make up for; each day and agency
 * is one call's.
 */
export function anchorAudit({ system }: Pick<Database, 'system'>): Promise<(Anchor & { late: string[] })[]> {
  return inTransaction(system, async (client) => {
    await waitForAuditLock(client);
    const today = clock.now().toISOString().slice(0, 10);
    const { rows: days } = await client.query<{ agency_id: number; day: string }>(DAYS, [today]);
    const { rows } = await client.query<Anchor>(YESTERDAY, [today]);
    return rows.map((anchor) => {
      const late = days.filter(({ agency_id }) => agency_id === anchor.agency_id).map(({ day }) => day);
      return { ...anchor, late: late.sort() };
    });
  });
}

// A process that was away for weeks finds more than one day to keep. Sealing was away with it, or it found the same days.
const DAYS = `
  insert into audit_anchor (agency_id, day, seq, hash)
  select distinct on (s.agency_id, s.day) s.agency_id, s.day, s.seq, s.hash
  from agency a
  cross join lateral (
    select agency_id, sealed_at::date as day, seq, hash from audit_seal
    where agency_id = a.id and sealed_at < $1::date - 1
      and seq > coalesce((select max(seq) from audit_anchor where agency_id = a.id), 0)
  ) s
  order by s.agency_id, s.day, s.seq desc
  on conflict do nothing
  returning agency_id, day::text as day`;

const YESTERDAY = `
  insert into audit_anchor (agency_id, day, seq, hash)
  select a.id, $1::date - 1, h.seq, h.hash
  from agency a
  cross join lateral (
    (select seq, hash from audit_seal where agency_id = a.id and sealed_at < $1::date order by seq desc limit 1)
    union all
    (select seq, hash from audit_anchor where agency_id = a.id order by day desc limit 1)
    order by seq desc limit 1
  ) h
  where not exists (select from audit_anchor k where k.agency_id = a.id and k.day = $1::date - 1)
  on conflict do nothing
  returning agency_id, day::text as day, seq, hash`;
