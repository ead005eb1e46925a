import { listRow, type Row } from '../../graph/row.ts';
import { properties } from './types.ts';

const tag = 'Properties';

const PROPERTY = `
  id code name kind city description units
  base_price: basePrice currency owner_id: ownerId
  archived archived_at: archivedAt created_at: createdAt updated_at: updatedAt`;

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
