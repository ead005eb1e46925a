import { randomInt } from 'node:crypto';
import pg from 'pg';
import { onTaken } from '../../core/constraints.ts';
import { Conflict, refuse } from '../../core/errors.ts';
import type { Viewer } from '../../core/viewer.ts';
import { closeDoors } from './close-doors.ts';
import { dropLogin } from './drop-role.ts';
import { asOwner } from './owner.ts';
import { scramVerifier } from './scram.ts';

/** A login as it is shown, once. */
export interface NewBiRole {
  name: string;
  host: string;
  port: number;
  database: string;
  user: string;
  password: string;
  url: string;
  /** What the owner of the database may not close, and its administrator should; one sentence each. */
  warnings: string[];
}

/** What a session of it begins with. It could lift these; `endLongSessions` is what holds. */
const SETTINGS = {
  default_transaction_read_only: 'on',
  statement_timeout: '30s',
  lock_timeout: '5s',
  idle_in_transaction_session_timeout: '30s',
  search_path: 'reporting',
};
const MOST_CONNECTIONS = 10;

/**
 * Makes a login of PostgreSQL that reads the agency's views in the schema `reporting`, and nothing else. It sees something once the
 * row that binds it to the agency is written, so a login that is left over by a crash sees nothing.
 */
export async function createBiRole(viewer: Viewer, input: { name: string }): Promise<NewBiRole> {
  const { name } = input;
  refuse({
    name:
      !/^[a-z][a-z0-9_]{0,29}$/.test(name) &&
      'must be of small letters, digits and _, begin with a letter, and have 30 of them at most, like metabase',
  });
  if (await viewer.db.biRole.findFirst({ where: { name } })) throw taken(name);
  const password = randomText(32);
  const { role, oid, warnings, where } = await asOwner(viewer.database, async (client) => {
    const role = await createLogin(client, `bellhop_bi_${viewer.agency.id}_${name}`, password);
    const { rows } = await client.query<{ oid: number }>('select oid from pg_roles where rolname = $1', [role]);
    const where = { host: client.host, port: client.port, database: client.database! };
    return { role, oid: rows[0]!.oid, warnings: await closeDoors(client, role), where };
  });
  await viewer
    .write(async (tx, _emit, audit) => {
      const { id } = await tx.biRole.create({ data: { agencyId: viewer.agency.id, name, role, roleOid: oid } });
      // Whoever has it reads on without a token and without a line here: as strong as a token that may read all.
      audit('bi.role_created', `bi_role:${id}`, { name, role }, 'CRITICAL');
    })
    .catch(async (error) => {
      await asOwner(viewer.database, (client) => dropLogin(client, { role, roleOid: oid }));
      return onTaken(() => taken(name))(error); // Somebody else was making it at the same moment.
    });
  return { name, ...where, user: role, password, url: urlOf(viewer.database.ownerUrl, role, password), warnings };
}

const taken = (name: string) =>
  new Conflict('CODE_TAKEN', `There is a BI role "${name}" already. Drop it first, or give this one another name.`);

/** Roles belong to the whole server, where another database's agency may have taken the name: then something is added to it. */
async function createLogin(client: pg.Client, wanted: string, password: string): Promise<string> {
  const { rows } = await client.query('select from pg_roles where rolname = $1', [wanted]);
  const role = rows.length === 0 ? wanted : `${wanted}_${randomText(5).toLowerCase()}`;
  const [name, secret] = [pg.escapeIdentifier(role), pg.escapeLiteral(scramVerifier(password))];
  await client.query(`create role ${name} login connection limit ${MOST_CONNECTIONS} password ${secret}`);
  for (const [setting, value] of Object.entries(SETTINGS)) {
    await client.query(`alter role ${name} set ${setting} = ${pg.escapeLiteral(value)}`);
  }
  // Before 16 a member may always put the role on. It would gain nothing: the wall asks who has logged in.
  const version = await client.query("select current_setting('server_version_num')::int >= 160000 as sixteen");
  await client.query(`grant bellhop_bi to ${name}${version.rows[0].sixteen ? ' with inherit true, set false' : ''}`);
  // An owner who is no superuser must be a member to be allowed to end its sessions.
  const owner = await client.query("select pg_has_role(current_user, $1, 'USAGE') as has", [role]);
  if (!owner.rows[0].has) await client.query(`grant ${name} to current_user`);
  return role;
}

/** As the server itself is reached, with its TLS. */
function urlOf(ownerUrl: string, role: string, password: string): string {
  const url = new URL(ownerUrl);
  const sslmode = url.searchParams.get('sslmode');
  url.username = role;
  url.password = password;
  url.search = sslmode ? `?sslmode=${sslmode}` : '';
  return url.href;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Letters and digits, which need no escaping in any tool's form. */
const randomText = (length: number): string =>
  Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
