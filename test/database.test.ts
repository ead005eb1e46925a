import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { openEmbedded } from '../src/database/embedded.ts';
import { type Database, openDatabase } from '../src/database/index.ts';
import { migrate } from '../src/database/migrate.ts';
import { holesInTheWall } from '../src/database/wall.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';

const log = pino({ level: 'silent' });

describe('the wall between agencies', () => {
  let testDatabase: TestDatabase;
  let database: Database;
  let owner: pg.Client;
  let atlas: Agency;
  let medina: Agency;

  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    database = await openDatabase({ databaseUrl: testDatabase.url, dataDir: '', databasePool: 2 }, log);
    owner = new pg.Client({ connectionString: testDatabase.url });
    await owner.connect();
    atlas = await makeAgency(database, 'Atlas');
    medina = await makeAgency(database, 'Medina');
  });

  afterAll(async () => {
    await database.close();
    await owner.end();
    await testDatabase.drop();
  });

  // A table that somebody adds and forgets to wall off would show every agency's rows to each.
  test('every table with an agency has row security, forced on its owner too, and foreign keys that carry the agency', async () => {
    expect(await holesInTheWall(owner)).toEqual([]);
    await owner.query('begin');
    await owner.query(
      'create table forgotten (id int primary key, agency_id int, booking_id int references booking (id))',
    );
    expect(await holesInTheWall(owner)).toEqual([
      'forgotten: row security is not enabled',
      'forgotten: row security is not forced',
      'forgotten: bellhop_app has no policy on its agency',
      'forgotten: its foreign key forgotten_booking_id_fkey leaves the agency out',
    ]);
    await owner.query('rollback');
  });

  // A code path that forgets to say whom it serves must show nothing, rather than everything.
  test('without an agency the working role finds no row in any table', async () => {
    await owner.query('begin');
    await owner.query('set local role bellhop_app');
    for (const agency of ['never said', 'said to be nobody']) {
      if (agency === 'said to be nobody') await owner.query("set local app.agency_id = ''");
      for (const table of await agencyTables(owner)) {
        const { rows } = await owner.query(`select count(*)::int as found from "${table}"`);
        expect({ table, found: rows[0].found }).toEqual({ table, found: 0 });
      }
    }
    await owner.query('rollback');
    expect(await database.forAgency(atlas.id).property.count()).toBe(1); // There was something to find.
  });

  // Both agencies share two connections here. One that kept the last one's agency would leak on the first try.
  test('two agencies that ask at the same time on the same connections each see their own', async () => {
    const asked = Array.from({ length: 200 }, async (_, i) => {
      const agency = i % 3 === 0 ? medina : atlas;
      const client = database.forAgency(agency.id);
      const seen =
        i % 4 === 0
          ? await client.$transaction(async (tx) => {
              await tx.property.update({ where: { id: agency.propertyId }, data: { version: { increment: 1 } } });
              return tx.property.findMany();
            })
          : i % 4 === 1
            ? [await client.property.findUniqueOrThrow({ where: { id: agency.propertyId } })]
            : await client.property.findMany();
      return seen.every((property) => property.agencyId === agency.id) && seen.length === 1;
    });
    expect((await Promise.all(asked)).filter((right) => !right)).toEqual([]);
  });

  test('a transaction that is rolled back, or a statement that is refused, leaves the wall where it was', async () => {
    for (let round = 0; round < 10; round += 1) {
      const [agency, other] = round % 2 ? [atlas, medina] : [medina, atlas];
      const client = database.forAgency(agency.id);
      const failed = client.$transaction(async (tx) => {
        await tx.property.update({ where: { id: agency.propertyId }, data: { name: 'Nobody' } });
        throw new Error('changed our mind');
      });
      const taken = client.property.create({ data: { agencyId: agency.id, code: 'P1', name: 'Twice' } });
      await expect(failed).rejects.toThrow('changed our mind');
      await expect(taken).rejects.toMatchObject({ code: 'P2002' });
      expect(await client.property.findMany()).toMatchObject([{ id: agency.propertyId, name: agency.name }]);
      expect(await database.forAgency(other.id).property.findMany()).toMatchObject([{ name: other.name }]);
    }
  });

  test('an agency can neither write into another nor point at its rows', async () => {
    const client = database.forAgency(atlas.id);
    expect(await client.property.updateMany({ where: { id: medina.propertyId }, data: { name: 'Ours' } })).toEqual({
      count: 0,
    });
    expect(await client.property.deleteMany({ where: { id: medina.propertyId } })).toEqual({ count: 0 });
    await expect(
      client.property.create({ data: { agencyId: medina.id, code: 'P9', name: 'Smuggled' } }),
    ).rejects.toThrow(/row-level security/);
    await expect(
      client.roomType.create({
        data: { agencyId: atlas.id, propertyId: medina.propertyId, code: 'R', name: 'R', units: 1 },
      }),
    ).rejects.toMatchObject({ code: 'P2003' });
    // Its own it may write: the database looks a foreign key up as the owner, whose eyes row security shuts elsewhere.
    const own = { agencyId: atlas.id, propertyId: atlas.propertyId, code: 'R', name: 'R', units: 1 };
    await expect(client.roomType.create({ data: own })).resolves.toMatchObject({ code: 'R' });
  });

  // An audit log that the audited can edit is worth nothing.
  test('a line of the audit log can be added, and never changed or taken away', async () => {
    const line =
      "insert into audit_entry (id, agency_id, actor, action) values (gen_random_uuid(), $1, 'test', 'looked')";
    await database.asAgency(atlas.id, (client) => client.query(line, [atlas.id]));
    await database.system.query(line, [atlas.id]);
    for (const change of [
      "update audit_entry set actor = 'nobody'",
      'delete from audit_entry',
      'truncate audit_entry',
    ]) {
      await expect(database.asAgency(atlas.id, (client) => client.query(change))).rejects.toThrow('permission denied');
      await expect(database.system.query(change)).rejects.toThrow('permission denied');
    }
  });

  test('what works across agencies reads no stay, no guest and no price', async () => {
    expect((await database.system.query('select id from agency')).rows).toHaveLength(2);
    for (const table of ['property', 'booking', 'guest', 'night', 'inventory', 'owner', 'room_type']) {
      await expect(database.system.query(`select * from ${table}`)).rejects.toThrow('permission denied');
    }
  });

  // A holder that forgot its COMMIT would have the next one's work thrown away, or keep rows locked.
  test('a connection that comes back inside a transaction is not handed out again', async () => {
    const pid = await database.asAgency(atlas.id, async (client) => {
      await client.query('begin');
      return (await client.query('select pg_backend_pid() as pid')).rows[0].pid;
    });
    for (let i = 0; i < 4; i += 1) {
      const next = await database.asAgency(atlas.id, (client) => client.query('select pg_backend_pid() as pid'));
      expect(next.rows[0].pid).not.toBe(pid);
    }
  });
});

