import type { LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkUrl, isReachable, type Lookup, openAgent } from '../src/relay/address.ts';
import type { Claimed } from '../src/relay/claim.ts';
import { deliver } from '../src/relay/deliver.ts';
import { newSecret } from '../src/relay/sign.ts';
import { type Receiver, startReceiver } from './support/receiver.ts';

let receiver: Receiver;
let port: string;

beforeAll(async () => {
  receiver = await startReceiver();
  port = new URL(receiver.url).port;
});
afterAll(() => receiver.close());

/** Makes the call that a relay would make, over a connection that the given networks and name server allow. */
async function call(
  url: string,
  { allowed = [] as string[], lookup = undefined as Lookup | undefined, timeoutMs = 2_000 } = {},
) {
  const agent = openAgent({ allowed, timeoutMs, lookup });
  try {
    return await deliver(agent, { ...delivery, url }, { timeoutMs, unseal: (secret) => secret });
  } finally {
    await agent.destroy();
  }
}

const delivery: Claimed = {
  deliveryId: '0198a2f0-5b7c-7cc3-9f6e-0d5f0a4be002',
  agencyId: 1,
  endpointId: 1,
  lease: '0198a2f0-5b7c-7cc3-9f6e-0d5f0a4be003',
  attempt: 1,
  firstAt: new Date(),
  claimedAt: new Date(),
  eventId: '0198a2f0-5b7c-7cc3-9f6e-0d5f0a4be001',
  eventName: 'booking.confirmed',
  subject: 'booking:9876',
  subjectSeq: 3,
  eventType: 'booking.confirmed',
  last: false,
  crashedAt: null,
  test: false,
  rights: ['*'],
  selection: null,
  shaped: null,
  body: '{}',
  url: '',
  sealedSecrets: [newSecret()],
};

