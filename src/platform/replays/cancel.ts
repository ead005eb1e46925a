import { clock } from '../../core/clock.ts';
import { NotFound } from '../../core/errors.ts';
import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { parseId } from '../../graph/ids.ts';
import { WebhookReplayJob } from './types.ts';

/** Stops a replay from putting more in the queue; what is there is still sent. One that is over stays as it ended. */
export function cancelWebhookReplay(viewer: Viewer, id: string) {
  return viewer.write(async (tx, _emit, audit) => {
    const where = { id: parseId(id) ?? -1 };
    const { count } = await tx.webhookReplayJob.updateMany({
      where: { ...where, status: 'RUNNING' },
      data: { status: 'CANCELLED', finishedAt: clock.now() },
    });
    const job = await tx.webhookReplayJob.findFirst({ where });
    if (!job) throw new NotFound('replay');
    if (count > 0)
      audit('webhook.replay_cancelled', `webhook:${job.toEndpointId}`, { replay: job.id, queued: job.queued });
    return job;
  });
}

builder.mutationField('cancelWebhookReplay', (t) =>
  t.field({
    type: WebhookReplayJob,
    description: 'Stops a replay from putting more in the queue. What is there is still sent.',
    ability: 'webhooks:write',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { viewer }) => cancelWebhookReplay(viewer, id),
  }),
);
