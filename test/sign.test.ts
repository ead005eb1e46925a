import { createHmac, randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { describe, expect, test } from 'vitest';
import { givenKeys } from '../src/core/app-key.ts';
import { open, seal } from '../src/core/secrets.ts';
import { connectBody, connectBodyParts, standardBody } from '../src/relay/envelope.ts';
import { nextAttemptAt, readRetryAfter } from '../src/relay/schedule.ts';
import { newSecret, signatures, verify } from '../src/relay/sign.ts';

const id = '0198a2f0-5b7c-7cc3-9f6e-0d5f0a4be001';
const body = '{"event":"booking.confirmed","guest":"Zoë Benjelloun — villa \\"Ménara\\""}';
const nowSeconds = () => Math.floor(Date.now() / 1000);

/** A signed call as Node's HTTP server hands it over: lower-case names. */
function signed({ secrets, timestamp = nowSeconds() }: { secrets: string[]; timestamp?: number }) {
  const headers = signatures({ id, timestamp, body, secrets });
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** What each of the two public libraries says; both throw at what they refuse. */
const libraries = [
  { name: 'standardwebhooks', library: (secret: string) => new Webhook(secret) },
  { name: 'svix', library: (secret: string) => new SvixWebhook(secret) },
];

describe.each(libraries)('a receiver that verifies with $name', ({ library }) => {
  // Receivers use these libraries instead of writing their own check. One rejected byte and no webhook is ever accepted.
  test('accepts what we send, accents and all', () => {
    const secret = newSecret();
    expect(library(secret).verify(body, signed({ secrets: [secret] }))).toMatchObject({ event: 'booking.confirmed' });
  });

  // Otherwise changing a secret would lose every event between our change and the receiver's.
  test('accepts our calls with the old secret and with the new one while a secret is being changed', () => {
    const [older, newer] = [newSecret(), newSecret()];
    const headers = signed({ secrets: [newer, older] });
    expect(() => library(older).verify(body, headers)).not.toThrow();
    expect(() => library(newer).verify(body, headers)).not.toThrow();
    expect(() => library(newSecret()).verify(body, headers)).toThrow();
  });

  // A signature that outlived its body or its day would let anybody who once saw a call make bookings appear.
  test('refuses a changed body, a call from ten minutes ago and one from the future', () => {
    const secret = newSecret();
    expect(() => library(secret).verify(body.replace('Zoë', 'Zoe'), signed({ secrets: [secret] }))).toThrow();
    for (const shift of [-600, 600]) {
      const headers = signed({ secrets: [secret], timestamp: nowSeconds() + shift });
      expect(() => library(secret).verify(body, headers)).toThrow(/timestamp/i);
    }
  });
});

describe('X-Signature', () => {
  // The published recipe is one line of PHP: hash_hmac('sha256', $body, $secret). Whoever followed it depends on every bit.
  test('is the lower-case hex HMAC-SHA256 of the raw body with the whole secret string as key', () => {
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw3yRr7RGzGkE=';
    // Made with Python's hmac module, not by us.
    const expected = '03e7ad86ee65a573c4af4365216dec846e4c1fc4289a4427f23a1b21ac7a1a7b';
    expect(signed({ secrets: [secret] })['x-signature']).toBe(expected);
  });

  // It has room for one signature: were it the newer secret's, receivers would refuse everything until they are changed.
  test('stays with the older secret until that has ended', () => {
    const [older, newer] = [newSecret(), newSecret()];
    const plain = (secret: string) => createHmac('sha256', secret).update(body).digest('hex');
    expect(signed({ secrets: [newer, older] })['x-signature']).toBe(plain(older));
    expect(signed({ secrets: [newer] })['x-signature']).toBe(plain(newer));
  });
});

describe('the receiver that comes with Bellhop', () => {
  const secret = newSecret();
  const sealedAt = nowSeconds();
  const headers = signed({ secrets: [secret], timestamp: sealedAt });
  const now = new Date(sealedAt * 1000);

  // "Invalid signature" alone costs an integrator an afternoon; each of these is a mistake that people make.
  test.each([
    { mistake: 'a missing header', call: { headers: { ...headers, 'webhook-id': undefined } }, rule: 'missing-header' },
    {
      mistake: 'a date for a timestamp',
      call: { headers: { ...headers, 'webhook-timestamp': '2026-07-15' } },
      rule: 'timestamp-unreadable',
    },
    {
      mistake: 'a call kept for six minutes',
      call: { now: new Date(now.getTime() + 360_000) },
      rule: 'timestamp-too-old',
    },
    {
      mistake: 'a clock six minutes slow',
      call: { now: new Date(now.getTime() - 360_000) },
      rule: 'timestamp-too-new',
    },
    { mistake: "another endpoint's secret", call: { secret: newSecret() }, rule: 'signature-mismatch' },
    { mistake: 'JSON printed anew', call: { body: JSON.stringify(JSON.parse(body), null, 2) }, rule: 'body-changed' },
    { mistake: 'a new line at the end', call: { body: `${body}\n` }, rule: 'body-changed' },
    { mistake: 'other facts', call: { body: body.replace('confirmed', 'cancelled') }, rule: 'signature-mismatch' },
  ])('names the rule that was broken: $mistake', ({ call, rule }) => {
    const given = { headers, secret, now, ...call, body: Buffer.from(call.body ?? body) };
    expect(verify(given)).toMatchObject({ valid: false, rule, explanation: expect.stringMatching(/\.$/) });
  });

  // Both headers are promised; a receiver may check either.
  test('accepts a true call by both of its signatures', () => {
    expect(verify({ headers, secret, now, body: Buffer.from(body) })).toEqual({ valid: true, xSignature: 'valid' });
  });
});

describe('the body', () => {
  const createdAt = new Date('2026-07-15T10:23:41.622Z');

  // Receivers read these keys, and some compare the text: the order is a promise.
  test('is the published envelope: five keys in their order, compact, the time with its offset', () => {
    const data = { booking: { id: 9876, guest_name: 'Zoë' } };
    expect(standardBody({ id, event: 'booking.confirmed', createdAt, agencyId: 42, data })).toBe(
      `{"id":"${id}","event":"booking.confirmed","created_at":"2026-07-15T10:23:41+00:00","agency_id":42,"data":{"booking":{"id":9876,"guest_name":"Zoë"}}}`,
    );
  });

  // An integration written for Stayntouch Connect must not notice that it talks to someone else.
  test("in Connect's words has Connect's envelope, with the sequence number as its id", () => {
    const event = { event: 'create_reservation', createdAt, data: { hotel_id: 777, object: 'reservation' } };
    const expected =
      '{"created_at":"2026-07-15T10:23:41.622Z","event":"create_reservation","id":2739,"data":{"hotel_id":777,"object":"reservation"},"object":"event"}';
    expect(connectBody({ ...event, seq: 2739 })).toBe(expected);
    const [before, after] = connectBodyParts(event);
    expect(before + 2739 + after).toBe(expected);
  });
});

describe('the schedule', () => {
  const firstAt = new Date('2026-07-15T10:00:00Z');
  const schedule = [0, 60, 660, 7860, 86400];
  const planned = (attempt: number, random: number, more: object = {}) => {
    const now = new Date(firstAt.getTime() + schedule[attempt - 1]! * 1000);
    const at = nextAttemptAt({ attempt, firstAt, now, schedule, random: () => random, ...more });
    return at && (at.getTime() - firstAt.getTime()) / 1000;
  };

  // Too early hammers a receiver that is down; later than 24 h breaks the promise that is printed in the documents.
  test('is 1 min, 11 min, 2 h 11 min and 24 h after the first attempt, within a fifth of the gap, the last never later', () => {
    expect([1, 2, 3, 4].map((attempt) => planned(attempt, 0.5))).toEqual([60, 660, 7860, 82473]);
    expect([1, 2, 3, 4].map((attempt) => planned(attempt, 0))).toEqual([48, 540, 6420, 86400]);
    expect([1, 2, 3, 4].map((attempt) => planned(attempt, 1))).toEqual([72, 780, 9300, 78546]);
    expect(planned(5, 0.5)).toBeNull();
  });

  // A receiver that says when it will be back knows better than we do, but it can't talk us out of the promise.
  test('waits as long as the receiver asks for, but not past the last step', () => {
    expect(planned(1, 0.5, { retryAfterMs: 300_000 })).toBe(300);
    expect(planned(1, 0.5, { retryAfterMs: 10_000 })).toBe(60);
    expect(planned(2, 0.5, { retryAfterMs: 999_000_000 })).toBe(86_400);
  });

  // After an hour's Retry-After the steps in between have passed; five calls in one second would help nobody.
  test('does not make up for steps that have passed by calling at once', () => {
    const now = new Date(firstAt.getTime() + 3_600_000);
    expect(planned(2, 0.5, { now })).toBe(3_660);
    const past = new Date(firstAt.getTime() + 90_000_000);
    expect(planned(4, 0.5, { now: past })).toBe(90_000);
  });

  test('reads Retry-After as seconds and as a date', () => {
    const now = Date.parse('2026-07-15T10:00:00Z');
    expect(readRetryAfter('120', now)).toBe(120_000);
    expect(readRetryAfter('Wed, 15 Jul 2026 10:02:00 GMT', now)).toBe(120_000);
    expect(readRetryAfter('Wed, 15 Jul 2026 09:00:00 GMT', now)).toBe(0);
    for (const nonsense of [undefined, '', 'soon', '-5', '1e9', '99999999999'])
      expect(readRetryAfter(nonsense, now)).toBeUndefined();
  });
});

describe('a secret in the database', () => {
  // Whoever reads a backup could otherwise sign bookings in our name.
  test('is unreadable without APP_KEY, and a changed one is noticed', () => {
    const key = givenKeys(randomBytes(32));
    const secret = newSecret();
    const sealed = seal(key, secret);
    expect(sealed).toMatch(/^v2\.[0-9a-f]{8}\.[\w-]{16}\.[\w-]{22}\.[\w-]+$/);
    expect(sealed).not.toContain(secret.slice(6, 20));
    expect(seal(key, secret)).not.toBe(sealed);
    expect(open(key, sealed)).toBe(secret);
    expect(() => open(givenKeys(randomBytes(32)), sealed)).toThrow(/APP_KEY/);
    const [version, id, iv, tag, text] = sealed.split('.');
    const changed = `${text!.startsWith('A') ? 'B' : 'A'}${text!.slice(1)}`;
    expect(() => open(key, [version, id, iv, tag, changed].join('.'))).toThrow(/APP_KEY/);
    expect(() => open(key, 'whsec_plain')).toThrow(/not a sealed secret/);
  });

  // Whoever updates Bellhop keeps the endpoints that were registered before, whose secrets named no key.
  test('that a release before has sealed is read on, under whichever of the keys it was', () => {
    const old = Buffer.alloc(32, 7);
    const sealed = 'v1.AAECAwQFBgcICQoL.49SxQvOlamTPFhGEN5vDGA.b-maFX5WuywR3Zf5';
    expect(open(givenKeys(randomBytes(32), old), sealed)).toBe('whsec_before');
    expect(() => open(givenKeys(randomBytes(32)), sealed)).toThrow(/APP_KEY_PREVIOUS/);
  });
});
