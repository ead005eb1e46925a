import { listRow, type Row } from '../../graph/row.ts';
import { properties } from './types.ts';

const tag = 'Properties';

/** New keys go to the end: a spreadsheet knows the CSV's columns by their places. */
const PROPERTY = `
  id code name kind city description units
  base_price: basePrice currency owner_id: ownerId
  archived archived_at: archivedAt created_at: createdAt updated_at: updatedAt
  check_in_time: checkInTime check_out_time: checkOutTime cleaning_at_check_out: cleaningAtCheckOut
  cleaning_checklist: cleaningChecklist cleaning_assignee: cleaningAssignee
  active_from: activeFrom active_to: activeTo commune tax_category: taxCategory`;

export const propertyRoutes: Row[] = [
  listRow({ path: '/v1/properties', list: properties, fields: PROPERTY, tag, summary: 'List properties' }),
  {
    method: 'GET',
    path: '/v1/properties/{id}',
    tag,
    summary: 'Read a property',
    document: `query ($id: ID!) { data: property(id: $id) { ${PROPERTY} } }`,
  },
  {
    method: 'POST',
    path: '/v1/properties',
    status: 201,
    tag,
    summary: 'Create a property',
    document: `mutation ($input: CreatePropertyInput!) { data: createProperty(input: $input) { ${PROPERTY} } }`,
    example: {
      code: 'VILLA-JASMINE',
      name: 'Villa Jasmine',
      kind: 'villa',
      city: 'Marrakech',
      units: 1,
      base_price: 1850,
      check_in_time: '15:00',
      check_out_time: '11:00',
      cleaning_checklist: ['Change the sheets', 'Count the towels'],
    },
  },
  {
    method: 'PATCH',
    path: '/v1/properties/{id}',
    tag,
    summary: 'Change a property',
    document: `mutation ($id: ID!, $input: UpdatePropertyInput!) { data: updateProperty(id: $id, input: $input) { ${PROPERTY} } }`,
    example: { base_price: 1950 },
  },
  {
    method: 'POST',
    path: '/v1/properties/{id}/archive',
    tag,
    summary: 'Take a property off the market',
    document: `mutation ($id: ID!) { data: archiveProperty(id: $id) { ${PROPERTY} } }`,
  },
];
