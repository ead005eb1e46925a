import pg from 'pg';

/** Something that PostgreSQL allows every login. */
interface Door {
  /** Whether it is open to the role $1, as SQL. */
  isOpen: string;
  /** The statement that closes it; names as identifiers. */
  close: (names: { database: string; role: string; owner: string }) => string;
  /** For the sentence "This login may …". */
  open: string;
}

const DOORS: Door[] = [
  {
    isOpen: `has_database_privilege($1, current_database(), 'TEMPORARY')`,
    close: ({ database }) => `revoke temporary on database ${database} from public`,
    open: 'make temporary tables and functions',
  },
  {
    isOpen: `has_schema_privilege($1, 'public', 'CREATE')`,
    close: () => 'revoke create on schema public from public',
    open: 'make tables and functions in the schema public',
  },
  {
    isOpen: `has_function_privilege($1, 'lo_create(oid)', 'EXECUTE')`,
    close: ({ owner }) => closeFunctions('^lo_(creat|create|from_bytea)$', owner),
    open: 'fill the disk with large objects',
  },
  {
    // Our locks are known numbers; whoever holds one keeps an agency's totals or the migrations waiting.
    isOpen: `has_function_privilege($1, 'pg_advisory_lock(bigint)', 'EXECUTE')`,
    close: ({ owner }) => closeFunctions('^pg_(try_)?advisory_(xact_)?lock', owner),
    open: 'take the advisory locks that Bellhop works with',
  },
  {
    isOpen: `not exists (select from pg_db_role_setting s, unnest(s.setconfig) c
      where s.setrole = to_regrole($1) and c like 'temp_file_limit=%')`,
    close: ({ role }) => `alter role ${role} set temp_file_limit = '1GB'`,
    open: 'fill the disk with what a query sorts',
  },
  {
    // Everybody may enter it and keep large objects there, which every database that is made afterwards is a copy of.
    isOpen: `exists (select from pg_database
      where datistemplate and datallowconn and has_database_privilege($1, oid, 'CONNECT'))`,
    close: () => CLOSE_TEMPLATES,
    open: 'fill the disk with large objects in template1',
  },
];

/** No right on them is needed to make a database of one. */
const CLOSE_TEMPLATES = `do $$ declare d text; begin
  for d in select datname from pg_database where datistemplate and datallowconn loop
    execute format('revoke connect on database %I from public', d);
  end loop; end $$`;

/** PostgreSQL's own functions with such names are, in this database, for superusers, the owner and the roles that work. */
const closeFunctions = (names: string, owner: string) => `do $$ declare f text; begin
  for f in select oid::regprocedure from pg_proc where pronamespace = 'pg_catalog'::regnamespace and proname ~ '${names}' loop
    execute format('grant execute on function %s to bellhop_app, bellhop_system, ${owner}', f);
    execute format('revoke execute on function %s from public', f);
  end loop; end $$`;

/**
 * Closes what a login may do in this database without having been given it. An owner who is no superuser can't close everything; what
 * stays open is answered in sentences.
 */
export async function closeDoors(client: pg.Client, role: string): Promise<string[]> {
  const names = {
    database: pg.escapeIdentifier(client.database!),
    role: pg.escapeIdentifier(role),
    owner: pg.escapeIdentifier(client.user!),
  };
  const warnings: string[] = [];
  for (const { isOpen, close, open } of DOORS) {
    const stillOpen = async () => (await client.query(`select ${isOpen} as open`, [role])).rows[0].open;
    if (!(await stillOpen())) continue;
    const statement = close(names);
    await client.query('savepoint door');
    await client.query(statement).catch(async (error) => {
      // Insufficient privilege, which often is only a warning; or somebody closes the same door from another database.
      if (!['42501', 'XX000'].includes(error.code)) throw error;
      await client.query('rollback to savepoint door');
    });
    if (await stillOpen())
      warnings.push(
        `This login may ${open}, which the owner of the database can't end; an administrator of the server can:\n  ${statement};`,
      );
  }
  return warnings;
}
