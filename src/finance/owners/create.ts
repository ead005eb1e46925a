import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { type OwnerInput, ownerColumns } from './input.ts';
import { Owner } from './types.ts';

/** Creates an owner. Two owners may have one name: people do. */
export function createOwner(viewer: Viewer, input: OwnerInput & { name: string }) {
  const { name, ...columns } = ownerColumns(input);
  return viewer.write(async (tx, _emit, audit) => {
    const owner = await tx.owner.create({ data: { ...columns, name: name!, agencyId: viewer.agency.id } });
    audit('owner.created', `owner:${owner.id}`);
    return owner;
  });
}

const CreateOwnerInput = builder.inputType('CreateOwnerInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    email: t.field({ type: 'EmailAddress' }),
    phone: t.string(),
    address: t.string({ description: 'Where letters reach them, in lines.' }),
    taxId: t.string({ description: 'Their tax number: ICE, IF, SIRET …' }),
    iban: t.string({ description: 'The account that they are paid to; its check digits must fit.' }),
    commissionPercent: t.float({
      description:
        'What the agency keeps of a stay at their properties, from 0 to 100 with two decimals at most; the agency’s own share when not said.',
    }),
  }),
});

builder.mutationField('createOwner', (t) =>
  t.field({
    type: Owner,
    description: 'Creates an owner. A property is given to them by its own ownerId.',
    ability: 'owners:write',
    args: { input: t.arg({ type: CreateOwnerInput, required: true }) },
    resolve: (_root, { input }, { viewer }) => createOwner(viewer, input),
  }),
);
