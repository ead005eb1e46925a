import pg from 'pg';
import { expect, onTestFinished } from 'vitest';
import { clock } from '../../src/core/clock.ts';
import { sealAudit } from '../../src/platform/audit/seal.ts';
import { verifyAudit } from '../../src/platform/audit/verify.ts';
import type { World } from './world.ts';

/** Whoever owns the database, and so can do anything to it. */
export async function ownerOf(world: World): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: world.database.ownerUrl });
  client.on('error', () => {});
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

/** Seals everything; a transaction of another test on the same server holds it up for as long as it runs. */
export async function sealed(world: World): Promise<void> {
  // The token's sign-in of the day is written beside its first request; a count must not find it half there.
  await expect
    .poll(() => lines(world, `&action=token.used&since=${clock.now().toISOString().slice(0, 10)}T00:00:00Z`))
    .toHaveLength(1);
  await expect
    .poll(
      async () => {
        await sealAudit(world.database);
        return (await verifyAudit(world.database, world.agencyId)).unsealed;
      },
      { timeout: 20_000, interval: 20 },
    )
    .toBe(0);
}

export const verified = (world: World) => verifyAudit(world.database, world.agencyId);

/** The whole log, oldest first. */
export const lines = (world: World, query = '') =>
  world.get(`/v1/audit-log?sort=id_asc&per_page=1000${query}`).then(({ body }) => body.data);
