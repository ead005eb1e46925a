import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { ABILITIES } from '../src/core/abilities.ts';
import { createToken, revokeToken } from '../src/platform/tokens.ts';
import { startWorld } from './support/world.ts';

describe('tokens', () => {
  test('the secret is shown once and kept only as its SHA-256', async () => {
    const world = await startWorld();
    expect(world.token).toMatch(/^\d+\|[A-Za-z0-9]{40,}$/);
    const { rows } = await world.database.system.query('select * from access_token where id = $1', [world.tokenId]);
    expect(JSON.stringify(rows)).not.toContain(world.token.split('|')[1]);
  });

  // A leaked token is revoked in a hurry; each request that it still gets through may be the one that matters.
  test('a revoked token is refused by the very next request', async () => {
    const world = await startWorld();
    const other = await world.withAbilities('bookings:read');
    expect((await other.get('/v1/bookings')).status).toBe(200);
    await revokeToken(world.viewer, other.tokenId);
    await expect.poll(async () => (await other.get('/v1/bookings')).status, { timeout: 500, interval: 5 }).toBe(401);
  });

  test('an expired token is refused', async () => {
    const world = await startWorld();
    const { token } = await createToken(world.viewer, {
      name: 'short',
      abilities: ['*'],
      expiresAt: new Date(Date.now() + 60_000),
    });
    const ask = () => fetch(`${world.url}/v1/me`, { headers: { authorization: `Bearer ${token}` } });
    expect((await ask()).status).toBe(200);
    world.pass(61_000);
    expect((await ask()).status).toBe(401);
  });

  test('BI tools may send the token as the user name of Basic', async () => {
    const world = await startWorld();
    const authorization = `Basic ${Buffer.from(`${world.token}:`).toString('base64')}`;
    const response = await fetch(`${world.url}/v1/me`, { headers: { authorization } });
    expect(response.status).toBe(200);
  });

  test.each(['', 'Bearer', 'Bearer nonsense', 'Bearer 1|short', `Bearer 1|${'x'.repeat(48)}`, 'Basic !!!'])(
    'what is no token (%j) is answered 401, in JSON, by both doors',
    async (authorization) => {
      const world = await startWorld();
      for (const path of ['/v1/bookings', '/graphql?query={me{abilities}}']) {
        const response = await fetch(`${world.url}${path}`, { headers: { authorization } });
        expect(response.status).toBe(401);
        expect(response.headers.get('content-type')).toContain('json');
        expect(await response.text()).toContain('Unauthenticated.');
      }
    },
  );

  test('last_used_at is noted, and not written by every request', async () => {
    const world = await startWorld();
    const updates = async () => {
      const { rows } = await world.database.system.query(
        'select last_used_at, xmin::text from access_token where id = $1',
        [world.tokenId],
      );
      return rows[0];
    };
    await world.get('/v1/me');
    await expect.poll(async () => (await updates()).last_used_at).not.toBeNull();
    const first = await updates();
    for (let i = 0; i < 20; i++) await world.get('/v1/me');
    expect(await updates()).toEqual(first);
    world.pass(61_000);
    await world.get('/v1/me');
    await expect.poll(async () => (await updates()).xmin).not.toBe(first.xmin);
  });

  test('each ability is an exact string: bookings:read neither writes nor manages', async () => {
    const world = await startWorld();
    const { id } = await world.book();
    const reader = await world.withAbilities('bookings:read');
    expect((await reader.get(`/v1/bookings/${id}`)).status).toBe(200);
    for (const step of ['cancel', 'confirm', 'check-in', 'check-out', 'no-show', 'reinstate']) {
      const answer = await reader.post(`/v1/bookings/${id}/${step}`, {});
      expect([step, answer.status, answer.body.message]).toEqual([step, 403, 'Invalid ability provided.']);
    }
    await expect(createToken(world.viewer, { name: 'x', abilities: ['bookings:*'] })).rejects.toThrow(/bookings:\*/);
    expect(Object.keys(ABILITIES).length).toBeGreaterThan(40);
  });

  test('a plan without the API is told so in a sentence, on both doors', async () => {
    const world = await startWorld();
    await world.database.system.query(`update agency set plan = 'STARTER' where id = $1`, [world.agencyId]);
    const rest = await world.get('/v1/bookings');
    expect([rest.status, rest.body.code]).toEqual([403, 'PLAN_REQUIRED']);
    expect(rest.body.message).toContain('Business plan');
    expect((await world.graphql('{ me { abilities } }')).status).toBe(403);
  });
});

describe('limits', () => {
  // Clients back off by these headers; a wrong one is either a ban or a flood.
  test('60 a minute a token, REST and GraphQL together, with Laravel’s headers', async () => {
    const world = await startWorld({ env: { RATE_LIMIT_PER_MINUTE: '5' } });
    for (const [i, ask] of [
      () => world.get('/v1/me'),
      () => world.graphql('{ me { abilities } }'),
      () => world.get('/v1/nowhere'),
    ].entries()) {
      const { headers } = await ask();
      expect([headers.get('x-ratelimit-limit'), headers.get('x-ratelimit-remaining')]).toEqual(['5', String(4 - i)]);
      expect(headers.get('retry-after')).toBeNull();
    }
    await world.get('/v1/me');
    await world.get('/v1/me');
    for (const ask of [() => world.get('/v1/me'), () => world.graphql('{ me { abilities } }')]) {
      const { status, headers, text } = await ask();
      expect(status).toBe(429);
      expect(text).toContain('Too Many Attempts.');
      expect(headers.get('x-ratelimit-remaining')).toBe('0');
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      expect(Number(headers.get('x-ratelimit-reset'))).toBeGreaterThan(Date.now() / 1000);
    }
    const other = await world.withAbilities('*');
    expect((await other.get('/v1/me')).status).toBe(200);
  });

  const redis = spawnSync('redis-server', ['--version']).status === 0;
  test.skipIf(!redis)('two processes that share a Redis count together', async () => {
    const { startRedis } = await import('./support/redis.ts');
    const env = { RATE_LIMIT_PER_MINUTE: '3', RATE_LIMIT_STORE_URL: await startRedis() };
    const [one, two] = [await startWorld({ env }), await startWorld({ env })];
    // Both are the first token of their database: the same id, and so the same count.
    expect(one.tokenId).toBe(two.tokenId);
    const statuses = [
      await one.get('/v1/me'),
      await two.get('/v1/me'),
      await one.get('/v1/me'),
      await two.get('/v1/me'),
    ];
    expect(statuses.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
  });
});
