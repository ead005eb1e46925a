import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { revokeToken } from '../src/platform/tokens/revoke.ts';
import { startCollector } from './support/collector.ts';
import { freePort } from './support/free-port.ts';
import { startAgency, startProcess } from './support/process.ts';
import { startReceiver } from './support/receiver.ts';
import { startWorld, type World } from './support/world.ts';

/** The samples of an exposition: `name{labels}` and its value. */
function samples(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

const scrape = async (url: string, headers: Record<string, string> = {}) => {
  const response = await fetch(`${url}/metrics`, { headers });
  return { status: response.status, text: await response.text() };
};

/** What a scrape says that the one before it didn't. */
async function counted(world: World, work: () => Promise<unknown>): Promise<(name: string) => number> {
  const before = samples((await scrape(world.url)).text);
  await work();
  const after = samples((await scrape(world.url)).text);
  return (name) => (after.get(name) ?? 0) - (before.get(name) ?? 0);
}

// Whoever is woken because webhooks are late must see within a minute whether it is us, the database or one receiver.
test('/metrics says what waits and for how long, what was called and how it ended, and what was asked', async () => {
  const world = await startWorld();
  const good = await world.subscribe('booking.*');
  const bad = await world.subscribe('booking.*');
  bad.respondWith(503);
  const property = await world.property({ units: 5 });
  await world.relay();

  const grew = await counted(world, async () => {
    await world.book({ property_id: property.id });
    world.pass(30_000);
    const waiting = samples((await scrape(world.url)).text);
    expect(waiting.get('bellhop_outbox_undispatched_events')).toBe(1);
    expect(waiting.get('bellhop_outbox_lag_seconds')).toBeGreaterThanOrEqual(29);
    await world.relay();
    await world.graphql('{ me { agency { id } } }');
    await world.graphql('{ nothing }');
    await world.get('/v1/bookings/999999');
  });
  expect(good.received).toHaveLength(1);
  expect(grew('bellhop_relay_attempts_total{outcome="ok"}')).toBe(1);
  expect(grew('bellhop_relay_attempts_total{outcome="server_error"}')).toBe(1);
  expect(grew('bellhop_relay_attempt_duration_seconds_count')).toBe(2);
  expect(grew('bellhop_relay_claim_duration_seconds_count')).toBeGreaterThan(0);
  expect(grew('bellhop_relay_dispatched_events_total')).toBe(1);
  expect(grew('bellhop_http_request_duration_seconds_count{method="POST",route="/v1/bookings",status="201"}')).toBe(1);
  expect(grew('bellhop_http_request_duration_seconds_count{method="GET",route="/v1/bookings/{id}",status="404"}')).toBe(
    1,
  );
  expect(grew('bellhop_graphql_operations_total{type="query",outcome="ok"}')).toBe(1);

  const quiet = samples((await scrape(world.url)).text);
  expect(quiet.get('bellhop_outbox_lag_seconds')).toBe(0);
  expect(quiet.get('bellhop_relay_calls_in_flight')).toBe(0);
  expect(quiet.get('bellhop_webhook_endpoints{state="closed"}')).toBe(2);
  expect(quiet.get('bellhop_database_connections{pool="requests",state="idle"}')).toBeGreaterThan(0);

  // A minute later the retry is due and nobody has come for it.
  world.pass(120_000);
  const late = samples((await scrape(world.url)).text);
  expect(late.get('bellhop_deliveries_due{held="nothing"}')).toBe(1);
  expect(late.get('bellhop_deliveries_oldest_due_seconds{held="nothing"}')).toBeGreaterThan(30);
  await world.patch(`/v1/webhooks/${bad.endpointId}`, { enabled: false });
  const disabled = samples((await scrape(world.url)).text);
  expect(disabled.get('bellhop_deliveries_due{held="nothing"}')).toBe(0);
  expect(disabled.get('bellhop_deliveries_due{held="disabled"}')).toBe(1);
  expect(disabled.get('bellhop_webhook_endpoints{state="disabled"}')).toBe(1);
});

// "Our webhooks have stopped" is a token that was revoked, and neither us nor the receiver: the figure says so before anybody asks.
test('/metrics counts what was withheld for want of a right, when it was to be queued and when it was to be tried again', async () => {
  const world = await startWorld();
  const partner = await world.withAbilities('bookings:read', 'webhooks:read', 'webhooks:write');
  const receiver = await partner.subscribe('booking.*');
  receiver.respondWith(503);
  await world.book();
  await world.relay();
  const grew = await counted(world, async () => {
    await revokeToken(world.viewer, partner.tokenId);
    await world.book();
    world.pass(90_000);
    await world.relay();
  });
  expect(receiver.received).toHaveLength(1);
  expect(grew('bellhop_relay_withheld_deliveries_total')).toBe(1);
  expect(grew('bellhop_relay_attempts_total{outcome="forbidden"}')).toBe(1);
});

// It keeps PostgreSQL from cleaning up, and everything gets slower by the hour for a reason that nobody looks at.
test('/metrics shows a transaction that somebody has left open', async () => {
  const world = await startWorld();
  const somebody = new pg.Client({ connectionString: world.database.ownerUrl });
  await somebody.connect();
  await somebody.query('begin');
  const age = async () => samples((await scrape(world.url)).text).get('bellhop_database_oldest_transaction_seconds')!;
  await expect.poll(age).toBeGreaterThan(0.2);
  await somebody.end();
});

// The numbers are those of all agencies together: none of them may read how the others are doing.
test('/metrics is closed to everybody but the operator', async () => {
  const laptop = await startWorld();
  expect((await scrape(laptop.url)).status).toBe(200);
  expect((await scrape(laptop.url, { 'x-forwarded-for': '203.0.113.9' })).status).toBe(404);
  const served = await startWorld({ env: { PUBLIC_URL: 'https://api.example.com' } });
  expect((await scrape(served.url)).status).toBe(404);
  expect((await scrape(served.url, { authorization: `Bearer ${served.token}` })).status).toBe(404);
  const open = await startWorld({
    env: { PUBLIC_URL: 'https://api.example.com', METRICS_TOKEN: 'operators-own-token' },
  });
  expect((await scrape(open.url)).status).toBe(404);
  expect((await scrape(open.url, { authorization: 'Bearer operators-own-tokem' })).status).toBe(404);
  const { status, text } = await scrape(open.url, { authorization: 'Bearer operators-own-token' });
  expect(status).toBe(200);
  expect(text).not.toMatch(/Agency|\/v1\/\w+\/\d/);
});

// One of several workers answers a scrape; with its own numbers alone a third of the requests would be missing.
test('with several workers /metrics adds up all of them and the relay', async () => {
  const { env, token } = await startAgency({ WORKERS: '2' });
  const server = await startProcess(env);
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const ask = (path: string, body?: unknown) =>
    fetch(`${server.url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', connection: 'close' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  await ask('/v1/webhooks', { url: receiver.url, events: ['property.*'] });
  await ask('/v1/properties', { code: 'H', name: 'Hotel' });
  await receiver.arrived(1);
  for (let i = 0; i < 10; i++) await (await ask('/v1/bookings')).text();
  const found = samples((await scrape(server.url)).text);
  expect(found.get('bellhop_http_request_duration_seconds_count{method="GET",route="/v1/bookings",status="200"}')).toBe(
    10,
  );
  expect(found.get('bellhop_relay_attempts_total{outcome="ok"}')).toBe(1);
  expect(found.get('bellhop_outbox_undispatched_events')).toBe(0);
  expect(found.get('process_resident_memory_bytes')).toBeGreaterThan(0);
  const names = [...found.keys()];
  expect(new Set(names).size).toBe(names.length);
}, 60_000);

test('a process that only relays has its metrics on a port of their own', async () => {
  const { env } = await startAgency();
  const api = await startProcess({ ...env, ROLES: 'api' });
  const port = await freePort();
  const relay = await startProcess(
    { ...env, ROLES: 'relay', METRICS_PORT: String(port) },
    `http://127.0.0.1:${port}/metrics`,
  );
  expect((await scrape(`http://127.0.0.1:${port}`)).text).toContain('bellhop_relay_claim_duration_seconds_count');
  expect(await relay.stop()).toBe(0);
  expect((await scrape(api.url)).status).toBe(200);
}, 60_000);

const CALLER = { trace: '4bf92f3577b34da6a3ce929d0e0e4736', span: '00f067aa0ba902b7' };
const traceparent = `00-${CALLER.trace}-${CALLER.span}-01`;

// "The guest paid and the lock never got its code": one trace shows at which of the steps it stopped.
test('one trace leads from the caller’s request over the write and the dispatch to the receiver', async () => {
  const collector = await startCollector();
  const { env, token } = await startAgency();
  const server = await startProcess({ ...env, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const ask = (path: string, body: unknown, headers = {}) =>
    fetch(`${server.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  await ask('/v1/webhooks', { url: receiver.url, events: ['property.created'] });
  await ask('/v1/properties', { code: 'H', name: 'Hotel' }, { traceparent });
  await receiver.arrived(1);
  expect(await server.stop()).toBe(0); // Which sends what is left.

  const mine = collector.spans.filter(({ traceId }) => traceId === CALLER.trace);
  const named = (name: string) => mine.find((span) => span.name === name)!;
  const request = named('POST /v1/properties');
  const write = named('write');
  const dispatched = named('dispatch property.created');
  const attempt = named('attempt property.created');
  expect(mine).toHaveLength(4);
  expect(request.parentSpanId).toBe(CALLER.span);
  expect(write.parentSpanId).toBe(request.spanId);
  expect(dispatched.parentSpanId).toBe(write.spanId);
  expect(attempt.parentSpanId).toBe(write.spanId);
  expect(receiver.received[0]!.headers.traceparent).toBe(`00-${CALLER.trace}-${attempt.spanId}-01`);
  expect(JSON.stringify(collector.spans)).not.toContain(receiver.url);
}, 60_000);

// A caller who traces gets its own trace back from the other end, whether we record anything or not.
test('without a collector the caller’s place in its trace is kept and handed on, and anything else in that header is not', async () => {
  const world = await startWorld();
  const receiver = await world.subscribe('property.*');
  const property = (header?: string) =>
    world.post('/v1/properties', { code: `T${Math.random()}`, name: 'T' }, header ? { traceparent: header } : {});
  const hostile = [
    '',
    'x',
    `${traceparent}\tx`,
    `00-${'0'.repeat(32)}-${CALLER.span}-01`,
    traceparent.toUpperCase(),
    `ff${traceparent.slice(2)}`,
    `${traceparent}-more`,
  ];
  expect((await property(traceparent)).status).toBe(201);
  for (const header of hostile) expect((await property(header)).status).toBe(201);
  await world.relay();
  expect(receiver.received.map(({ headers }) => headers.traceparent)).toEqual([
    traceparent,
    ...hostile.map(() => undefined),
  ]);
});
