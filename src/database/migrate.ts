import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { Logger } from 'pino';
import { migrationsDir } from './assets.ts';
import type { Migration } from './wasm-engine.ts';

/** Held while migrating, so that of several processes that start on a new version one does the work. */
const MIGRATION_LOCK = 7_106_002;

/**
 * Brings the database to the newest migration. Usually there is nothing to do, and finding that out is one query. Throws
 * with what to do when a migration fails or an earlier one was cut off.
 */
export async function migrate(url: string, log: Logger, folder = migrationsDir): Promise<void> {
  const migrations = readMigrations(folder);
  const client = new pg.Client({ connectionString: url, application_name: 'bellhop migrate' });
  await client.connect();
  try {
    if ((await pending(client, migrations, log)).length === 0) return;
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await refuseCutOff(client);
    const todo = await pending(client, migrations, log); // Somebody may have done it while we waited.
    if (todo.length > 0) await apply(url, migrations, todo, log);
  } finally {
    await client.end(); // And with it goes the lock.
  }
}

export function readMigrations(folder: string): Migration[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({ name, sql: readFileSync(join(folder, name, 'migration.sql'), 'utf8') }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function apply(url: string, migrations: Migration[], todo: string[], log: Logger): Promise<void> {
  const { openSchemaEngine } = await import('./wasm-engine.ts');
  const engine = await openSchemaEngine(url);
  try {
    await engine.apply(migrations);
    log.info({ migrations: todo }, 'the database was migrated');
  } finally {
    await engine.close();
  }
}

interface Row {
  migration_name: string;
  finished_at: Date | null;
}

async function pending(client: pg.Client, migrations: Migration[], log: Logger): Promise<string[]> {
  const finished = (await noted(client)).filter((row) => row.finished_at).map((row) => row.migration_name);
  const unknown = finished.filter((name) => !migrations.some((migration) => migration.name === name));
  if (unknown.length > 0) log.warn({ unknown }, 'a newer Bellhop has migrated this database');
  return migrations.map(({ name }) => name).filter((name) => !finished.includes(name));
}

/** Asked under the lock: an unfinished migration is then not one that is running. */
async function refuseCutOff(client: pg.Client): Promise<void> {
  const cut = (await noted(client)).find((row) => row.finished_at === null);
  if (!cut) return;
  const where = `where migration_name = '${cut.migration_name}' and finished_at is null`;
  throw new Error(
    `The migration ${cut.migration_name} was begun and its end was never noted: its process was killed. ` +
      'See whether what it makes is there. If not, have it run again: ' +
      `update _prisma_migrations set rolled_back_at = now() ${where}; ` +
      `if so, note its end: update _prisma_migrations set finished_at = now() ${where};`,
  );
}

async function noted(client: pg.Client): Promise<Row[]> {
  try {
    const { rows } = await client.query<Row>(
      'select migration_name, finished_at from _prisma_migrations where rolled_back_at is null',
    );
    return rows;
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === '42P01') return []; // No such table: a new database.
    throw error;
  }
}
