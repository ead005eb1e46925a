import { builder } from '../graph/builder.ts';
import { declareList } from '../graph/list.ts';
import { declareRead } from '../graph/read.ts';

export const Owner = builder.prismaObject('Owner', {
  description: 'Who a property belongs to.',
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    email: t.exposeString('email', { nullable: true }),
    phone: t.exposeString('phone', { nullable: true }),
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
