import { spawn } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { clusterUnder, makeData, urlOf } from '../../src/database/cluster.ts';
import { findPostgres } from '../../src/database/postgres-home.ts';
import { type Kept, keep } from './keeper.ts';

/**
 * A PostgreSQL that can be killed: our own child, and not a server that several processes share, so that nothing but the
 * keeper starts it again. What is written is synced as in production. Answers with its owner's URL.
 */
export async function keepPostgres(dir: string, port: number): Promise<{ postgres: Kept; url: string }> {
  chmodSync(dir, 0o755); // As root, PostgreSQL runs as another user, who has to enter.
  const home = await findPostgres();
  const cluster = clusterUnder(dir, home, { port: String(port) });
  await makeData(cluster);
  const url = urlOf(cluster, port);
  const program = join(dirname(home.pgCtl), 'postgres');
  const settings = Object.entries(cluster.settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const postgres = keep('PostgreSQL', {
    // A session of its own: a Ctrl-C that is meant for us must not end it before we are done with it.
    start: () =>
      spawn(program, ['-D', cluster.data, ...settings], {
        ...home.user,
        cwd: cluster.data,
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    async isReady(child) {
      while (child.exitCode === null && child.signalCode === null) {
        if (await answers(url)) return;
        await pause(50);
      }
      return new Promise(() => {}); // The keeper starts another.
    },
    kill({ pid }) {
      for (const one of [pid!, ...childrenOf(pid!)]) killNow(one);
    },
    stopSignal: 'SIGINT', // Ends connections; SIGTERM would wait for them.
  });
  await postgres.ready();
  return { postgres, url };
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

/** Each of PostgreSQL's processes leads a group of its own, so they are found by their parent. Elsewhere than on Linux they notice that it is gone. */
function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It was gone already.
  }
}
