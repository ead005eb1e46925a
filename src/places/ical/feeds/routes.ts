import { listRow, type Row } from '../../../graph/row.ts';
import { icalFeeds } from './types.ts';

const tag = 'iCal feeds';

const FEED = `
  id property_id: propertyId property { id code name } channel source_id: sourceId
  last_read_at: lastReadAt revoked_at: revokedAt created_at: createdAt updated_at: updatedAt`;

export const feedRoutes: Row[] = [
  listRow({ path: '/v1/ical-feeds', list: icalFeeds, fields: FEED, tag, summary: 'List calendar feeds' }),
  {
    method: 'GET',
    path: '/v1/ical-feeds/{id}',
    tag,
    summary: 'Read a calendar feed',
    document: `query ($id: ID!) { data: icalFeed(id: $id) { ${FEED} } }`,
  },
  {
    method: 'POST',
    path: '/v1/properties/{id}/ical-feeds',
    status: 201,
    tag,
    summary: 'Make a calendar feed of a property',
    document: `mutation ($id: ID!, $channel: IcalChannel, $source_id: ID) {
      data: createIcalFeed(propertyId: $id, channel: $channel, sourceId: $source_id) { ${FEED} url }
    }`,
    example: { channel: 'airbnb' },
  },
  {
    method: 'DELETE',
    path: '/v1/ical-feeds/{id}',
    status: 204,
    tag,
    summary: 'Revoke a calendar feed',
    document: 'mutation ($id: ID!) { data: revokeIcalFeed(id: $id) { id } }',
  },
];
