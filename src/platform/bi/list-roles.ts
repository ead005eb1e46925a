import type { Database } from '../../database/index.ts';

export interface BiRole {
  agencyId: number;
  name: string;
  user: string;
  createdAt: Date;
  /** False when somebody has dropped the login past us, or the database was copied to another server. */
  usable: boolean;
}

/** The logins of an agency, or of all. */
export async function listBiRoles({ system }: Database, agencyId: number | undefined): Promise<BiRole[]> {
  const { rows } = await system.query<BiRole>(
    `select b.agency_id as "agencyId", b.name, b.role as user, b.created_at as "createdAt", r.oid is not null as usable
     from bi_role b left join pg_roles r on r.rolname = b.role and r.oid = b.role_oid
     where $1::int is null or b.agency_id = $1
     order by b.agency_id, b.name`,
    [agencyId ?? null],
  );
  return rows;
}
