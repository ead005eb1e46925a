import pg from 'pg';
import { onTestFinished } from 'vitest';
import { foldReports } from '../../src/finance/reports/fold.ts';
import { createBiRole, dropBiRole, type NewBiRole } from '../../src/platform/bi/index.ts';
import type { Integrator, World } from './world.ts';

/** A login of the agency as a BI tool has it. It is dropped when the test ends. */
export async function login(mine: Integrator, name = 'metabase') {
  const made = await createBiRole(mine.viewer, { name });
  onTestFinished(() => dropBiRole(mine.viewer, { name }).then(noop, noop)); // The test may have done so.
  return { ...made, sql: await connect(made) };
}

export type Row = Record<string, unknown>;

/** Numbers as numbers, dates as texts. */
export async function connect({ url }: Pick<NewBiRole, 'url'>) {
  const client = new pg.Client({ connectionString: url, types: { getTypeParser: parserOf as never } });
  client.on('error', noop); // Ended from the other side.
  await client.connect();
  onTestFinished(() => client.end().catch(noop));
  return async (text: string): Promise<Row[]> => (await client.query(text)).rows;
}

const noop = () => {};
const NUMBERS = [20, 21, 23, 700, 701, 1700];
const parserOf = (oid: number) => (text: string) =>
  NUMBERS.includes(oid) ? Number(text) : oid === 16 ? text === 't' : text;

/** A small generator, so that a failure can be had again. */
function dice(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A day of that summer, by its number from the first of June. */
export const day = (offset: number) => new Date(Date.UTC(2026, 5, 1 + offset)).toISOString().slice(0, 10);

/** A summer: villas that come and go, stays of every kind and fate, blocked nights, another currency. */
export async function summer(world: World, seed: number): Promise<void> {
  const roll = dice(seed);
  const places: number[] = [];
  for (const fields of [
    { active_from: day(0) },
    { units: 7 },
    { active_from: day(20), active_to: day(75) },
    { units: 2 },
  ])
    places.push((await world.property(fields)).id);
  for (let i = 0; i < 60; i++) {
    const from = roll(90);
    const { status, body } = await world.post('/v1/bookings', {
      property_id: places[roll(4)],
      check_in: day(from),
      check_out: day(from + 1 + roll(12)),
      guests_count: 2,
      guest_name: 'Karim B.',
      source: ['airbnb', 'booking', 'direct', 'owner'][roll(4)],
      status: roll(6) === 0 ? 'pending' : 'confirmed',
      gross_amount: 100 + roll(1_000_000) / 100,
      commission_amount: roll(10_000) / 100,
    });
    if (status !== 201) continue;
    const fate = roll(8);
    if (fate === 0) await world.post(`/v1/bookings/${body.data.id}/cancel`, {});
    if (fate === 1) await world.post(`/v1/bookings/${body.data.id}/no-show`);
    if (fate === 2) {
      const { id } = body.data;
      await asAgency(
        world,
        `update booking set currency = 'EUR' where id = ${id}; update night set currency = 'EUR' where booking_id = ${id}`,
      );
    }
    if (i === 30) await foldReports(world);
  }
  await asAgency(
    world,
    `insert into inventory (agency_id, room_type_id, date, total, blocked)
     select r.agency_id, r.id, d::date, r.units, 1 from room_type r, generate_series(date '${day(10)}', '${day(80)}', interval '5 days') d
     on conflict (agency_id, room_type_id, date) do update set blocked = 1 where inventory.sold < inventory.total`,
  );
  await world.post(`/v1/properties/${places[3]}/archive`);
}

export const asAgency = (mine: Integrator, text: string) =>
  mine.viewer.database.asAgency(mine.agencyId, (client) => client.query(text));
