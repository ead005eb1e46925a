import { once } from 'node:events';
import { get as httpGet, type IncomingMessage } from 'node:http';
import pg from 'pg';
import { expect, test } from 'vitest';
import { rows } from '../src/routes.ts';
import { startWorld, type World } from './support/world.ts';

// A BI tool that pulls a list once a night can't see that a row is missing, nor that one is counted twice.
test('the whole list comes in one answer, every row once and in the order asked for, as its pages have them', async () => {
  const world = await startWorld();
  await fill(world, 2_500);
  for (const sort of ['id_asc', 'id_desc', 'check_in_asc', 'updated_at_desc']) {
    const query = `/v1/bookings?status=confirmed&sort=${sort}`;
    const paged = await pages(world, query);
    expect(paged.length).toBe(2_501);

    const lines = await world.get(`${query}&all=true`, { accept: 'application/x-ndjson' });
    expect(lines.headers.get('content-type')).toBe('application/x-ndjson');
    expect(lines.headers.get('link')).toBeNull();
    expect(lines.text).toBe(paged.map((row) => `${JSON.stringify(row)}\n`).join(''));

    const { text, headers } = await world.get(`${query}&all=1`, { accept: 'text/csv' });
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
    const [header, ...rows] = text.trimEnd().split('\n');
    expect(header).toMatch(/^id,/);
    expect(rows.map((row) => Number(row.split(',', 1)[0]))).toEqual(paged.map(({ id }) => id));
    const page = await world.get(`${query}&format=csv`);
    expect(text.startsWith(page.text)).toBe(true);
  }
});

// A reader that finds no header takes the first row for one; one that gets an empty file thinks the export failed.
test('a list without rows is a header alone as CSV, and nothing at all as NDJSON', async () => {
  const world = await startWorld();
  const csv = await world.get('/v1/owners?format=csv&all=true');
  expect(csv.text).toBe((await world.get('/v1/owners?format=csv')).text);
  expect(csv.text.trimEnd().split('\n')).toHaveLength(1);
  const ndjson = await world.get('/v1/owners?format=ndjson&all=true');
  expect(ndjson).toMatchObject({ status: 200, text: '' });
});

// Power BI renames a second column of one name, Looker refuses the file.
test('no list has two columns of one name as CSV', async () => {
  const world = await startWorld();
  const lists = rows.filter(({ path, walk }) => walk && !path.includes('{')).map(({ path }) => path);
  expect(lists).toContain('/v1/cleaning-tasks');
  for (const path of lists) {
    const { status, text } = await world.get(`${path}?format=csv`);
    if (status === 200) {
      const columns = text.split('\n', 1)[0]!.split(',');
      expect([path, columns]).toEqual([path, [...new Set(columns)]]);
    }
  }
});

