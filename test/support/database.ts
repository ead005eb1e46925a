import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';

export interface TestDatabase {
  /** The owner's connection string. */
  url: string;
  drop(): Promise<void>;
}

/** A database of one's own with every migration applied, or none, and nothing in it: a copy, made in some tens of milliseconds. */
export async function createTestDatabase({ migrated = true } = {}): Promise<TestDatabase> {
  const name = `bellhop_test_${randomBytes(6).toString('hex')}`;
  const template = migrated ? inject('templateDatabase') : 'template0';
  await asAdmin(`create database ${name} template ${template} strategy file_copy`); // Half of what copying through the log takes.
  const url = new URL(inject('adminUrl'));
  url.pathname = `/${name}`;
  return {
    url: url.href,
    drop: () => asAdmin(`drop database if exists ${name} with (force)`),
  };
}

async function asAdmin(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: inject('adminUrl') });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}
