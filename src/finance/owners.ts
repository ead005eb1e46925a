import { builder } from '../graph/builder.ts';
import { parseId } from '../graph/ids.ts';
import { declareList } from '../graph/list.ts';

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
  filters: {
    updatedSince: {
      column: 'updatedAt',
      op: 'gte',
      type: 'DateTime',
      description: 'Changed at or after this instant.',
    },
  },
  orders: { ID: { column: 'id', kind: 'int' }, NAME: { column: 'name', kind: 'text' } },
  defaultOrder: 'ID_DESC',
});

builder.queryField('owner', (t) =>
  t.prismaField({
    type: 'Owner',
    nullable: true,
    description: 'One owner; null when the agency has none of this id.',
    ability: 'owners:read',
    args: { id: t.arg.id({ required: true }) },
    resolve: (query, _root, { id }, { viewer }) =>
      viewer.db.owner.findFirst({ ...query, where: { id: parseId(id) ?? -1 } }),
  }),
);
