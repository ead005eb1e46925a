import { expect, test } from 'vitest';
import { startWorld } from './support/world.ts';

// A channel manager reads a property anew each time it hears of it; a tool that repeats itself would keep it at that all day.
test('a property that is changed is told of once, and not when the same is said again or nothing at all', async () => {
  const world = await startWorld();
  const { id } = await world.property({ city: 'Fès' });
  const receiver = await world.subscribe('property.*');
  const path = `/v1/properties/${id}`;
  for (const body of [{ base_price: 1250.5, city: null }, { base_price: '1250.50' }, { units: 1, city: null }, {}]) {
    const answer = await world.patch(path, body);
    expect([answer.status, answer.body.data.base_price, answer.body.data.city]).toEqual([200, 1250.5, null]);
  }
  await world.patch(path, { base_price: -1, name: 'Never' }); // Refused: nobody is told.
  await world.relay();
  expect(receiver.received).toMatchObject([
    { event: 'property.updated', signature: 'valid', json: { data: { property: { id, base_price: 1250.5 } } } },
  ]);
});

// A unit that is on the property and not among its nights is never sold; the other way round it is sold twice.
test('two people who change the units of a property at once leave as many nights to sell as it has units', async () => {
  const world = await startWorld();
  const { id } = await world.property();
  for (let round = 0; round < 5; round++) {
    const answers = await Promise.all([3, 5, 2, 4].map((units) => world.patch(`/v1/properties/${id}`, { units })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const { units } = (await world.get(`/v1/properties/${id}`)).body.data;
    const night = await world.get(`/v1/calendar?from=2027-01-01&to=2027-01-01&property_id=${id}`);
    expect(night.body.data[0].units_total).toBe(units);
  }
});
