import type pg from 'pg';
import { clock } from '../../core/clock.ts';
import type { Problem } from './verify.ts';

/** Where a chain ends, or ended: a seal's number and its hash. */
export interface Head {
  seq: number;
  hash: string;
}

/** Retention takes seals too, long after this. */
const REMEMBERED_MS = 24 * 3_600_000;

/**
 * What a process remembers of the chains that it has sealed. Whoever owns the database can cut the end of a chain off, or
 * write it anew from where no anchor holds it; what he can't change is the memory of those who worked on it.
 */
class Witness {
  private readonly heads = new Map<number, Head & { at: number }>();
  private broken = new Map<number, Problem>();

  remember(heads: ReadonlyMap<number, Head>): void {
    for (const [agencyId, head] of heads) this.heads.set(agencyId, { ...head, at: clock.now().getTime() });
  }

  /** Where the chain stood when this process last sealed of it. */
  headOf(agencyId: number): Head | undefined {
    const known = this.heads.get(agencyId);
    return known && known.at > clock.now().getTime() - REMEMBERED_MS ? known : undefined;
  }

  /** Looks, before these chains are made longer, whether they hold the seals that this process put there. */
  async compare(client: pg.PoolClient, agencyIds: number[]): Promise<void> {
    const known = agencyIds.flatMap((id) => {
      const head = this.headOf(id);
      return head ? [{ agency_id: id, seq: head.seq, hash: head.hash }] : [];
    });
    if (known.length === 0) return;
    const { rows } = await client.query(
      `select k.agency_id, k.seq from json_to_recordset($1::json) as k(agency_id int, seq int, hash text)
       where not exists (
         select from audit_seal s where s.agency_id = k.agency_id and s.seq = k.seq and s.hash = k.hash)`,
      [JSON.stringify(known)],
    );
    for (const { agency_id, seq } of rows) this.broken.set(agency_id, lost(seq));
  }

  /** What was found since the last time that somebody asked. */
  takeBroken(): ReadonlyMap<number, Problem> {
    const found = this.broken;
    this.broken = new Map();
    return found;
  }
}

export const lost = (seq: number): Problem => ({
  seq,
  entryId: null,
  what: `Seal ${seq} isn’t the one that was there before: the end of the chain was cut off or written anew.`,
});

const witnesses = new WeakMap<pg.Pool, Witness>();

export function witnessOf(system: pg.Pool): Witness {
  const known = witnesses.get(system) ?? new Witness();
  witnesses.set(system, known);
  return known;
}
