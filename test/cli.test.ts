import pg from 'pg';
import { expect, test } from 'vitest';
import { openTerminal } from './support/cli.ts';
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
  [['webhook', 'listen', '--port', '0', '--secret', 'C2FVsBQIhrscChlQIMV'], 2, 'USAGE', undefined],
  [
    ['webhook', 'listen', '--port', '0', '--secret', 'whsec_AAAA', '--forward', 'localhost:3000'],
    2,
    'USAGE',
    undefined,
  ],
  [['webhook', 'listen', '--port', '0', '--secret', 'whsec_AAAA', '--since', '2027-01-01'], 2, 'USAGE', undefined],
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

async function query(url: string, sql: string) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client
    .query(sql)
    .then(({ rows }) => rows)
    .finally(() => client.end());
}
