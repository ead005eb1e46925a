import { onTaken } from '../../core/constraints.ts';
import { Conflict, NotFound, refuseNulls } from '../../core/errors.ts';
import { saysAlready } from '../../core/same.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import { builder } from '../../graph/builder.ts';
import { parseId } from '../../graph/ids.ts';
import { changed } from '../../outbox/audit.ts';
import { propertyUpdated } from './events.ts';
import { type PropertyInput, propertyColumns } from './input.ts';
import { Property, PropertyKind, type PropertyRow } from './types.ts';

/**
 * Changes what is said of a property. Fewer units than are already sold on some night are refused. The property is held
 * first: two changes of its units count from what the other has left.
 */
export function updateProperty(viewer: Viewer, { id, input }: { id: string; input: PropertyInput }) {
  refuseNulls(input, [
    ...(['code', 'name', 'kind', 'units', 'basePrice'] as const),
    ...(['checkInTime', 'checkOutTime', 'cleaningAtCheckOut'] as const),
  ]);
  return viewer.write(async (tx, emit) => {
    await tx.$queryRaw`select id from property where id = ${parseId(id) ?? -1} for no key update`;
    const before = await tx.property.findFirst({ where: { id: parseId(id) ?? -1 } });
    const columns = await propertyColumns(viewer, tx, input, before ?? undefined);
    if (!before) throw new NotFound('property');
    if (saysAlready(before, columns)) return before; // A retry has nothing new to tell anyone.
    if (columns.units !== undefined && columns.units !== before.units) await resize(tx, before, columns.units);
    const property = await tx.property
      .update({ where: { id: before.id }, data: { ...columns, version: { increment: 1 } } })
      .catch(
        onTaken(() => new Conflict('CODE_TAKEN', `Another property has the code ${columns.code}. Choose another.`)),
      );
    await emit(propertyUpdated, { property, currency: viewer.agency.currency }, changed(before, property));
    return property;
  });
}

/**
 * Gives the property's first room type more or fewer units, and the nights that are kept already along with it. Only
 * nights that have not passed can stand in the way of fewer.
 */
async function resize(tx: Transaction, property: PropertyRow, units: number): Promise<void> {
  const difference = units - property.units;
  const roomType = await tx.roomType.findFirstOrThrow({ where: { propertyId: property.id }, orderBy: { id: 'asc' } });
  const total = roomType.units + difference;
  const full = await tx.$queryRaw<{ date: string }[]>`
    select date::text from inventory
    where room_type_id = ${roomType.id} and sold + blocked > ${total} and date >= current_date
    order by date limit 1`;
  if (total < 1 || full[0]) {
    const why = full[0]
      ? `More units than that are sold or blocked on ${full[0].date}.`
      : 'The other room types hold the rest of the units.';
    throw new Conflict('UNITS_SOLD', `${why} Free them first, or keep more units.`);
  }
  await tx.roomType.update({ where: { id: roomType.id }, data: { units: total } });
  await tx.$executeRaw`
    update inventory set total = greatest(${total}, sold + blocked) where room_type_id = ${roomType.id}`;
}

const UpdatePropertyInput = builder.inputType('UpdatePropertyInput', {
  fields: (t) => ({
    code: t.string(),
    name: t.string(),
    kind: t.field({ type: PropertyKind }),
    city: t.string(),
    description: t.string(),
    units: t.int({ description: 'Fewer than are sold on some night to come are refused.' }),
    basePrice: t.field({ type: 'Money' }),
    ownerId: t.id(),
    checkInTime: t.string({ description: 'From when guests may come, `15:00`.' }),
    checkOutTime: t.string({ description: 'Until when guests must leave, `11:00`.' }),
    cleaningAtCheckOut: t.boolean({ description: 'Whether a check-out makes a cleaning task.' }),
    cleaningChecklist: t.stringList({ description: 'What a cleaning task here begins with: at most 100 texts.' }),
    cleaningAssignee: t.string({ description: 'Who is given the task that a check-out makes.' }),
    activeFrom: t.field({ type: 'LocalDate', description: 'The first day on the market; null is unbounded.' }),
    activeTo: t.field({ type: 'LocalDate', description: 'The last day on the market; null is unbounded.' }),
    commune: t.string({ description: 'The commune that taxes its stays.' }),
    taxCategory: t.string({ description: 'As what it is taxed: a category of the tariffs.' }),
  }),
});

builder.mutationField('updateProperty', (t) =>
  t.field({
    type: Property,
    description: 'Changes the fields that are given and leaves the others as they are.',
    ability: 'properties:manage',
    args: { id: t.arg.id({ required: true }), input: t.arg({ type: UpdatePropertyInput, required: true }) },
    resolve: (_root, { id, input }, { viewer }) => updateProperty(viewer, { id, input }),
  }),
);
