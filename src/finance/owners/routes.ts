import { listRow, type Row } from '../../graph/row.ts';
import { owners } from './types.ts';

const tag = 'Owners';

/** New keys go to the end: a spreadsheet knows the CSV's columns by their places. */
const OWNER = `
  id name email phone created_at: createdAt updated_at: updatedAt
  address tax_id: taxId iban commission_percent: commissionPercent`;

export const ownerRoutes: Row[] = [
  listRow({ path: '/v1/owners', list: owners, fields: OWNER, tag, summary: 'List owners' }),
  {
    method: 'GET',
    path: '/v1/owners/{id}',
    tag,
    summary: 'Read an owner',
    document: `query ($id: ID!) { data: owner(id: $id) { ${OWNER} } }`,
  },
  {
    method: 'POST',
    path: '/v1/owners',
    status: 201,
    tag,
    summary: 'Create an owner',
    document: `mutation ($input: CreateOwnerInput!) { data: createOwner(input: $input) { ${OWNER} } }`,
    example: {
      name: 'Leïla Bennani',
      email: 'leila@example.com',
      phone: '+212 661 23 45 67',
      address: '12, rue des Orangers\n40000 Marrakech',
      tax_id: 'ICE 001525713000087',
      iban: 'MA64 0115 1900 0001 2050 0053 4921',
      commission_percent: 12.5,
    },
  },
  {
    method: 'PATCH',
    path: '/v1/owners/{id}',
    tag,
    summary: 'Change an owner',
    document: `mutation ($id: ID!, $input: UpdateOwnerInput!) { data: updateOwner(id: $id, input: $input) { ${OWNER} } }`,
    example: { commission_percent: 15 },
  },
];
