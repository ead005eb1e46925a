import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { webhookListen } from '../src/cli/webhook-listen.ts';
import { newSecret, signatures } from '../src/relay/sign.ts';
import { collector } from './support/cli.ts';
import { startReceiver } from './support/receiver.ts';
import { startWorld } from './support/world.ts';

const nowSeconds = () => Math.floor(Date.now() / 1000);

// Whoever writes a receiver first looks at this one: it has to say which rule a call broke.
test('webhook listen prints what it verified, and refuses the rest with the rule that failed', async () => {
  const secret = newSecret();
  const { url, lines } = await listen({ secret });
  const body = JSON.stringify({ id: 'e1', event: 'booking.created', data: {} });
  const signed = signatures({ id: 'e1', timestamp: nowSeconds(), body, secrets: [secret] });
  const { 'webhook-id': _id, 'webhook-timestamp': _at, ...anonymous } = signed;
  const at = (seconds: number) => signatures({ id: 'e1', timestamp: nowSeconds() + seconds, body, secrets: [secret] });

  expect(await post(url, body, { ...signed, 'x-event': 'booking.created', 'x-attempt': '2' })).toBe(200);
  expect(await post(url, `${body} `, signed)).toBe(401);
  expect(await post(url, body.replace('created', 'cancelled'), signed)).toBe(401);
  expect(await post(url, body, anonymous)).toBe(401);
  expect(await post(url, body, at(-420))).toBe(401);
  expect(await post(url, body, at(420))).toBe(401);
  expect(await post(url, body, { ...signed, 'webhook-timestamp': 'today' })).toBe(401);
  expect(await post(url, body, { ...signed, 'webhook-signature': signed['X-Signature']! })).toBe(401);
  expect(await post(url, body, { ...signed, 'webhook-id': 'e2' })).toBe(401);
  expect(await post(url, 'x'.repeat(1_100_000), signed)).toBe(413);
  expect(lines()).toMatchObject([
    { event: 'booking.created', id: 'e1', attempt: 2, verified: true, body: { event: 'booking.created' } },
    { verified: false, rule: 'body-changed' },
    {
      verified: false,
      rule: 'signature-mismatch',
      explanation: expect.stringContaining("Is it this endpoint's secret"),
    },
    {
      verified: false,
      rule: 'missing-header',
      explanation: expect.stringContaining('No webhook-id and webhook-timestamp.'),
    },
    { verified: false, rule: 'timestamp-too-old', explanation: expect.stringMatching(/which is 12\d s too old/) },
    { verified: false, rule: 'timestamp-too-new', explanation: expect.stringMatching(/which is 1[12]\d s too new/) },
    { verified: false, rule: 'timestamp-unreadable' },
    { verified: false, rule: 'signature-unreadable' },
    { verified: false, rule: 'header-changed' },
  ]);
});

// The two-minute start: nobody should have to copy a secret to see a first event.
test('webhook listen registers itself, prints a verified event, and takes its registration back', async () => {
  const world = await startWorld();
  const { lines, close } = await listen({ register: true, server: world, events: ['booking.*'] });
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
  const registering = (server: { url: string; token: string }, events = ['*']) =>
    listen({ register: true, server, events });
  await expect(registering({ url: world.url, token })).rejects.toThrow('Invalid ability provided.');
  await expect(registering(world, ['booking.made'])).rejects.toThrow('booking.made');
  await expect(registering({ url: 'http://127.0.0.1:1', token })).rejects.toThrow('Is Bellhop running there?');
});

// A developer's program must see what it will see in production, down to the bytes, or it is tried out with something else.
test('webhook listen hands on what it verified with the same headers and bytes, and answers what it was answered', async () => {
  const world = await startWorld();
  const program = await startReceiver();
  const { lines } = await listen({ register: true, server: world, events: ['booking.created'], forward: program.url });
  const beside = await world.subscribe('booking.created');
  program.respondWith((_call, response) => response.writeHead(422).end('no such room'));
  onTestFinished(() => program.close());
  await world.book({ guest_name: 'Zoë 漢字' });
  await world.relay();

  const [there, here] = [beside.received[0]!, program.received[0]!];
  expect(here.body).toEqual(there.body);
  const common = ['content-type', 'user-agent', 'webhook-id', 'x-event', 'x-attempt', 'x-subject', 'x-sequence'];
  for (const name of common) expect([name, here.headers[name]]).toEqual([name, there.headers[name]]);
  expect(Object.keys(here.headers).sort()).toEqual(Object.keys(there.headers).sort());
  expect(lines()).toMatchObject([{ verified: true, forwarded: { status: 422, milliseconds: expect.any(Number) } }]);

  const { body } = await world.get('/v1/webhook-deliveries');
  const delivery = body.data.find(({ endpoint_id }: { endpoint_id: number }) => endpoint_id !== beside.endpointId);
  const { data } = (await world.get(`/v1/webhook-deliveries/${delivery.id}`)).body;
  expect(data.attempts).toMatchObject([{ status_code: 422, response_body: 'no such room' }]);
});

test('webhook listen hands on nothing that it could not verify, and says when nobody answers', async () => {
  const secret = newSecret();
  const program = await startReceiver();
  const { url, lines } = await listen({ secret, forward: program.url });
  const signed = signatures({ id: 'e1', timestamp: nowSeconds(), body: '{}', secrets: [secret] });
  expect(await post(url, '[]', signed)).toBe(401);
  await program.close();
  expect(await post(url, '{}', signed)).toBe(502);
  expect(program.received).toEqual([]);
  expect(lines()[0].forwarded).toBeUndefined();
  expect(lines()[1]).toMatchObject({
    verified: true,
    forwarded: { status: null, error: expect.stringContaining('ECONNREFUSED') },
  });
});

