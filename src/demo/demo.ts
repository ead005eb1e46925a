import type { Config } from '../config.ts';
import { clock } from '../core/clock.ts';
import { Viewer } from '../core/viewer.ts';
import { openWait } from '../core/wait.ts';
import type { Database, Transaction } from '../database/index.ts';
import { drawIds, insertMany } from '../database/insert.ts';
import { recordAll } from '../outbox/record.ts';
import type { Wake } from '../outbox/wake.ts';
import { propertyCreated } from '../places/properties/events.ts';
import { createAgency } from '../platform/create-agency.ts';
import { createToken } from '../platform/tokens/create.ts';
import { writeBookings } from '../stays/bookings/write-many.ts';
import { makeDay } from './day.ts';
import { closeBooks, makeMoney } from './money.ts';
import { OWNERS, PLACES } from './places.ts';
import { randomFrom } from './random.ts';
import { type BuiltPlace, makeSeason } from './season.ts';

/**
 * Makes an agency with believable data for whoever looks at Bellhop for the first time: owners, places and a season of
 * bookings around today. The same date makes the same season. All of it is in the event log and none is sent to anybody.
 */
export async function makeDemo(database: Database, config: Config): Promise<{ agencyId: number; token: string }> {
  await removeUnfinished(database);
  const agency = await createAgency(
    database,
    {
      name: 'Atlas Conciergerie',
      currency: 'MAD',
      timezone: 'Africa/Casablanca',
      commissionPercent: 10,
      plan: 'BUSINESS',
      demo: true,
    },
    'demo',
  );
  const viewer = new Viewer(agency, { name: 'demo' }, new Set(['*']), { database, config, wake: nobodyWaits }, true);
  await viewer.write(async (tx, emit, audit) => {
    const places = await build(viewer, tx);
    const { today } = viewer;
    const season = makeSeason(places, { today, now: clock.now(), agency, random: randomFrom(today) });
    const full = await writeBookings(viewer, tx, season);
    if (full.some((nights) => nights.length > 0)) throw new Error('The demo sold a night twice.');
    await makeDay(viewer, tx, places, { random: randomFrom(`day ${today}`), now: clock.now() });
    await makeMoney(viewer, { tx, emit, audit }, places);
    audit('demo.created', `agency:${agency.id}`, { properties: places.length, bookings: season.length });
  });
  await closeBooks(viewer);
  const { token } = await createToken(viewer, { name: 'demo', abilities: ['*'] });
  return { agencyId: agency.id, token };
}

/** The token is made last; so a demo without one is what a start that was killed left behind. */
async function removeUnfinished(database: Database): Promise<void> {
  await database.system.query(
    'delete from agency a where demo and not exists (select from access_token t where t.agency_id = a.id)',
  );
}

async function build(viewer: Viewer, tx: Transaction): Promise<BuiltPlace[]> {
  const now = clock.now();
  const common = { agencyId: viewer.agency.id, createdAt: now, updatedAt: now };
  const ownerIds = await drawIds(tx, 'owner', OWNERS.length);
  await insertMany(
    tx,
    'owner',
    OWNERS.map((owner, i) => ({ id: ownerIds[i]!, ...common, ...owner })),
  );

  const propertyIds = await drawIds(tx, 'property', PLACES.length);
  const roomTypeIds = await drawIds(tx, 'room_type', PLACES.length);
  const places = PLACES.map((place, i) => ({ ...place, propertyId: propertyIds[i]!, roomTypeId: roomTypeIds[i]! }));
  await insertMany(
    tx,
    'property',
    places.map(({ propertyId: id, owner, code, name, kind, city, description, units, price }) => ({
      id,
      ...common,
      ownerId: ownerIds[owner]!,
      code,
      name,
      kind,
      city,
      commune: city,
      taxCategory: kind.toLowerCase(),
      description,
      units,
      basePriceMinor: price * 100,
    })),
  );
  await insertMany(
    tx,
    'room_type',
    places.map(({ roomTypeId: id, propertyId, units }) => ({
      id,
      ...common,
      propertyId,
      code: 'STD',
      name: 'Standard',
      units,
    })),
  );
  const properties = await tx.property.findMany({ orderBy: { id: 'asc' } });
  const told = properties.map((property) => ({ property, currency: viewer.agency.currency }));
  await recordAll(tx, viewer.agency.id, propertyCreated, told, { silent: viewer.silent });
  return places;
}

/** Nobody follows an agency that is just being made. */
const nobodyWaits: Wake = {
  poke() {},
  tokenChanged() {},
  onTokenChanged() {},
  next: openWait,
  async close() {},
};
