import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { importBookings } from '../src/stays/bookings/import.ts';
import { type Integrator, startWorld } from './support/world.ts';

const IBAN = 'MA64011519000001205000534921';

async function owner(mine: Integrator, fields: object = {}) {
  const answer = await mine.post('/v1/owners', { name: 'Leïla Bennani', ...fields });
  if (answer.status !== 201) throw new Error(answer.text);
  return answer.body.data;
}

const ownersOf = async (mine: Integrator) => (await mine.get('/v1/owners')).body.data;

describe('an owner', () => {
  // Whoever pays the owner out goes by what stands here.
  test('is made, read, listed and changed, alike through both doors', async () => {
    const world = await startWorld();
    const said = { email: 'leila@example.com', phone: '+212 661 23 45 67', address: '12, rue des Orangers' };
    const made = await owner(world, { ...said, name: ' Leïla Bennani ', iban: 'ma64 0115 1900 0001 2050 0053 4921' });
    expect(made).toMatchObject({ ...said, name: 'Leïla Bennani', iban: IBAN, tax_id: null, commission_percent: null });
    expect((await world.get(`/v1/owners/${made.id}`)).body.data).toEqual(made);
    const { body } = await world.graphql(
      `mutation ($id: ID!) { updateOwner(id: $id, input: { taxId: "ICE 0015", commissionPercent: 12.25, address: null, email: null }) {
        id name email phone address taxId iban commissionPercent } }`,
      { id: made.id },
    );
    const changed = { email: null, phone: said.phone, address: null, iban: IBAN };
    expect(body.data.updateOwner).toEqual({
      ...{ id: String(made.id), name: 'Leïla Bennani', taxId: 'ICE 0015', commissionPercent: 12.25 },
      ...changed,
    });
    expect(await ownersOf(world)).toMatchObject([{ ...changed, tax_id: 'ICE 0015', commission_percent: 12.25 }]);
    const blank = await world.patch(`/v1/owners/${made.id}`, { iban: ' ', phone: '', commission_percent: null });
    expect(blank.body.data).toMatchObject({ iban: null, phone: null, commission_percent: null });
  });

  // A wrong digit of an account sends a month's money to a stranger.
  test('is refused with what can’t be, and nothing is changed', async () => {
    const world = await startWorld();
    const made = await owner(world);
    const refusals: [object, string[]][] = [
      [{ name: ' ' }, ['name']], // A name that is blank.
      [{ iban: IBAN.replace('4921', '4912') }, ['iban']], // An account whose digits are swapped.
      [{ iban: '0115 1900' }, ['iban']], // An account that is none.
      [{ commission_percent: 100.01 }, ['commission_percent']], // A commission of more than everything.
      [{ commission_percent: -1 }, ['commission_percent']], // A commission below nothing.
      [{ commission_percent: 12.345 }, ['commission_percent']], // A commission that would be rounded.
      [{ email: 'leila' }, ['email']], // An e-mail address that is none.
      [{ phone: '1'.repeat(51), tax_id: '1'.repeat(51) }, ['phone', 'tax_id']], // Texts that are too long.
    ];
    for (const [fields, wrong] of refusals) {
      for (const answer of [
        await world.post('/v1/owners', { name: 'Karim', ...fields }),
        await world.patch(`/v1/owners/${made.id}`, fields),
      ])
        expect([fields, answer.status, Object.keys(answer.body.errors).sort()]).toEqual([fields, 422, wrong]);
    }
    expect(await ownersOf(world)).toEqual([made]);
  });

  test('keeps a name: it can be left out of a change, and not emptied', async () => {
    const world = await startWorld();
    const { id } = await owner(world);
    expect((await world.patch(`/v1/owners/${id}`, { name: null })).body.errors).toHaveProperty('name');
    const { body } = await world.graphql(`mutation { updateOwner(id: "${id}", input: { name: null }) { id } }`);
    expect(body.errors[0].extensions).toMatchObject({ code: 'VALIDATION', fields: { name: [expect.any(String)] } });
  });

  test('is another agency’s business for nobody else', async () => {
    const world = await startWorld();
    const stranger = await world.anotherAgency();
    const { id } = await owner(world);
    expect((await stranger.get(`/v1/owners/${id}`)).status).toBe(404);
    expect((await stranger.patch(`/v1/owners/${id}`, { name: 'Mine' })).status).toBe(404);
    expect(await ownersOf(stranger)).toEqual([]);
    const property = { code: 'X', name: 'X', kind: 'villa', units: 1, base_price: 1, owner_id: id };
    expect((await stranger.post('/v1/properties', property)).body.errors).toHaveProperty('owner_id');
  });

  test('is read with owners:read and written with owners:write, each alone', async () => {
    const world = await startWorld();
    const { id } = await owner(world);
    const [reader, writer] = [await world.withAbilities('owners:read'), await world.withAbilities('owners:write')];
    expect((await reader.get(`/v1/owners/${id}`)).status).toBe(200);
    expect((await reader.post('/v1/owners', { name: 'Karim' })).status).toBe(403);
    expect((await reader.patch(`/v1/owners/${id}`, { name: 'Karim' })).status).toBe(403);
    expect((await writer.get('/v1/owners')).status).toBe(403);
    expect((await writer.post('/v1/owners', { name: 'Karim' })).status).toBe(201);
    expect((await writer.patch(`/v1/owners/${id}`, { name: 'Karim' })).status).toBe(200);
  });

  // One statement is what a page costs; a second would be a round trip a row.
  test('costs one SQL statement a page, at 5 rows and at 50', async () => {
    const world = await startWorld();
    for (let n = 0; n < 50; n++) await owner(world, { name: `Owner ${n}`, commission_percent: n / 4 });
    for (const rows of [5, 50])
      expect(await world.statements(() => world.get(`/v1/owners?cursor=&per_page=${rows}`))).toBe(1);
  });
});

