import { onTaken } from '../../core/constraints.ts';
import { Conflict } from '../../core/errors.ts';
import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { propertyCreated } from './events.ts';
import { type PropertyInput, propertyColumns } from './input.ts';
import { Property, PropertyKind } from './types.ts';

type NewProperty = PropertyInput & { code: string; name: string };

/** Creates a property with one room type that holds all of its units: a villa is one room type of one unit. */
export function createProperty(viewer: Viewer, input: NewProperty) {
  return viewer.write(async (tx, emit) => {
    const { code, name, units = 1, ...columns } = await propertyColumns(viewer, tx, input);
    const property = await tx.property
      .create({ data: { ...columns, units, code: code!, name: name!, agencyId: viewer.agency.id } })
      .catch(
        onTaken(
          () =>
            new Conflict('CODE_TAKEN', `Another property has the code ${code}. Choose another, or update that one.`),
        ),
      );
    await tx.roomType.create({
      data: { agencyId: viewer.agency.id, propertyId: property.id, code: 'STD', name: 'Standard', units },
    });
    await emit(propertyCreated, { property, currency: viewer.agency.currency });
    return property;
  });
}

const CreatePropertyInput = builder.inputType('CreatePropertyInput', {
  fields: (t) => ({
    code: t.string({ required: true, description: 'What the agency calls it; unique in the agency.' }),
    name: t.string({ required: true }),
    kind: t.field({ type: PropertyKind, description: 'APARTMENT when not said.' }),
    city: t.string(),
    description: t.string(),
    units: t.int({ description: 'How many of it can be sold a night; 1 when not said.' }),
    basePrice: t.field({ type: 'Money', description: "Price of a night, in the agency's currency; 0 when not said." }),
    ownerId: t.id(),
    checkInTime: t.string({ description: 'From when guests may come, `15:00`; that when not said.' }),
    checkOutTime: t.string({ description: 'Until when guests must leave, `11:00`; that when not said.' }),
    cleaningAtCheckOut: t.boolean({ description: 'Whether a check-out makes a cleaning task; true when not said.' }),
    cleaningChecklist: t.stringList({ description: 'What a cleaning task here begins with: at most 100 texts.' }),
    cleaningAssignee: t.string({ description: 'Who is given the task that a check-out makes.' }),
    activeFrom: t.field({ type: 'LocalDate', description: 'The first day on the market; null is unbounded.' }),
    activeTo: t.field({ type: 'LocalDate', description: 'The last day on the market; null is unbounded.' }),
    commune: t.string({ description: 'The commune that taxes its stays.' }),
    taxCategory: t.string({ description: 'As what it is taxed: a category of the tariffs.' }),
  }),
});

builder.mutationField('createProperty', (t) =>
  t.field({
    type: Property,
    description: 'Creates a property, and a room type that holds its units.',
    ability: 'properties:manage',
    args: { input: t.arg({ type: CreatePropertyInput, required: true }) },
    resolve: (_root, { input }, { viewer }) => createProperty(viewer, input),
  }),
);
