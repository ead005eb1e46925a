import { clock } from '../../core/clock.ts';
import { refuse } from '../../core/errors.ts';
import { textProblem } from '../../core/text.ts';
import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { changed } from '../../outbox/audit.ts';
import { maintenanceAssigned } from './events.ts';
import { lock, refuseResolved } from './input.ts';
import { MaintenanceTicket } from './types.ts';

interface Assignment {
  id: string;
  assignee: string;
  vendor?: string | null;
}

/** Gives a ticket to somebody, or to somebody else. A vendor that isn't said stays as it is. */
export function assignMaintenanceTicket(viewer: Viewer, { id, ...said }: Assignment) {
  refuse({
    assignee: textProblem(said.assignee, { required: true }),
    vendor: textProblem(said.vendor, { required: true }),
  });
  const assignee = said.assignee.trim();
  return viewer.write(async (tx, emit) => {
    const before = await lock(tx, id);
    const vendor = said.vendor?.trim() ?? before.vendor;
    // A retry has nothing new to tell anyone.
    if (before.assignee === assignee && before.vendor === vendor) return before;
    refuseResolved(before, 'assigned');
    const ticket = await tx.maintenanceTicket.update({
      where: { id: before.id },
      data: { assignee, vendor, assignedAt: clock.now(), status: 'ASSIGNED', version: { increment: 1 } },
    });
    await emit(maintenanceAssigned, { ticket }, changed(before, ticket));
    return ticket;
  });
}

builder.mutationField('assignMaintenanceTicket', (t) =>
  t.field({
    type: MaintenanceTicket,
    description: 'Gives a maintenance ticket to somebody, or to somebody else while it is not resolved.',
    ability: 'maintenance:write',
    args: {
      id: t.arg.id({ required: true }),
      assignee: t.arg.string({ required: true, description: 'Who mends it, in the agency’s own words.' }),
      vendor: t.arg.string({ description: 'The firm that sends them; stays as it is when not said.' }),
    },
    resolve: (_root, assignment, { viewer }) => assignMaintenanceTicket(viewer, assignment),
  }),
);
