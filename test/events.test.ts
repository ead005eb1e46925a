import { readdirSync, readFileSync } from 'node:fs';
import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect, test } from 'vitest';
import { operationalEvents } from '../src/outbox/event.ts';
import { hookUp } from './support/channel.ts';
import { NOUNS } from './support/nouns.ts';
import { startWhatsappServer } from './support/whatsapp-server.ts';
import { startWorld, type World } from './support/world.ts';

const TODAY = '2026-08-12';
const STAY = { check_in: TODAY, check_out: '2026-08-19' };

/** What an event is to come from: what has to be so before, which answers with the step that causes it. */
type Cause = (world: World) => Promise<() => Promise<unknown>>;

const booking =
  (step: string, { before = [], ...fields }: { before?: string[]; status?: string } = {}): Cause =>
  async (world) => {
    const { id } = await world.book({ ...STAY, ...fields });
    for (const earlier of before) await done(world, `/v1/bookings/${id}/${earlier}`);
    return () => done(world, `/v1/bookings/${id}/${step}`);
  };

const at =
  (noun: string, step: string, body: object = {}): Cause =>
  async (world) => {
    const id = await NOUNS[noun]!(world);
    return () => done(world, `${noun}/${id}/${step}`, body);
  };

/** Each event, and the one thing that it comes from when an integrator does it. */
const CAUSES: Record<string, Cause> = {
  'booking.created': async (world) => {
    const { id } = await world.property();
    return () => world.book({ ...STAY, property_id: id });
  },
  'booking.confirmed': booking('confirm', { status: 'pending' }),
  'booking.updated': async (world) => {
    const { id } = await world.book(STAY);
    return () => world.patch(`/v1/bookings/${id}`, { guests_count: 3 });
  },
  'booking.cancelled': async (world) => {
    const { id } = await world.book({ check_in: '2026-09-01', check_out: '2026-09-02' });
    return () => done(world, `/v1/bookings/${id}/cancel`, { reason: 'illness' });
  },
  'booking.checked_in': booking('check-in'),
  'booking.checked_out': booking('check-out', { before: ['check-in'] }),
  'booking.no_show': booking('no-show'),
  'booking.payment_received': async (world) => {
    const { id } = await world.book(STAY);
    return () => done(world, '/v1/payments', { purpose: 'booking', booking_id: id, amount: 300, method: 'cmi' });
  },
  'property.created': async (world) => () => world.property(),
  'property.updated': async (world) => {
    const { id } = await world.property();
    return () => world.patch(`/v1/properties/${id}`, { base_price: 1450, description: 'With a pool' });
  },
  'property.archived': at('/v1/properties', 'archive'),
  'property.rate_changed': async (world) => {
    const { id } = await world.property();
    return () => done(world, '/v1/rates', { property_id: id, from: '2026-09-01', to: '2026-09-30', price: 2400 });
  },
  'cleaning.assigned': at('/v1/cleaning-tasks', 'assign', { assignee: 'Fatima' }),
  'cleaning.completed': at('/v1/cleaning-tasks', 'complete', { photos: ['https://photos.example.com/after.jpg'] }),
  'cleaning.skipped': at('/v1/cleaning-tasks', 'skip', { reason: 'guest asked', reschedule_to: '2027-08-20' }),
  'maintenance.created': async (world) => {
    const { id } = await world.property();
    return () => done(world, '/v1/maintenance-tickets', { property_id: id, title: 'The tap drips' });
  },
  'maintenance.assigned': at('/v1/maintenance-tickets', 'assign', { assignee: 'Hassan' }),
  'maintenance.urgent': at('/v1/maintenance-tickets', 'escalate'),
  'maintenance.resolved': at('/v1/maintenance-tickets', 'resolve', { resolution: 'A new seal', cost: 80 }),
  'invoice.sent': at('/v1/invoices', 'send'),
  'invoice.paid': async (world) => {
    const id = await NOUNS['/v1/invoices']!(world);
    await done(world, `/v1/invoices/${id}/send`);
    return () => done(world, `/v1/invoices/${id}/pay`);
  },
  'ical.conflict_detected': async (world) => {
    const { property_id } = await world.book(STAY);
    const channel = await hookUp(world, [{ from: '2026-08-15', to: '2026-08-17' }], { property: { id: property_id } });
    return () => channel.sync();
  },
  'ical.sync_failed': async (world) => {
    const channel = await hookUp(world);
    channel.answers((_request, response) => response.writeHead(404).end());
    return () => channel.sync();
  },
  'whatsapp.message_failed': async (world) => {
    const account = { phone_number_id: '106540352242922', token: 'EAAG-the-token', app_secret: '0'.repeat(32) };
    await world.put('/v1/whatsapp-account', account);
    const message = { to: '+212612345678', template: 'pre_arrival', language: 'en', parameters: {} };
    return () => done(world, '/v1/whatsapp-messages', message);
  },
  'audit.critical_event': at('/v1/webhooks', 'rotate-secret'),
  'owner.statement_ready': async (world) => {
    const { id } = (await done(world, '/v1/owners', { name: 'Leïla Bennani' })).data;
    const property = await world.property({ owner_id: id });
    await world.book({ property_id: property.id, check_in: '2026-07-01', check_out: '2026-07-04' });
    return () => done(world, '/v1/statements/generate', { month: '2026-07', owner_id: id });
  },
  'subscription.renewed': async (world) => () =>
    done(world, '/v1/payments', { purpose: 'subscription', amount: 990, method: 'card' }),
  'review.received': async (world) => {
    const { id } = await world.property();
    return () => done(world, '/v1/reviews', { property_id: id, source: 'airbnb', rating: 2 });
  },
  'payment.succeeded': at('/v1/payments', 'succeed'),
  'payment.failed': at('/v1/payments', 'fail', { reason: 'Insufficient funds' }),
  'tax_report.generated': async (world) => {
    const tariff = { tax: 'tpt', valid_from: '2026-01-01', amount: 10 };
    await done(world, '/v1/tax-tariffs', tariff);
    return () => done(world, '/v1/tax-reports/generate', { period: '2026-Q2' });
  },
};

