import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { invoiceSent } from '../src/finance/invoices/events.ts';
import { shortened } from '../src/outbox/fit.ts';
import { publishedEvent } from '../src/outbox/published.ts';
import { startWorld } from './support/world.ts';

const KIB = 1024;

// A receiver's server refuses a megabyte with 413, which is final: the owner's accounts would never hear of the invoice.
test('an event that would be longer than 256 KiB is told without its lists, says so, and still has its published shape', async () => {
  const world = await startWorld();
  const receiver = await world.subscribe('invoice.sent');
  const lines = Array.from({ length: 500 }, () => ({ description: 'é'.repeat(500), quantity: 1, unit_price: 10 }));
  const draft = await world.post('/v1/invoices', { customer_name: 'Amina', lines });
  const sent = await world.post(`/v1/invoices/${draft.body.data.id}/send`);
  expect(sent.status).toBe(200);
  expect(sent.body.data.lines).toHaveLength(500);
  await world.relay();
  const [call] = receiver.received;
  expect(call!.body.length).toBeLessThan(256 * KIB);
  expect(call).toMatchObject({ signature: 'valid', xSignature: 'valid' });
  expect(call!.json.data).toMatchObject({ invoice: { number: sent.body.data.number, lines: [] }, truncated: true });
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);
  const validate = ajv.compile(publishedEvent(invoiceSent));
  expect(validate(call!.json.data), JSON.stringify(validate.errors)).toBe(true);
});

test('an ordinary event says nothing of it', async () => {
  const world = await startWorld();
  const receiver = await world.subscribe('property.created');
  await world.property();
  await world.relay();
  expect(receiver.received[0]!.json.data).not.toHaveProperty('truncated');
});

// A year in which every night changed in its own way is the longest that a yield tool can do to one property.
test('the longest change of prices is told whole', async () => {
  const world = await startWorld({ today: '2027-01-01' });
  const receiver = await world.subscribe('property.rate_changed');
  const property = await world.property();
  const day = (n: number) => new Date(Date.UTC(2027, 0, 2 + n)).toISOString().slice(0, 10);
  const rates = Array.from({ length: 365 }, (_, i) => ({
    from: day(i),
    to: day(i),
    price: 1_000_000 + i,
    min_stay: 1 + (i % 30),
  }));
  expect((await world.put(`/v1/properties/${property.id}/rates`, { rates })).status).toBe(200);
  await world.relay();
  const [call] = receiver.received;
  expect(call!.json.data.change.changes.length).toBeGreaterThan(300);
  expect(call!.json.data).not.toHaveProperty('truncated');
  expect(call!.body.length).toBeLessThan(256 * KIB);
});

// A selection can ask for a list without an end, or for one long text two hundred times.
test('what a selection asks for is told in at most 256 KiB: without its lists, or as the id alone, and says so', async () => {
  const world = await startWorld();
  const lists = await world.subscribe('invoice.sent', { selection: '{ id number notes lines { description } }' });
  const texts = Array.from({ length: 200 }, (_, n) => `notes${n}: notes`);
  const wide = await world.subscribe('invoice.sent', { selection: `{ number ${texts.join(' ')} }` });
  const lines = Array.from({ length: 500 }, () => ({ description: 'é'.repeat(500), quantity: 1, unit_price: 10 }));
  const draft = await world.post('/v1/invoices', { customer_name: 'Amina', notes: 'é'.repeat(10_000), lines });
  const sent = await world.post(`/v1/invoices/${draft.body.data.id}/send`);
  lists.respondWith(503);
  await world.relay();
  lists.respondWith(200);
  world.pass(90_000);
  await world.relay();
  const { id, number } = sent.body.data;
  expect(lists.received).toHaveLength(2);
  for (const call of [...lists.received, ...wide.received]) {
    expect(call.body.length).toBeLessThan(256 * KIB);
    expect(call).toMatchObject({ signature: 'valid', xSignature: 'valid' });
  }
  expect(lists.received[1]!.json.data).toEqual({
    invoice: { id: String(id), number, notes: `${'é'.repeat(2_047)}…`, lines: [] },
    truncated: true,
  });
  expect(lists.received[1]!.body.equals(lists.received[0]!.body)).toBe(true);
  expect(wide.received.map(({ json }) => json.data)).toEqual([{ invoice: { id: String(id) }, truncated: true }]);
  const { body } = await world.get(`/v1/webhook-deliveries?endpoint_id=${wide.endpointId}`);
  const shown = await world.get(`/v1/webhook-deliveries/${body.data[0].id}`);
  expect(shown.body.data.body).toBe(wide.received[0]!.body.toString());
});

test('a shape that can’t do without its list is refused with what to do, and the write with it', () => {
  const shape = z.object({ list: z.array(z.string()).min(1) });
  expect(() => shortened(shape, { list: ['x'] })).toThrow(/256 KiB.*smaller parts/);
});
