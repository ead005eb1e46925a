import pg from 'pg';
import { NotFound } from '../../core/errors.ts';
import type { Viewer } from '../../core/viewer.ts';
import { asOwner } from './owner.ts';

/** Takes a login away and ends its sessions. The login goes first, so that a crash leaves nothing that could still be used. */
export async function dropBiRole(viewer: Viewer, { name }: { name: string }): Promise<{ user: string }> {
  const found = await viewer.db.biRole.findFirst({ where: { name } });
  if (!found) throw new NotFound('BI role');
  await asOwner(viewer.database, (client) => dropLogin(client, found));
  await viewer.write(async (tx, _emit, audit) => {
    const { count } = await tx.biRole.deleteMany({ where: { id: found.id } });
    if (count > 0) audit('bi.role_dropped', `bi_role:${found.id}`, { name, role: found.role }, 'WARNING');
  });
  return { user: found.role };
}

/** A role of the name that isn't the one we made is somebody else's, and stays. */
export async function dropLogin(client: pg.Client, { role, roleOid }: { role: string; roleOid: number }) {
  const { rows } = await client.query('select from pg_roles where rolname = $1 and oid = $2', [role, roleOid]);
  if (rows.length === 0) return;
  await client.query('select pg_terminate_backend(pid) from pg_stat_activity where usesysid = $1', [roleOid]);
  await client.query(`drop role ${pg.escapeIdentifier(role)}`);
}
