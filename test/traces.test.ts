import { createHmac } from 'node:crypto';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { hashOf } from '../src/finance/payments/cmi/hash.ts';
import { pollIcal } from '../src/places/ical/poll.ts';
import { startTracing } from '../src/telemetry/tracing.ts';
import { hookUp } from './support/channel.ts';
import { type OtlpSpan, startCollector } from './support/collector.ts';
import { startWhatsappServer } from './support/whatsapp-server.ts';
import { startWorld } from './support/world.ts';

const CALLER = { trace: '4bf92f3577b34da6a3ce929d0e0e4736', span: '00f067aa0ba902b7' };
const traceparent = `00-${CALLER.trace}-${CALLER.span}-01`;

/** A collector, and what it was told of a trace once everything has been sent. */
async function startTraced() {
  const collector = await startCollector();
  const tracing = startTracing(collector.url);
  onTestFinished(() => tracing.stop());
  return async (trace: string) => {
    await tracing.stop();
    return collector.spans.filter(({ traceId }) => traceId === trace);
  };
}

/** The names from a span back to where its trace began, as far as we were told. */
function pathTo(spans: OtlpSpan[], name: string): string[] {
  const path: string[] = [];
  for (let at = spans.find((span) => span.name === name); at; at = spans.find((s) => s.spanId === at!.parentSpanId)) {
    path.unshift(at.name);
  }
  return path;
}

// "The guest left at ten and nobody came to clean": the trace of the check-out must show how far it got.
test('the trace of a check-out goes on in the cleaning task that the product makes of it, and in what is told of that', async () => {
  const spansOf = await startTraced();
  const world = await startWorld({ today: '2027-06-01' });
  const receiver = await world.subscribe('cleaning.*');
  const property = await world.property({ cleaning_assignee: 'Fatima' });
  const { id } = await world.book({ property_id: property.id, check_in: '2027-06-01', check_out: '2027-06-02' });
  await world.post(`/v1/bookings/${id}/check-in`);
  await world.relay();
  expect((await world.post(`/v1/bookings/${id}/check-out`, {}, { traceparent })).status).toBe(200);
  await world.relay();
  const spans = await spansOf(CALLER.trace);
  const attempt = `attempt ${receiver.received[0]!.event}`;
  expect(pathTo(spans, attempt)).toEqual([
    'POST /v1/bookings/{id}/check-out',
    'write',
    'errand cleaning.after_check_out',
    'write',
    attempt,
  ]);
  expect(spans.find(({ name }) => name.startsWith('POST'))!.parentSpanId).toBe(CALLER.span);
  expect(receiver.received[0]!.headers.traceparent).toContain(CALLER.trace);
});

// A message that was asked for and refused by Meta is looked for from the request on.
test('an errand that a request asks for by itself is in its trace, each attempt, and says when it failed', async () => {
  const spansOf = await startTraced();
  const whatsapp = await startWhatsappServer();
  const world = await startWorld({ env: { WHATSAPP_API_URL: whatsapp.url } });
  const account = {
    phone_number_id: '106540352242922',
    token: 'EAAG-first-token',
    app_secret: 'a-secret-of-the-meta-app',
  };
  await world.put('/v1/whatsapp-account', { ...account, verify_token: 'what-meta-says-first' });
  whatsapp.replyWith({ status: 503 });
  const message = { to: '+212 612 345678', template: 'pre_arrival', parameters: { guest_name: 'Karim' } };
  expect((await world.post('/v1/whatsapp-messages', message, { traceparent })).status).toBe(201);
  await world.relay();
  world.pass(90_000);
  await world.relay();
  expect(whatsapp.calls.map(({ status }) => status)).toEqual([503, 200]);
  const spans = await spansOf(CALLER.trace);
  const ERROR = 2;
  const sent = spans.filter(({ name }) => name === 'errand whatsapp.send');
  expect(sent.map(({ status }) => status.code === ERROR)).toEqual([true, false]);
  expect(pathTo(spans, 'errand whatsapp.send').slice(0, 2)).toEqual(['POST /v1/whatsapp-messages', 'write']);
});

