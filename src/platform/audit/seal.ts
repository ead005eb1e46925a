import type pg from 'pg';
import { clock } from '../../core/clock.ts';
import type { Database } from '../../database/index.ts';
import { inTransaction } from '../../relay/transaction.ts';
import { entryHash, GENESIS, link, SEALED_COLUMNS, type SealedColumns } from './entry-hash.ts';
import { type Head, witnessOf } from './witness.ts';

/** Held by whoever seals, anchors or drops: any number that nobody else locks. */
const AUDIT_LOCK = 7_311_906;

/** Bounds the transaction, not the work. */
const MOST_ENTRIES = 2_000;

/**
 * Links the entries that nobody has sealed yet into their agencies' chains, in the order (transaction, id) up to the oldest
 * transaction still running, as the event log is read; so none can come in before one that is sealed already. It is done
 * beside the writers and not by them: a chain that each write had to extend would make all writes of an agency wait for
 * each other. Answers how many there were. Where several processes try, one does it.
 */
export async function sealAudit({ system }: Pick<Database, 'system'>): Promise<number> {
  let count = 0;
  for (;;) {
    const heads = new Map<number, Head>();
    const sealed = await inTransaction(system, (client) => sealSome(client, heads, system));
    witnessOf(system).remember(heads);
    count += sealed;
    if (sealed < MOST_ENTRIES) return count;
  }
}

/** The chains' new ends are put into `heads`, for when they are committed. */
async function sealSome(client: pg.PoolClient, heads: Map<number, Head>, system: pg.Pool): Promise<number> {
  if (!(await takeAuditLock(client))) return 0;
  const place = await placeOf(client);
  const entries = await unsealed(client, place);
  if (entries.length > 0) {
    const agencyIds = [...new Set(entries.map((entry) => entry.agency_id))];
    await witnessOf(system).compare(client, agencyIds);
    for (const [id, head] of await headsOf(client, agencyIds)) heads.set(id, head);
    await seal(client, entries, heads);
  }
  await advance(client, place, entries);
  return entries.length;
}

async function seal(client: pg.PoolClient, entries: SealedColumns[], heads: Map<number, Head>): Promise<void> {
  const seals = entries.map((entry) => {
    const head = heads.get(entry.agency_id) ?? { seq: 0, hash: GENESIS };
    const own = entryHash(entry);
    const next = { seq: head.seq + 1, hash: link(head.hash, own) };
    heads.set(entry.agency_id, next);
    const { id: entry_id, xid: entry_xid, agency_id, occurred_at: entry_occurred_at } = entry;
    return { agency_id, ...next, entry_id, entry_xid, entry_occurred_at, entry_hash: own };
  });
  await client.query(
    `insert into audit_seal (agency_id, seq, sealed_at, entry_id, entry_xid, entry_occurred_at, entry_hash, hash)
     select agency_id, seq, $2, entry_id, entry_xid::xid8, entry_occurred_at, entry_hash, hash
     from json_to_recordset($1::json) as r(agency_id int, seq int, entry_id uuid, entry_xid text,
       entry_occurred_at timestamptz, entry_hash text, hash text)`,
    [JSON.stringify(seals), clock.now()],
  );
}

/** Until the transaction ends; false when somebody else holds it. */
export async function takeAuditLock(client: pg.PoolClient): Promise<boolean> {
  const { rows } = await client.query('select pg_try_advisory_xact_lock($1) as taken', [AUDIT_LOCK]);
  return rows[0].taken;
}

/** For what is done once an hour, and would otherwise be put off by an hour because somebody seals just now. */
export async function waitForAuditLock(client: pg.PoolClient): Promise<void> {
  await client.query('select pg_advisory_xact_lock($1)', [AUDIT_LOCK]);
}

/** Where these agencies' chains end: the last seal or, when retention has taken all of them, the last anchor. */
async function headsOf(client: pg.PoolClient, agencyIds: number[]): Promise<Map<number, Head>> {
  const { rows } = await client.query(
    `select a.id, h.seq, h.hash
     from unnest($1::int[]) a(id)
     cross join lateral (
       (select seq, hash from audit_seal where agency_id = a.id order by seq desc limit 1)
       union all
       (select seq, hash from audit_anchor where agency_id = a.id order by day desc limit 1)
       order by seq desc limit 1
     ) h`,
    [agencyIds],
  );
  return new Map(rows.map(({ id, seq, hash }) => [id, { seq, hash }]));
}

interface Place {
  /** Every entry of an earlier transaction is sealed. */
  position: string;
  /** Every earlier transaction has ended, and what it wrote can be seen. */
  horizon: string;
  /** The transaction that is begun next, or one after it. */
  next: string;
  /** How far the position lags, where that is worth a write. */
  lags: boolean;
  /** The position lies in the future: the database came from another cluster, which had begun more transactions. */
  restored: boolean;
}

async function placeOf(client: pg.PoolClient): Promise<Place> {
  const { rows } = await client.query({ name: 'audit-place', text: PLACE });
  return rows[0];
}

const PLACE = `
  select p.xid::text as position, pg_snapshot_xmin(s)::text as horizon, pg_snapshot_xmax(s)::text as next,
    p.xid > pg_snapshot_xmax(s) as restored, pg_snapshot_xmin(s)::text::numeric - p.xid::text::numeric > 10000 as lags
  from audit_position p, pg_current_snapshot() s`;

async function unsealed(client: pg.PoolClient, { position, horizon, next, restored }: Place): Promise<SealedColumns[]> {
  const { rows } = restored
    ? await client.query<SealedColumns>(AFTER_RESTORING, [next, horizon, MOST_ENTRIES])
    : await client.query<SealedColumns>({
        name: 'audit-unsealed',
        text: UNSEALED,
        values: [position, horizon, MOST_ENTRIES],
      });
  return rows;
}

/** A subquery of its own for each entry: a join would read all seals there are once a second. */
const NO_SEAL = '(select s.seq from audit_seal s where s.entry_id = e.id limit 1) is null';

// The last transaction's entries may be sealed in part, and after a restoration so may those that the numbers come up to.
const UNSEALED = `
  select ${SEALED_COLUMNS}
  from audit_entry e
  where e.xid >= $1::text::xid8 and e.xid < $2::text::xid8 and ${NO_SEAL}
  order by e.xid, e.id
  limit $3`;

// What seems to be written by transactions that nobody has begun was written in the other cluster, and comes first.
const AFTER_RESTORING = `
  select ${SEALED_COLUMNS}
  from audit_entry e
  where (e.xid >= $1::text::xid8 or e.xid < $2::text::xid8) and ${NO_SEAL}
  order by e.xid < $2::text::xid8, e.xid, e.id
  limit $3`;

/** Moves the position to where all is sealed. In a restored database only when nothing is left, because it had no order. */
async function advance(client: pg.PoolClient, { horizon, restored, lags }: Place, entries: SealedColumns[]) {
  const whole = entries.length < MOST_ENTRIES;
  if (whole ? !(entries.length > 0 || restored || lags) : restored) return;
  const reached = whole ? horizon : entries.at(-1)!.xid;
  await client.query('update audit_position set xid = $1::text::xid8', [reached]);
}
