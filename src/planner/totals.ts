import { LRUCache } from 'lru-cache';

/**
 * What a list's filters leave, counted a moment ago. Counting 10,000 bookings takes PostgreSQL longer than reading a page of
 * them, and a numbered page says its total at every call.
 *
 * A count is right for as long as the agency's log ends where it ended then: whatever changes a logged list's rows writes
 * an event in the same transaction. It is only kept when no transaction was running that could still add an event before
 * that end. Rows that somebody adds by SQL, past the product, are noticed by the highest id; whatever else is done to
 * rows that way, within a second.
 */
export interface Total {
  count: number;
  /** The last event of the agency's log and the list's highest id, as `xid.seq.id`. */
  end: string;
}

const totals = new LRUCache<string, Total>({ max: 10_000, ttl: 1_000 });

export function knownTotal(key: string): Total | undefined {
  return totals.get(key);
}

export function keepTotal(key: string, total: Total, oldestRunning: string): void {
  const [xid] = total.end.split('.') as [string];
  if (BigInt(oldestRunning) > BigInt(xid)) totals.set(key, total);
}

/** Where the agency's log and the list's table end. Two looks at the end of an index. */
export function endSql(table: string, agency: string): string {
  return `coalesce((
      select e.xid::text || '.' || e.seq from outbox_event e where e.agency_id = ${agency} order by e.xid desc, e.seq desc limit 1
    ), '0.0') || '.' || coalesce((select b.id from ${table} b where b.agency_id = ${agency} order by b.id desc limit 1), 0)`;
}
