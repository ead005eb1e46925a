import { instant } from '../core/dates.ts';
import { createBiRole, dropBiRole, listBiRoles } from '../platform/bi/index.ts';
import type { Answer } from './answer.ts';
import { operatorOf, withServices } from './services.ts';

/** `bellhop bi create-role` */
export async function biCreateRole({ agency, name }: { agency: number; name: string }): Promise<Answer> {
  const made = await withServices(async (services) => createBiRole(await operatorOf(services, agency), { name }));
  const { host, port, database, user, password, url, warnings } = made;
  return {
    data: { agency_id: agency, ...made, psql: `psql '${url}'` },
    text:
      `A login for the views in the schema "reporting" of agency ${agency}. The password is shown this once:\n\n` +
      `  host      ${host}\n  port      ${port}\n  database  ${database}\n  user      ${user}\n  password  ${password}\n\n` +
      `  ${url}\n  psql '${url}'\n\n${warnings.map((warning) => `${warning}\n`).join('')}`,
  };
}

/** `bellhop bi list` */
export async function biList({ agency }: { agency?: number }): Promise<Answer> {
  const roles = await withServices(async (services) => {
    if (agency !== undefined) await operatorOf(services, agency);
    return listBiRoles(services.database, agency);
  });
  return {
    data: {
      data: roles.map(({ agencyId, name, user, createdAt, usable }) => ({
        agency_id: agencyId,
        name,
        user,
        created_at: instant(createdAt),
        usable,
      })),
    },
    text:
      roles
        .map(
          ({ agencyId, name, user, createdAt, usable }) =>
            `Agency ${agencyId}: ${name}, user ${user}, since ${instant(createdAt).slice(0, 10)}` +
            `${usable ? '' : '; its login is gone: drop the role and create it again'}\n`,
        )
        .join('') || 'There is no BI role yet.\n',
  };
}

/** `bellhop bi drop-role` */
export async function biDropRole({ agency, name }: { agency: number; name: string }): Promise<Answer> {
  const { user } = await withServices(async (services) => dropBiRole(await operatorOf(services, agency), { name }));
  return {
    data: { agency_id: agency, name, user, dropped: true },
    text: `The login ${user} is gone, and its sessions are ended.\n`,
  };
}
