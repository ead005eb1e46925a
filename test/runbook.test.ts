import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from './support/free-port.ts';
import { type ServerProcess, startAgency, startProcess } from './support/process.ts';
import { startReceiver } from './support/receiver.ts';

const RUNBOOK = readFileSync(new URL('../docs/runbook.md', import.meta.url), 'utf8');

/** The blocks of the page that are in this language. */
const blocks = (language: string): string[] =>
  [...RUNBOOK.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, text]) => text!.trim());

/** A server in trouble: one receiver answers, another doesn't, a third endpoint is disabled. */
async function startTrouble() {
  const { env, ask, database } = await startAgency();
  const server = await startProcess({ ...env, LOG_LEVEL: 'info' });
  const [good, bad] = [await startReceiver(), await startReceiver({ respond: 500 })];
  onTestFinished(async () => void (await Promise.all([good.close(), bad.close()])));
  for (const { url } of [good, bad]) await ask(server.url, '/v1/webhooks', { url, events: ['booking.*'] });
  await ask(server.url, '/v1/webhooks', { url: good.url, events: ['*'], enabled: false });
  const hotel = await (await ask(server.url, '/v1/properties', { code: 'H', name: 'Hotel' })).json();
  const stay = { check_in: '2027-06-01', check_out: '2027-06-02', guests_count: 1, guest_name: 'G' };
  await ask(server.url, '/v1/bookings', { property_id: hotel.data.id, ...stay });
  await Promise.all([good.arrived(1), bad.arrived(1)]);
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  onTestFinished(() => client.end());
  await client.query('set role bellhop_system');
  const settled = async () => (await client.query('select from attempt')).rowCount;
  await expect.poll(settled, { timeout: 10_000 }).toBe(2);
  return { env, server, client };
}

// A page that is read at three in the morning must not begin with a column that was renamed in spring.
test('every statement of the runbook runs as the role that it names, and finds the trouble that it is for', async () => {
  const { client, env } = await startTrouble();
  const statements = blocks('sql');
  expect(statements.length).toBeGreaterThanOrEqual(6);
  const found: Record<string, unknown>[][] = [];
  for (const statement of statements) {
    const results = [await client.query(statement)].flat();
    found.push(results.at(-1)!.rows);
    await client.query('set role bellhop_system');
  }
  const [, , , endpoints, attempts, lost] = found;
  expect(endpoints).toMatchObject([{ id: 3, enabled: false }]);
  expect(attempts).toMatchObject([{ endpoint_id: 2, outcome: 'server_error', status_code: 500, count: '1' }]);
  expect(lost!.map(({ endpoint_id, status }) => [endpoint_id, status]).sort()).toEqual([
    [1, 'DELIVERED'],
    [2, 'PENDING'],
  ]);
  const holder = new pg.Client({ connectionString: env.DATABASE_URL });
  await holder.connect();
  await holder.query('begin');
  const open = statements.find((statement) => statement.includes('pg_stat_activity'))!;
  const results = await client.query(open.replace('1 minute', '0 minutes'));
  expect(
    [results]
      .flat()
      .at(-1)!
      .rows.map(({ state }) => state),
  ).toContain('idle in transaction');
  await holder.end();
  await client.query('set role bellhop_system');
  // A minute on, with nobody there to make the second attempt.
  await client.query("update delivery_queue set due_at = now() - interval '1 second', lease = null");
  expect((await client.query(statements[2]!)).rows).toMatchObject([{ endpoint_id: 2, waiting: '1' }]);
}, 60_000);

test('every command of the runbook runs as it is written', async () => {
  const { env, server } = await startTrouble();
  const ran = new Map<string, string>();
  for (const line of blocks('sh').flatMap((block) => block.split('\n')))
    ran.set(line, await run(line, { env, server }));
  const said = (word: string) => [...ran].find(([line]) => line.includes(word))![1];
  expect(said('readyz')).toBe('{"status":"ready","database":true,"relay":true}');
  expect(said('(outbox|deliveries')).toContain('bellhop_webhook_endpoints{state="disabled"} 1');
  expect(said('(relay|database')).toContain('bellhop_relay_attempts_total{outcome="server_error"} 1');
  expect(said('ROLES=relay')).toBe('ready');
  expect(said('bellhop.log')).toContain('"outcome":"server_error"');
  expect(said('keys rotate')).toContain('Everything is sealed with a new key');
}, 90_000);

const isInstalled = (command: string): Promise<boolean> =>
  promisify(execFile)('bash', ['-c', `command -v ${command}`]).then(
    () => true,
    () => false,
  );

/** A line as somebody types it, in a folder where `npx bellhop` is ours; what serves until it is stopped is started and stopped. */
async function run(line: string, { env, server }: { env: NodeJS.ProcessEnv; server: ServerProcess }): Promise<string> {
  if (line.includes('psql') && !(await isInstalled('psql'))) return '';
  if (line.endsWith('bellhop serve')) {
    const port = String(await freePort());
    const chosen = Object.fromEntries([...line.matchAll(/([A-Z_]+)=(\S+)/g)].map(([, name, value]) => [name!, value!]));
    expect(chosen.METRICS_PORT).toBeDefined();
    const relay = await startProcess({ ...env, ...chosen, METRICS_PORT: port }, `http://127.0.0.1:${port}/metrics`);
    return (await relay.stop()) === 0 ? 'ready' : 'failed';
  }
  const folder = env.DATA_DIR!;
  mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true });
  const command = join(folder, 'node_modules/.bin/bellhop');
  await promisify(execFile)('rm', ['-f', command]);
  symlinkSync(new URL('../src/bellhop.mjs', import.meta.url).pathname, command);
  writeFileSync(join(folder, 'bellhop.log'), server.output());
  const here = line
    .replaceAll('http://127.0.0.1:4000', server.url)
    .replace(/^npx bellhop/, command)
    .replace(/ psql (.*)$/, ' psql $1 < /dev/null');
  const { stdout } = await promisify(execFile)('bash', ['-c', here], { cwd: folder, env: { ...process.env, ...env } });
  return stdout;
}
