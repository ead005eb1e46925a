import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { type ServerProcess, startAgency, startProcess } from './support/process.ts';
import { startReceiver } from './support/receiver.ts';

/** A server of two workers, an agency and its token. */
async function startTwo(more: NodeJS.ProcessEnv = {}) {
  const { env, token, database } = await startAgency({ WORKERS: '2', LOG_LEVEL: 'info', ...more });
  const server = await startProcess(env);
  await expect.poll(() => bornWorkers(server).length, { timeout: 10_000 }).toBe(2);
  const ask = (path: string, body?: unknown) =>
    fetch(`${server.url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      // Connections are dealt out in turn, so that each request goes to the next worker.
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', connection: 'close' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  return { server, ask, env, database };
}

/** The workers so far, as each says itself in the log when it is ready. */
function bornWorkers({ output, child }: ServerProcess): number[] {
  return output()
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line))
    .filter(({ msg, pid }) => msg === 'ready' && pid !== child.pid)
    .map(({ pid }) => pid);
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

// A crash in one request must not be the end of everybody else's day.
test('when a worker dies the other goes on answering, and another takes its place', async () => {
  const { server, ask } = await startTwo();
  const [first, second] = bornWorkers(server) as [number, number];
  process.kill(first, 'SIGKILL');
  await expect.poll(() => server.output()).toContain('a worker died');
  for (let i = 0; i < 4; i++) expect((await ask('/v1/bookings')).status).toBe(200); // All by the second.
  await expect.poll(() => bornWorkers(server).length, { timeout: 10_000 }).toBe(3);
  process.kill(second, 'SIGKILL');
  await expect.poll(() => server.output().split('a worker died').length, { timeout: 10_000 }).toBe(3);
  expect((await ask('/v1/bookings')).status).toBe(200); // And this by the third.
}, 60_000);

// A token that gets its limit once a process gets more the bigger the machine is.
test('60 requests a minute are 60 over all workers together', async () => {
  const { server, ask } = await startTwo({ RATE_LIMIT_PER_MINUTE: '5' });
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask('/v1/bookings')));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(5);
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(15);
  const left = answers.filter(({ ok }) => ok).map(({ headers }) => headers.get('x-ratelimit-remaining'));
  expect(left.sort()).toEqual(['0', '1', '2', '3', '4']);
  for (const pid of bornWorkers(server)) process.kill(pid, 'SIGKILL'); // The count isn't theirs to lose.
  await expect.poll(() => bornWorkers(server).length, { timeout: 10_000 }).toBe(4);
  expect((await ask('/v1/bookings')).status).toBe(429);
}, 60_000);

test('a booking made through any worker is told by the relay, which the primary runs', async () => {
  const { ask } = await startTwo();
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  await ask('/v1/webhooks', { url: receiver.url, events: ['booking.*'] });
  const hotel = await (await ask('/v1/properties', { code: 'H', name: 'Hotel', units: 4 })).json();
  const stay = { check_in: '2027-06-01', check_out: '2027-06-02', guests_count: 1, guest_name: 'G' };
  for (let i = 0; i < 4; i++) {
    expect((await ask('/v1/bookings', { property_id: hotel.data.id, ...stay })).status).toBe(201);
  }
  await receiver.arrived(4);
}, 60_000);

// A worker that outlives its server holds connections and, after the next start, answers with yesterday's code.
test('SIGTERM finishes what is in flight in the workers, leaves none of them and exits with 0', async () => {
  const { server, ask, database } = await startTwo();
  const workers = bornWorkers(server);
  const somebody = new pg.Client({ connectionString: database.url });
  await somebody.connect();
  await somebody.query('begin; lock table booking');
  const inFlight = Promise.all([ask('/v1/bookings'), ask('/v1/bookings')]);
  const waiting = async () => (await somebody.query('select from pg_locks where not granted')).rowCount;
  await expect.poll(waiting).toBe(2);
  // A terminal's Ctrl-C and a service manager's SIGTERM reach all processes at once: workers wait for the primary's word.
  for (const pid of workers) for (const signal of ['SIGINT', 'SIGTERM']) process.kill(pid, signal);
  const stopped = server.stop();
  await expect.poll(() => server.output().match(/"asked":"stop"/g)).toHaveLength(2);
  await somebody.query('commit');
  await somebody.end();
  expect((await inFlight).map(({ status }) => status)).toEqual([200, 200]);
  expect(await stopped).toBe(0);
  expect(workers.filter(lives)).toEqual([]);
  expect(server.output()).not.toContain('a worker died');
}, 60_000);

test('kill -9 of the primary is the end of its workers too', async () => {
  const { server } = await startTwo();
  const workers = bornWorkers(server);
  await server.kill();
  await expect.poll(() => workers.filter(lives), { timeout: 10_000 }).toEqual([]);
}, 60_000);

// The demo's token is shown once; shown by a worker or made by each of them, the page that a newcomer copies from would lie.
test('with the embedded database there is one welcome and one demo', async () => {
  const env = { DATA_DIR: mkdtempSync(join(tmpdir(), 'bellhop-embedded-')), WORKERS: '2', RATE_LIMIT_PER_MINUTE: '60' };
  const server = await startProcess(env);
  await expect.poll(() => server.output()).toContain('Demo token');
  expect(server.output().match(/Bellhop is ready/g)).toHaveLength(1);
  const [, token] = /Demo token\s+(\S+)/.exec(server.output())!;
  const page = await (
    await fetch(`${server.url}/v1/bookings`, { headers: { authorization: `Bearer ${token}` } })
  ).json();
  expect(page.meta.total).toBeGreaterThan(100);
  expect(page.links.first).toContain(server.url);
  expect(await (await fetch(`${server.url}/readyz`)).json()).toEqual({ status: 'ready', database: true });
  expect(await server.stop()).toBe(0);
}, 60_000);

test('a port that is taken is said, and the server ends', async () => {
  const { server, env } = await startTwo();
  const taken = new URL(server.url).port;
  await expect(startProcess({ ...env, PORT: taken })).rejects.toThrow(/EADDRINUSE[\s\S]*A worker ended before/);
}, 60_000);
