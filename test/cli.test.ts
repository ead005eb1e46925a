import { once } from 'node:events';
import { request } from 'node:http';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { webhookListen } from '../src/cli/webhook-listen.ts';
import { newSecret, signatures } from '../src/relay/sign.ts';
import { collector, openTerminal } from './support/cli.ts';
import { startWorld } from './support/world.ts';

// Deployment scripts read these documents: a stray line on stdout breaks them.
test('an operator sets an agency up with two commands, each of which prints one JSON document', async () => {
  const { bellhop, databaseUrl } = await openTerminal();
  const agency = await bellhop('agency', 'create', '--name', 'Atlas', '--json');
  expect(agency).toMatchObject({ exitCode: 0, stderr: '' });
  expect(agency.json).toMatchObject({
    name: 'Atlas',
    currency: 'MAD',
    timezone: 'Africa/Casablanca',
    commission_percent: 10,
    plan: 'trial',
  });
  const days = (Date.parse(agency.json.trial_ends_at) - Date.now()) / 86_400_000;
  expect(days).toBeGreaterThan(13.9);
  expect(days).toBeLessThan(14.1);

  const token = await bellhop(
    'token',
    'create',
    '--agency',
    String(agency.json.id),
    '--name',
    'BI',
    '--abilities',
    'reports:read,bookings:read',
    '--json',
  );
  expect(token.json.token).toMatch(new RegExp(`^${token.json.id}\\|[A-Za-z0-9]{40,}$`));
  const lines = await query(databaseUrl, 'select actor, action, subject from audit_entry order by occurred_at');
  expect(lines).toEqual([
    { actor: 'cli', action: 'agency.created', subject: `agency:${agency.json.id}` },
    { actor: 'cli', action: 'token.created', subject: `token:${token.json.id}` },
  ]);
});

// A token that went astray has to stop working now, on whichever server it is used.
test('a revoked token is refused by a running server', async () => {
  const { bellhop } = await openTerminal();
  const agency = await bellhop('agency', 'create', '--name', 'Atlas', '--json');
  const { json } = await bellhop(
    'token',
    'create',
    '--agency',
    String(agency.json.id),
    '--name',
    'x',
    '--abilities',
    '*',
    '--json',
  );
  const world = await startWorld({ env: { DATABASE_URL: process.env.DATABASE_URL } });
  const ask = () => fetch(`${world.url}/v1/me`, { headers: { authorization: `Bearer ${json.token}` } });
  expect((await ask()).status).toBe(200);
  expect((await bellhop('token', 'revoke', String(json.id), '--json')).json).toMatchObject({ id: json.id });
  await expect.poll(async () => (await ask()).status).toBe(401);
});

// Scripts branch on the exit code and people on the sentence.
test.each([
  [['agency', 'create', '--name', 'A', '--currency', 'DHS'], 1, 'VALIDATION', 'currency'],
  [['agency', 'create', '--name', 'A', '--timezone', 'Marrakech'], 1, 'VALIDATION', 'timezone'],
  [['agency', 'create', '--name', 'A', '--commission-percent', '101'], 1, 'VALIDATION', 'commission_percent'],
  [['token', 'create', '--agency', '99', '--name', 'A', '--abilities', '*'], 1, 'NOT_FOUND', undefined],
  [['token', 'revoke', '99'], 1, 'NOT_FOUND', undefined],
  [['import', 'bookings', '--agency', '99', '-'], 1, 'NOT_FOUND', undefined],
  [['import', 'bookings', '--agency', '99', '/nowhere.csv'], 1, 'FAILED', undefined],
  [['token', 'create', '--agency', 'x', '--name', 'A', '--abilities', '*'], 2, 'USAGE', undefined],
  [['token', 'create', '--name', 'A'], 2, 'USAGE', undefined],
  [['webhook', 'listen', '--port', '0'], 2, 'USAGE', undefined],
  [['tokens'], 2, 'USAGE', undefined],
  [[], 2, 'USAGE', undefined],
])('bellhop %j fails with %i, %s', async (argv, exitCode, code, field) => {
  const { bellhop } = await openTerminal();
  const asJson = await bellhop(...argv, '--json');
  expect(asJson).toMatchObject({ exitCode, stderr: '', json: { error: { code } } });
  expect(asJson.json.error.message).toMatch(/\w+/);
  if (field) expect(Object.keys(asJson.json.error.fields)).toEqual([field]);
  expect(await bellhop(...argv)).toMatchObject({ exitCode, stdout: '', stderr: expect.stringMatching(/\w+/) });
});

