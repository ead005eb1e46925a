import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { clock } from '../src/core/clock.ts';
import { schema } from '../src/domains.ts';
import { compileRoutes } from '../src/gateway/rest/route.ts';
import { advanceReplays } from '../src/relay/replay.ts';
import { rows } from '../src/routes.ts';
import { type Answer, type Integrator, startWorld, type World } from './support/world.ts';

/** Properties straight into the table: a page needs many, and how they came there is told elsewhere. */
async function manyProperties(world: World, count: number, fields: { name?: string } = {}): Promise<void> {
  await world.database.asAgency(world.agencyId, (client) =>
    client.query(
      `insert into property (agency_id, code, name, kind, city, updated_at)
       select $1, 'M-' || lpad(n::text, 5, '0'), $3, 'VILLA', 'Fès', now() from generate_series(1, $2::int) n`,
      [world.agencyId, count, fields.name ?? 'Villa'],
    ),
  );
}

/** What `fetch` would not send: any method, any bytes. */
function raw(
  world: World,
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: Buffer | string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { method, headers: { authorization: `Bearer ${world.token}`, ...headers } };
    const asked = request(`${world.url}${path}`, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const answered = new Headers(response.headers as Record<string, string>);
        resolve({
          status: response.statusCode!,
          headers: answered,
          text,
          body: text.startsWith('{') ? JSON.parse(text) : undefined,
        });
      });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

/** Deliveries with their endpoints, a thousand times over, and again with an alias. */
const EXPENSIVE = `query ($per_page: Int) { data: bookings(first: $per_page) {
  ${Array.from({ length: 12 }, (_, i) => `n${i}: nodes { id }`).join(' ')} } }`;