// Line by line is how data tools read; they follow the header to the next page as they do for CSV.
test('a page comes as NDJSON too, to whoever prefers it, and leads to the next', async () => {
  const world = await startWorld();
  await fill(world, 4);
  const read: unknown[] = [];
  let next: string | undefined = '/v1/bookings?per_page=2';
  while (next) {
    const page = await world.get(next, { accept: 'application/json;q=0.5, application/x-ndjson' });
    read.push(
      ...page.text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    );
    next = /<[^>]*(\/v1\/[^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1];
  }
  expect(read).toEqual((await world.get('/v1/bookings')).body.data);
  const plain = await world.get('/v1/bookings', { accept: 'application/x-ndjson;q=0.5, application/json' });
  expect(plain.body.data).toEqual(read);
});

// Half of an export that was asked for in a way nobody foresaw would be taken for all of it.
test('what does not go together with the whole list is refused, and says which parameter it is', async () => {
  const world = await startWorld();
  const table: [query: string, headers: Record<string, string>, field: string][] = [
    ['all=true', {}, 'all'],
    ['all=true&format=json', { accept: 'text/csv' }, 'all'],
    ['all=perhaps&format=csv', {}, 'all'],
    ['all=true&format=csv&page=1', {}, 'page'],
    ['all=true&format=ndjson&per_page=50', {}, 'per_page'],
    ['all=true&format=ndjson&cursor=', {}, 'cursor'],
    ['all=true&format=ndjson&status=asleep', {}, 'status'],
    ['all=true&format=ndjson&colour=blue', {}, 'colour'],
    ['format=xml', {}, 'format'],
  ];
  for (const [query, headers, field] of table) {
    const { status, body } = await world.get(`/v1/bookings?${query}`, headers);
    expect([query, status, body.code, Object.keys(body.errors)]).toEqual([query, 422, 'VALIDATION', [field]]);
  }
  expect((await world.get('/v1/bookings?all=false')).status).toBe(200);
  expect((await world.get('/v1/me?all=true')).status).toBe(422); // Only a list has an all.
  const blind = await world.withAbilities('properties:read');
  expect((await blind.get('/v1/bookings?all=true&format=csv')).status).toBe(403);
});

// A HEAD asks what would come. Reading 100,000 rows for it would be work for nobody.
test('the whole list is one request of the minute, and HEAD reads no further than its first page', async () => {
  const world = await startWorld({ env: { RATE_LIMIT_PER_MINUTE: '60' } });
  await fill(world, 3_000);
  const before = Number((await world.get('/v1/me')).headers.get('x-ratelimit-remaining'));
  const { headers } = await world.get('/v1/bookings?all=true&format=ndjson');
  expect(Number(headers.get('x-ratelimit-remaining'))).toBe(before - 1);
  const cost = await world.statements(async () => {
    const response = await fetch(`${world.url}/v1/bookings?all=true&format=csv`, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${world.token}` },
    });
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8');
  });
  expect(cost).toBe(1);
});

// Somebody closes the tab; the database must not go on reading the season for nobody.
test('when the client goes away the walk ends', { timeout: 60_000 }, async () => {
  const world = await startWorld();
  await fill(world, 60_000);
  const cost = await world.statements(async () => {
    const response = await open(world, '/v1/bookings?all=true&format=ndjson');
    await once(response, 'readable');
    response.destroy();
    // As many pages again as the walk had before it, had it gone on.
    for (let page = 0; page < 30; page++) await world.get('/v1/bookings?per_page=1000&cursor=');
  });
  expect(cost - 30).toBeLessThan(30);
});

// Who finds out that a token has leaked revokes it because of what is being read with it just then.
test('an export under way breaks off when its token is revoked', { timeout: 60_000 }, async () => {
  const world = await startWorld();
  await fill(world, 60_000);
  const thief = await world.withAbilities('bookings:read');
  const response = await open({ ...world, token: thief.token }, '/v1/bookings?all=true&format=ndjson');
  await once(response, 'readable');
  expect((await world.delete(`/v1/tokens/${thief.tokenId}`)).status).toBe(204);
  await expect(drain(response)).rejects.toThrow('aborted');
});

// A file that ends early but well-formed would be loaded as the whole truth.
test('when something breaks in the middle the connection breaks too, and the file never looks complete', {
  timeout: 60_000,
}, async () => {
  const world = await startWorld();
  await fill(world, 60_000);
  const response = await open(world, '/v1/bookings?all=true&format=ndjson');
  await once(response, 'readable'); // Nothing more is taken for now, so the server waits with the rest.
  const owner = new pg.Client(world.database.ownerUrl);
  await owner.connect();
  await owner.query('revoke select on booking from bellhop_app');
  await owner.end();
  await expect(drain(response)).rejects.toThrow('aborted');
  expect(response.complete).toBe(false);
});

/** Books once through the door, and copies that booking by SQL: what is measured is reading. */
async function fill(world: World, count: number): Promise<void> {
  const { id } = await world.book();
  await world.database.asAgency(world.agencyId, (client) =>
    client.query(
      `insert into booking (agency_id, property_id, room_type_id, guest_id, reference, status, check_in, check_out, nights,
         guests_count, guest_name, currency, gross_minor, commission_minor, net_minor, updated_at)
       select agency_id, property_id, room_type_id, guest_id, 'X-' || n, status, check_in + n % 300, check_out + n % 300,
         nights, guests_count, guest_name, currency, gross_minor + n, commission_minor, net_minor + n, updated_at + n % 7 * interval '1 minute'
       from booking, generate_series(1, $2::int) n where id = $1`,
      [id, count],
    ),
  );
}

/** All rows, by the cursor. */
async function pages(world: World, query: string): Promise<{ id: number }[]> {
  const rows: { id: number }[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const { body } = await world.get(`${query}&per_page=1000&cursor=${cursor}`);
    rows.push(...body.data);
    cursor = body.meta.next_cursor;
  }
  return rows;
}

/** An answer that hasn't been read yet. */
async function open(world: Pick<World, 'url' | 'token'>, path: string): Promise<IncomingMessage> {
  const request = httpGet(`${world.url}${path}`, { headers: { authorization: `Bearer ${world.token}` }, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  request.on('error', () => {}); // The response tells it too.
  return response;
}

async function drain(response: IncomingMessage): Promise<void> {
  for await (const _chunk of response);
}