/** One fact that is told as several events: what a stay, an invoice or a renewal is paid with is a payment too. */
const TOGETHER: Record<string, string[]> = {
  'booking.payment_received': ['payment.succeeded'],
  'invoice.paid': ['payment.succeeded'],
  'subscription.renewed': ['payment.succeeded'],
  'payment.succeeded': ['booking.payment_received'],
};

const FOLDER = new URL('../schema/events/', import.meta.url);
const published = (name: string) => JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), 'utf8'));

// Somebody has built on each of these. One that never comes, comes twice or has another shape is found by their guests.
test('each event comes from its cause, once, signed, and in the shape that is published', {
  timeout: 120_000,
}, async () => {
  const whatsapp = await startWhatsappServer();
  const world = await startWorld({ today: TODAY, env: { WHATSAPP_API_URL: whatsapp.url } });
  const ajv = addFormats.default(new Ajv.default({ strict: false, allErrors: true }));
  const receiver = await world.subscribe('*');
  expect(Object.keys(CAUSES).sort()).toEqual(
    readdirSync(FOLDER)
      .map((file) => file.replace('.json', ''))
      .filter((name) => !operationalEvents().includes(name)) // Those of an endpoint’s own fate are no part of `*`.
      .sort(),
  );
  for (const [name, cause] of Object.entries(CAUSES)) {
    const happen = await cause(world);
    await world.relay();
    const before = receiver.received.length;
    whatsapp.replyWith({ status: 400, code: 131026, details: 'Message undeliverable' });
    await happen();
    await world.relay();
    const told = receiver.received.slice(before);
    expect([name, told.map(({ event }) => event).sort()]).toEqual([name, [name, ...(TOGETHER[name] ?? [])].sort()]);
    const call = told.find(({ event }) => event === name)!;
    expect([name, call.signature, call.xSignature]).toEqual([name, 'valid', 'valid']);
    expect(Object.keys(call.json)).toEqual(['id', 'event', 'created_at', 'agency_id', 'data']);
    expect([call.json.id, call.json.event, call.json.agency_id]).toEqual([call.id, name, world.agencyId]);
    const { $id: _id, ...shape } = published(name);
    const validate = ajv.compile(shape);
    expect([name, validate(call.json.data), validate.errors]).toEqual([name, true, null]);
  }
});

async function done(world: World, path: string, body: object = {}) {
  const answer = await world.post(path, body);
  if (answer.status >= 300) throw new Error(`${path}: ${answer.text}`);
  return answer.body;
}
