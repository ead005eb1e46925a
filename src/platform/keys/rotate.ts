import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { type AppKey, addKey } from '../../core/app-key.ts';
import { Conflict } from '../../core/errors.ts';
import { open, prefixOf, seal } from '../../core/secrets.ts';
import type { Services } from '../../core/viewer.ts';
import type { Database } from '../../database/index.ts';
import { SEALED, type SealedTable } from './sealed.ts';

export interface Rotated {
  /** The id of the key that everything is sealed with now. */
  key: string;
  /** False when a rotation that was cut short has been finished, or the environment chose the key. */
  made: boolean;
  resealed: number;
  /** What none of the keys opens: `webhook_secret 12`. It is left as it is. */
  unreadable: string[];
}

/**
 * Gives the product another key and seals everything anew with it, beside running servers: they know the new key before
 * anything they could read is sealed with it, and open with the old ones what isn't yet. It can be killed anywhere and
 * asked again; then it goes on with the key that it had made.
 *
 * The old keys stay behind the new one, where they cost nothing: a backup from before can still be opened with them.
 */
export async function rotateKeys(services: Services): Promise<Rotated> {
  const { database, config } = services;
  return alone(database, async () => {
    const { appKey, appKeyFile } = config;
    if (!appKeyFile && appKey().length === 1) {
      throw new Conflict(
        'CONFLICT',
        'APP_KEY is set in the environment. Set it to a new key and APP_KEY_PREVIOUS to the old one for every process, then ask again.',
      );
    }
    const made = appKeyFile !== undefined && (appKey().length === 1 || (await isFinished(services)));
    if (made) addKey(appKeyFile);
    const first = await resealAll(services);
    // A request that sealed with the old key just before may commit only now.
    await passTransactions(database);
    const second = await resealAll(services);
    return { key: appKey()[0].id, made, resealed: first.resealed + second.resealed, unreadable: second.unreadable };
  });
}

const BATCH = 200;
/** Longer than any request's transaction may take. */
const PATIENCE_MS = 30_000;
/** Any number that nobody else locks. */
const ROTATION_LOCK = 7_215_302;

/** Two at once would each make a key. The lock goes with the connection, so one that was killed holds nothing up. */
async function alone<T>(database: Database, work: () => Promise<T>): Promise<T> {
  const client = await database.system.connect();
  try {
    const { rows } = await client.query('select pg_try_advisory_lock($1) as ours', [ROTATION_LOCK]);
    if (!rows[0].ours) throw new Conflict('CONFLICT', 'Another rotation is running. Wait until it has ended.');
    try {
      return await work();
    } finally {
      await client.query('select pg_advisory_unlock($1)', [ROTATION_LOCK]);
    }
  } finally {
    client.release();
  }
}

/** True when nothing is left that another key than the first has sealed and that can be opened. */
async function isFinished(services: Services): Promise<boolean> {
  const { appKey } = services.config;
  for await (const { sealed } of others(services)) {
    if (opened(appKey, sealed) !== undefined) return false;
  }
  return true;
}

async function resealAll(services: Services): Promise<Pick<Rotated, 'resealed' | 'unreadable'>> {
  const { database, config } = services;
  const unreadable: string[] = [];
  let resealed = 0;
  let batch: Change[] = [];

  async function write(): Promise<void> {
    const [first] = batch;
    if (!first) return;
    resealed += await database.asAgency(first.agencyId, (client) => replace(client, first, batch));
    batch = [];
  }

  for await (const found of others(services)) {
    const plain = opened(config.appKey, found.sealed);
    if (plain === undefined) {
      unreadable.push(`${found.table} ${found.id.join(' ')}`);
      continue;
    }
    const [first] = batch;
    const together = first?.agencyId === found.agencyId && first.table === found.table && first.column === found.column;
    if (!together || batch.length >= BATCH) await write();
    batch.push({ ...found, resealed: seal(config.appKey, plain) });
  }
  await write();
  return { resealed, unreadable };
}

interface Found {
  agencyId: number;
  table: string;
  column: string;
  key: SealedTable['id'];
  id: string[];
  sealed: string;
}

interface Change extends Found {
  resealed: string;
}

/** All that was sealed with another key than the first, agency by agency: nobody sees the rows of several at once. */
async function* others({ database, config }: Services): AsyncGenerator<Found> {
  const { rows: agencies } = await database.system.query<{ id: number }>('select id from agency order by id');
  const prefix = prefixOf(config.appKey()[0]);
  for (const { id: agencyId } of agencies) {
    for (const table of SEALED) {
      for (const column of table.columns) yield* ofColumn(database, { agencyId, table, column, prefix });
    }
  }
}

/** Read in pages by the key of the table, so that neither memory nor a transaction grows with the table. */
async function* ofColumn(
  database: Database,
  { agencyId, table, column, prefix }: { agencyId: number; table: SealedTable; column: string; prefix: string },
): AsyncGenerator<Found> {
  const names = Object.keys(table.id);
  const id = names.map((name) => `t.${name}`).join(', ');
  const bounds = names.map((_name, i) => `$${i + 2}`).join(', ');
  let after: string[] = [];
  for (;;) {
    const { rows } = await database.asAgency(agencyId, (client) =>
      client.query<{ id: string[]; sealed: string }>(
        `select array[${names.map((name) => `t.${name}::text`).join(', ')}] as id, t.${column} as sealed from ${table.table} t
         where not starts_with(t.${column}, $1) ${after.length > 0 ? `and (${id}) > (${bounds})` : ''}
         order by ${id} limit ${BATCH}`,
        [`${prefix}.`, ...after],
      ),
    );
    for (const row of rows) yield { agencyId, table: table.table, column, key: table.id, ...row };
    if (rows.length < BATCH) return;
    after = rows.at(-1)!.id;
  }
}

/** Only where the text is still the one that was read: whoever has changed it since has sealed it himself. */
async function replace(client: pg.ClientBase, { table, column, key }: Found, changes: Change[]): Promise<number> {
  const same = Object.entries(key)
    .map(([name, type], i) => `t.${name} = (c.id ->> ${i})::${type}`)
    .join(' and ');
  const { rowCount } = await client.query(
    `update ${table} t set ${column} = c.resealed
     from json_to_recordset($1::json) as c(id json, sealed text, resealed text)
     where ${same} and t.${column} = c.sealed`,
    [JSON.stringify(changes.map(({ id, sealed, resealed }) => ({ id, sealed, resealed })))],
  );
  return rowCount ?? 0;
}

function opened(keys: AppKey, sealed: string): string | undefined {
  try {
    return open(keys, sealed);
  } catch {
    return undefined;
  }
}

/** Waits until every transaction that runs now has ended. */
async function passTransactions(database: Database): Promise<void> {
  const { rows: now } = await database.system.query('select pg_snapshot_xmax(pg_current_snapshot())::text as xmax');
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await pause(50)) {
    const { rows } = await database.system.query(
      'select pg_snapshot_xmin(pg_current_snapshot()) >= $1::text::xid8 as passed',
      [now[0].xmax],
    );
    if (rows[0].passed) return;
  }
}
