import { clock } from '../../core/clock.ts';
import { NotFound } from '../../core/errors.ts';
import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { parseId } from '../../graph/ids.ts';
import { propertyArchived } from './events.ts';
import { Property } from './types.ts';

/** Takes a property off the market. Its bookings stay as they are; new ones are refused. */
export function archiveProperty(viewer: Viewer, { id }: { id: string }) {
  return viewer.write(async (tx, emit) => {
    const { count } = await tx.property.updateMany({
      where: { id: parseId(id) ?? -1, archivedAt: null },
      data: { archivedAt: clock.now(), version: { increment: 1 } },
    });
    const property = await tx.property.findFirst({ where: { id: parseId(id) ?? -1 } });
    if (!property) throw new NotFound('property');
    if (count === 0) return property; // Archived already: a retry has nothing new to tell anyone.
    const { archivedAt } = property;
    await emit(propertyArchived, { property, currency: viewer.agency.currency }, { archivedAt });
    return property;
  });
}

builder.mutationField('archiveProperty', (t) =>
  t.field({
    type: Property,
    description: 'Takes a property off the market. Its bookings stay; new ones are refused.',
    ability: 'properties:manage',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { viewer }) => archiveProperty(viewer, { id }),
  }),
);
