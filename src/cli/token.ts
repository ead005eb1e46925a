import { instant } from '../core/dates.ts';
import { NotFound } from '../core/errors.ts';
import { createToken } from '../platform/tokens/create.ts';
import { revokeToken } from '../platform/tokens/revoke.ts';
import type { Answer } from './answer.ts';
import { operatorOf, withServices } from './services.ts';

/** `bellhop token create` */
export async function tokenCreate(input: {
  agency: number;
  name: string;
  abilities: string[];
  expiresAt?: Date;
}): Promise<Answer> {
  const { id, token } = await withServices(async (services) =>
    createToken(await operatorOf(services, input.agency), input),
  );
  return { data: { id, token }, text: `Token ${id}, shown this once:\n\n  ${token}\n\n` };
}

/** `bellhop token revoke`: the id alone says whose it is. */
export async function tokenRevoke(id: number): Promise<Answer> {
  return withServices(async (services) => {
    const { rows } = await services.database.system.query('select agency_id from access_token where id = $1', [id]);
    if (!rows[0]) throw new NotFound('token');
    const { revokedAt } = await revokeToken(await operatorOf(services, rows[0].agency_id), id);
    return {
      data: { id, revoked_at: instant(revokedAt!) },
      text: `Token ${id} is refused from now on (revoked at ${instant(revokedAt!)}).\n`,
    };
  });
}
