import { clock } from '../../core/clock.ts';
import { refuse } from '../../core/errors.ts';
import { textProblem } from '../../core/text.ts';
import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { changed } from '../../outbox/audit.ts';
import { maintenanceUrgent } from './events.ts';
import { lock, refuseResolved } from './input.ts';
import { MaintenanceTicket } from './types.ts';

/** Makes a ticket urgent. Somebody is woken up by this, so one that is urgent already tells nobody again. */
export function escalateMaintenanceTicket(viewer: Viewer, { id, reason }: { id: string; reason?: string | null }) {
  refuse({ reason: textProblem(reason, { most: 1_000 }) });
  return viewer.write(async (tx, emit) => {
    const before = await lock(tx, id);
    refuseResolved(before, 'escalated');
    if (before.priority === 'URGENT') return before;
    const ticket = await tx.maintenanceTicket.update({
      where: { id: before.id },
      data: { priority: 'URGENT', escalatedAt: clock.now(), version: { increment: 1 } },
    });
    const changes = { ...changed(before, ticket), ...(reason && { escalationReason: reason }) };
    await emit(maintenanceUrgent, { ticket }, changes);
    return ticket;
  });
}

builder.mutationField('escalateMaintenanceTicket', (t) =>
  t.field({
    type: MaintenanceTicket,
    description: 'Makes a maintenance ticket urgent.',
    ability: 'maintenance:write',
    args: {
      id: t.arg.id({ required: true }),
      reason: t.arg.string({ description: 'Why; kept in the audit log.' }),
    },
    resolve: (_root, escalation, { viewer }) => escalateMaintenanceTicket(viewer, escalation),
  }),
);
