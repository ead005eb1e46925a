import { type Services, Viewer } from '../core/viewer.ts';

/**
 * An agency as the product itself sees it when nobody has asked: the relay, a timer, the command line, a caller who is known
 * by a signature. It has every ability unless fewer are said, and still no other agency's rows. Undefined when there is no such agency.
 */
export async function agencyViewer(
  services: Services,
  agencyId: number,
  actor: string,
  {
    silent = false,
    ip,
    requestId,
    traceparent,
    abilities = ['*'],
  }: { silent?: boolean; ip?: string; requestId?: string; traceparent?: string; abilities?: string[] } = {},
): Promise<Viewer | undefined> {
  const { rows } = await services.database.system.query(
    `select id, name, currency, timezone, commission_basis_points as "commissionBasisPoints" from agency where id = $1`,
    [agencyId],
  );
  const by = { name: actor, ip, requestId, traceparent };
  return rows[0] && new Viewer(rows[0], by, new Set(abilities), services, silent);
}
