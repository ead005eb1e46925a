import { clock } from '../../core/clock.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import { drawIds, insertMany } from '../../database/insert.ts';
import { recordAll } from '../../outbox/record.ts';
import { propertyCreated, propertyUpdated } from './events.ts';
import type { PropertyRow } from './types.ts';

/**
 * Makes a property for each code that an import names and the agency doesn't know. All that is known of it is its code
 * and how many stays it must hold: it is called by its code and of kind OTHER until somebody says more.
 */
export async function makeProperties(
  viewer: Viewer,
  tx: Transaction,
  places: { code: string; units: number }[],
): Promise<void> {
  const ids = await drawIds(tx, 'property', places.length);
  const now = clock.now();
  const common = { agencyId: viewer.agency.id, createdAt: now, updatedAt: now };
  const rows = places.map(({ code, units }, i) => ({ id: ids[i]!, ...common, code, name: code, kind: 'OTHER', units }));
  await insertMany(tx, 'property', rows);
  const roomTypes = rows.map(({ id, units }) => ({ ...common, propertyId: id, code: 'STD', name: 'Standard', units }));
  await insertMany(tx, 'room_type', roomTypes);
  await tell(viewer, tx, propertyCreated, ids);
}

/**
 * True for a property that an import made and nobody has described since. Only those grow with an import: where somebody
 * has said that a place is a villa, a second stay on one night is a mistake in the file and not a second villa.
 */
export function isFromImport(property: PropertyRow): boolean {
  return property.kind === 'OTHER' && property.name === property.code;
}

/** Gives properties more units, all in their room type, on the nights that are kept already too. */
export async function growProperties(
  viewer: Viewer,
  tx: Transaction,
  places: { propertyId: number; roomTypeId: number; units: number }[],
): Promise<void> {
  if (places.length === 0) return;
  const wanted = JSON.stringify(places);
  const now = clock.now();
  await tx.$executeRaw`
    update property p set units = p.units + w.units - r.units, version = p.version + 1, updated_at = ${now}
    from json_to_recordset(${wanted}::json) as w("roomTypeId" int, units int)
    join room_type r on r.id = w."roomTypeId"
    where p.id = r.property_id`;
  await tx.$executeRaw`
    update room_type r set units = w.units, updated_at = ${now}
    from json_to_recordset(${wanted}::json) as w("roomTypeId" int, units int)
    where r.id = w."roomTypeId"`;
  await tx.$executeRaw`
    update inventory i set total = w.units
    from json_to_recordset(${wanted}::json) as w("roomTypeId" int, units int)
    where i.room_type_id = w."roomTypeId" and i.total < w.units`;
  await tell(
    viewer,
    tx,
    propertyUpdated,
    places.map(({ propertyId }) => propertyId),
  );
}

async function tell(viewer: Viewer, tx: Transaction, event: typeof propertyCreated, ids: number[]): Promise<void> {
  const properties = await tx.property.findMany({ where: { id: { in: ids } }, orderBy: { id: 'asc' } });
  const { id: agencyId, currency } = viewer.agency;
  await recordAll(
    tx,
    agencyId,
    event,
    properties.map((property) => ({ property, currency })),
    { silent: viewer.silent },
  );
}
