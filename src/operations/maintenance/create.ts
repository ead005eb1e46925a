import { clock } from '../../core/clock.ts';
import { Invalid, refuse } from '../../core/errors.ts';
import { textProblem } from '../../core/text.ts';
import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { parseId } from '../../graph/ids.ts';
import { maintenanceAssigned, maintenanceCreated, maintenanceUrgent } from './events.ts';
import { bookingOf, categoryOf, type TicketFields, ticketProblems } from './input.ts';
import { MaintenancePriority, MaintenanceTicket } from './types.ts';

interface NewTicket extends TicketFields {
  propertyId: string;
  title: string;
  assignee?: string | null;
}

/** Opens a ticket. One that is urgent, or has somebody to mend it, tells that too: those who wait for it listen for that alone. */
export function createMaintenanceTicket(viewer: Viewer, input: NewTicket) {
  refuse({ ...ticketProblems(input), assignee: textProblem(input.assignee, { required: true }) });
  return viewer.write(async (tx, emit) => {
    const property = await tx.property.findFirst({ where: { id: parseId(input.propertyId) ?? -1 } });
    if (!property) throw new Invalid({ propertyId: ['is not a property of this agency'] });
    const now = clock.now();
    const urgent = input.priority === 'URGENT';
    const assignee = input.assignee?.trim();
    const told = [
      maintenanceCreated,
      ...(urgent ? [maintenanceUrgent] : []),
      ...(assignee !== undefined ? [maintenanceAssigned] : []),
    ];
    const ticket = await tx.maintenanceTicket.create({
      data: {
        agencyId: viewer.agency.id,
        propertyId: property.id,
        bookingId: input.bookingId == null ? null : await bookingOf(tx, input.bookingId, property.id),
        title: input.title.trim(),
        description: input.description,
        category: categoryOf(input.category),
        priority: input.priority ?? 'NORMAL',
        escalatedAt: urgent ? now : null,
        status: assignee !== undefined ? 'ASSIGNED' : 'OPEN',
        assignee,
        assignedAt: assignee !== undefined ? now : null,
        vendor: input.vendor?.trim(),
        currency: viewer.agency.currency,
        photos: input.photos ?? [],
        version: told.length, // Each event has a version of its own, and the row has the last.
      },
    });
    for (const [i, event] of told.entries()) await emit(event, { ticket: { ...ticket, version: i + 1 } });
    return ticket;
  });
}

const CreateMaintenanceTicketInput = builder.inputType('CreateMaintenanceTicketInput', {
  fields: (t) => ({
    propertyId: t.id({ required: true }),
    title: t.string({ required: true, description: 'What is wrong, in a line.' }),
    description: t.string(),
    category: t.string({ description: 'plumbing, electricity, air conditioning …; kept in lower case.' }),
    priority: t.field({ type: MaintenancePriority, description: 'NORMAL when not said.' }),
    bookingId: t.id({ description: 'The stay during which it was found; one at the same property.' }),
    assignee: t.string({ description: 'Who mends it; it is assigned at once.' }),
    vendor: t.string({ description: 'The firm that sends them.' }),
    photos: t.field({ type: ['URL'], description: 'At most 50.' }),
  }),
});

builder.mutationField('createMaintenanceTicket', (t) =>
  t.field({
    type: MaintenanceTicket,
    description: 'Opens a maintenance ticket, urgent or assigned at once where it says so.',
    ability: 'maintenance:write',
    args: { input: t.arg({ type: CreateMaintenanceTicketInput, required: true }) },
    resolve: (_root, { input }, { viewer }) => createMaintenanceTicket(viewer, input),
  }),
);
