// npm run migration -- add_reviews
//
// Writes the migration that brings the database from what prisma/migrations make it to what schema.prisma says, tries it
// in a scratch database, and refuses a table with an agency that isn't behind the wall. Run it without a name to check
// the migrations as they are, for example after putting something into one by hand.
//
// A migration that changes data: the owner of a table may be no superuser, and then row security shows it no rows
// either. Take the force off for as long (`ALTER TABLE x NO FORCE ROW LEVEL SECURITY; UPDATE x …; ALTER TABLE x FORCE …`).
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { openEmbedded } from '../src/database/embedded.ts';
import { migrate } from '../src/database/migrate.ts';
import { holesInTheWall } from '../src/database/wall.ts';
import { openSchemaEngine } from '../src/database/wasm-engine.ts';

const log = pino({ level: 'silent' });
const folder = join(process.cwd(), 'prisma', 'migrations'); // npm runs scripts where package.json is.
const schema = readFileSync(join(process.cwd(), 'prisma', 'schema.prisma'), 'utf8');

/** What schema.prisma can't say of the database: a relation without a foreign key, an index that includes columns. */
const INTENDED = ['ADD CONSTRAINT "attempt_agency_id_delivery_id_endpoint_id_fkey"', 'DROP INDEX "attempt_health_idx"'];

await withScratchDatabase(async (url) => {
  await migrate(url, log, folder);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await author(client, url, process.argv[2]);
  } finally {
    await client.end();
  }
});

async function author(client: pg.Client, url: string, name: string | undefined): Promise<void> {
  await refuseHoles(client); // Of the migrations as they are.
  await dropPartitions(client);
  const engine = await openSchemaEngine(url);
  const difference = withoutIntended(await engine.diff(schema).finally(() => engine.close()));
  if (!difference) {
    console.log('Nothing to do: the migrations make what schema.prisma says, and the wall is whole.');
    return;
  }
  if (!name || !/^[a-z][a-z0-9_]*$/.test(name)) {
    throw new Error(
      `The schema has changed. Give the migration a name: npm run migration -- add_reviews\n\n${difference}`,
    );
  }

  await client.query(difference);
  const walls = (await unwalledTables(client)).map(({ table, sequences }) => wall(table, sequences));
  for (const sql of walls) await client.query(sql);
  await refuseHoles(client);

  const stamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
  const file = join(folder, `${stamp}_${name}`, 'migration.sql');
  mkdirSync(join(folder, `${stamp}_${name}`));
  writeFileSync(file, `${[difference.trim(), ...walls].join('\n\n')}\n`);
  console.log(
    `Wrote ${file}. Read it, and add what Prisma can't say (checks, partial indexes, rights of bellhop_system).`,
  );
}

function withoutIntended(difference: string | undefined): string {
  return (difference ?? '')
    .split(/\n(?=-- )/)
    .filter((step) => !INTENDED.some((change) => step.includes(change)))
    .join('\n')
    .trim();
}

/** schema.prisma knows the tables and not their partitions, which lie in schemas that the engine refuses to look across to. */
async function dropPartitions(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ parent: string; part: string }>(`
    select i.inhparent::regclass::text as parent, i.inhrelid::regclass::text as part
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where c.relispartition and c.relkind = 'r'`);
  for (const { parent, part } of rows)
    await client.query(`alter table ${parent} detach partition ${part}; drop table ${part}`);
}

async function refuseHoles(client: pg.Client): Promise<void> {
  const holes = await holesInTheWall(client);
  if (holes.length > 0) throw new Error(`The wall between agencies has holes:\n  ${holes.join('\n  ')}`);
}

/** Tables with an agency that nobody has put behind the wall yet, and the sequences that an insert into them draws from. */
async function unwalledTables(client: pg.Client): Promise<{ table: string; sequences: string[] }[]> {
  const { rows } = await client.query(`
    select c.relname as table,
      array(
        select s.relname::text from pg_depend d join pg_class s on s.oid = d.objid and s.relkind = 'S'
        where d.refobjid = c.oid and d.deptype = 'a'
      ) as sequences
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attname = 'agency_id' and not a.attisdropped
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relrowsecurity
    order by c.relname`);
  return rows;
}

function wall(table: string, sequences: string[]): string {
  const own = `agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int)`;
  return [
    `-- "${table}" shows each agency its own rows.`,
    `ALTER TABLE "${table}" ENABLE ROW LEVEL SECURITY;`,
    `ALTER TABLE "${table}" FORCE ROW LEVEL SECURITY;`,
    `CREATE POLICY own_agency ON "${table}" TO bellhop_app`,
    `  USING (${own})`,
    `  WITH CHECK (${own});`,
    `GRANT SELECT, INSERT, UPDATE, DELETE ON "${table}" TO bellhop_app;`,
    ...sequences.map((sequence) => `GRANT USAGE ON SEQUENCE "${sequence}" TO bellhop_app;`),
  ].join('\n');
}

/** On the server that DATABASE_URL names, or on one that lives as long as this. */
async function withScratchDatabase(work: (url: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'bellhop-migration-'));
  chmodSync(dir, 0o755); // As root, the server runs as another user.
  const given = process.env.DATABASE_URL;
  const server = given ? undefined : await openEmbedded(dir, log, { fsync: 'off' });
  const scratch = new URL(given ?? server!.url);
  const admin = new pg.Client({ connectionString: scratch.href });
  await admin.connect();
  scratch.pathname = `/bellhop_scratch_${randomBytes(4).toString('hex')}`;
  try {
    await admin.query(`create database ${scratch.pathname.slice(1)}`);
    await work(scratch.href);
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  } finally {
    await admin.query(`drop database if exists ${scratch.pathname.slice(1)} with (force)`);
    await admin.end();
    await server?.close();
    rmSync(dir, { recursive: true, force: true });
  }
}
