import { Conflict } from '../../core/errors.ts';
import type { Transaction } from '../../database/index.ts';
import type { PropertyRow } from '../properties/types.ts';

/**
 * The properties of these ids that the agency has, held until the transaction ends. Every write of rates begins here, so
 * two of one property come one after the other. They are locked in the order of their ids, so that writers of many wait
 * for each other and never in a circle; and in a way that lets bookings, which only point at a property, pass.
 */
export async function holdProperties(tx: Transaction, ids: number[]): Promise<PropertyRow[]> {
  await tx.$queryRaw`select id from property where id = any(${ids}::int[]) order by id for no key update`;
  return tx.property.findMany({ where: { id: { in: ids } }, orderBy: { id: 'asc' } });
}

/**
 * Numbers a write of the properties' rates: the new version is the sequence of its event and the rank of what it writes.
 * `updated_at` stays, because nothing that a property says of itself has changed.
 */
export async function numberWrite(tx: Transaction, properties: PropertyRow[]): Promise<PropertyRow[]> {
  const ids = properties.map(({ id }) => id);
  await tx.$executeRaw`update property set version = version + 1 where id = any(${ids}::int[])`;
  return properties.map((property) => ({ ...property, version: property.version + 1 }));
}

/** Nobody can come to a property that has left the market, so a price for it is a mistake in the caller's list. */
export function refuseArchived({ archivedAt, code }: PropertyRow): void {
  if (archivedAt)
    throw new Conflict('PROPERTY_ARCHIVED', `The property ${code} is archived and takes no rates. Leave it out.`);
}