describe('the commission of an owner', () => {
  // Agreed with the owner once; a booking at the usual share would pay them the wrong amount every month.
  test('is what the agency keeps of a new booking of theirs that doesn’t say, and of no other', async () => {
    const world = await startWorld();
    await world.database.system.query('update agency set commission_basis_points = 2000 where id = $1', [
      world.agencyId,
    ]);
    const desk = await world.withAbilities('*'); // A token that isn't known yet brings the agency as it is now.
    const of = async (fields: object, booking: object = {}) => {
      const { id } = await world.property({ owner_id: (await owner(world, fields)).id });
      return (await desk.book({ property_id: id, gross_amount: 1000, ...booking })).commission_amount;
    };
    expect(await of({ commission_percent: 12.5 })).toBe(125);
    expect(await of({ commission_percent: 0 })).toBe(0);
    expect(await of({})).toBe(200);
    expect(await of({ commission_percent: 12.5 }, { commission_amount: 30 })).toBe(30);
    expect((await desk.book({ gross_amount: 1000 })).commission_amount).toBe(200);
  });

  test('is for bookings that are made from then on, and for imported ones that don’t say', async () => {
    const world = await startWorld();
    const { id } = await owner(world, { commission_percent: 10 });
    const property = await world.property({ owner_id: id });
    const before = await world.book({ property_id: property.id, gross_amount: 1000 });
    await world.patch(`/v1/owners/${id}`, { commission_percent: 20 });
    const file = `reference,property,status,source,check_in,check_out,adults,children,guest_name,guest_email,gross_amount,commission_amount,currency,booked_at
IMP-1,${property.code},confirmed,airbnb,2027-07-01,2027-07-03,2,0,Karim,,1000,,MAD,
IMP-2,${property.code},confirmed,airbnb,2027-07-03,2027-07-05,2,0,Karim,,1000,50,MAD,`;
    const result = await importBookings(world.viewer, Readable.from([file]), {});
    expect(result.errors).toEqual([]);
    const { body } = await world.get('/v1/bookings?sort=id_asc');
    const amounts = body.data.map((one: { reference: string; commission_amount: number }) => one.commission_amount);
    expect(amounts).toEqual([before.commission_amount, 200, 50]);
    expect(before.commission_amount).toBe(100);
  });
});