// What comes in through a door leads to webhooks as a request does, and is looked for as one.
test('a callback of Meta, one of CMI and the reading of a calendar each lead to the webhooks that came of them', async () => {
  const spansOf = await startTraced();
  const whatsapp = await startWhatsappServer();
  const world = await startWorld({ today: '2027-05-01', env: { WHATSAPP_API_URL: whatsapp.url } });
  const receiver = await world.subscribe('*');
  const traceOf = (event: string) =>
    String(receiver.received.findLast((call) => call.event === event)!.headers.traceparent).split('-')[1]!;
  const tell = async (path: string, body: string, headers: Record<string, string>) => {
    const answer = await fetch(`${world.url}${path}`, { method: 'POST', body, headers: { traceparent, ...headers } });
    expect(answer.status).toBe(200);
  };

  const account = {
    phone_number_id: '106540352242922',
    token: 'EAAG-first-token',
    app_secret: 'a-secret-of-the-meta-app',
  };
  await world.put('/v1/whatsapp-account', { ...account, verify_token: 'what-meta-says-first' });
  await world.post('/v1/whatsapp-messages', { to: '+212612345678', template: 'pre_arrival', parameters: {} });
  await world.relay();
  const status = {
    id: whatsapp.calls[0]!.providerId,
    status: 'failed',
    timestamp: '1750857384',
    errors: [{ code: 1 }],
  };
  const change = { field: 'messages', value: { statuses: [status] } };
  const said = JSON.stringify({ entry: [{ id: '1', changes: [change] }] });
  const signature = `sha256=${createHmac('sha256', account.app_secret).update(said).digest('hex')}`;
  await tell(`/inbound/whatsapp/${world.agencyId}`, said, { 'x-hub-signature-256': signature });

  await world.put('/v1/cmi-account', { client_id: '600001234', store_key: 'TEST1234' });
  const { reference } = await world.book();
  const paid = { ...CMI, oid: reference, ReturnOid: reference };
  const HASH = hashOf(new Map(Object.entries(paid)), 'TEST1234');
  await tell(`/inbound/cmi/${world.agencyId}`, new URLSearchParams({ ...paid, HASH }).toString(), {
    'content-type': 'application/x-www-form-urlencoded',
  });

  await hookUp(world, [{ code: 'HMAAAAAAAA', from: '2027-08-12', to: '2027-08-15' }]);
  const services = { database: world.database, config: world.config, wake: world.viewer.wake };
  expect(await pollIcal({ ...services, log: pino({ level: 'silent' }) })).toBe(1);
  await world.relay();

  expect(traceOf('whatsapp.message_failed')).toBe(CALLER.trace);
  expect(traceOf('booking.payment_received')).toBe(CALLER.trace);
  const reading = traceOf('booking.created');
  const [called, read] = [await spansOf(CALLER.trace), await spansOf(reading)];
  expect(pathTo(called, 'attempt whatsapp.message_failed')).toEqual([
    'POST /inbound/whatsapp/{agency}',
    'write',
    'attempt whatsapp.message_failed',
  ]);
  expect(pathTo(called, 'attempt booking.payment_received')).toEqual([
    'POST /inbound/cmi/{agency}',
    'write',
    'attempt booking.payment_received',
  ]);
  expect(pathTo(read, 'attempt booking.created')).toEqual(['read a calendar', 'write', 'attempt booking.created']);
});

const CMI = {
  clientid: '600001234',
  amount: '300.00',
  currency: '504',
  ProcReturnCode: '00',
  Response: 'Approved',
  TransId: '27121KNJA13478',
  hashAlgorithm: 'ver3',
  rnd: 'F888F0SOOVNdLRDl2d9B',
};
