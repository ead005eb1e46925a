import type pg from 'pg';
import type { Database } from '../../database/index.ts';
import { inTransaction } from '../../relay/transaction.ts';
import { entryHash, GENESIS, link, SEALED_COLUMNS, type SealedColumns } from './entry-hash.ts';

/** What an agency's chain came to. */
export interface Verified {
  agencyId: number;
  /** True when nothing is wrong. */
  ok: boolean;
  /** How many seals were followed, and how many entries wait for theirs. */
  sealed: number;
  unsealed: number;
  /** Where the chain ends: what to compare with a note from elsewhere. */
  head: { seq: number; hash: string };
  /** What is wrong, in the order of the chain; the first of many. */
  problems: Problem[];
}

export interface Problem {
  /** Null for an entry that the chain doesn't know. */
  seq: number | null;
  entryId: string | null;
  what: string;
}

/**
 * Follows an agency's chain from its beginning, or from the anchor that retention has left, and recomputes every hash: of
 * the entries as they are now, and of the links. It reads one snapshot and changes nothing.
 */
export function verifyAudit({ system }: Pick<Database, 'system'>, agencyId: number): Promise<Verified> {
  return inTransaction(system, async (client) => {
    await client.query('set transaction isolation level repeatable read, read only');
    await client.query('set local statement_timeout = 0'); // A night's work at a million entries, in one snapshot.
    const kept = await keptOf(client, agencyId);
    const chain = follow(kept);
    for (let after = -1; ; ) {
      const { rows } = await client.query<SealRow>({
        name: 'audit-verify',
        text: SEALS,
        values: [agencyId, after, BATCH],
      });
      for (const row of rows) chain.take(row);
      if (rows.length < BATCH) break;
      after = rows.at(-1)!.seal_seq;
    }
    const { head, sealed, problems } = chain.end();
    const { rows: strays } = await client.query(STRAYS, [agencyId, kept.droppedBefore, MOST_PROBLEMS]);
    for (const { id } of strays) {
      problems.push({
        seq: null,
        entryId: id,
        what: `The entry ${id} has no seal, though later ones have: it was put in.`,
      });
    }
    const { rows: counted } = await client.query(COUNT_UNSEALED, [agencyId]);
    return {
      agencyId,
      ok: problems.length === 0,
      sealed,
      unsealed: counted[0].count,
      head,
      problems: problems.slice(0, MOST_PROBLEMS),
    };
  });
}

/** What stands beside the chain: its anchors, and until when entries have been dropped. */
interface Kept {
  anchors: Map<number, string>;
  droppedBefore: Date | null;
}

type SealRow = Partial<SealedColumns> & {
  seal_seq: number;
  entry_id: string;
  entry_occurred_at: Date;
  entry_hash: string;
  hash: string;
};

function follow({ anchors, droppedBefore }: Kept) {
  const problems: Problem[] = [];
  let head = { seq: 0, hash: GENESIS };
  let sealed = 0;
  let latest = 0;

  function complain(seq: number, entryId: string | null, what: string): void {
    problems.push({ seq, entryId, what });
  }

  /** The chain begins with 1, or where an anchor says that what was dropped had ended. */
  function begin(row: SealRow): void {
    const hash = droppedBefore ? anchors.get(row.seal_seq - 1) : undefined;
    if (hash !== undefined) head = { seq: row.seal_seq - 1, hash };
  }

  return {
    take(row: SealRow): void {
      const { seal_seq: seq, entry_id: entryId } = row;
      if (sealed === 0 && seq > 1) begin(row);
      const gap = seq !== head.seq + 1;
      if (gap) complain(head.seq + 1, null, `The seals ${head.seq + 1} to ${seq - 1} are missing.`);
      else if (row.hash !== link(head.hash, row.entry_hash))
        complain(seq, entryId, `Seal ${seq} doesn’t follow from the one before it.`);
      const anchored = anchors.get(seq);
      if (anchored !== undefined && anchored !== row.hash)
        complain(seq, entryId, `Seal ${seq} isn’t what its day’s anchor says.`);
      if (row.id) this.compare(row as SealRow & SealedColumns);
      else if (!droppedBefore || row.entry_occurred_at >= droppedBefore)
        complain(seq, entryId, `The entry ${entryId} of seal ${seq} is missing.`);
      head = { seq, hash: row.hash };
      sealed += 1;
    },
    compare(row: SealRow & SealedColumns): void {
      const { seal_seq: seq, id, occurred_at } = row;
      if (entryHash(row) !== row.entry_hash)
        complain(seq, id, `The entry ${id} of seal ${seq} isn’t what was sealed: it was changed.`);
      else if (!WRITERS.has(row.written_by))
        complain(seq, id, `The entry ${id} of seal ${seq} was put in by ${row.written_by}, past Bellhop.`);
      else if (occurred_at.getTime() < latest - SLACK_MS)
        complain(
          seq,
          id,
          `The entry ${id} of seal ${seq} is dated ${occurred_at.toISOString()}, long before entries that were written earlier.`,
        );
      latest = Math.max(latest, occurred_at.getTime());
    },
    end() {
      const furthest = Math.max(0, ...anchors.keys());
      if (furthest > head.seq && !(sealed === 0 && droppedBefore)) {
        complain(
          head.seq + 1,
          null,
          `The seals ${head.seq + 1} to ${furthest} are missing: a day’s anchor knows of them.`,
        );
      }
      return { head, sealed, problems };
    },
  };
}

/** The roles that Bellhop works as. */
const WRITERS = new Set(['bellhop_app', 'bellhop_system']);
/** A transaction takes 15 seconds at most, and clocks of machines differ; this is far beyond both. */
const SLACK_MS = 3_600_000;
const BATCH = 2_000;
const MOST_PROBLEMS = 20;

async function keptOf(client: pg.PoolClient, agencyId: number): Promise<Kept> {
  const { rows: anchors } = await client.query('select seq, hash from audit_anchor where agency_id = $1', [agencyId]);
  const { rows } = await client.query('select max(dropped_before) as before from audit_retention');
  return { anchors: new Map(anchors.map(({ seq, hash }) => [seq, hash])), droppedBefore: rows[0].before };
}

// The hash of a seal is CHAR(64), which compares as text when it is full.
const SEALS = `
  select s.seq as seal_seq, s.entry_id, s.entry_occurred_at, s.entry_hash, s.hash, ${SEALED_COLUMNS}
  from (select * from audit_seal where agency_id = $1 and seq > $2 order by seq limit $3) s
  left join audit_entry e on e.agency_id = s.agency_id and e.id = s.entry_id and e.occurred_at = s.entry_occurred_at
  order by s.seq`;

const LAST_SEALED = `(select entry_xid as xid, entry_id as id from audit_seal order by entry_xid desc, entry_id desc limit 1) p`;

const STRAYS = `
  select e.id from audit_entry e, ${LAST_SEALED}
  where e.agency_id = $1 and (e.xid, e.id) <= (p.xid, p.id) and ($2::timestamptz is null or e.occurred_at >= $2)
    and not exists (
      select from audit_seal s where s.entry_id = e.id and s.agency_id = e.agency_id and s.entry_occurred_at = e.occurred_at)
  order by e.xid, e.id limit $3`;

const COUNT_UNSEALED = `
  select count(*)::int as count from audit_entry e
  where e.agency_id = $1
    and not exists (select from ${LAST_SEALED} where (e.xid, e.id) <= (p.xid, p.id))`;