test('an ability that does not exist is refused by name', async () => {
  const { bellhop } = await openTerminal();
  const agency = await bellhop('agency', 'create', '--name', 'A', '--json');
  const { json } = await bellhop(
    'token',
    'create',
    '--agency',
    `${agency.json.id}`,
    '--name',
    'A',
    '--abilities',
    'bookings:read,bookings:delete',
    '--json',
  );
  expect(json.error.fields.abilities[0]).toContain('bookings:delete is not. Did you mean bookings:write?');
});

test('--help and --version answer without a database', async () => {
  const { bellhop } = await openTerminal();
  expect((await bellhop('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  const help = await bellhop('import', 'bookings', '--help');
  expect(help).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/--create-properties[\s\S]*--json[\s\S]*gross_amount/),
  });
  expect((await bellhop('--help')).stdout).toContain('bellhop agency create --name');
});

// Whoever writes a receiver first looks at this one: it has to say which rule a call broke.
test('webhook listen prints what it verified, and refuses the rest with the rule that failed', async () => {
  const secret = newSecret();
  const { url, lines, close } = await listen({ port: 0, secret });
  const body = JSON.stringify({ id: 'e1', event: 'booking.created', data: {} });
  const signed = signatures({ id: 'e1', timestamp: Math.floor(Date.now() / 1000), body, secrets: [secret] });
  expect(await post(url, body, { ...signed, 'x-event': 'booking.created', 'x-attempt': '2' })).toBe(200);
  expect(await post(url, `${body} `, signed)).toBe(401);
  expect(await post(url, body, {})).toBe(401);
  expect(await post(url, 'x'.repeat(1_100_000), signed)).toBe(413);
  expect(lines()).toMatchObject([
    { event: 'booking.created', id: 'e1', attempt: 2, verified: true, body: { event: 'booking.created' } },
    { verified: false, rule: 'body-changed' },
    { verified: false, rule: 'missing-header' },
  ]);
  await close();
});

// The two-minute start: nobody should have to copy a secret to see a first event.
test('webhook listen registers itself, prints a verified event, and takes its registration back', async () => {
  const world = await startWorld();
  const { lines, close } = await listen({
    port: 0,
    registration: { server: world.url, token: world.token, events: ['booking.*'] },
  });
  await world.book();
  await world.relay();
  expect(lines()).toMatchObject([{ event: 'booking.created', verified: true }]);
  expect((await world.get('/v1/webhooks')).body.data).toHaveLength(1);
  await close();
  expect((await world.get('/v1/webhooks')).body.data).toHaveLength(0);
});

test('webhook listen says why it could not register', async () => {
  const world = await startWorld();
  const { token } = await world.withAbilities('bookings:read');
  const registering = (registration: { server: string; token: string; events: string[] }) =>
    listen({ port: 0, registration });
  await expect(registering({ server: world.url, token, events: ['*'] })).rejects.toThrow('Invalid ability provided.');
  await expect(registering({ server: world.url, token: world.token, events: ['booking.made'] })).rejects.toThrow(
    'booking.made',
  );
  await expect(registering({ server: 'http://127.0.0.1:1', token, events: ['*'] })).rejects.toThrow(
    'Is Bellhop running there?',
  );
});

/** Starts a listener and resolves when it says where it listens. */
async function listen(command: Omit<Parameters<typeof webhookListen>[0], 'json'>) {
  const [stdout, stderr] = [collector(), collector()];
  let end = () => {};
  const until = new Promise<void>((resolve) => {
    end = resolve;
  });
  const listening = webhookListen({ ...command, json: true }, { stdin: process.stdin, stdout, stderr }, until);
  const close = () => {
    end();
    return listening;
  };
  onTestFinished(() => close().catch(() => {}));
  await Promise.race([once(stderr, 'said'), listening]);
  const url = /http:\S+\//.exec(stderr.text())![0];
  return {
    url,
    close,
    lines: () =>
      stdout
        .text()
        .trim()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
  };
}

/** node:http rather than fetch: the listener hangs up on what is too large while it is still being sent. */
async function post(url: string, body: string, headers: Record<string, string>): Promise<number> {
  const call = request(url, { method: 'POST', headers: { ...headers, 'content-length': Buffer.byteLength(body) } });
  call.on('error', () => {});
  call.end(body);
  const [response] = await once(call, 'response');
  response.resume();
  return response.statusCode;
}

async function query(url: string, sql: string) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client
    .query(sql)
    .then(({ rows }) => rows)
    .finally(() => client.end());
}
