import { clock } from '../../core/clock.ts';
import { refuse, refuseNulls } from '../../core/errors.ts';
import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { changed } from '../../outbox/audit.ts';
import { maintenanceUrgent } from './events.ts';
import { bookingOf, categoryOf, costOf, lock, refuseResolved, type TicketFields, ticketProblems } from './input.ts';
import { MaintenancePriority, MaintenanceTicket } from './types.ts';

interface TicketChange extends TicketFields {
  cost?: string | null;
}

/** What can be said of a ticket that is resolved: the vendor's bill and photos come after the work. */
const AFTERWARDS: (keyof TicketChange)[] = ['description', 'vendor', 'cost', 'photos'];

/** Changes a ticket. One that becomes urgent by it is escalated, and tells so. */
export function updateMaintenanceTicket(viewer: Viewer, { id, input }: { id: string; input: TicketChange }) {
  refuseNulls(input, ['title', 'priority']);
  refuse(ticketProblems(input));
  return viewer.write(async (tx, emit, audit) => {
    const before = await lock(tx, id);
    const said = Object.entries(input).filter(([, value]) => value !== undefined);
    if (said.some(([field]) => !AFTERWARDS.includes(field as keyof TicketChange))) {
      refuseResolved(before, `changed, except for its ${AFTERWARDS.join(', ')}`);
    }
    const escalated = input.priority === 'URGENT' && before.priority !== 'URGENT';
    const ticket = await tx.maintenanceTicket.update({
      where: { id: before.id },
      data: {
        bookingId: input.bookingId == null ? input.bookingId : await bookingOf(tx, input.bookingId, before.propertyId),
        title: input.title?.trim(),
        description: input.description,
        category: categoryOf(input.category),
        priority: input.priority ?? undefined,
        escalatedAt: escalated ? clock.now() : undefined,
        vendor: input.vendor === null ? null : input.vendor?.trim(),
        costMinor: input.cost == null ? input.cost : costOf(input.cost, before.currency),
        photos: input.photos === undefined ? undefined : (input.photos ?? []),
        version: { increment: 1 },
      },
    });
    audit('maintenance.updated', `maintenance_ticket:${ticket.id}`, changed(before, ticket));
    if (escalated) await emit(maintenanceUrgent, { ticket });
    return ticket;
  });
}

const UpdateMaintenanceTicketInput = builder.inputType('UpdateMaintenanceTicketInput', {
  fields: (t) => ({
    title: t.string({ description: 'What is wrong, in a line.' }),
    description: t.string(),
    category: t.string({ description: 'plumbing, electricity, air conditioning …; kept in lower case.' }),
    priority: t.field({ type: MaintenancePriority, description: 'URGENT escalates it.' }),
    bookingId: t.id({ description: 'The stay during which it was found; one at the same property.' }),
    vendor: t.string({ description: 'The firm that mends it.' }),
    cost: t.field({ type: 'Money', description: "In the ticket's currency, 0 or more." }),
    photos: t.field({ type: ['URL'], description: 'All of them, in place of those before: at most 50.' }),
  }),
});

builder.mutationField('updateMaintenanceTicket', (t) =>
  t.field({
    type: MaintenanceTicket,
    description:
      'Changes the fields that are given and leaves the others as they are. Of a resolved ticket, only what is learnt afterwards: description, vendor, cost, photos.',
    ability: 'maintenance:write',
    args: { id: t.arg.id({ required: true }), input: t.arg({ type: UpdateMaintenanceTicketInput, required: true }) },
    resolve: (_root, { id, input }, { viewer }) => updateMaintenanceTicket(viewer, { id, input }),
  }),
);
