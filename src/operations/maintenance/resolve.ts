import { clock } from '../../core/clock.ts';
import { refuse } from '../../core/errors.ts';
import { textProblem } from '../../core/text.ts';
import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { changed } from '../../outbox/audit.ts';
import { maintenanceResolved } from './events.ts';
import { costOf, lock } from './input.ts';
import { MaintenanceTicket } from './types.ts';

interface Resolution {
  id: string;
  resolution: string;
  cost?: string | null;
}

/** Says that it is mended, by whomever: a ticket that was never assigned can be resolved too. */
export function resolveMaintenanceTicket(viewer: Viewer, { id, resolution, cost }: Resolution) {
  refuse({ resolution: textProblem(resolution, { most: 10_000, required: true }) });
  return viewer.write(async (tx, emit) => {
    const before = await lock(tx, id);
    const costMinor = cost == null ? undefined : costOf(cost, before.currency);
    if (before.status === 'RESOLVED') return before; // A retry has nothing new to tell anyone.
    const ticket = await tx.maintenanceTicket.update({
      where: { id: before.id },
      data: {
        status: 'RESOLVED',
        resolution: resolution.trim(),
        costMinor,
        resolvedAt: clock.now(),
        version: { increment: 1 },
      },
    });
    await emit(maintenanceResolved, { ticket }, changed(before, ticket));
    return ticket;
  });
}

builder.mutationField('resolveMaintenanceTicket', (t) =>
  t.field({
    type: MaintenanceTicket,
    description: 'Says that it is mended, and what that cost.',
    ability: 'maintenance:write',
    args: {
      id: t.arg.id({ required: true }),
      resolution: t.arg.string({ required: true, description: 'What was done.' }),
      cost: t.arg({ type: 'Money', description: "In the ticket's currency, 0 or more; stays as it is when not said." }),
    },
    resolve: (_root, resolution, { viewer }) => resolveMaintenanceTicket(viewer, resolution),
  }),
);
