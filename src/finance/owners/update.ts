import { NotFound, refuseNulls } from '../../core/errors.ts';
import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { parseId } from '../../graph/ids.ts';
import { changed } from '../../outbox/audit.ts';
import { type OwnerInput, ownerColumns } from './input.ts';
import { Owner } from './types.ts';

/** Changes what is said of an owner. Another commission is for bookings that are made from now on: those there are keep theirs. */
export function updateOwner(viewer: Viewer, { id, input }: { id: string; input: OwnerInput }) {
  refuseNulls(input, ['name']);
  const columns = ownerColumns(input);
  return viewer.write(async (tx, _emit, audit) => {
    const number = parseId(id) ?? -1;
    await tx.$queryRaw`select id from owner where id = ${number} for no key update`;
    const before = await tx.owner.findFirst({ where: { id: number } });
    if (!before) throw new NotFound('owner');
    const owner = await tx.owner.update({
      where: { id: before.id },
      data: { ...columns, version: { increment: 1 } },
    });
    audit('owner.updated', `owner:${owner.id}`, changed(before, owner));
    return owner;
  });
}

const UpdateOwnerInput = builder.inputType('UpdateOwnerInput', {
  fields: (t) => ({
    name: t.string(),
    email: t.field({ type: 'EmailAddress' }),
    phone: t.string(),
    address: t.string({ description: 'Where letters reach them, in lines.' }),
    taxId: t.string({ description: 'Their tax number: ICE, IF, SIRET …' }),
    iban: t.string({ description: 'The account that they are paid to; its check digits must fit.' }),
    commissionPercent: t.float({
      description: 'From 0 to 100, for bookings made from now on; null for the agency’s own share.',
    }),
  }),
});

builder.mutationField('updateOwner', (t) =>
  t.field({
    type: Owner,
    description: 'Changes the fields that are given and leaves the others as they are.',
    ability: 'owners:write',
    args: { id: t.arg.id({ required: true }), input: t.arg({ type: UpdateOwnerInput, required: true }) },
    resolve: (_root, { id, input }, { viewer }) => updateOwner(viewer, { id, input }),
  }),
);
