import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { ABILITIES } from '../src/core/abilities.ts';
import { createToken } from '../src/platform/tokens/create.ts';
import { startWorld, type World } from './support/world.ts';

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
    for (const _ask of ['first', 'again']) expect((await world.delete(`/v1/tokens/${other.tokenId}`)).status).toBe(204);
    expect((await other.get('/v1/bookings')).status).toBe(401);
    expect((await other.graphql('{ me { abilities } }')).status).toBe(401);
    const { body } = await world.get('/v1/tokens?revoked=true');
    expect(body.data).toMatchObject([{ id: other.tokenId, revoked_at: expect.any(String) }]);
    expect((await world.get('/v1/audit-log?action=token.revoked')).body.meta.total).toBe(1);
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

describe('tokens by API', () => {
  test('a new token works, is shown once, and is listed without its secret or the hash of it', async () => {
    const world = await startWorld();
    const expires_at = new Date(Date.now() + 86_400_000).toISOString();
    const made = await world.post('/v1/tokens', { name: ' Metabase ', abilities: ['reports:read'], expires_at });
    const { token, ...shown } = made.body.data;
    expect([made.status, made.headers.get('location')]).toEqual([
      201,
      expect.stringMatching(`/v1/tokens/${shown.id}$`),
    ]);
    expect(shown).toMatchObject({
      name: 'Metabase',
      abilities: ['reports:read'],
      last_used_at: null,
      revoked_at: null,
    });
    const { body } = await asked(world, token, '/v1/me');
    expect([body.data.token.id, body.data.abilities]).toEqual([shown.id, ['reports:read']]);
    const listed = await world.get('/v1/tokens?per_page=1');
    expect(Object.keys(listed.body.data[0]).sort()).toEqual(Object.keys(shown).sort());
    const again = await world.graphql(`{ token(id: "${shown.id}") { token } tokens { nodes { id token } } }`);
    const { rows } = await world.database.system.query('select secret_hash from access_token where id = $1', [
      shown.id,
    ]);
    for (const { text } of [listed, again, await world.get(`/v1/tokens/${shown.id}`)]) {
      expect(text).not.toContain(token.split('|')[1]);
      expect(text).not.toContain(rows[0].secret_hash);
    }
    expect(again.body.data).toEqual({
      token: { token: null },
      tokens: { nodes: [shown.id, world.tokenId].map((id) => ({ id: String(id), token: null })) },
    });
  });

  // Otherwise whoever may make tokens may do anything, and the abilities of their own are a decoration.
  test('a token gives no more than it has, and whoever tries is in the audit log', async () => {
    const world = await startWorld();
    const maker = await world.withAbilities('tokens:write', 'bookings:read');
    const own = await maker.post('/v1/tokens', { name: 'n8n', abilities: ['bookings:read'] });
    expect(own.status).toBe(201);
    for (const [abilities, missing] of [
      [
        ['bookings:read', 'rates:read', 'rates:write'],
        ['rates:read', 'rates:write'],
      ],
      [['*'], ['*']],
    ]) {
      const { status, body } = await maker.post('/v1/tokens', { name: 'more', abilities });
      expect([status, body.message, body.needs]).toEqual([403, 'Invalid ability provided.', missing]);
      expect(body.hint).toContain(`gives no more than it has, and this one lacks ${missing!.join(' and ')}`);
      const { body: told } = await maker.graphql(MAKE, { input: { name: 'more', abilities } });
      expect(told.errors[0].extensions.code).toBe('FORBIDDEN');
      expect(told.errors[0].message).toContain(missing!.join(' and '));
    }
    expect((await world.get('/v1/tokens')).body.meta.total).toBe(3);
    const lines = (await world.get('/v1/audit-log?action=security.ability_refused')).body.data;
    expect(lines.map(({ changes }: { changes: { needs: string[] } }) => changes.needs)).toEqual(
      expect.arrayContaining([['rates:read', 'rates:write'], ['*']]),
    );
    const all = await world.post('/v1/tokens', { name: 'all', abilities: ['*', 'bookings:read'] });
    const { body } = await world.get(`/v1/audit-log?subject=token:${all.body.data.id}`);
    expect(body.data).toMatchObject([
      { action: 'token.created', severity: 'critical', actor: `token:${world.tokenId}` },
    ]);
    expect(JSON.stringify(body)).not.toContain(all.body.data.token.split('|')[1]);
  });

  // A token that was lent for a day must not be turned into one for ever.
  test('a token leaves none behind that outlives it', async () => {
    const world = await startWorld();
    const day = new Date(Date.now() + 86_400_000).toISOString();
    const lent = await world.post('/v1/tokens', { name: 'lent', abilities: ['tokens:write'], expires_at: day });
    const make = (fields: object) =>
      asked(world, lent.body.data.token, '/v1/tokens', { name: 'next', abilities: ['tokens:write'], ...fields });
    const longer = await make({ expires_at: new Date(Date.now() + 2 * 86_400_000).toISOString() });
    expect([longer.status, Object.keys(longer.body.errors)]).toEqual([422, ['expires_at']]);
    expect((await make({})).body.data.expires_at).toBe(lent.body.data.expires_at);
    const sooner = await make({ expires_at: new Date(Date.now() + 3_600_000).toISOString() });
    expect(sooner.body.data.expires_at < lent.body.data.expires_at).toBe(true);
  });

  test('what can’t be a token is refused by the name of its field, with the nearest ability, by both doors', async () => {
    const world = await startWorld();
    const refused: [object, string][] = [
      [{ abilities: ['bookings:reed'] }, 'abilities'],
      [{ abilities: [] }, 'abilities'],
      [{ abilities: ['x'.repeat(1_000_000)] }, 'abilities'],
      [{ name: ' ' }, 'name'],
      [{ expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
    ];
    for (const [fields, field] of refused) {
      const input = { name: 'n8n', abilities: ['bookings:read'], ...fields };
      const { status, body, text } = await world.post('/v1/tokens', input);
      expect([field, status, Object.keys(body.errors)]).toEqual([field, 422, [field]]);
      expect(text.length).toBeLessThan(1_000);
      const { expires_at: expiresAt, ...rest } = input as typeof input & { expires_at?: string };
      const { body: told } = await world.graphql(MAKE, { input: { ...rest, expiresAt } });
      expect(told.errors[0].extensions.code).toBe('VALIDATION');
    }
    const near = await world.post('/v1/tokens', { name: 'n8n', abilities: ['bookings:reed'] });
    expect(near.body.errors.abilities[0]).toContain('Did you mean bookings:read?');
    expect((await world.get('/v1/tokens')).body.meta.total).toBe(1);
  });

  // The answer is kept for a day, and whoever reads a backup of the database must not find a token in it.
  test('asked for twice under one key it is one token, whose text lies nowhere in the database', async () => {
    const world = await startWorld();
    const ask = () =>
      world.post('/v1/tokens', { name: 'Zapier', abilities: ['bookings:write'] }, { 'idempotency-key': 'a-key' });
    const [first, second] = [await ask(), await ask()];
    expect([second.text, second.headers.get('idempotent-replayed')]).toEqual([first.text, 'true']);
    const secret = first.body.data.token.split('|')[1];
    for (const table of ['access_token', 'idempotency_key', 'audit_entry', 'outbox_event']) {
      const { rows } = await world.database.system.query(`select t::text as row from ${table} t`);
      expect([table, rows.filter(({ row }) => row.includes(secret))]).toEqual([table, []]);
    }
  });

  test('a token may revoke itself, which is the last thing it does', async () => {
    const world = await startWorld();
    const mine = await world.withAbilities('tokens:read', 'tokens:write');
    const since = (await mine.get(`/v1/tokens/${mine.tokenId}`)).body.data.updated_at;
    world.pass(60_000);
    expect((await mine.delete(`/v1/tokens/${mine.tokenId}`)).status).toBe(204);
    expect((await mine.get('/v1/tokens')).status).toBe(401);
    const { body } = await world.get(`/v1/tokens/${mine.tokenId}`);
    expect(body.data.revoked_at > since).toBe(true);
  });
});

const MAKE = 'mutation ($input: CreateTokenInput!) { createToken(input: $input) { token } }';

/** Asked with a token that a test was given as text: a body is posted. */
async function asked({ url }: World, token: string, path: string, body?: object) {
  const response = await fetch(`${url}${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

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
