import { clock } from '../../core/clock.ts';
import { NotFound } from '../../core/errors.ts';
import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { parseId } from '../../graph/ids.ts';
import { TOKEN_CHANNEL } from '../../outbox/wake.ts';
import { AccessToken, type TokenRow } from './types.ts';

/**
 * From the next request on the token is refused. Revoking twice changes nothing. It takes away and gives nothing, so a token
 * may revoke one that may do more than itself, and itself.
 */
export async function revokeToken(viewer: Viewer, id: string | number): Promise<TokenRow> {
  const number = parseId(id) ?? -1;
  const revoked = await viewer.write(async (tx, _emit, audit) => {
    const { count } = await tx.accessToken.updateMany({
      where: { id: number, revokedAt: null },
      data: { revokedAt: clock.now() },
    });
    const token = await tx.accessToken.findFirst({ where: { id: number } });
    if (!token) throw new NotFound('token');
    if (count > 0) audit('token.revoked', `token:${token.id}`, { name: token.name }, 'WARNING');
    await tx.$executeRaw`select pg_notify(${TOKEN_CHANNEL}, ${String(token.id)})`; // Heard by every gateway, once this commits.
    return token;
  });
  viewer.wake.tokenChanged(revoked.id); // This process needn't wait to hear it.
  return revoked;
}

builder.mutationField('revokeToken', (t) =>
  t.field({
    type: AccessToken,
    description:
      'Refuses a token from now on; it may be the one that asks. It stays in the list, and can’t be brought back.',
    ability: 'tokens:write',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { viewer }) => revokeToken(viewer, id),
  }),
);