/** Holds all nights, so that a booking waits in the middle of its transaction. */
async function holdUp(world: World) {
  let release!: () => void;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let started!: () => void;
  const holding = new Promise<void>((resolve) => {
    started = resolve;
  });
  const done = world.database.asAgency(world.agencyId, async (client) => {
    await client.query('begin');
    await client.query('lock table inventory in exclusive mode');
    started();
    await released;
    await client.query('commit');
  });
  await holding;
  return {
    /** When the booking waits for the lock. */
    async reached() {
      for (;;) {
        const { rows } = await world.database.system.query(
          "select 1 from pg_locks where not granted and relation = 'inventory'::regclass",
        );
        if (rows.length > 0) return;
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async release() {
      release();
      await done;
    },
  };
}

const JSON_BODY = { 'content-type': 'application/json' };

describe('pages', () => {
  // Laravel clients read these keys by name, and follow these links.
  test('a numbered page has the shape of a Laravel resource, and its links keep the filters', async () => {
    const world = await startWorld();
    await manyProperties(world, 5);
    const path = `${world.config.publicUrl}/v1/properties`;
    const link = (page: number) => `${path}?per_page=2&kind=villa%2Criad&page=${page}`;
    const { status, body, headers } = await world.get('/v1/properties?page=2&per_page=2&kind=villa,riad');
    expect(status).toBe(200);
    expect([headers.get('cache-control'), headers.get('vary')]).toEqual(['private, no-cache', 'Authorization, Accept']);
    expect(body.data.map(({ code }: { code: string }) => code)).toEqual(['M-00003', 'M-00002']);
    expect(body.links).toEqual({ first: link(1), last: link(3), prev: link(1), next: link(3) });
    expect(body.meta).toEqual({
      current_page: 2,
      from: 3,
      last_page: 3,
      links: [
        { url: link(1), label: '&laquo; Previous', active: false },
        { url: link(1), label: '1', active: false },
        { url: link(2), label: '2', active: true },
        { url: link(3), label: '3', active: false },
        { url: link(3), label: 'Next &raquo;', active: false },
      ],
      path,
      per_page: 2,
      to: 4,
      total: 5,
    });
  });

  test('a page holds 15 rows when nobody says how many, and an empty list has one empty page', async () => {
    const world = await startWorld();
    const empty = await world.get('/v1/properties');
    expect(empty.body.data).toEqual([]);
    expect(empty.body.links).toMatchObject({
      prev: null,
      next: null,
      last: `${world.config.publicUrl}/v1/properties?page=1`,
    });
    expect(empty.body.meta).toMatchObject({
      current_page: 1,
      from: null,
      to: null,
      last_page: 1,
      total: 0,
      per_page: 15,
    });
    await manyProperties(world, 16);
    expect((await world.get('/v1/properties')).body.data).toHaveLength(15);
    expect((await world.get('/v1/properties?page=9')).body.meta).toMatchObject({
      current_page: 9,
      from: null,
      to: null,
      total: 16,
    });
  });

  test('the numbers of many pages are cut to a window around the current one', async () => {
    const world = await startWorld();
    await manyProperties(world, 30);
    const labels = async (page: number) =>
      (await world.get(`/v1/properties?per_page=1&page=${page}`)).body.meta.links
        .slice(1, -1)
        .map(({ label }: { label: string }) => label)
        .join(' ');
    expect(await labels(1)).toBe('1 2 3 4 5 6 7 8 9 10 ... 29 30');
    expect(await labels(15)).toBe('1 2 ... 12 13 14 15 16 17 18 ... 29 30');
    expect(await labels(28)).toBe('1 2 ... 21 22 23 24 25 26 27 28 29 30');
  });

  // A deep page that skips or repeats a row is a booking that a BI tool loses or counts twice.
  test('a walk by cursor meets every row once, there and back, and counts nothing', async () => {
    const world = await startWorld();
    await manyProperties(world, 7);
    const there: string[] = [];
    const back: string[] = [];
    let page = await world.get('/v1/properties?cursor=&per_page=3&sort=code_asc');
    expect(page.body.links.prev).toBeNull();
    for (;;) {
      there.push(...page.body.data.map(({ code }: { code: string }) => code));
      expect(page.body.meta).toEqual({
        path: `${world.config.publicUrl}/v1/properties`,
        per_page: 3,
        next_cursor: expect.toBeOneOf([expect.any(String), null]),
        prev_cursor: expect.toBeOneOf([expect.any(String), null]),
      });
      if (!page.body.links.next) break;
      page = await world.get(page.body.links.next.replace(world.config.publicUrl, ''));
    }
    while (page.body.links.prev) {
      page = await world.get(page.body.links.prev.replace(world.config.publicUrl, ''));
      back.unshift(...page.body.data.map(({ code }: { code: string }) => code));
    }
    expect(there).toEqual(['M-00001', 'M-00002', 'M-00003', 'M-00004', 'M-00005', 'M-00006', 'M-00007']);
    expect(back).toEqual(there.slice(0, 6));
    expect(await world.statements(() => world.get('/v1/properties?cursor='))).toBe(1);
  });

  test.each([
    ['per_page=0', 'per_page'],
    ['per_page=1001', 'per_page'],
    ['per_page=many', 'per_page'],
    ['page=0', 'page'],
    ['page=1&cursor=', 'page'],
    ['cursor=nonsense', 'cursor'],
    ['cursor=~', 'cursor'],
    ['sort=price', 'sort'],
    ['page=1&page=2', 'page'],
    ['format=xml', 'format'],
    ['owner_id=abc', 'owner_id'],
    ['updated_since=yesterday', 'updated_since'],
    ['archived=perhaps', 'archived'],
    ['kind=castle', 'kind'],
  ])('?%s is refused by name', async (query, field) => {
    const world = await startWorld();
    const { status, body } = await world.get(`/v1/properties?${query}`);
    expect([status, body.code, Object.keys(body.errors)]).toEqual([422, 'VALIDATION', [field]]);
  });

  // A filter that is spelt wrong and ignored answers with everybody's bookings.
  test('an unknown parameter is refused, and the one that was meant is named', async () => {
    const world = await startWorld();
    const { status, body } = await world.get('/v1/bookings?propertyId=1');
    expect(status).toBe(422);
    expect(body.errors).toEqual({ propertyId: ['is not a parameter here (did you mean property_id?)'] });
  });

  test('a filter takes several values in the three ways in which clients write them, in any case', async () => {
    const world = await startWorld();
    await world.property({ code: 'V', kind: 'villa' });
    await world.property({ code: 'R', kind: 'riad' });
    await world.property({ code: 'H', kind: 'hotel' });
    for (const query of ['kind=villa,RIAD', 'kind=villa&kind=riad', 'kind[]=villa&kind[]=Riad']) {
      const { body } = await world.get(`/v1/properties?${query}&sort=CODE_ASC&archived=0`);
      expect(body.data.map(({ code }: { code: string }) => code)).toEqual(['R', 'V']);
    }
  });
});

describe('CSV', () => {
  test('a list answers CSV with a header that is there even when nothing else is', async () => {
    const world = await startWorld();
    const empty = await world.get('/v1/owners', { accept: 'text/csv' });
    expect(empty.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(empty.text).toBe('id,name,email,phone,created_at,updated_at,address,tax_id,iban,commission_percent\n');
    expect((await world.get('/v1/owners?format=csv')).text).toBe(empty.text);
    expect((await world.get('/v1/owners', { accept: 'application/json, text/csv;q=0.5' })).body.data).toEqual([]);
  });

  // A guest can call himself =HYPERLINK(…); the accountant who opens the export would run it.
  test('a text that a spreadsheet would run is disarmed, and a number is left alone', async () => {
    const world = await startWorld();
    await world.property({ code: 'EVIL', name: '=1+1', city: '@home, "here"', base_price: 1850.5 });
    const { text } = await world.get('/v1/properties?format=csv');
    expect(text.split('\n')[1]).toMatch(/^\d+,EVIL,'=1\+1,villa,"'@home, ""here""",,1,1850.5,MAD,,false,,/);
  });

  test('a long CSV leads to its next page in a header until all is told', async () => {
    const world = await startWorld();
    await manyProperties(world, 5);
    const codes: string[] = [];
    let next: string | undefined = '/v1/properties?format=csv&per_page=2';
    for (let pages = 0; next; pages++) {
      expect(pages).toBeLessThan(3);
      const answer: Answer = await world.get(next);
      codes.push(
        ...answer.text
          .trim()
          .split('\n')
          .slice(1)
          .map((line) => line.split(',')[1]!),
      );
      next = /^<(.+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1]?.replace(world.config.publicUrl, '');
    }
    expect(codes).toEqual(['M-00005', 'M-00004', 'M-00003', 'M-00002', 'M-00001']);
    const second = await world.get('/v1/properties?format=csv&per_page=2&page=2');
    expect(second.text).toContain('M-00003');
    expect(second.headers.get('link')).toContain('page=3');
  });
});

describe('refusals', () => {
  test.each<[string, number, string, string, (world: World) => Promise<Answer>]>([
    [
      'no token',
      401,
      'UNAUTHENTICATED',
      'Unauthenticated.',
      (world) => raw(world, 'GET', '/v1/bookings', { authorization: '' }),
    ],
    [
      'no token and no such path',
      401,
      'UNAUTHENTICATED',
      'Unauthenticated.',
      (world) => raw(world, 'GET', '/v1/nothing', { authorization: '' }),
    ],
    ['an id that isn’t there', 404, 'NOT_FOUND', 'Not found.', (world) => world.get('/v1/bookings/999999')],
    ['an id that is no id', 404, 'NOT_FOUND', 'Not found.', (world) => world.get('/v1/bookings/abc')],
    ['an id beyond all integers', 404, 'NOT_FOUND', 'Not found.', (world) => world.get('/v1/bookings/99999999999')],
    ['a delivery that is no UUID', 404, 'NOT_FOUND', 'Not found.', (world) => world.get('/v1/webhook-deliveries/5')],
    ['a path that isn’t there', 404, 'NOT_FOUND', 'Not found.', (world) => world.get('/v1/nothing')],
    ['a page that isn’t there', 404, 'NOT_FOUND', 'Not found.', (world) => world.get('/nothing')],
    ['a broken path', 404, 'NOT_FOUND', 'Not found.', (world) => world.get('/v1/bookings/%E0%A4%A')],
  ])('%s is answered in JSON, whatever a browser would like better', async (_title, status, code, message, ask) => {
    const answer = await ask(await startWorld());
    expect([answer.status, answer.body.code, answer.body.message]).toEqual([status, code, message]);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.headers.get('x-request-id')).toBe(answer.body.request_id);
  });

  test('a method that a path doesn’t have is refused with those that it has', async () => {
    const world = await startWorld();
    const { status, body, headers } = await world.delete('/v1/bookings/1');
    expect([status, body.code, headers.get('allow')]).toEqual([405, 'METHOD_NOT_ALLOWED', 'GET, HEAD, PATCH']);
  });

  // The token's owner must learn which ability to ask for, and a body that would be wrong anyway must not hide it.
  test('a token without the ability is told which one it lacks, before anything else is looked at', async () => {
    const world = await startWorld();
    const reader = await world.withAbilities('bookings:read');
    await reader.post('/v1/bookings'); // The first refusal is written into the audit log, once in a while.
    const statements = await world.statements(async () => {
      const { status, body } = await reader.post('/v1/bookings', { nonsense: true });
      expect(status).toBe(403);
      expect(body).toMatchObject({
        message: 'Invalid ability provided.',
        code: 'FORBIDDEN',
        needs: ['bookings:write'],
      });
    });
    expect(statements).toBe(0);
  });

  test('the request after the last of the minute is told when to come back', async () => {
    const world = await startWorld({ env: { RATE_LIMIT_PER_MINUTE: '2' } });
    const first = await world.get('/v1/nothing');
    expect([first.headers.get('x-ratelimit-limit'), first.headers.get('x-ratelimit-remaining')]).toEqual(['2', '1']);
    await world.get('/v1/me');
    const { status, body, headers } = await world.get('/v1/me');
    expect([status, body.message, body.code]).toEqual([429, 'Too Many Attempts.', 'RATE_LIMITED']);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(headers.get('x-ratelimit-reset'))).toBeGreaterThan(Date.now() / 1000);
    expect(headers.get('x-ratelimit-remaining')).toBe('0');
  });
});

describe('bodies', () => {
  // A field that is spelt wrong and ignored is a booking at the wrong price.
  test('everything that is wrong with a body is named at once, by the names that the client knows', async () => {
    const world = await startWorld();
    const { status, body } = await world.post('/v1/bookings', {
      checkIn: '2027-06-01',
      check_out: '2027-02-30',
      guests_count: 'two',
      guest_name: null,
      gross_amount: 'a lot',
      status: 'paid',
      guest_email: 'nobody',
      notes: 'a\u0000b',
      wishes: [],
    });
    expect(status).toBe(422);
    expect(body.message).toMatch(/ \(and 10 more errors\)\.$/);
    expect(body.errors).toEqual({
      checkIn: ['is not a field here (did you mean check_in?)'],
      wishes: [expect.stringMatching(/^is not a field here; there are adults, /)],
      check_in: ['is required'],
      check_out: ['must be a day of the calendar, written like 2026-08-12'],
      guests_count: ['must be a whole number'],
      guest_name: ["can't be null"],
      gross_amount: ['must be an amount like 766.13'],
      status: ['must be one of confirmed, pending'],
      guest_email: ['must be an e-mail address'],
      notes: ['must not contain the NUL character'],
      property_id: ['is required'],
    });
  });

  test.each<[string, Record<string, string>, Buffer | string, number, string]>([
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'a=1', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['Latin-1', { 'content-type': 'application/json; charset=iso-8859-1' }, '{}', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['gzip', { ...JSON_BODY, 'content-encoding': 'gzip' }, '{}', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['half a JSON', JSON_BODY, '{"code": ', 400, 'BAD_REQUEST'],
    ['bytes that aren’t UTF-8', JSON_BODY, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 400, 'BAD_REQUEST'],
    ['a list', JSON_BODY, '[]', 422, 'VALIDATION'],
    ['null', JSON_BODY, 'null', 422, 'VALIDATION'],
    [
      'a key that JavaScript holds sacred',
      JSON_BODY,
      '{"__proto__": {"name": "x"}, "constructor": 1}',
      422,
      'VALIDATION',
    ],
    ['more than four mebibytes', JSON_BODY, `{"name": "${'x'.repeat(4 * 1024 * 1024)}"}`, 413, 'PAYLOAD_TOO_LARGE'],
    [
      'a list as deep as the body is long',
      JSON_BODY,
      `{"name": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
      422,
      'VALIDATION',
    ],
  ])('%s is refused, and nothing falls over', async (_title, headers, bytes, status, code) => {
    const world = await startWorld();
    const answer = await raw(world, 'POST', '/v1/properties', headers, bytes);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect((await world.get('/v1/me')).status).toBe(200);
  });

  test('malformed JSON is refused with where it breaks', async () => {
    const { body } = await (await startWorld()).post('/v1/properties', '{"code": "A",}', JSON_BODY);
    expect(body.message).toMatch(/^The body is not valid JSON: .*position 13/);
  });

  test('a step that needs nothing takes no body, an empty one, or an empty object', async () => {
    const world = await startWorld();
    const { id } = await world.book({ status: 'pending' });
    expect((await raw(world, 'POST', `/v1/bookings/${id}/confirm`, {})).body.data.status).toBe('confirmed');
    expect((await world.post(`/v1/bookings/${id}/confirm`, {})).status).toBe(200);
    const wrong = await world.post(`/v1/bookings/${id}/confirm`, { why: 'because' });
    expect(wrong.body.errors).toEqual({ why: ['is not a field here, which takes none'] });
  });
});

describe('reading what is known already', () => {
  test('an answer that has not changed is not sent again', async () => {
    const world = await startWorld();
    const { id } = await world.property();
    const first = await world.get(`/v1/properties/${id}`);
    const etag = first.headers.get('etag')!;
    expect(etag).toMatch(/^"[\w-]{27}"$/);
    expect([first.headers.get('cache-control'), first.headers.get('vary')]).toEqual([
      'private, no-cache',
      'Authorization, Accept',
    ]);
    const again = await world.get(`/v1/properties/${id}`, { 'if-none-match': `"other", W/${etag}` });
    expect([again.status, again.text, again.headers.get('etag')]).toEqual([304, '', etag]);
    await world.patch(`/v1/properties/${id}`, { name: 'Changed' });
    expect((await world.get(`/v1/properties/${id}`, { 'if-none-match': etag })).status).toBe(200);
  });

  test('HEAD tells what GET would, without the body', async () => {
    const world = await startWorld();
    const { id } = await world.property();
    const [get, head] = [await world.get(`/v1/properties/${id}`), await raw(world, 'HEAD', `/v1/properties/${id}`, {})];
    expect([head.status, head.text]).toEqual([200, '']);
    expect(head.headers.get('etag')).toBe(get.headers.get('etag'));
    expect(head.headers.get('content-length')).toBe(String(Buffer.byteLength(get.text)));
  });
});

describe('If-Match', () => {
  // Two receptionists with the same form open: the second must not wipe out what the first has saved.
  test('a change that was decided on old facts is refused, and nothing is written', async () => {
    const world = await startWorld();
    const { id } = await world.property({ name: 'Before' });
    const seen = (await world.get(`/v1/properties/${id}`)).headers.get('etag')!;
    const first = await world.patch(`/v1/properties/${id}`, { name: 'First' }, { 'if-match': seen });
    expect(first.status).toBe(200);
    const second = await world.patch(`/v1/properties/${id}`, { name: 'Second' }, { 'if-match': seen });
    expect([second.status, second.body.code]).toEqual([412, 'PRECONDITION_FAILED']);
    expect((await world.get(`/v1/properties/${id}`)).body.data.name).toBe('First');
    const third = await world.patch(
      `/v1/properties/${id}`,
      { name: 'Third' },
      { 'if-match': first.headers.get('etag')! },
    );
    expect(third.status).toBe(200);
  });

  test('of many changes at the same moment, decided on the same facts, one is written', async () => {
    const world = await startWorld();
    const { id } = await world.book();
    const seen = (await world.get(`/v1/bookings/${id}`)).headers.get('etag')!;
    const answers = await Promise.all(
      [2, 3, 4, 5, 6].map((guests) =>
        world.patch(`/v1/bookings/${id}`, { guests_count: guests, notes: `${guests}` }, { 'if-match': seen }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412, 412]);
  });

  // A deploy script that reads its endpoint and changes it would be refused whenever a webhook had gone out in between.
  test('what changes by itself keeps nobody from a change: an endpoint’s health, a token’s last use, how far a replay is', async () => {
    const world = await startWorld();
    const { endpointId } = await world.subscribe('booking.*');
    const path = `/v1/webhooks/${endpointId}`;
    const seen = (await world.get(path)).headers.get('etag')!;
    await world.book();
    await world.relay();
    const now = await world.get(path, { 'if-none-match': seen });
    expect([now.status, now.body.data.health.delivered]).toEqual([200, 1]);
    expect((await world.get(path, { 'if-none-match': now.headers.get('etag')! })).status).toBe(304);

    const first = await world.patch(path, { description: 'First' }, { 'if-match': seen });
    expect(first.status).toBe(200);
    const second = await world.patch(path, { description: 'Second' }, { 'if-match': now.headers.get('etag')! });
    expect([second.status, second.body.code]).toEqual([412, 'PRECONDITION_FAILED']);
    await world.book();
    await world.relay();
    const third = await world.patch(path, { description: 'Third' }, { 'if-match': first.headers.get('etag')! });
    expect(third.status).toBe(200);

    const replay = await world.post('/v1/webhook-replays', { endpoint_id: endpointId, status: ['delivered'] });
    const replaying = `/v1/webhook-replays/${replay.body.data.id}`;
    const begun = (await world.get(replaying)).headers.get('etag')!;
    await advanceReplays(world.database.system);
    expect((await world.get(replaying)).body.data.queued).toBe(2);
    expect((await world.post(`${replaying}/cancel`, {}, { 'if-match': begun })).body.data.status).toBe('cancelled');

    const script = await world.withAbilities('bookings:read');
    const read = async () => world.get(`/v1/tokens/${script.tokenId}`);
    const unused = await read();
    await script.get('/v1/bookings');
    await expect.poll(async () => (await read()).body.data.last_used_at).not.toBeNull();
    const match = { 'if-match': unused.headers.get('etag')! };
    expect((await world.delete(`/v1/tokens/${script.tokenId}`, match)).status).toBe(204);
  });

  // The relay disables an endpoint that answers 410; who has not seen that must decide with it.
  test('an endpoint that was disabled meanwhile has changed, whoever did it', async () => {
    const world = await startWorld();
    const receiver = await world.subscribe('booking.*');
    const path = `/v1/webhooks/${receiver.endpointId}`;
    const seen = (await world.get(path)).headers.get('etag')!;
    receiver.respondWith(410);
    await world.book();
    await world.relay();
    expect((await world.get(path)).body.data.enabled).toBe(false);
    expect((await world.patch(path, { description: 'Mine' }, { 'if-match': seen })).status).toBe(412);
  });

  test('`*` asks only that it is there, and an action is held to what it acts on', async () => {
    const world = await startWorld();
    const { id } = await world.book();
    expect((await world.post('/v1/bookings/999999/cancel', {}, { 'if-match': '*' })).status).toBe(404);
    expect((await world.post(`/v1/bookings/${id}/check-in`, {}, { 'if-match': '"stale"' })).status).toBe(412);
    expect((await world.post(`/v1/bookings/${id}/check-in`, {}, { 'if-match': '*' })).body.data.status).toBe(
      'checked_in',
    );
    expect((await world.post('/v1/properties', { code: 'A', name: 'A' }, { 'if-match': '*' })).status).toBe(412);
  });
});

describe('Idempotency-Key', () => {
  const stay = { check_in: '2027-06-01', check_out: '2027-06-03', guests_count: 2, guest_name: 'Karim B.' };
  const bookings = async (world: Integrator) => (await world.get('/v1/bookings')).body.meta.total;

  // A client that times out asks again; it must not pay for two villas.
  test('the same request again gets the same answer and books nothing', async () => {
    const world = await startWorld();
    const { id } = await world.property({ units: 2 });
    const body = { property_id: id, ...stay };
    const first = await world.post('/v1/bookings', body, { 'idempotency-key': 'key 1' });
    const again = await world.post('/v1/bookings', body, { 'idempotency-key': 'key 1' });
    expect([first.status, first.headers.get('idempotent-replayed')]).toEqual([201, null]);
    expect([again.status, again.text, again.headers.get('idempotent-replayed')]).toEqual([201, first.text, 'true']);
    expect(again.headers.get('location')).toBe(`${world.config.publicUrl}/v1/bookings/${first.body.data.id}`);
    expect(await bookings(world)).toBe(1);
  });

  test('another request under the same key is refused', async () => {
    const world = await startWorld();
    const { id } = await world.property({ units: 2 });
    const headers = { 'idempotency-key': 'key' };
    await world.post('/v1/bookings', { property_id: id, ...stay }, headers);
    const other = await world.post('/v1/bookings', { property_id: id, ...stay, guests_count: 1 }, headers);
    expect([other.status, other.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    const colleague = await world.withAbilities('*');
    expect((await colleague.post('/v1/bookings', { property_id: id, ...stay }, headers)).status).toBe(201);
  });

  test('of many copies at the same moment one books, and no copy hears of a second booking', async () => {
    const world = await startWorld();
    const { id } = await world.property({ units: 9 });
    const answers = await Promise.all(
      Array.from({ length: 6 }, () =>
        world.post('/v1/bookings', { property_id: id, ...stay }, { 'idempotency-key': 'k' }),
      ),
    );
    expect(await bookings(world)).toBe(1);
    for (const { status, body, headers } of answers) {
      if (status === 201) expect(body.data.property_id).toBe(id);
      else expect([status, body.code, headers.get('retry-after')]).toEqual([409, 'IDEMPOTENCY_IN_PROGRESS', '2']);
    }
  });

  test('a refusal uses no key up: the corrected request goes through under it', async () => {
    const world = await startWorld();
    const { id } = await world.property();
    const headers = { 'idempotency-key': 'k' };
    expect((await world.post('/v1/bookings', { property_id: id }, headers)).status).toBe(422);
    await world.book({ property_id: id });
    const taken = await world.post('/v1/bookings', { property_id: id, ...stay }, headers);
    expect([taken.status, taken.body.code]).toEqual([409, 'DATES_TAKEN']);
    const free = await world.post(
      '/v1/bookings',
      { property_id: id, ...stay, check_in: '2027-07-01', check_out: '2027-07-02' },
      headers,
    );
    expect(free.status).toBe(201);
  });

  test('a booking whose answer was lost in a crash is not made again', async () => {
    const world = await startWorld();
    const { id } = await world.property({ units: 9 });
    const ask = () => world.post('/v1/bookings', { property_id: id, ...stay }, { 'idempotency-key': 'k' });
    await ask();
    // What a process leaves behind that dies after the commit and before the answer is kept.
    await world.database.asAgency(world.agencyId, (client) =>
      client.query('update idempotency_key set status = null, headers = null, body = null where committed'),
    );
    expect((await ask()).body.code).toBe('IDEMPOTENCY_IN_PROGRESS');
    world.pass(61_000);
    expect((await ask()).body.code).toBe('IDEMPOTENCY_ANSWER_LOST');
    expect(await bookings(world)).toBe(1);
  });

  // Whoever is told that a booking was made doesn't ask for it again: the guest would come to a house that others have.
  test('a booking that a crash left undone is never said to be carried out, not even while the hold on its key ends', async () => {
    const world = await startWorld();
    const { id } = await world.property({ units: 100 });
    const ask = (key: string) => world.post('/v1/bookings', { property_id: id, ...stay }, { 'idempotency-key': key });
    onTestFinished(() => void vi.restoreAllMocks());
    // The hold ends between two looks at the clock, whichever those are.
    for (let looks = 0; looks < 8; looks++) {
      const key = `k${looks}`;
      await ask(key);
      // What a process leaves behind that dies before the commit.
      const { rows: held } = await world.database.asAgency(world.agencyId, (client) =>
        client.query(
          `update idempotency_key set committed = false, status = null, headers = null, body = null where key = $1
           returning locked_until`,
          [key],
        ),
      );
      let looked = 0;
      const now = vi.spyOn(clock, 'now');
      now.mockImplementation(() => new Date(held[0].locked_until.getTime() + (looked++ < looks ? -1 : 1)));
      const { status, body } = await ask(key);
      now.mockRestore();
      expect([201, 'IDEMPOTENCY_IN_PROGRESS']).toContain(body.code ?? status);
    }
  });

  // The laptop that sleeps in the middle of a request: what it does when it wakes must not be done twice.
  test('of a request that outlives its hold on the key and the one that took it over, one books', async () => {
    const world = await startWorld();
    const { id } = await world.property({ units: 9 });
    const ask = () => world.post('/v1/bookings', { property_id: id, ...stay }, { 'idempotency-key': 'k' });
    const slow = await holdUp(world);
    const first = ask();
    await slow.reached();
    world.pass(61_000);
    const second = ask();
    await slow.release();
    const codes = (await Promise.all([first, second])).map(({ status, body }) => body.code ?? status);
    expect(codes.filter((code) => code === 201).length).toBeGreaterThanOrEqual(1);
    expect(await bookings(world)).toBe(1);
  });

  test('a key is free again after a day', async () => {
    const world = await startWorld();
    const { id } = await world.property({ units: 9 });
    const ask = () => world.post('/v1/bookings', { property_id: id, ...stay }, { 'idempotency-key': 'k' });
    await ask();
    world.pass(25 * 3_600_000);
    expect((await ask()).headers.get('idempotent-replayed')).toBeNull();
    expect(await bookings(world)).toBe(2);
  });

  // Secrets are encrypted at rest; a copy of an answer must not undo that.
  test('a kept answer is not readable in the database', async () => {
    const world = await startWorld();
    const body = { url: 'https://example.com/hook', events: ['*'] };
    const made = await world.post('/v1/webhooks', body, { 'idempotency-key': 'k' });
    const secret: string = made.body.data.secret;
    const { rows: kept } = await world.database.asAgency(world.agencyId, (client) =>
      client.query('select * from idempotency_key'),
    );
    expect(kept).toHaveLength(1);
    expect(JSON.stringify(kept)).not.toContain(secret);
    expect((await world.post('/v1/webhooks', body, { 'idempotency-key': 'k' })).body.data.secret).toBe(secret);
  });

  test.each([['x'.repeat(256)], ['é'], ['']])('the key %j is refused', async (key) => {
    const world = await startWorld();
    const answer = await raw(world, 'POST', '/v1/properties', { ...JSON_BODY, 'idempotency-key': key }, '{}');
    expect([answer.status, answer.body.code]).toEqual([400, 'BAD_REQUEST']);
  });
});

describe('rows', () => {
  const read = { method: 'GET', path: '/v1/things/{id}', tag: 'Things', summary: 'Read a thing' } as const;

  // A gateway that starts with a broken row would answer 500 to the first customer who needs it.
  test.each([
    [
      'names a field that isn’t there',
      { ...read, document: 'query ($id: ID!) { data: owner(id: $id) { surname } }' },
      /surname/,
    ],
    ['is not GraphQL', { ...read, document: 'query {' }, /Syntax Error/],
    ['has no data', { ...read, document: 'query ($id: ID!) { owner(id: $id) { id } }' }, /aliased `data`/],
    ['forgets its path', { ...read, document: 'query { data: me { abilities } }' }, /no \$id/],
    [
      'writes where it should read',
      { ...read, document: 'mutation ($id: ID!) { data: archiveProperty(id: $id) { id } }' },
      /GET is answered by a query/,
    ],
    ['is too dear', { ...read, path: '/v1/things', document: EXPENSIVE }, /can cost \d+ points/],
    [
      'shows a body that would be refused',
      {
        ...read,
        method: 'POST' as const,
        path: '/v1/things',
        document: 'mutation ($input: CreatePropertyInput!) { data: createProperty(input: $input) { id } }',
        example: { nme: 'x' },
      },
      /did you mean name/,
    ],
  ])('a row that %s stops the start, and says which it is and why', (_title, row, why) => {
    expect(() => compileRoutes(schema, [row])).toThrow(/^The row (GET|POST) \/v1\/things/);
    expect(() => compileRoutes(schema, [row])).toThrow(why);
  });

  // The next sixteen resources are to cost a rows file each. If the engine knew a noun, they would cost more.
  test('owners are one rows file: pages, filters, CSV, ETags and refusals come with it', async () => {
    const world = await startWorld();
    await world.database.asAgency(world.agencyId, (client) =>
      client.query(
        "insert into owner (agency_id, name, email, updated_at) values ($1, 'Amina', 'amina@example.com', now())",
        [world.agencyId],
      ),
    );
    const { body } = await world.get('/v1/owners?updated_since=2020-01-01T00:00:00Z&sort=name_asc');
    expect(body.meta.total).toBe(1);
    expect(body.data[0]).toMatchObject({ name: 'Amina', email: 'amina@example.com', phone: null });
    const one = await world.get(`/v1/owners/${body.data[0].id}`);
    expect(one.body.data).toEqual(body.data[0]);
    expect(one.headers.get('etag')).toBeTruthy();
    expect((await world.get('/v1/owners?format=csv')).text).toContain('Amina');
    expect((await (await world.anotherAgency()).get(`/v1/owners/${body.data[0].id}`)).status).toBe(404);
    expect((await (await world.withAbilities('bookings:read')).get('/v1/owners')).body.needs).toEqual(['owners:read']);
    const engine = readdirSync('src/gateway', { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    );
    for (const file of engine)
      expect(readFileSync(join('src/gateway', file), 'utf8')).not.toMatch(/owners?:|\/owners|Owner\b/);
  });

  test('the token in Basic authentication is as good as a bearer', async () => {
    const world = await startWorld();
    const basic = `Basic ${Buffer.from(`${world.token}:`).toString('base64')}`;
    expect((await raw(world, 'GET', '/v1/me', { authorization: basic })).body.data.agency.id).toBe(world.agencyId);
  });

  test('the whole table starts', () => {
    expect(compileRoutes(schema, rows)).toHaveLength(rows.length);
  });
});
