import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { onTestFinished } from 'vitest';
import { findPostgres } from '../../src/database/postgres-home.ts';
import { freePort } from './free-port.ts';

const run = promisify(execFile);

const DEBIAN = '/usr/lib/postgresql';
const PROGRAMS = ['initdb', 'pg_ctl', 'pg_dump', 'psql'];

/**
 * Where a whole PostgreSQL is installed, if it is: the one that npm brings can't dump, and a dump is made by programs of the
 * server's own version.
 */
export const installedPostgres: string | undefined = [
  ...(existsSync(DEBIAN) ? readdirSync(DEBIAN) : [])
    .filter((version) => Number(version) >= 15) // What Bellhop asks for.
    .map((version) => join(DEBIAN, version, 'bin')),
  ...(process.env.PATH ?? '').split(delimiter),
].find((bin) => PROGRAMS.every((program) => existsSync(join(bin, program))));

/** A cluster of its own, ended and removed with the test. */
export async function startCluster() {
  const bin = installedPostgres!;
  const { user } = await findPostgres();
  const dir = mkdtempSync(join(tmpdir(), 'bellhop-cluster-'));
  chmodSync(dir, 0o777); // As root, the server runs as another user.
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const data = join(dir, 'data');
  const as = { ...user, cwd: dir };
  await run(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'bellhop', '-A', 'trust', '-E', 'UTF8', '--locale=C', '-N', '--no-instructions'],
    as,
  );
  const port = await freePort();
  const settings = {
    port,
    fsync: 'off',
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 100,
  };
  const flags = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`);
  await run(join(bin, 'pg_ctl'), ['start', '-s', '-w', '-D', data, '-l', join(dir, 'log'), '-o', flags.join(' ')], as);
  onTestFinished(async () => void (await run(join(bin, 'pg_ctl'), ['stop', '-s', '-D', data, '-m', 'immediate'], as)));
  return {
    url: (database: string) => `postgresql://bellhop@127.0.0.1:${port}/${database}`,
    async sql(database: string, text: string) {
      const client = new pg.Client({ connectionString: this.url(database) });
      await client.connect();
      return client.query(text).finally(() => client.end());
    },
  };
}

/** `pg_dump | psql`, as operators move a database. */
export async function dumpAndRestore(from: string, to: string): Promise<void> {
  const pipe = 'set -o pipefail; "$0/pg_dump" "$1" | "$0/psql" -q -v ON_ERROR_STOP=1 "$2" >/dev/null';
  await run('bash', ['-c', pipe, installedPostgres!, from, to]);
}
