import type { Viewer } from '../../core/viewer.ts';
import { declareErrand, type ErrandCall } from '../../outbox/errand.ts';
import { ENDPOINT_DISABLED } from '../../relay/settle.ts';

/**
 * Says in the audit log that an endpoint was disabled by its own answer. The relay disables it as it settles the attempt, where
 * it sees no agency's rows and writes no events; so it leaves this errand in that transaction.
 */
export function tellDisabled(viewer: Viewer, { key }: ErrandCall): Promise<void> {
  const [endpointId] = key.split(':');
  return viewer.write(async (tx, _emit, audit) => {
    const subject = `webhook:${endpointId}`;
    const known = await tx.$queryRaw<unknown[]>`
      select 1 from audit_entry where subject = ${subject} and action = 'webhook.disabled' and changes->>'errand' = ${key}`;
    if (known.length > 0) return; // The relay died before it had noted that this was done.
    const endpoint = await tx.webhookEndpoint.findFirst({ where: { id: Number(endpointId) } });
    audit('webhook.disabled', subject, { reason: endpoint?.disabledReason, errand: key }, 'CRITICAL');
  });
}

declareErrand({ kind: ENDPOINT_DISABLED, run: tellDisabled });