/** A name server that answers with these addresses, one list a question; the last one for ever. */
function nameServer(...answers: string[][]): Lookup {
  let asked = 0;
  return (_host, _options, done) => {
    const addresses = answers[Math.min(asked++, answers.length - 1)]!;
    done(
      null,
      addresses.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
}

// Hosts that have been used to make a server talk to itself, to its cloud's metadata service or to its neighbours.
const hostile = [
  '127.0.0.1',
  '127.1',
  '127.255.255.254',
  '2130706433', // 127.0.0.1 as one number
  '0177.0.0.1', // octal
  '017700000001',
  '0x7f.0.0.1', // hexadecimal
  '0x7f000001',
  '0x7f.1',
  '127.0.0.1.', // with the dot of a full name
  '①②⑦.⓪.⓪.①', // which a URL parser turns into digits
  '0',
  '0.0.0.0',
  '10.0.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '100.64.0.1', // carrier-grade NAT
  '169.254.169.254', // cloud metadata
  '2852039166', // the same as one number
  '192.0.0.192', // Oracle's metadata
  '192.0.2.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '[::1]',
  '[::]',
  '[0:0:0:0:0:0:0:1]',
  '[::ffff:127.0.0.1]', // IPv4 in IPv6
  '[::ffff:7f00:1]',
  '[::ffff:a9fe:a9fe]',
  '[::127.0.0.1]',
  '[::ffff:0:127.0.0.1]',
  '[64:ff9b::127.0.0.1]', // NAT64
  '[64:ff9b:1::a00:1]',
  '[2002:7f00:1::]', // 6to4
  '[2001:0:7f00:1::]', // Teredo
  '[fe80::1]',
  '[fc00::1]',
  '[fd00:ec2::254]', // metadata over IPv6
  '[fec0::1]',
  '[ff02::1]',
  '[2001:db8::1]',
  '[100::1]',
  '[3fff::1]',
  '[5f00::1]',
];

describe('an address that is not a public one', () => {
  // A customer who can make our server call 169.254.169.254 can read the credentials of the machine it runs on.
  test.each(hostile)('is refused when the call is made: http://%s', async (host) => {
    const answer = await call(`http://${host}:${port}/hook`);
    expect(answer).toMatchObject({ outcome: 'blocked', error: expect.stringContaining('WEBHOOK_ALLOWED_NETWORKS') });
    expect(receiver.received).toEqual([]);
  });

  // The earlier the better: whoever types it learns it at once, not from a delivery log.
  test.each(hostile)('is refused when the endpoint is registered: http://%s', (host) => {
    expect(checkUrl(`http://${host}:${port}/hook`, [])).toContain('WEBHOOK_ALLOWED_NETWORKS');
  });

  test('hides behind a name in vain', async () => {
    const internal = [
      '127.0.0.1',
      '10.1.2.3',
      '169.254.169.254',
      '::1',
      '::ffff:127.0.0.1',
      'fd00:ec2::254',
      '64:ff9b::7f00:1',
    ];
    for (const address of internal) {
      const answer = await call(`http://hook.example:${port}/`, { lookup: nameServer([address]) });
      expect(answer.outcome, address).toBe('blocked');
    }
    expect(receiver.received).toEqual([]);
  });

  // Node tries a name's addresses one after another, so a single bad one among good ones would be reached.
  test('spoils the public addresses beside it', async () => {
    for (const answer of [
      ['93.184.215.14', '127.0.0.1'],
      ['127.0.0.1', '93.184.215.14'],
      ['2606:2800:21f::1', '::1'],
    ]) {
      expect((await call(`http://mixed.example:${port}/`, { lookup: nameServer(answer) })).outcome).toBe('blocked');
    }
    expect(receiver.received).toEqual([]);
  });

  // "Rebinding": the name is public when it is checked and internal when it is used. So it is resolved once a connection.
  test('is refused when a name that was public yesterday points to it today', async () => {
    let questions = 0;
    const rebinding: Lookup = (host, options, done) => {
      questions += 1;
      nameServer(['127.0.0.1'])(host, options, done);
    };
    expect(checkUrl(`http://rebind.example:${port}/`, [])).toBeNull();
    expect((await call(`http://rebind.example:${port}/`, { lookup: rebinding })).outcome).toBe('blocked');
    expect(questions).toBe(1);
    expect(receiver.received).toEqual([]);
  });

  // A public server may answer with "look over there": http://169.254.169.254/latest/meta-data/.
  test('is not reached by a redirect', async () => {
    const redirecting = await startReceiver({
      respond: (_call, response) => response.writeHead(307, { location: receiver.url }).end(),
    });
    const answer = await call(redirecting.url, { allowed: ['127.0.0.0/8'] });
    expect(answer).toMatchObject({ outcome: 'redirect', statusCode: 307 });
    expect(receiver.received).toEqual([]);
    await redirecting.close();
  });

  // The operator of a proxy could otherwise be made to fetch what we refuse to.
  test('is not reached through a proxy from the environment', async () => {
    process.env.HTTP_PROXY = receiver.url;
    try {
      const answer = await call('http://hook.example/', { lookup: nameServer(['10.0.0.1']) });
      expect(answer.outcome).toBe('blocked');
      expect(receiver.received).toEqual([]);
    } finally {
      delete process.env.HTTP_PROXY;
    }
  });
});

describe('an operator who allows a network', () => {
  // On a laptop and in a private cloud the receivers are on such addresses.
  test('opens it by address and by name, and nothing beside it', async () => {
    const allowed = ['127.0.0.0/8', 'fd12::/16'];
    expect((await call(receiver.url, { allowed })).outcome).toBe('ok');
    expect((await call(`http://[::ffff:127.0.0.1]:${port}/`, { allowed })).outcome).toBe('ok');
    expect((await call(`http://hook.example:${port}/`, { allowed, lookup: nameServer(['127.0.0.1']) })).outcome).toBe(
      'ok',
    );
    expect(
      (await call(`http://hook.example:${port}/`, { allowed, lookup: nameServer(['127.0.0.1', '10.0.0.1']) })).outcome,
    ).toBe('blocked');
    expect((await call(`http://[::1]:${port}/`, { allowed })).outcome).toBe('blocked');
    expect(isReachable('fd12::1', allowed)).toBe(true);
    expect(isReachable('fd13::1', allowed)).toBe(false);
  });
});

describe('the URL of an endpoint', () => {
  test.each([
    ['not a URL', 'example.com/hook', /must be a URL/],
    ['nothing', '', /must be a URL/],
    ['a file', 'file:///etc/passwd', /https:\/\/ or http:\/\//],
    ['another protocol', 'gopher://example.com/', /https:\/\/ or http:\/\//],
    ['a socket of the machine', 'unix:///var/run/docker.sock', /https:\/\/ or http:\/\//],
    ['a script', 'javascript:alert(1)', /https:\/\/ or http:\/\//],
    ['a password', 'https://user:secret@example.com/', /user name or a password/],
    ['a user name that looks like a host', 'https://example.com@127.0.0.1/', /user name or a password/],
    ['our own machine by name', 'http://localhost:4000/', /WEBHOOK_ALLOWED_NETWORKS/],
    ['our own machine by a longer name', 'http://api.localhost/', /WEBHOOK_ALLOWED_NETWORKS/],
    ['our own machine with a dot', 'http://localhost./', /WEBHOOK_ALLOWED_NETWORKS/],
    ['an endless text', `https://example.com/${'a'.repeat(2048)}`, /2048/],
  ])('is refused with a reason: %s', (_what, url, reason) => {
    expect(checkUrl(url, [])).toMatch(reason);
  });

  test.each([
    'https://example.com/webhooks',
    'http://hooks.example.com:8080/a?b=c',
    'https://93.184.215.14/',
    'https://münchen.example/',
  ])('is accepted: %s', (url) => {
    expect(checkUrl(url, [])).toBeNull();
  });

  test('may be on the own machine where the operator allows it', () => {
    for (const url of ['http://localhost:4000/', 'http://127.0.0.1:4000/', 'http://2130706433/']) {
      expect(checkUrl(url, ['127.0.0.0/8'])).toBeNull();
    }
  });
});

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

describe('a receiver that misbehaves', () => {
  const allowed = ['127.0.0.0/8'];

  // A byte a moment keeps an ordinary timeout from ever running out, and one such endpoint would hold a slot for ever.
  test('is left after the timeout, though it drips a byte at a time', async () => {
    const dripping = await startReceiver({
      respond: (_call, response) => {
        response.writeHead(200);
        const drip = setInterval(() => response.write('.'), 20);
        response.on('close', () => clearInterval(drip));
      },
    });
    const answer = await call(dripping.url, { allowed, timeoutMs: 300 });
    expect(answer).toMatchObject({ outcome: 'timeout', error: expect.stringContaining('0.3 s') });
    expect(answer.totalMs).toBeLessThan(1_000);
    await dripping.close();
  });

  // A gigabyte in answer to a webhook is an attack or an accident; neither may fill our memory or our log.
  test('is read no further than 16 KiB', async () => {
    const chatty = await startReceiver({
      respond: (_call, response) => {
        response.writeHead(200);
        const pour = () => {
          while (!response.destroyed && response.write('x'.repeat(64 * 1024)));
        };
        response.on('drain', pour);
        pour();
      },
    });
    const answer = await call(chatty.url, { allowed });
    expect(answer).toMatchObject({ outcome: 'ok', statusCode: 200 });
    expect(answer.responseBody).toHaveLength(16 * 1024);
    await chatty.close();
  });

  // It has accepted the call: who counts that as a failure makes it four times more, and then gives it up.
  test.each([
    ['says 100 Continue, which nobody asked for', ['HTTP/1.1 100 Continue\r\n\r\n', OK], 200],
    ['says so twice, in one breath with its answer', [`${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(2)}${OK}`], 200],
    ['says so in pieces', ['HTTP/1.1 100 Continue\r\nX-A: b', '\r\n\r', `\n${OK}`], 200],
    ['says so between other interim answers', ['HTTP/1.1 103 Early Hints\r\n\r\n', 'HTTP/1.1 100 \r\n\r\n', OK], 200],
    ['announces a body that 204 has not', ['HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello'], 204],
  ])('is believed when it has accepted the call: one that %s', async (_what, said, statusCode) => {
    const raw = createServer((socket) => {
      socket.setNoDelay();
      socket.on('error', () => {});
      socket.once('data', async () => {
        for (const piece of said) {
          await new Promise((written) => socket.write(piece, written));
          for (let turn = 0; turn < 20; turn++) await setImmediate();
        }
      });
    });
    await once(raw.listen(0, '127.0.0.1'), 'listening');
    const answer = await call(`http://127.0.0.1:${(raw.address() as AddressInfo).port}/`, { allowed });
    expect(answer).toMatchObject({ outcome: 'ok', statusCode, error: null });
    raw.close();
  });

  // The delivery log is where an integrator looks first; "failed" would leave them with nothing.
  test.each([
    ['refuses the connection', 'http://127.0.0.1:2/', 'network', /ECONNREFUSED/],
    ['has a name that does not exist', 'http://hook.invalid/', 'dns', /ENOTFOUND/],
    ['speaks no TLS', 'https://127.0.0.1:PORT/', 'tls', /secure connection/],
  ])('is told apart in words: %s', async (_what, url, outcome, error) => {
    const gone: Lookup = (host, _options, done) =>
      done(Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' }), []);
    const answer = await call(url.replace('PORT', port), { allowed, lookup: gone });
    expect(answer).toMatchObject({ outcome, error: expect.stringMatching(error) });
  });

  test('may close the connection in the middle of its answer: it is called again, as after a network error', async () => {
    const breaking = await startReceiver({
      respond: (_call, response) => {
        response.writeHead(200, { 'content-length': 100 });
        response.write('half', () => response.destroy());
      },
    });
    expect((await call(breaking.url, { allowed })).outcome).toBe('network');
    await breaking.close();
  });
});
