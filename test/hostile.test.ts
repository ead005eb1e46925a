import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fetchFeed } from '../src/places/ical/feed/fetch.ts';
import { type Lookup, openAgent } from '../src/relay/address.ts';
import { deliver } from '../src/relay/deliver.ts';
import { claimedFor } from './support/claimed.ts';
import { type Receiver, startReceiver } from './support/receiver.ts';
import { startWorld, type World } from './support/world.ts';

/** A URL that somebody registers to make our server call what it must not. PORT is where the trap listens. */
interface Hostile {
  url: string;
  /** What its name resolves to, question by question; the last for ever. */
  dns?: string[][];
  /** False where only the call can tell: a name looks like any other. */
  atSave?: false;
}

const literal = (...hosts: string[]): Hostile[] => hosts.map((host) => ({ url: `http://${host}:PORT/hook` }));
const named = (...addresses: string[]): Hostile[] =>
  addresses.map((address) => ({ url: 'http://hook.example:PORT/', dns: [[address]], atSave: false }));

const TABLE: Hostile[] = [
  // Our own machine, however its address is written.
  ...literal('127.0.0.1', '127.1', '127.0.1', '2130706433', '0177.0.0.1', '017700000001', '0x7f.0.0.1', '0x7f000001'),
  ...literal(
    '0x7f.1',
    '0177.0.0x1',
    '127.0.0.1.',
    '①②⑦.⓪.⓪.①',
    '127。0。0。1',
    '127%2e0%2e0%2e1',
    '0',
    '0.0.0.0',
    '0.1.2.3',
  ),
  ...literal(
    'localhost',
    'LOCALHOST',
    'localhost.',
    'a.localhost',
    'a.localhost.',
    'ｌｏｃａｌｈｏｓｔ',
    'loc\u00adalhost',
  ),
  // Its neighbours, its cloud's metadata, its provider's network, and addresses that are nobody's.
  ...literal('10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '167772161', '012.0.0.1', '0xa.0.0.1'),
  ...literal('169.254.169.254', '2852039166', '0xa9fea9fe', '0251.0376.0251.0376', '169.254.170.2', '192.0.0.192'),
  ...literal('168.63.129.16', '2822734096', '[::ffff:168.63.129.16]'),
  ...literal(
    '100.64.0.1',
    '100.127.255.254',
    '100.100.100.200',
    '198.18.0.1',
    '192.0.2.1',
    '198.51.100.1',
    '203.0.113.1',
  ),
  ...literal('192.88.99.1', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255'),
  // The same in IPv6, and IPv4 inside of it.
  ...literal('[::1]', '[::]', '[0:0:0:0:0:0:0:1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::ffff:a9fe:a9fe]'),
  ...literal('[::127.0.0.1]', '[::ffff:0:127.0.0.1]', '[64:ff9b::127.0.0.1]', '[64:ff9b:1::a00:1]', '[2002:7f00:1::]'),
  ...literal(
    '[2001:0:7f00:1::]',
    '[fe80::1]',
    '[fc00::1]',
    '[fd00:ec2::254]',
    '[fec0::1]',
    '[ff02::1]',
    '[2001:db8::1]',
  ),
  ...literal('[3fff::1]', '[5f00::1]', '[100::1]', '[2001:2::1]', '[2001:10::1]', '[2001:20::1]'),
  { url: 'http://[fe80::1%25lo]:PORT/' },
  { url: 'http://[::1%lo]:PORT/' },
  // Names whose addresses are such, alone, beside good ones, and from the second question on.
  ...named('127.0.0.1', '10.1.2.3', '169.254.169.254', '100.64.0.1', '0.0.0.0', '255.255.255.255', '224.0.0.1'),
  ...named(
    '::1',
    '::',
    '::ffff:127.0.0.1',
    '::127.0.0.1',
    'fd00:ec2::254',
    'fe80::1%lo',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
  ),
  { url: 'http://mixed.example:PORT/', dns: [['93.184.215.14', '127.0.0.1']], atSave: false },
  { url: 'http://mixed.example:PORT/', dns: [['127.0.0.1', '93.184.215.14']], atSave: false },
  { url: 'http://mixed.example:PORT/', dns: [['2606:2800:21f::1', '::1']], atSave: false },
  { url: 'http://rebinding.example:PORT/', dns: [['127.0.0.1'], ['93.184.215.14']], atSave: false },
  { url: 'http://nothing.example:PORT/', dns: [['not an address']], atSave: false },
  // Ports of other protocols, on an address that is public.
  ...[22, 25, 53, 110, 143, 389, 465, 587, 993, 2049, 6000, 6667, 10080, 2375, 3306, 5432, 6379, 11211, 27017].map(
    (port) => ({
      url: `http://93.184.215.14:${port}/`,
    }),
  ),
  { url: 'https://93.184.215.14:25/' },
  // What is no call over HTTP, and what hides where a call goes.
  ...['file:///etc/passwd', 'gopher://127.0.0.1:6379/_FLUSHALL', 'ftp://127.0.0.1/', 'data:text/plain,x'].map(
    (url) => ({ url }),
  ),
  ...['javascript:alert(1)', 'unix:///var/run/docker.sock', 'ws://127.0.0.1:PORT/', '//127.0.0.1:PORT/'].map((url) => ({
    url,
  })),
  { url: 'http://user:secret@127.0.0.1:PORT/' },
  { url: 'http://example.com@127.0.0.1:PORT/' },
  { url: 'http://127.0.0.1:PORT\\@example.com/' },
  { url: 'http://127.0.0.1:PORT#@example.com/' },
  { url: 'http://127.0.0.1:PORT/\r\nX-Injected: yes' },
  { url: 'http://exam\nple.com:PORT/' },
  { url: 'http://127.0.0.1:PORT/\0' },
  { url: 'http://127.0.0.1:99999/' },
  { url: `http://127.0.0.1:PORT/${'a'.repeat(3_000)}` },
  { url: ' http://127.0.0.1:PORT/' },
];

let trap: Receiver;
let port: string;

beforeAll(async () => {
  trap = await startReceiver();
  port = new URL(trap.url).port;
});
afterAll(() => trap.close());

const at = (url: string) => url.replace('PORT', port);

/** A name server that answers with these, one list a question; the last for ever. */
function nameServer(answers: string[][]): Lookup {
  let asked = 0;
  return (_host, _options, done) => {
    const addresses = answers[Math.min(asked++, answers.length - 1)]!;
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
}

/** Where a row says nothing, every name leads to the trap, as `localhost` does. */
const TRAP = [['127.0.0.1']];

test('the table holds what it promises: sixty and more', () => {
  expect(TABLE.length).toBeGreaterThanOrEqual(60);
});

describe('what a customer registers to reach our own network', () => {
  // An endpoint of before an update, or one that was put into the database otherwise, has passed no check but this one.
  test.each(TABLE)('is never called: $url $dns', async ({ url, dns }) => {
    const agent = openAgent({ allowed: [], timeoutMs: 2_000, lookup: nameServer(dns ?? TRAP) });
    try {
      const answer = await deliver(agent, claimedFor(at(url)), { timeoutMs: 2_000, unseal: (secret) => secret });
      // What isn't HTTP is refused by the client before there is an address to judge.
      expect(/^\s*https?:/.test(url) ? ['blocked', 'crashed'] : ['network', 'crashed']).toContain(answer.outcome);
      expect(answer.statusCode).toBeUndefined();
      await expect(fetchFeed(at(url), { agent, timeoutMs: 2_000, retries: 0 })).rejects.toThrow();
      expect(trap.received).toEqual([]);
    } finally {
      await agent.destroy();
    }
  });

  // Whoever answers "look over there" is not followed, wherever there is.
  test.each([301, 302, 303, 307, 308])('is not reached by a redirect with status %i', async (status) => {
    const sending = await startReceiver({
      respond: (_call, response) => response.writeHead(status, { location: trap.url }).end(),
    });
    const agent = openAgent({ allowed: ['127.0.0.0/8'], timeoutMs: 2_000 });
    const answer = await deliver(agent, claimedFor(sending.url), { timeoutMs: 2_000, unseal: (secret) => secret });
    expect(answer).toMatchObject({ outcome: 'redirect', statusCode: status });
    expect(trap.received).toEqual([]);
    await agent.destroy();
    await sending.close();
  });

  // "Rebinding": public when it is asked for the first time, ours the second time. There is no second time.
  test('is asked for once a connection, and each connection anew', async () => {
    const questions: string[] = [];
    const rebinding: Lookup = (host, _options, done) => {
      questions.push(host);
      done(null, [{ address: questions.length === 1 ? '127.0.0.2' : '127.0.0.1', family: 4 }]);
    };
    const second = await startReceiver();
    const agent = openAgent({ allowed: ['127.0.0.2/32'], timeoutMs: 2_000, lookup: rebinding });
    const url = `http://rebinding.example:${new URL(second.url).port}/`;
    const call = () => deliver(agent, claimedFor(url), { timeoutMs: 2_000, unseal: (secret) => secret });
    expect((await call()).outcome).toBe('network'); // Nobody listens on 127.0.0.2: it was tried, and nothing else.
    expect((await call()).outcome).toBe('blocked');
    expect(questions).toHaveLength(2);
    expect(second.received).toEqual([]);
    await agent.destroy();
    await second.close();
  });
});

describe('at the doors', () => {
  let world: World;

  test('it is refused where it is typed, by GraphQL and /v1 alike, and nothing of it is kept', async () => {
    world = await startWorld({ env: { WEBHOOK_ALLOWED_NETWORKS: '' } });
    const wrong: string[] = [];
    for (const { url, atSave } of TABLE) {
      if (atSave === false) continue;
      const body = { url: at(url), events: ['*'] };
      const rest = await world.post('/v1/webhooks', body);
      const graphql = await world.graphql(
        'mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { id } }',
        { input: body },
      );
      const code = graphql.body.errors?.[0].extensions.code;
      if (rest.status !== 422 || !rest.body.errors.url || code !== 'VALIDATION')
        wrong.push(`${url}: ${rest.status} ${code}`);
    }
    expect(wrong).toEqual([]);
    expect((await world.get('/v1/webhooks')).body.meta.total).toBe(0);
  });
});

describe('the headers of a call', () => {
  // A line break in a header's value is the next header, and the one after that the body.
  test.each([
    ['a line break', 'x\r\nX-Injected: yes'],
    ['a bare line feed', 'x\nX-Injected: yes'],
    ['a NUL', 'x\0y'],
    ['letters of another script', 'réservation:مراكش'],
    ['half a character', 'x\ud800'],
    ['an endless text', 'x'.repeat(100_000)],
  ])('carry nothing raw of what stands in the database: %s', async (_what, text) => {
    const receiver = await startReceiver();
    const agent = openAgent({ allowed: ['127.0.0.0/8'], timeoutMs: 2_000 });
    const hostile = { ...claimedFor(receiver.url), eventName: text, subject: text, traceparent: text };
    const answer = await deliver(agent, hostile, { timeoutMs: 2_000, unseal: (secret) => secret });
    expect(answer.outcome).toBe('ok');
    const { headers } = receiver.received[0]!;
    expect(headers['x-injected']).toBeUndefined();
    for (const name of ['x-event', 'x-subject', 'traceparent']) expect(headers[name]).toMatch(/^[\x21-\x7e]{1,256}$/);
    await agent.destroy();
    await receiver.close();
  });
});

// The next noun that calls somebody must not bring a client of its own, which would go wherever it is sent.
test('whatever calls out does so through the one client that judges addresses', () => {
  const root = new URL('../src', import.meta.url).pathname;
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const callers = files.filter((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    const asks = [...text.matchAll(/\brequest\(/g)].length;
    const asksThroughIt = [...text.matchAll(/\bdispatcher: (how\.)?agent\b/g)].length;
    const byItself = text.includes("from 'undici'") && asks > asksThroughIt;
    return byItself || CLIENTS.some((client) => client.test(text));
  });
  expect(callers.map((file) => relative('.', file)).sort()).toEqual(Object.keys(MAY_CALL).sort());
});

/** Whatever opens a connection for HTTP: a client that is made, Node's own, and the one that is global. */
const CLIENTS = [
  /new (Agent|Client|Pool|ProxyAgent|EnvHttpProxyAgent|RetryAgent|WebSocket|EventSource)\((?!\{ connectionString)/,
  /import \{[^}]*(?<!type )\b(fetch|Agent|stream|pipeline)\b[^}]*\} from 'undici'/,
  /(?<![\w.'`])fetch\(/,
  /\bhttps?\.(request|get)\(/,
  /import \{[^}]*\b(request|get)\b[^}]*\} from 'node:https?'/,
  /from 'node:(https|http2|tls)'/,
  /\bnet\.connect\(|createConnection\(/,
  /OTLPTraceExporter\(/,
];

/** Those that may, and why: nobody but the operator says where they call. */
const MAY_CALL: Record<string, string> = {
  'relay/address.ts': 'it is the client',
  'cli/api.ts': 'the developer’s own server, from the developer’s own terminal',
  'cli/webhook-forward.ts': 'the developer’s own program, from the developer’s own terminal',
  'telemetry/tracing.ts': 'the collector that the operator names',
};
