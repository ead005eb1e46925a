import { listRow, type Row } from '../../graph/row.ts';
import { maintenanceTickets } from './types.ts';

const tag = 'Maintenance';

const TICKET = `
  id property_id: propertyId property { id code name } booking_id: bookingId
  title description category priority status assignee vendor cost currency photos resolution
  assigned_at: assignedAt escalated_at: escalatedAt resolved_at: resolvedAt
  created_at: createdAt updated_at: updatedAt`;

export const maintenanceRoutes: Row[] = [
  listRow({
    path: '/v1/maintenance-tickets',
    list: maintenanceTickets,
    fields: TICKET,
    tag,
    summary: 'List maintenance tickets',
  }),
  {
    method: 'GET',
    path: '/v1/maintenance-tickets/{id}',
    tag,
    summary: 'Read a maintenance ticket',
    document: `query ($id: ID!) { data: maintenanceTicket(id: $id) { ${TICKET} } }`,
  },
  {
    method: 'POST',
    path: '/v1/maintenance-tickets',
    status: 201,
    tag,
    summary: 'Open a maintenance ticket',
    document: `mutation ($input: CreateMaintenanceTicketInput!) {
      data: createMaintenanceTicket(input: $input) { ${TICKET} }
    }`,
    example: { property_id: 12, title: 'Water leaks under the sink', category: 'plumbing', priority: 'high' },
  },
  {
    method: 'PATCH',
    path: '/v1/maintenance-tickets/{id}',
    tag,
    summary: 'Change a maintenance ticket',
    document: `mutation ($id: ID!, $input: UpdateMaintenanceTicketInput!) {
      data: updateMaintenanceTicket(id: $id, input: $input) { ${TICKET} }
    }`,
    example: { vendor: 'Atlas Plumbing', cost: 450, photos: ['https://photos.example.com/sink.jpg'] },
  },
  {
    method: 'POST',
    path: '/v1/maintenance-tickets/{id}/assign',
    tag,
    summary: 'Assign a maintenance ticket',
    document: `mutation ($id: ID!, $assignee: String!, $vendor: String) {
      data: assignMaintenanceTicket(id: $id, assignee: $assignee, vendor: $vendor) { ${TICKET} }
    }`,
    example: { assignee: 'Youssef B.', vendor: 'Atlas Plumbing' },
  },
  {
    method: 'POST',
    path: '/v1/maintenance-tickets/{id}/escalate',
    tag,
    summary: 'Make a maintenance ticket urgent',
    document: `mutation ($id: ID!, $reason: String) {
      data: escalateMaintenanceTicket(id: $id, reason: $reason) { ${TICKET} }
    }`,
    example: { reason: 'The water has reached the hall.' },
  },
  {
    method: 'POST',
    path: '/v1/maintenance-tickets/{id}/resolve',
    tag,
    summary: 'Resolve a maintenance ticket',
    document: `mutation ($id: ID!, $resolution: String!, $cost: Money) {
      data: resolveMaintenanceTicket(id: $id, resolution: $resolution, cost: $cost) { ${TICKET} }
    }`,
    example: { resolution: 'The seal was replaced.', cost: 450 },
  },
];
