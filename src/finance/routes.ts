import { listRow, type Row } from '../graph/row.ts';
import { owners } from './owners.ts';

const tag = 'Owners';

const OWNER = 'id name email phone created_at: createdAt updated_at: updatedAt';

export const ownerRoutes: Row[] = [
  listRow({ path: '/v1/owners', list: owners, fields: OWNER, tag, summary: 'List owners' }),
  {
    method: 'GET',
    path: '/v1/owners/{id}',
    tag,
    summary: 'Read an owner',
    document: `query ($id: ID!) { data: owner(id: $id) { ${OWNER} } }`,
  },
];
