import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { schema } from '../src/domains.ts';
import { doors } from '../src/doors.ts';
import { openGateway } from '../src/gateway/server.ts';
import { openWake } from '../src/outbox/wake.ts';
import { lines, ownerOf } from './support/audit.ts';
import { NOUNS } from './support/nouns.ts';
import { type Integrator, routesFor, startWorld, type World } from './support/world.ts';

const WITHIN_MS = 5 * 60_000;

/** Another process of the same product. It asks as `who` does, and answers with the status. */
async function anotherGateway(world: World, who: Integrator) {
  const log = pino({ level: 'silent' });
  const { database } = world;
  const wake = openWake(database.system, database.ownerUrl, log);
  const config = { ...world.config, port: 0 };
  const gateway = await openGateway({
    ...{ schema, routes: routesFor(config), doors, config, database, wake, log },
    readiness: async () => ({}),
    metrics: (_request, response) => void response.end(),
  });
  onTestFinished(async () => {
    await gateway.close();
    await wake.close();
  });
  return async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${gateway.port}${path}`, {
      headers: { authorization: `Bearer ${who.token}` },
    });
    await response.arrayBuffer();
    return response.status;
  };
}

const told = (world: World) => lines(world, '&action=security.repeated_refusals');

describe('somebody who tries doors', () => {
  // Behind a load balancer each process sees a part of it.
  test('is told of once, at twenty refusals of all processes together', async () => {
    const world = await startWorld();
    const prober = await world.withAbilities('bookings:read');
    const other = await anotherGateway(world, prober);
    for (let i = 0; i < 10; i += 1) {
      expect((await prober.get(`/v1/bookings/${900 + i}`)).status).toBe(404);
      expect(await told(world)).toEqual([]);
      expect(await other(`/v1/bookings/${800 + i}`)).toBe(404);
    }
    await Promise.all(
      Array.from({ length: 10 }, (_, i) => Promise.all([prober.get('/v1/owners'), other(`/v1/bookings/${i}`)])),
    );
    expect(await told(world)).toMatchObject([
      { severity: 'critical', subject: `token:${prober.tokenId}`, changes: { kind: 'denied', refusals: 20 } },
    ]);
    world.pass(WITHIN_MS + 1_000);
    for (let i = 0; i < 20; i += 1) await other(`/v1/bookings/${700 + i}`);
    expect(await told(world)).toHaveLength(2);
  });

  test('leaves what was tried in the log: each id and each field once', async () => {
    const world = await startWorld();
    const stranger = await world.anotherAgency();
    const id = await NOUNS['/v1/bookings']!(stranger);
    for (let i = 0; i < 3; i += 1) expect((await world.get(`/v1/bookings/${id}`)).status).toBe(404);
    await world.graphql(`mutation { cancelBooking(id: ${id}) { id } }`);
    await world.get('/v1/bookings/karim@example.com');
    await expect.poll(() => lines(world, '&action=security.not_found')).toHaveLength(3);
    expect(await lines(world, '&action=security.not_found')).toMatchObject([
      { severity: 'warning', actor: `token:${world.tokenId}`, changes: { asked: `GET /v1/bookings/${id}` } },
      { changes: { asked: expect.stringMatching(/cancelBooking|GET \/v1\/bookings\/{id}/) } },
      { changes: { asked: expect.stringMatching(/cancelBooking|GET \/v1\/bookings\/{id}/) } },
    ]);
    // It is theirs alone to know that somebody has it.
    expect(await lines(world, '&action=security.*')).not.toContainEqual(
      expect.objectContaining({ agency: expect.anything() }),
    );
    const theirs = (await stranger.get('/v1/audit-log?action=security.*')).body.data;
    expect(theirs).toEqual([]);
  });

  // A token's number is no secret: who has an old one, or guesses, begins with it.
  test('of a token with a wrong secret, or with one that was revoked, is told of as nobody', async () => {
    const world = await startWorld();
    const one = await world.withAbilities('bookings:read');
    const guess = () =>
      fetch(`${world.url}/v1/me`, { headers: { authorization: `Bearer ${one.tokenId}|${'a'.repeat(48)}` } });
    for (let i = 0; i < 25; i += 1) expect((await guess()).status).toBe(401);
    await expect
      .poll(() => told(world))
      .toMatchObject([
        { actor: 'unknown', subject: `token:${one.tokenId}`, ip: expect.any(String), changes: { kind: 'unproven' } },
      ]);
    const owner = await ownerOf(world);
    const { rows: kept } = await owner.query('select cardinality(times) as count from token_refusal');
    expect(kept).toEqual([{ count: 20 }]); // However long it goes on, no more is written.
  });
});

describe('what leaves as a file', () => {
  async function fill(world: World, count: number): Promise<void> {
    await (await ownerOf(world)).query(
      `insert into property (agency_id, code, name, updated_at) select $1, 'P' || n, 'P', now() from generate_series(1, $2::int) n`,
      [world.agencyId, count],
    );
  }
  const exported = (world: World) => lines(world, '&action=list.exported,file.exported');

  test('a page of a hundred rows stands in the log, and one that keeps up with what is new doesn’t', async () => {
    const world = await startWorld();
    await fill(world, 120);
    await world.get('/v1/properties?format=csv&per_page=100');
    await world.get('/v1/properties?format=ndjson&page=1&per_page=110');
    await world.get('/v1/properties?format=ndjson&per_page=99');
    await world.get('/v1/properties?per_page=120');
    expect(await exported(world)).toMatchObject([
      { subject: 'list:/v1/properties', changes: { format: 'csv', rows: 100, complete: false } },
      {
        subject: 'list:/v1/properties',
        changes: { format: 'ndjson', rows: 110, complete: false, rows_within_hour: 210 },
      },
    ]);
  });

  // Nobody who wants all guests takes them in one request that is told of.
  test('page by page is an export too: past ten thousand rows within an hour it is critical, once', async () => {
    const world = await startWorld();
    await fill(world, 10_500);
    for (let page = 1; page <= 11; page += 1)
      await world.get(`/v1/properties?format=ndjson&per_page=1000&page=${page}`);
    await world.get('/v1/properties?format=ndjson&per_page=1000&page=1');
    const severities = (await exported(world)).map(({ severity }: { severity: string }) => severity);
    expect(severities).toEqual([...Array(10).fill('info'), 'critical', 'info']);
    world.pass(3_600_000);
    await world.get('/v1/properties?format=ndjson&per_page=1000&page=1');
    expect((await exported(world)).at(-1)).toMatchObject({ severity: 'info' });
  });

  test('every report as a table, and every statement as CSV or PDF', async () => {
    const world = await startWorld({ today: '2026-07-20' });
    const id = await NOUNS['/v1/statements']!(world);
    await world.get('/v1/reports/revenue?from=2026-07-01&to=2026-07-31&format=csv');
    await world.get(`/v1/statements/${id}?format=pdf`);
    await world.get(`/v1/statements/${id}?format=csv`);
    await world.get(`/v1/statements/${id}`);
    expect(await exported(world)).toMatchObject([
      { subject: 'list:/v1/reports/revenue', changes: { format: 'csv' } },
      { subject: `file:/v1/statements/${id}`, changes: { format: 'pdf' } },
      { subject: `file:/v1/statements/${id}`, changes: { format: 'csv' } },
    ]);
  });
});
