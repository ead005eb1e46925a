import { listRow, type Row } from '../../graph/row.ts';
import { tokens } from './types.ts';

const tag = 'Tokens';

const TOKEN = `
  id name abilities created_at: createdAt last_used_at: lastUsedAt expires_at: expiresAt revoked_at: revokedAt
  updated_at: updatedAt`;

export const tokenRoutes: Row[] = [
  listRow({ path: '/v1/tokens', list: tokens, fields: TOKEN, tag, summary: 'List tokens' }),
  {
    method: 'GET',
    path: '/v1/tokens/{id}',
    tag,
    summary: 'Read a token',
    document: `query ($id: ID!) { data: token(id: $id) { ${TOKEN} } }`,
  },
  {
    method: 'POST',
    path: '/v1/tokens',
    status: 201,
    tag,
    summary: 'Make a token',
    document: `mutation ($input: CreateTokenInput!) { data: createToken(input: $input) { ${TOKEN} token } }`,
    example: {
      name: 'Metabase',
      abilities: ['reports:read', 'properties:read'],
      expires_at: '2099-01-01T00:00:00+00:00',
    },
  },
  {
    method: 'DELETE',
    path: '/v1/tokens/{id}',
    status: 204,
    tag,
    summary: 'Revoke a token',
    document: 'mutation ($id: ID!) { data: revokeToken(id: $id) { id } }',
  },
];
