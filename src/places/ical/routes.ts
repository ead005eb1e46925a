import { listRow, type Row } from '../../graph/row.ts';
import { icalConflicts, icalSources } from './types.ts';

const tag = 'iCal sources';

const SOURCE = `
  id property_id: propertyId property { id code name } channel url status reason message failures
  last_sync_at: lastSyncAt last_success_at: lastSuccessAt next_sync_at: nextSyncAt
  created_at: createdAt updated_at: updatedAt`;

const CONFLICT = `
  id property_id: propertyId property { id code name } source_id: sourceId source { id channel url } kind nights
  booking_id: bookingId uid summary check_in: checkIn check_out: checkOut
  first_seen_at: firstSeenAt last_seen_at: lastSeenAt open resolution resolved_at: resolvedAt note
  created_at: createdAt updated_at: updatedAt`;

export const icalRoutes: Row[] = [
  listRow({ path: '/v1/ical-sources', list: icalSources, fields: SOURCE, tag, summary: 'List calendars of channels' }),
  listRow({
    path: '/v1/properties/{id}/ical-sources',
    within: { read: 'property', filter: 'propertyId' },
    list: icalSources,
    fields: SOURCE,
    tag,
    summary: 'List the calendars of a property',
  }),
  {
    method: 'GET',
    path: '/v1/ical-sources/{id}',
    tag,
    summary: 'Read what is known of a channel’s calendar',
    document: `query ($id: ID!) { data: icalSource(id: $id) { ${SOURCE} } }`,
  },
  {
    method: 'POST',
    path: '/v1/properties/{id}/ical-sources',
    status: 201,
    tag,
    summary: 'Read a channel’s calendar from now on',
    document: `mutation ($id: ID!, $input: CreateIcalSourceInput!) {
      data: createIcalSource(propertyId: $id, input: $input) { ${SOURCE} export_url: exportUrl }
    }`,
    example: { channel: 'airbnb', url: 'https://www.airbnb.com/calendar/ical/1234567.ics?s=0123456789abcdef' },
  },
  {
    method: 'DELETE',
    path: '/v1/ical-sources/{id}',
    status: 204,
    tag,
    summary: 'Stop reading a calendar',
    document: 'mutation ($id: ID!) { data: deleteIcalSource(id: $id) { id } }',
  },
  {
    method: 'POST',
    path: '/v1/ical-sources/{id}/sync',
    query: ['dry_run', 'accept'],
    tag,
    summary: 'Read a calendar now',
    document: `mutation ($id: ID!, $dry_run: Boolean, $accept: Boolean) {
      data: syncIcalSource(id: $id, dryRun: $dry_run, accept: $accept) {
        status created updated cancelled conflicts warnings blocked unblocked dry_run: dryRun reason message
        changes { action uid summary check_in: checkIn check_out: checkOut booking_id: bookingId }
      }
    }`,
    example: { dry_run: true },
  },
  listRow({ path: '/v1/ical-conflicts', list: icalConflicts, fields: CONFLICT, tag, summary: 'List conflicts' }),
  {
    method: 'GET',
    path: '/v1/ical-conflicts/{id}',
    tag,
    summary: 'Read a conflict',
    document: `query ($id: ID!) { data: icalConflict(id: $id) { ${CONFLICT} } }`,
  },
  {
    method: 'POST',
    path: '/v1/ical-conflicts/{id}/resolve',
    tag,
    summary: 'Say that a conflict is settled',
    document: `mutation ($id: ID!, $note: String) { data: resolveIcalConflict(id: $id, note: $note) { ${CONFLICT} } }`,
    example: { note: 'The guest moves to Villa Jasmine.' },
  },
];
