import type { Owner as OwnerRow } from '../../../prisma/generated/client/client.ts';
import { builder } from '../../graph/builder.ts';
import { declareList } from '../../graph/list.ts';
import { declareRead } from '../../graph/read.ts';

export type { OwnerRow };

export const Owner = builder.prismaObject('Owner', {
  description: 'Who a property belongs to.',
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    email: t.exposeString('email', { nullable: true }),
    phone: t.exposeString('phone', { nullable: true }),
    address: t.exposeString('address', { nullable: true, description: 'Where letters reach them, in lines.' }),
    taxId: t.exposeString('taxId', { nullable: true, description: 'Their tax number: ICE, IF, SIRET …' }),
    iban: t.exposeString('iban', {
      nullable: true,
      description: 'The account that they are paid to, in capitals and without blanks.',
    }),
    commissionPercent: t.float({
      nullable: true,
      description: 'What the agency keeps of a stay at their properties; null is the agency’s own share.',
      resolve: ({ commissionBasisPoints }) => (commissionBasisPoints === null ? null : commissionBasisPoints / 100),
      sql: (o) => `(${o}.commission_basis_points / 100::float8)`,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
  }),
});

export const owners = declareList({
  field: 'owners',
  type: 'Owner',
  model: 'owner',
  ability: 'owners:read',
  description: 'The owners whose properties the agency looks after.',
  filters: {},
  orders: { ID: { column: 'id', kind: 'int' }, NAME: { column: 'name', kind: 'text' } },
  defaultOrder: 'ID_DESC',
});

declareRead({ field: 'owner', noun: 'owner', list: owners });
