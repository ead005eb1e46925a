import type { AccessToken as TokenRow } from '../../../prisma/generated/client/client.ts';
import { builder } from '../../graph/builder.ts';
import { declareList } from '../../graph/list.ts';
import { declareRead } from '../../graph/read.ts';

export type { TokenRow };

/** A token with its text, which is shown once. */
export type NewToken = TokenRow & { token: string };

export const AccessToken = builder.prismaObject('AccessToken', {
  description: 'What a program proves itself with, and what it may do. The hash of its secret is in no answer.',
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    abilities: t.exposeStringList('abilities'),
    token: t.string({
      nullable: true,
      description: 'Only in the answer to the creation, and never again: keep it.',
      resolve: (row) => (row as Partial<NewToken>).token ?? null,
    }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', nullable: true }),
    revokedAt: t.expose('revokedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Since when it is refused, where somebody has revoked it.',
    }),
    lastUsedAt: t.expose('lastUsedAt', { type: 'DateTime', nullable: true, changesByItself: true }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', {
      type: 'DateTime',
      description: 'When it last changed. To be used is no change.',
    }),
  }),
});

export const tokens = declareList({
  field: 'tokens',
  type: 'AccessToken',
  model: 'accessToken',
  ability: 'tokens:read',
  description: 'The tokens of the agency, also those that are revoked or have expired.',
  filters: {
    revoked: { column: 'revokedAt', op: 'present', type: 'Boolean', description: 'Revoked, or not.' },
  },
  orders: { ID: { column: 'id', kind: 'int' } },
  defaultOrder: 'ID_DESC',
});

declareRead({ field: 'token', noun: 'token', list: tokens });