// A laptop that slept must be able to catch up with exactly what it would have received.
test('webhook listen tells what was missed since a cursor or a time, in order, with the bytes that were sent', async () => {
  const world = await startWorld();
  const receiver = await world.subscribe('booking.*');
  const program = await startReceiver();
  onTestFinished(() => program.close());
  const stays = [];
  for (const guest_name of ['Zoë "漢字" \\ \u2028', 'Karim', 'Lina']) stays.push(await world.book({ guest_name }));
  await world.relay();
  const secret = newSecret();
  program.useSecret(secret);
  const log = (await world.get('/v1/events?types=booking.*')).body.data;
  const server = await world.withAbilities('events:read');
  const caughtUp = {
    secret,
    server: { url: world.url, token: server.token },
    events: ['booking.*'],
    forward: program.url,
  };

  const first = await listen({ ...caughtUp, since: { since: log[0].created_at } });
  await first.said('3 missed events.');
  expect(program.received.map(({ body }) => body.toString())).toEqual(
    receiver.received.map(({ body }) => body.toString()),
  );
  expect(program.received).toMatchObject(
    [1, 2, 3].map(() => ({ signature: 'valid', xSignature: 'valid', attempt: 1 })),
  );
  expect(Object.keys(program.received[0]!.headers).sort()).toEqual(Object.keys(receiver.received[0]!.headers).sort());
  expect(first.lines().map(({ cursor }) => cursor)).toEqual(log.map(({ cursor }: { cursor: string }) => cursor));

  program.respondWith(500);
  const second = await listen({ ...caughtUp, since: { after: log[1].cursor } });
  await second.said(`1 missed events, 1 of them not answered 2xx. The next time begin with --since ${log[2].cursor}`);
  expect(program.received[3]!.id).toBe(receiver.received[2]!.id);

  await program.close();
  const third = await listen({ ...caughtUp, since: { after: log[0].cursor } });
  await third.said(`Begin again with --since ${log[0].cursor} when it does.`);
});

test('webhook listen says why it could not read what was missed', async () => {
  const world = await startWorld();
  const missing = (token: string, since: { after: string } | { since: string }) =>
    listen({ secret: newSecret(), server: { url: world.url, token }, since }).then(({ ended }) => ended);
  await expect(missing(world.token, { after: 'nonsense' })).rejects.toThrow(/refused GET \/v1\/events with 422/);
  const { token } = await world.withAbilities('bookings:read');
  await expect(missing(token, { since: '2027-01-01T00:00:00.000Z' })).rejects.toThrow('Invalid ability provided.');
});

// All of it as it is typed, because a flag that is not wired is a promise of --help that nobody keeps.
test('bellhop webhook listen is a program that catches up, forwards, explains and ends when it is told to', async () => {
  const world = await startWorld();
  const receiver = await world.subscribe('booking.*');
  const program = await startReceiver();
  onTestFinished(() => program.close());
  await world.book();
  await world.relay();
  const secret = newSecret();
  program.useSecret(secret);
  const words = ['--port', '0', '--secret', secret, '--forward', program.url];
  const child = spawn(process.execPath, [
    ...[COMMAND, 'webhook', 'listen', ...words],
    ...['--since', '2020-01-01', '--token', world.token, '--server', world.url, '--events', 'booking.*', '--json'],
  ]);
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  let [said, printed] = ['', ''];
  child.stderr.on('data', (chunk) => (said += chunk));
  child.stdout.on('data', (chunk) => (printed += chunk));
  await expect.poll(() => said, { timeout: 20_000 }).toContain('1 missed events.');
  expect(program.received.map(({ body, signature }) => [body.toString(), signature])).toEqual([
    [receiver.received[0]!.body.toString(), 'valid'],
  ]);

  const url = /http:\S+\//.exec(said)![0];
  const live = signatures({ id: 'e1', timestamp: nowSeconds(), body: '{}', secrets: [secret] });
  expect(await post(url, '{}', live)).toBe(200);
  expect(await post(url, '{}', { ...live, 'webhook-timestamp': String(nowSeconds() - 400) })).toBe(401);
  child.kill('SIGINT');
  expect(await exited).toEqual([0, null]);
  const lines = printed
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines).toMatchObject([
    { event: 'booking.created', verified: true, cursor: expect.any(String), forwarded: { status: 200 } },
    { id: 'e1', verified: true, forwarded: { status: 200 } },
    { verified: false, rule: 'timestamp-too-old', explanation: expect.stringContaining('100 s too old') },
  ]);
}, 60_000);

const COMMAND = new URL('../src/bellhop.mjs', import.meta.url).pathname;

/** Starts a listener and resolves when it says where it listens. */
async function listen(command: Partial<Parameters<typeof webhookListen>[0]>) {
  const [stdout, stderr] = [collector(), collector()];
  let end = () => {};
  const until = new Promise<void>((resolve) => {
    end = resolve;
  });
  const io = { stdin: process.stdin, stdout, stderr };
  const ended = webhookListen({ port: 0, events: ['*'], ...command, json: true }, io, until);
  ended.catch(() => {}); // Whoever waits for it hears of it.
  const close = () => {
    end();
    return ended;
  };
  onTestFinished(() => close().catch(() => {}));
  await Promise.race([once(stderr, 'said'), ended]);
  const url = /http:\S+\//.exec(stderr.text())![0];
  const lines = () =>
    stdout
      .text()
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  return {
    url,
    close,
    ended,
    lines,
    said: (text: string) => expect.poll(() => stderr.text(), { timeout: 10_000 }).toContain(text),
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
