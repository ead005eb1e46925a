import type pg from 'pg';
import type { Database } from '../../database/index.ts';
import { inTransaction } from '../../relay/transaction.ts';
import { entryHash, GENESIS, link, SEALED_COLUMNS, type SealedColumns } from './entry-hash.ts';
import { REDACTED } from './redact.ts';
import { type Head, lost } from './witness.ts';

/** What an agency's chain came to. */
export interface Verified {
  agencyId: number;
  /** True when nothing is wrong. */
  ok: boolean;
  /** How many seals were followed, and how many entries wait for theirs. */
  sealed: number;
  unsealed: number;
  /** Where the chain ends: what to compare with a note from elsewhere. */
  head: Head;
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
 * the entries as they are now, and of the links. It reads one snapshot and changes nothing. `noted` is where the chain ended
 * at some time, by the word of somebody whom the database's owner can't correct: it must still hold that seal.
 */
export function verifyAudit(
  { system }: Pick<Database, 'system'>,
  agencyId: number,
  { noted }: { noted?: Head } = {},
): Promise<Verified> {
  return inTransaction(system, async (client) => {
    await client.query('set transaction isolation level repeatable read, read only');
    await client.query('set local statement_timeout = 0'); // A night's work at a million entries, in one snapshot.
    const kept = await keptOf(client, agencyId);
    const chain = follow(kept, noted);
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
    const { rows: strays } = await client.query(STRAYS, [agencyId, MOST_PROBLEMS]);
    for (const { id } of strays) {
      problems.push({
        seq: null,
        entryId: id,
        what: `The entry ${id} has no seal, though later ones have: it was put in.`,
      });
    }
    const { rows: restored } = await client.query(SALTS_PUT_BACK, [agencyId, REDACTED, MOST_PROBLEMS]);
    for (const { id, subject } of restored) {
      const what = `The salt of the entry ${id} is there again, though the log was made to forget ${subject}.`;
      problems.push({ seq: null, entryId: id, what });
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

/** What stands beside the chain. */
interface Kept {
  /** By seq: days on which nothing was sealed are anchored to the same seal. */
  anchors: Map<number, { day: string; hash: string }[]>;
  /** The days that have one, and the last of them: `2027-05-01`. */
  anchored: Set<string>;
  lastAnchored: string;
  /** Until when entries have been dropped, as the log itself says: the table of drops is easily added to. */
  droppedBefore: Date | null;
}

type SealRow = Partial<SealedColumns> & {
  seal_seq: number;
  sealed_at: Date;
  entry_id: string;
  entry_xid: string;
  entry_occurred_at: Date;
  entry_hash: string;
  hash: string;
};

function follow({ anchors, anchored, lastAnchored, droppedBefore }: Kept, noted: Head | undefined) {
  const problems: Problem[] = [];
  let head = { seq: 0, hash: GENESIS };
  let sealed = 0;
  let latest = 0;
  let latestSealed = 0;
  let day = '';
  /** The days without an anchor since the last that there is, each with its last seal and when sealing went on. */
  const unanchored: { day: string; seq: number; wentOn: number }[] = [];

  function complain(seq: number, entryId: string | null, what: string): void {
    problems.push({ seq, entryId, what });
  }

  /** The chain begins with 1, or where an anchor says that what was dropped had ended. */
  function begin(row: SealRow): void {
    const [anchor] = (droppedBefore && anchors.get(row.seal_seq - 1)) || [];
    if (anchor) head = { seq: row.seal_seq - 1, hash: anchor.hash };
  }

  /** Seals are made by one process after another, so their times rise; and each day that is over is anchored. */
  function checkTime({ seal_seq: seq, entry_id: entryId, sealed_at }: SealRow): void {
    if (sealed_at.getTime() < latestSealed - SLACK_MS)
      complain(seq, entryId, `Seal ${seq} is dated ${sealed_at.toISOString()}, long before the one that precedes it.`);
    latestSealed = Math.max(latestSealed, sealed_at.getTime());
    const own = sealed_at.toISOString().slice(0, 10);
    if (day !== '' && own > day && !anchored.has(day)) {
      if (day < lastAnchored) complainOfMissing({ day, seq: seq - 1 });
      else unanchored.push({ day, seq: seq - 1, wentOn: sealed_at.getTime() });
    }
    if (own > day) day = own;
  }

  function complainOfMissing({ day, seq }: { day: string; seq: number }): void {
    complain(seq, null, `The anchor of ${day}, which ended with seal ${seq}, is missing.`);
  }

  /** An anchor is the last seal of its day, or of the days before where nothing was sealed on it. */
  function checkAnchors({ seal_seq: seq, entry_id: entryId, sealed_at, hash }: SealRow): void {
    for (const anchor of anchors.get(seq) ?? []) {
      if (anchor.hash !== hash) complain(seq, entryId, `Seal ${seq} isn’t what its day’s anchor says.`);
      else if (anchor.day < sealed_at.toISOString().slice(0, 10))
        complain(seq, entryId, `The anchor of ${anchor.day} is seal ${seq}, which was made later: it was moved.`);
    }
    for (const anchor of anchors.get(seq - 1) ?? [])
      if (sealed_at.getTime() < Date.parse(anchor.day) + DAY_MS - SLACK_MS)
        complain(
          seq,
          entryId,
          `The anchor of ${anchor.day} leaves out seal ${seq}, which was made on it: it was moved.`,
        );
  }

  return {
    take(row: SealRow): void {
      const { seal_seq: seq, entry_id: entryId } = row;
      if (sealed === 0 && seq > 1) begin(row);
      checkTime(row);
      const gap = seq !== head.seq + 1;
      if (gap) complain(head.seq + 1, null, `The seals ${head.seq + 1} to ${seq - 1} are missing.`);
      else if (row.hash !== link(head.hash, row.entry_hash))
        complain(seq, entryId, `Seal ${seq} doesn’t follow from the one before it.`);
      checkAnchors(row);
      if (row.id) this.compare(row as SealRow & SealedColumns);
      else if (!droppedBefore || row.entry_occurred_at >= droppedBefore)
        complain(seq, entryId, `The entry ${entryId} of seal ${seq} is missing.`);
      if (noted?.seq === seq && noted.hash !== row.hash) problems.push(lost(seq));
      head = { seq, hash: row.hash };
      sealed += 1;
    },
    compare(row: SealRow & SealedColumns): void {
      const { seal_seq: seq, id, occurred_at } = row;
      if (entryHash(row) !== row.entry_hash || row.xid !== row.entry_xid)
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
      for (const one of unanchored) if (latestSealed - one.wentOn > ANCHORED_WITHIN_MS) complainOfMissing(one);
      const furthest = Math.max(0, ...anchors.keys());
      if (furthest > head.seq && !(sealed === 0 && droppedBefore)) {
        complain(
          head.seq + 1,
          null,
          `The seals ${head.seq + 1} to ${furthest} are missing: a day’s anchor knows of them.`,
        );
      }
      if (noted && noted.seq > head.seq && !(sealed === 0 && droppedBefore)) problems.push(lost(noted.seq));
      return { head, sealed, problems };
    },
  };
}

/** The roles that Bellhop works as. */
const WRITERS = new Set(['bellhop_app', 'bellhop_system']);
/** A transaction takes 15 seconds at most, and clocks of machines differ; this is far beyond both. */
const SLACK_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Whoever seals looks for days to anchor when it begins and every hour. */
const ANCHORED_WITHIN_MS = 2 * 3_600_000;
/** What retention writes into the log. */
export const LINES_DROPPED = 'audit.lines_dropped';
const BATCH = 2_000;
const MOST_PROBLEMS = 20;

async function keptOf(client: pg.PoolClient, agencyId: number): Promise<Kept> {
  const { rows: anchors } = await client.query(
    'select seq, hash, day::text from audit_anchor where agency_id = $1 order by day',
    [agencyId],
  );
  const bySeq: Kept['anchors'] = new Map();
  for (const { seq, hash, day } of anchors) bySeq.set(seq, [...(bySeq.get(seq) ?? []), { day, hash }]);
  const { rows } = await client.query(DROPPED, [agencyId, [...WRITERS], LINES_DROPPED]);
  return {
    anchors: bySeq,
    anchored: new Set(anchors.map(({ day }) => day)),
    lastAnchored: anchors.at(-1)?.day ?? '',
    droppedBefore: rows[0].before,
  };
}

const DROPPED = `
  select max((changes ->> 'before')::timestamptz) as before from audit_entry
  where agency_id = $1 and action = $3 and written_by = any($2)`;

// The hash of a seal is CHAR(64), which compares as text when it is full.
const SEALS = `
  select s.seq as seal_seq, s.sealed_at, s.entry_id, s.entry_xid::text, s.entry_occurred_at, s.entry_hash, s.hash, ${SEALED_COLUMNS}
  from (select * from audit_seal where agency_id = $1 and seq > $2 order by seq limit $3) s
  left join audit_entry e on e.agency_id = s.agency_id and e.id = s.entry_id and e.occurred_at = s.entry_occurred_at
  order by s.seq`;

/** Entries without a seal, and how far sealing has come; in a database that has just been restored, nowhere yet. */
const UNSEALED = `
  from audit_entry e, audit_position p, pg_current_snapshot() n
  where e.agency_id = $1 and not exists (
    select from audit_seal s where s.entry_id = e.id and s.agency_id = e.agency_id and s.entry_occurred_at = e.occurred_at)`;

const IN_TIME = `(p.xid > pg_snapshot_xmax(n) or (e.xid >= p.xid and e.xid < pg_snapshot_xmax(n)))`;

const STRAYS = `select e.id ${UNSEALED} and not ${IN_TIME} order by e.xid, e.id limit $2`;

const COUNT_UNSEALED = `select count(*)::int as count ${UNSEALED} and ${IN_TIME}`;

const SALTS_PUT_BACK = `
  select e.id, e.subject from audit_entry r
  join audit_entry e on e.agency_id = r.agency_id and e.subject = r.subject and e.occurred_at < r.occurred_at
  join audit_salt s on s.agency_id = e.agency_id and s.entry_id = e.id
  where r.agency_id = $1 and r.action = $2
  group by e.id, e.subject limit $3`;
