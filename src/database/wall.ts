import type pg from 'pg';

/**
 * Where a row of one agency could meet another's: a table with an agency whose row security is not on, not forced or
 * without a policy for the role that works, a foreign key between two such tables that leaves the agency out, or a
 * view, which would read with its owner's eyes; those of BI tools have an owner whose policies ask who has logged in.
 * One sentence each; none is what should be.
 */
export async function holesInTheWall(client: pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ hole: string }>(`
    with walled as (
      select c.oid, c.relname, c.relrowsecurity, c.relforcerowsecurity, a.attnum
      from pg_class c
      join pg_attribute a on a.attrelid = c.oid and not a.attisdropped
        and a.attname = case c.relname when 'agency' then 'id' else 'agency_id' end
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
    )
    select relname || ': row security is not enabled' as hole from walled where not relrowsecurity
    union all
    select relname || ': row security is not forced' from walled where not relforcerowsecurity
    union all
    select relname || ': bellhop_app has no policy on its agency' from walled
    where not exists (
      select from pg_policy p
      where p.polrelid = walled.oid and p.polroles = array['bellhop_app'::regrole::oid]
        and pg_get_expr(p.polqual, p.polrelid) like '%app.agency_id%'
        and pg_get_expr(p.polwithcheck, p.polrelid) like '%app.agency_id%'
    )
    union all
    select walled.relname || ': the policy ' || p.polname || ' lets bellhop_app see more than its agency'
    from walled join pg_policy p on p.polrelid = walled.oid
    where p.polroles && array['bellhop_app'::regrole::oid, 0::oid]
      and coalesce(pg_get_expr(p.polqual, p.polrelid), 'app.agency_id') not like '%app.agency_id%'
    union all
    select here.relname || ': its foreign key ' || k.conname || ' leaves the agency out'
    from pg_constraint k
    join walled here on here.oid = k.conrelid
    join walled there on there.oid = k.confrelid
    where k.contype = 'f' and not (here.attnum = any (k.conkey) and there.attnum = any (k.confkey))
    union all
    select relname || ': a view reads with the rights of its owner' from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('v', 'm')
      and not coalesce('security_invoker=true' = any (reloptions), false)
    union all
    select 'reporting.' || relname || ': it isn’t bellhop_reporting’s, so it reads past that role’s policies' from pg_class
    where relnamespace = 'reporting'::regnamespace and relkind in ('v', 'm', 'r', 'p')
      and (relkind <> 'v' or relowner <> 'bellhop_reporting'::regrole)
    union all
    select walled.relname || ': the policy ' || p.polname || ' lets bellhop_reporting see more than whoever has logged in'
    from walled join pg_policy p on p.polrelid = walled.oid
    where 'bellhop_reporting'::regrole::oid = any (p.polroles)
      and pg_get_expr(p.polqual, p.polrelid) !~ 'reporting\\.agency_id\\(\\)|SESSION_USER|FROM bi_role'`);
  return rows.map((row) => row.hole);
}
