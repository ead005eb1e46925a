import type pg from 'pg';
import { clock } from '../../core/clock.ts';
import type { Database } from '../../database/index.ts';
import { inTransaction } from '../../relay/transaction.ts';
import { entryHash, GENESIS, link, SEALED_COLUMNS, type SealedColumns } from './entry-hash.ts';

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
    const sealed = await inTransaction(system, sealSome);
    count += sealed;
    if (sealed < MOST_ENTRIES) return count;
  }
}

async function sealSome(client: pg.PoolClient): Promise<number> {
  if (!(await takeAuditLock(client))) return 0;
  const { rows: entries } = await client.query<SealedColumns>({
    name: 'audit-unsealed',
    text: UNSEALED,
    values: [MOST_ENTRIES],
  });
  if (entries.length === 0) return 0;
  const heads = await headsOf(client, [...new Set(entries.map((entry) => entry.agency_id))]);
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
  return entries.length;
}

/** Until the transaction ends; false when somebody else holds it. */
export async function takeAuditLock(client: pg.PoolClient): Promise<boolean> {
  const { rows } = await client.query('select pg_try_advisory_xact_lock($1) as taken', [AUDIT_LOCK]);
  return rows[0].taken;
}

/** Where these agencies' chains end: the last seal or, when retention has taken all of them, the last anchor. */
async function headsOf(
  client: pg.PoolClient,
  agencyIds: number[],
): Promise<Map<number, { seq: number; hash: string }>> {
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

// All that is below the horizon has been sealed up to the last seal there is, of whichever agency; so one position is enough.
const UNSEALED = `
  with sealed as (
    select entry_xid as xid, entry_id as id from audit_seal order by entry_xid desc, entry_id desc limit 1
  ), position as (
    select xid, id from sealed
    union all
    select '0'::xid8, '00000000-0000-0000-0000-000000000000'::uuid where not exists (select from sealed)
  )
  select ${SEALED_COLUMNS}
  from audit_entry e
  where (e.xid, e.id) > ((select xid from position), (select id from position))
    and e.xid < pg_snapshot_xmin(pg_current_snapshot())
  order by e.xid, e.id
  limit $1`;
