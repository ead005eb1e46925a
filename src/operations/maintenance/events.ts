import { z } from 'zod';
import { instant } from '../../core/dates.ts';
import { toDecimal } from '../../core/money.ts';
import { declareEvent } from '../../outbox/event.ts';
import type { MaintenanceTicketRow } from './types.ts';

interface MaintenanceFacts {
  ticket: MaintenanceTicketRow;
}

const MaintenanceData = z.object({
  maintenance_ticket: z.object({
    id: z.int(),
    property_id: z.int(),
    booking_id: z.int().nullable().describe('The stay during which it was found.'),
    title: z.string(),
    description: z.string().nullable(),
    category: z.string().nullable().describe('plumbing, electricity, air conditioning …'),
    priority: z.enum(['low', 'normal', 'high', 'urgent']),
    status: z.enum(['open', 'assigned', 'resolved']),
    assignee: z.string().nullable(),
    vendor: z.string().nullable().describe('The firm that sends the assignee.'),
    cost: z.number().nullable(),
    currency: z.string().length(3),
    photos: z.array(z.string()),
    resolution: z.string().nullable(),
    assigned_at: z.iso.datetime({ offset: true }).nullable(),
    escalated_at: z.iso.datetime({ offset: true }).nullable().describe('When it last became urgent.'),
    resolved_at: z.iso.datetime({ offset: true }).nullable(),
    created_at: z.iso.datetime({ offset: true }),
    updated_at: z.iso.datetime({ offset: true }),
  }),
});

const example: z.infer<typeof MaintenanceData> = {
  maintenance_ticket: {
    id: 88,
    property_id: 12,
    booking_id: 9876,
    title: 'Water leaks under the sink',
    description: null,
    category: 'plumbing',
    priority: 'urgent',
    status: 'open',
    assignee: null,
    vendor: null,
    cost: null,
    currency: 'MAD',
    photos: [],
    resolution: null,
    assigned_at: null,
    escalated_at: '2026-08-14T21:40:12+00:00',
    resolved_at: null,
    created_at: '2026-08-14T21:40:12+00:00',
    updated_at: '2026-08-14T21:40:12+00:00',
  },
};

function maintenanceData({ ticket }: MaintenanceFacts): z.infer<typeof MaintenanceData> {
  return {
    maintenance_ticket: {
      id: ticket.id,
      property_id: ticket.propertyId,
      booking_id: ticket.bookingId,
      title: ticket.title,
      description: ticket.description,
      category: ticket.category,
      priority: ticket.priority.toLowerCase() as 'normal',
      status: ticket.status.toLowerCase() as 'open',
      assignee: ticket.assignee,
      vendor: ticket.vendor,
      cost: ticket.costMinor === null ? null : toDecimal(ticket.costMinor, ticket.currency),
      currency: ticket.currency,
      photos: ticket.photos,
      resolution: ticket.resolution,
      assigned_at: ticket.assignedAt && instant(ticket.assignedAt),
      escalated_at: ticket.escalatedAt && instant(ticket.escalatedAt),
      resolved_at: ticket.resolvedAt && instant(ticket.resolvedAt),
      created_at: instant(ticket.createdAt),
      updated_at: instant(ticket.updatedAt),
    },
  };
}

const about = (name: string, summary: string) =>
  declareEvent<MaintenanceFacts>({
    name,
    summary,
    ability: 'maintenance:read',
    data: MaintenanceData,
    render: maintenanceData,
    read: 'maintenanceTicket',
    subject: ({ ticket }) => ({ kind: 'maintenance_ticket', id: ticket.id, version: ticket.version }),
    example,
  });

export const maintenanceCreated = about('maintenance.created', 'Ticket created');
export const maintenanceAssigned = about('maintenance.assigned', 'Ticket assigned to a technician');
export const maintenanceUrgent = about('maintenance.urgent', 'Ticket marked urgent (escalation)');
export const maintenanceResolved = about('maintenance.resolved', 'Ticket resolved');