describe('the embedded server', () => {
  // Somebody runs an import while the server is up, or starts it twice by mistake: two servers on one directory lose data.
  test('two processes that start at once share one server, and the last to leave stops it', async () => {
    const dir = newDataDir();
    const [one, two] = await Promise.all([startProcess(dir), startProcess(dir)]);
    expect(one.url).toBe(two.url);
    await one.close();
    expect(await ask(two.url, 'select 1 as answer')).toEqual([{ answer: 1 }]);
    await two.close();
    await expect(ask(two.url, 'select 1')).rejects.toThrow('ECONNREFUSED');
  });

  // The power button, the out-of-memory killer, a container that was not given the time to stop.
  test('after its process was killed, the server is taken over; after both were killed, it starts again with all data', async () => {
    const dir = newDataDir();
    const first = await startProcess(dir);
    await ask(first.url, 'create table kept as select 42 as answer');
    await first.kill();

    const second = await startProcess(dir);
    expect(second.url).toBe(first.url);
    const serverPid = Number(readFileSync(join(dir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
    await second.kill();
    process.kill(serverPid, 'SIGKILL');

    const third = await openEmbedded(dir, log, { fsync: 'off' });
    expect(await ask(third.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
    await third.close();
    await expect(ask(third.url, 'select 1')).rejects.toThrow('ECONNREFUSED');

    const fourth = await openEmbedded(dir, log, { fsync: 'off' });
    expect(await ask(fourth.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
    await fourth.close();
  });
});

describe('a migration', () => {
  // An operator who upgrades has to read what is wrong, mend it and start again, without a half-changed database.
  test('that fails says why, leaves nothing behind, and is tried again at the next start', async () => {
    const testDatabase = await createTestDatabase();
    onTestFinished(() => testDatabase.drop());
    const folder = mkdtempSync(join(tmpdir(), 'bellhop-migrations-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    mkdirSync(join(folder, '29990101000000_add_parking'));
    const file = join(folder, '29990101000000_add_parking', 'migration.sql');

    writeFileSync(file, 'create table parking (id int); alter table no_such_table add spaces int;');
    await expect(migrate(testDatabase.url, log, folder)).rejects.toThrow(
      /29990101000000_add_parking failed and was undone: .*relation "no_such_table" does not exist/,
    );
    writeFileSync(file, 'create table parking (id int); do $$ begin perform 1; perform 2; end $$;');
    await Promise.all([migrate(testDatabase.url, log, folder), migrate(testDatabase.url, log, folder)]);
    expect(await ask(testDatabase.url, 'select * from parking')).toEqual([]);

    await ask(testDatabase.url, "update _prisma_migrations set finished_at = null where migration_name ~ 'parking'");
    await expect(migrate(testDatabase.url, log, folder)).rejects.toThrow(/begun and its end was never noted/);
  });
});

interface Agency {
  id: number;
  name: string;
  propertyId: number;
}

async function makeAgency(database: Database, name: string): Promise<Agency> {
  const made = await database.system.query('insert into agency (name, updated_at) values ($1, now()) returning id', [
    name,
  ]);
  const { id } = made.rows[0];
  const property = await database.forAgency(id).property.create({ data: { agencyId: id, code: 'P1', name } });
  return { id, name, propertyId: property.id };
}

async function agencyTables(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query(
    "select table_name from information_schema.columns where table_schema = 'public' and column_name = 'agency_id'",
  );
  expect(rows.length).toBeGreaterThan(15);
  return ['agency', ...rows.map((row) => row.table_name)];
}

async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

function newDataDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'bellhop-data-'));
  chmodSync(dir, 0o755); // As root, the server runs as another user, who has to enter.
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Another process that uses the embedded server, as `bellhop serve` or a command would. */
async function startProcess(dir: string): Promise<{ url: string; close(): Promise<void>; kill(): Promise<void> }> {
  const child = fork(await program(), [dir], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const end = async (how: () => void) => {
    const ended = once(child, 'exit');
    how();
    await ended;
  };
  onTestFinished(() => void child.kill('SIGKILL'));
  return {
    url: await firstMessage(child),
    close: () => end(() => child.send('close')),
    kill: () => end(() => child.kill('SIGKILL')),
  };
}

async function firstMessage(child: ChildProcess): Promise<string> {
  const [message] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => {
      throw new Error('the process ended before its server was up');
    }),
  ]);
  return message;
}

let written: Promise<string> | undefined;

function program(): Promise<string> {
  const outfile = join(import.meta.dirname, '../node_modules/.cache/bellhop', `embedded-${process.pid}.mjs`);
  written ??= build({
    stdin: {
      contents: `
        import { pino } from 'pino';
        import { openEmbedded } from './embedded.ts';
        const server = await openEmbedded(process.argv[2], pino({ level: 'silent' }), { fsync: 'off' });
        process.once('message', () => server.close().then(() => process.exit()));
        process.send(server.url);`,
      resolveDir: join(import.meta.dirname, '../src/database'),
      loader: 'ts',
    },
    ...{ bundle: true, platform: 'node', format: 'esm', packages: 'external', logLevel: 'silent', outfile },
  }).then(() => outfile);
  return written;
}

afterAll(async () => {
  if (written) rmSync(await written);
});
