import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { openLog } from '../src/telemetry/log.ts';
import { collector } from './support/cli.ts';
import { createTestDatabase } from './support/database.ts';
import { startAgency, startProcess } from './support/process.ts';
import { startReceiver } from './support/receiver.ts';

/** Texts that nobody else writes, each of a kind that a log must not have. */
const MARKED = {
  guest_name: 'Zulaikha Marqueenom',
  guest_email: 'zulaikha.marquee@mail.example',
  guest_phone: '+212698765432',
  notes: 'marquee-notes-allergic-to-nuts',
};

// Logs are kept for years, copied to other companies and read by everybody who is on call. A guest's name or a secret that
// got into one is out of the house for good.
test('the log of every level names requests and deliveries by their ids, and no person, token, secret or key', async () => {
  const { env, token, database } = await startAgency();
  const server = await startProcess({ ...env, LOG_LEVEL: 'trace', WEBHOOK_RETRY_SCHEDULE: '0,60' });
  const receiver = await startReceiver({
    respond: (_call, response) => response.writeHead(500).end('marquee-answer-of-the-receiver'),
  });
  onTestFinished(() => receiver.close());
  const ask = (method: string, path: string, body?: unknown, headers = {}) =>
    fetch(`${server.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  const hook = `${receiver.url}?key=marquee-url-key`;
  const endpoint = await (await ask('POST', '/v1/webhooks', { url: hook, events: ['booking.*'] })).json();
  const hotel = await (await ask('POST', '/v1/properties', { code: 'H', name: 'Hotel', units: 9 })).json();
  const stay = { property_id: hotel.data.id, check_in: '2027-06-01', check_out: '2027-06-02', guests_count: 1 };
  const booked = await ask(
    'POST',
    '/v1/bookings',
    { ...stay, ...MARKED },
    { 'idempotency-key': 'marquee-idempotency' },
  );
  expect(booked.status).toBe(201);
  await receiver.arrived(1);

  // What was refused, by us and by the database, whose words repeat what they refuse.
  expect((await ask('POST', '/v1/bookings', { ...stay, ...MARKED, check_out: MARKED.guest_name })).status).toBe(422);
  expect((await ask('GET', `/v1/bookings?guest=${MARKED.guest_name}`)).status).toBe(422);
  expect(
    (await ask('GET', '/v1/bookings', undefined, { authorization: `Bearer 1|${'marqueetoken'.repeat(4)}` })).status,
  ).toBe(401);
  const owner = new pg.Client({ connectionString: database.url });
  await owner.connect();
  await owner.query('alter table booking add constraint nobody_new check (false) not valid');
  await owner.query('alter table guest add constraint nobody_else check (false) not valid');
  const broken = await ask('POST', '/v1/bookings', { ...stay, ...MARKED, guest_name: 'Other Marqueenom' });
  expect(broken.status).toBe(500);
  const variables = {
    input: {
      propertyId: hotel.data.id,
      checkIn: '2027-07-01',
      checkOut: '2027-07-02',
      guestsCount: 1,
      guestName: 'Third Marqueenom',
    },
  };
  const query = 'mutation ($input: CreateBookingInput!) { createBooking(input: $input) { id } }';
  const graphql = await (await ask('POST', '/graphql', { query, variables })).json();
  expect(graphql.errors[0].extensions.code).toBe('INTERNAL');
  await owner.end();
  const calendar = { channel: 'other', url: `${receiver.url}/marquee-calendar.ics?t=marquee` };
  const source = await (await ask('POST', `/v1/properties/${hotel.data.id}/ical-sources`, calendar)).json();
  await ask('POST', `/v1/ical-sources/${source.data.id}/sync`, {});
  expect(receiver.received.some(({ path }) => path.includes('marquee-calendar'))).toBe(true);
  expect(await server.stop()).toBe(0);

  const log = server.output();
  const lines = log.split('\n').filter((line) => line.startsWith('{'));
  expect(lines.join('\n')).not.toMatch(/marquee/i);
  for (const secret of [
    token,
    token.split('|')[1]!,
    endpoint.data.secret,
    MARKED.guest_phone.slice(1),
    'whsec_',
    'app.key',
  ])
    expect(lines.join('\n')).not.toContain(secret);

  const told = lines.map((line) => JSON.parse(line));
  const about = (response: Response) =>
    told.filter(({ requestId }) => requestId === response.headers.get('x-request-id'));
  expect(about(booked)).toMatchObject([{ method: 'POST', route: '/v1/bookings', status: 201, agencyId: 1 }]);
  expect(about(broken).map(({ msg }) => msg)).toEqual(['a request failed', 'a request was answered']);
  expect(about(broken)[0].err).toMatchObject({
    message: expect.stringContaining('check constraint'),
    stack: expect.stringContaining('at '),
  });
  const [call] = receiver.received;
  expect(told).toContainEqual(
    expect.objectContaining({
      delivery: call!.headers['x-delivery-id'],
      event: call!.id,
      outcome: 'server_error',
      status: 500,
      attempt: 1,
    }),
  );
}, 120_000);

// PostgreSQL repeats the whole row that it refuses, and a library its arguments: one careless line of ours would be enough.
test('whatever is logged, and however deep it lies, loses what is somebody’s', async () => {
  const output = collector();
  const log = openLog('info', output);
  const database = await createTestDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const refused: Error[] = [];
  const noted = (error: Error) => void refused.push(error);
  await client.query('create temporary table person (name text primary key check (length(name) < 30), born date)');
  await client.query('insert into person values ($1)', [MARKED.guest_name]);
  await client.query('insert into person values ($1)', [MARKED.guest_name]).catch(noted);
  await client.query('insert into person values ($1)', [MARKED.guest_name.repeat(2)]).catch(noted);
  await client.query(`insert into person values ('x', '${MARKED.guest_name}')`).catch(noted);
  await client.query(`select * from no_such_table`).catch(noted);
  await client.end();
  await database.drop();
  expect(JSON.stringify(refused.map((error) => ({ ...error, text: error.message })))).toContain('Marqueenom'); // They do.

  for (const err of refused) log.error({ err }, 'refused');
  log.warn({ error: new Error('outer', { cause: refused[0] }) }, 'a cause');
  log.warn({
    err: new Error(`no answer from https://x:marquee@calendar.example/marquee?t=marquee to ${MARKED.guest_email}`),
  });
  log.warn({
    reason: `Bearer marqueetoken of ${MARKED.guest_phone} with whsec_marquee0123 and 12|${'marquee'.repeat(5)}`,
  });
  log.info({
    headers: { authorization: 'Bearer marquee' },
    request: { body: { marquee: 1 } },
    input: { guest: { email: 'marquee' } },
  });
  log.info({ guest_name: MARKED.guest_name, booking: { guestPhone: 'marquee', token: 'marquee', secret: 'marquee' } });
  expect(output.text()).not.toMatch(/marquee/i);
  expect(output.text()).not.toContain(MARKED.guest_phone);

  const lines = output
    .text()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.slice(0, 4).map(({ err }) => [err.code, err.message])).toEqual([
    ['23505', 'duplicate key value violates unique constraint "…"'],
    ['23514', expect.stringContaining('violates check constraint')],
    ['22007', 'invalid input syntax for type date: "…"'],
    ['42P01', 'relation "no_such_table" does not exist'],
  ]);
  expect(lines[5].err.message).toContain('calendar.example/…');
});
