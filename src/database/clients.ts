import { PrismaPg } from '@prisma/adapter-pg';
import { LRUCache } from 'lru-cache';
import type pg from 'pg';
import { PrismaClient } from '../../prisma/generated/client/client.ts';
import { AgencyPool } from './tenant-pool.ts';

const MOST_CLIENTS = 100;

/**
 * One Prisma client an agency. They can't share one: Prisma batches the `findUnique` calls that one client gets in one
 * tick, whoever asked. A client costs 1.7 MB (1.3 of heap, the rest beside it; measured) and some milliseconds to make, so
 * the agencies seen last keep theirs. One that is dropped holds no connection, and whoever still uses it can go on; so it
 * is left to the garbage collector (4,000 in a row left no more behind than 200).
 */
export function clientsByAgency(shared: pg.Pool): (agencyId: number) => PrismaClient {
  const clients = new LRUCache<number, PrismaClient>({ max: MOST_CLIENTS });
  return (agencyId) => {
    const known = clients.get(agencyId);
    if (known) return known;
    if (!Number.isInteger(agencyId)) throw new TypeError(`An agency is a whole number, not ${agencyId}.`);
    const adapter = new PrismaPg(new AgencyPool(shared, agencyId), {
      statementNameGenerator: ({ sql }) => nameOf(sql),
    });
    const client = new PrismaClient({ adapter, errorFormat: 'minimal' }); // Else each call captures a stack for its message.
    clients.set(agencyId, client);
    return client;
  };
}

/**
 * Runs a statement as an agency, without Prisma: rows as arrays, because a planned read is one row of JSON texts. The text
 * gets a name like Prisma's statements do.
 */
export function readerByAgency(
  shared: pg.Pool,
): (agencyId: number, text: string, values: unknown[]) => Promise<pg.QueryArrayResult> {
  const pools = new LRUCache<number, AgencyPool>({ max: 10_000 });
  return (agencyId, text, values) => {
    let pool = pools.get(agencyId);
    if (!pool) {
      pool = new AgencyPool(shared, agencyId);
      pools.set(agencyId, pool);
    }
    return pool.query({ name: nameOf(text) || undefined, text, values, rowMode: 'array' });
  };
}

const names = new Map<string, string>();
const MOST_NAMES = 2_000;

/**
 * Named statements are planned once a connection (+ 38 %, measured) and are never deallocated. So statements whose text
 * keeps changing (lists of values, mostly) must not all get one.
 */
function nameOf(sql: string): string {
  const known = names.get(sql);
  if (known) return known;
  if (names.size >= MOST_NAMES) return ''; // No name: planned for this once.
  const name = `p${names.size}`;
  names.set(sql, name);
  return name;
}
