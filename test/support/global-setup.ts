import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import type { TestProject } from 'vitest/node';
import { openEmbedded } from '../../src/database/embedded.ts';
import { migrate } from '../../src/database/migrate.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A connection string of somebody who may create databases. */
    adminUrl: string;
    /** A migrated database to copy. */
    templateDatabase: string;
  }
}

/** One server for the whole run (the one that DATABASE_URL names, if it does) and one migrated database to copy. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const log = pino({ level: 'warn' });
  const dir = mkdtempSync(join(tmpdir(), 'bellhop-test-'));
  chmodSync(dir, 0o755); // As root, the server runs as another user, who has to enter.
  const given = process.env.DATABASE_URL;
  const server = given ? undefined : await openEmbedded(dir, log, { fsync: 'off', full_page_writes: 'off' });
  const adminUrl = given ?? server!.url;
  const templateDatabase = `bellhop_template_${randomBytes(4).toString('hex')}`;

  async function teardown(): Promise<void> {
    await asAdmin(adminUrl, `drop database if exists ${templateDatabase} with (force)`);
    await server?.close();
    rmSync(dir, { recursive: true, force: true });
  }

  try {
    await asAdmin(adminUrl, `create database ${templateDatabase}`);
    const url = new URL(adminUrl);
    url.pathname = `/${templateDatabase}`;
    await migrate(url.href, log);
  } catch (error) {
    await teardown(); // vitest tears down only what was set up.
    throw error;
  }
  project.provide('adminUrl', adminUrl);
  project.provide('templateDatabase', templateDatabase);
  return teardown;
}

async function asAdmin(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}
