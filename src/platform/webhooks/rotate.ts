import { clock } from '../../core/clock.ts';
import { refuse } from '../../core/errors.ts';
import { seal } from '../../core/secrets.ts';
import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { newSecret } from '../../relay/sign.ts';
import { WebhookEndpoint } from './types.ts';
import { endpointOf } from './update.ts';

/** How long the old secret goes on signing beside the new one when the caller doesn't say. */
const OVERLAP_HOURS = 24;

/**
 * Gives an endpoint a new secret. Until the overlap ends both sign, so a receiver changes its configuration in its own
 * time: `webhook-signature` carries one signature a living secret, and `X-Signature` stays with the older until then.
 */
export function rotateSecret(viewer: Viewer, { id, overlapHours }: { id: string; overlapHours?: number | null }) {
  const hours = overlapHours ?? OVERLAP_HOURS;
  refuse({ overlapHours: (hours < 0 || hours > 168) && 'must be from 0 to 168' });
  const secret = newSecret();
  return viewer.write(async (tx, _emit, audit) => {
    const endpoint = await endpointOf(tx, id);
    const ends = new Date(clock.now().getTime() + hours * 3_600_000);
    await tx.webhookSecret.updateMany({
      where: { endpointId: endpoint.id, OR: [{ expiresAt: null }, { expiresAt: { gt: ends } }] },
      data: { expiresAt: ends },
    });
    await tx.webhookSecret.create({
      data: { agencyId: viewer.agency.id, endpointId: endpoint.id, ciphertext: seal(viewer.config.appKey, secret) },
    });
    audit('webhook.secret_rotated', `webhook:${endpoint.id}`, { overlapHours: hours }, 'CRITICAL');
    return { ...endpoint, secret };
  });
}

builder.mutationField('rotateWebhookSecret', (t) =>
  t.field({
    type: WebhookEndpoint,
    description:
      'Gives an endpoint a new secret, which is in this answer only. The old one signs too until the overlap ends.',
    ability: 'webhooks:write',
    args: {
      id: t.arg.id({ required: true }),
      overlapHours: t.arg.int({ description: `${OVERLAP_HOURS} when not said; 0 ends the old one now.` }),
    },
    resolve: (_root, { id, overlapHours }, { viewer }) => rotateSecret(viewer, { id, overlapHours }),
  }),
);
