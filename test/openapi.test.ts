import { expect, test } from 'vitest';
import { isAbility } from '../src/core/abilities.ts';
import { catalogue } from '../src/outbox/event.ts';
import { rows } from '../src/routes.ts';
import { NOUNS, neededQuery, nounOf } from './support/nouns.ts';
import { document, expectAsTold, expectValid } from './support/told.ts';
import { type Answer, startWorld } from './support/world.ts';

// Clients are generated from this document. Where an answer differs from it, they break in their users' hands.
test('what is answered is what the document says, for good answers and refusals alike', async () => {
  const world = await startWorld();
  const property = await world.property();
  const booking = await world.book({ property_id: property.id, status: 'pending' });
  const { endpointId } = await world.subscribe('*');
  await world.post(`/v1/bookings/${booking.id}/confirm`, {});
  await world.relay();
  await world.put('/v1/whatsapp-account', {
    phone_number_id: '106540352242922',
    token: 'EAAG-the-token',
    app_secret: '0123456789abcdef0123456789abcdef',
  });
  await world.put('/v1/cmi-account', { client_id: '600001234', store_key: 'TEST1234' });
  const ids: Record<string, unknown> = {
    '/v1/properties': property.id,
    '/v1/bookings': booking.id,
    '/v1/webhooks': endpointId,
  };
  const asked = new Set<string>();
  for (const { method, path, walk, status = 200 } of rows) {
    if (method !== 'GET') continue;
    if (path.includes('{id}')) ids[nounOf(path)] ??= await NOUNS[nounOf(path)]!(world);
    const real = `${path.replace('{id}', String(ids[path.includes('{id}') ? nounOf(path) : '']))}?${await neededQuery(path, world)}`;
    const answer = await world.get(real);
    expect([path, answer.status]).toEqual([path, status]);
    expectAsTold(method, path, answer);
    asked.add(path);
    if (walk) expectAsTold(method, path, await world.get(`${real}&cursor=&per_page=1`));
    expectAsTold(method, path, await world.get(`${real}?nonsense=1`));
    expectAsTold(method, path, await (await world.withAbilities('reviews:read')).get(real));
  }
  expect(asked.size).toBe(rows.filter(({ method }) => method === 'GET').length);

  const writes: [string, string, Answer][] = [
    ['POST', '/v1/properties', await world.post('/v1/properties', { code: 'NEW', name: 'New' })],
    ['POST', '/v1/properties', await world.post('/v1/properties', { code: 'NEW', name: 'Again' })],
    ['POST', '/v1/properties', await world.post('/v1/properties', { cod: 'NEW' })],
    ['POST', '/v1/properties', await world.post('/v1/properties', '{', { 'content-type': 'application/json' })],
    ['POST', '/v1/properties', await world.post('/v1/properties', 'x', { 'content-type': 'text/plain' })],
    ['PATCH', '/v1/properties/{id}', await world.patch(`/v1/properties/${property.id}`, { name: 'Changed' })],
    ['PATCH', '/v1/properties/{id}', await world.patch(`/v1/properties/${property.id}`, {}, { 'if-match': '"old"' })],
    ['POST', '/v1/bookings/{id}/check-in', await world.post(`/v1/bookings/${booking.id}/check-in`, {})],
    ['POST', '/v1/bookings/{id}/cancel', await world.post(`/v1/bookings/${booking.id}/cancel`, { reason: 'late' })],
    ['POST', '/v1/bookings/{id}/cancel', await world.post('/v1/bookings/999999/cancel', {})],
    ['POST', '/v1/webhooks', await world.post('/v1/webhooks', { url: 'https://example.com', events: ['*'] })],
    ['POST', '/v1/webhooks/{id}/test', await world.post(`/v1/webhooks/${endpointId}/test`, {})],
    ['POST', '/v1/webhooks/{id}/rotate-secret', await world.post(`/v1/webhooks/${endpointId}/rotate-secret`, {})],
    ['POST', '/v1/webhooks/{id}/replay', await world.post(`/v1/webhooks/${endpointId}/replay`, {})],
    ['DELETE', '/v1/webhooks/{id}', await world.delete(`/v1/webhooks/${endpointId}`)],
  ];
  expect(writes.map(([, , { status }]) => status)).toEqual([
    201, 409, 422, 400, 415, 200, 412, 200, 409, 404, 201, 200, 200, 200, 204,
  ]);
  for (const [method, path, answer] of writes) expectAsTold(method, path, answer);
}, 60_000);

// A key administrator gives a token what the document asks for, and no more.
test('every operation states the abilities that it needs, and a token with exactly those is let through', async () => {
  const world = await startWorld();
  for (const { method, path } of rows) {
    const needs: string[] = document.paths[path][method.toLowerCase()]['x-abilities'];
    expect(
      needs.every((ability) => isAbility(ability)),
      path,
    ).toBe(true);
    if (needs.length === 0) expect(path).toBe('/v1/me');
    if (method !== 'GET') continue;
    const { status } = await (await world.withAbilities(...(needs.length > 0 ? needs : ['reviews:read']))).get(
      path.replace('{id}', '1'),
    );
    expect([path, status]).not.toEqual([path, 403]);
    expect([path, Object.keys(document.paths[path].get.responses)]).toEqual([
      path,
      expect.arrayContaining([String(status)]),
    ]);
  }
});

test('every example fits its own schema, and every operation has a name of its own', () => {
  const ids = new Set<string>();
  const media = JSON.stringify(document).match(/"example":/g)!.length;
  expect(media).toBeGreaterThan(20);
  for (const path of [...Object.values(document.paths), ...Object.values(document.webhooks)] as Record<
    string,
    never
  >[]) {
    // biome-ignore lint/suspicious/noExplicitAny: as above
    for (const operation of Object.values(path) as any[]) {
      expect(ids.has(operation.operationId)).toBe(false);
      ids.add(operation.operationId);
      const body = operation.requestBody?.content['application/json'];
      if (body?.example) expectValid(body.schema, body.example);
    }
  }
});

test('every event that is sent is a webhook in the document', () => {
  expect(Object.keys(document.webhooks)).toEqual(catalogue().map(({ name }) => name));
});

// A token is needed to do anything, but not to find out what there is to do.
test('the document and its page are there for everybody, from this server alone', async () => {
  const world = await startWorld();
  const served = await fetch(`${world.url}/v1/openapi.json`);
  expect(await served.json()).toEqual(document);
  expect(JSON.stringify(document)).not.toContain(world.config.publicUrl);

  const page = await fetch(`${world.url}/docs`);
  const html = await page.text();
  expect(page.headers.get('content-type')).toContain('text/html');
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]!);
  expect(files).toHaveLength(5);
  for (const file of files) {
    expect(file).toMatch(/^\/docs\//);
    const answer = await fetch(`${world.url}${file}`);
    expect([file, answer.status]).toEqual([file, 200]);
    expect((await answer.arrayBuffer()).byteLength).toBeGreaterThan(100);
  }
  const other = await fetch(`${world.url}/docs/index.html`); // The package's own page loads another document.
  expect([other.status, ((await other.json()) as { code: string }).code]).toEqual([404, 'NOT_FOUND']);
});
