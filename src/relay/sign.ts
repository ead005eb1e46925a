import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * The four headers that prove where a call comes from. The Standard Webhooks trio carries one signature for each living
 * secret (given newest first), so a receiver may hold either during a rotation. X-Signature has room for one only; it
 * stays with the oldest until that has expired, because a receiver changes its secret after we do.
 */
export function signatures(call: {
  id: string;
  /** Unix seconds of this attempt. Receivers refuse what is more than five minutes old or new. */
  timestamp: number;
  body: string | Buffer;
  secrets: string[];
}): Record<string, string> {
  const oldest = call.secrets.at(-1);
  if (!oldest) throw new Error('There is no secret to sign with.');
  return {
    'webhook-id': call.id,
    'webhook-timestamp': String(call.timestamp),
    'webhook-signature': call.secrets.map((secret) => `v1,${standardSignature(secret, call)}`).join(' '),
    'X-Signature': plainSignature(oldest, call.body),
  };
}

/** A signing secret in the form that Standard Webhooks libraries take: 32 random bytes. */
export function newSecret(): string {
  return PREFIX + randomBytes(32).toString('base64');
}

export type Verdict =
  | { valid: true; xSignature: 'valid' | 'invalid' | 'missing' }
  | { valid: false; rule: Rule; explanation: string };

export type Rule =
  | 'missing-header'
  | 'timestamp-unreadable'
  | 'timestamp-too-old'
  | 'timestamp-too-new'
  | 'signature-unreadable'
  | 'body-changed'
  | 'header-changed'
  | 'signature-mismatch';

/**
 * Verifies a call as a receiver should, and says which rule failed: a receiver's author who is only told "invalid" has
 * nothing to go on. `headers` have lower-case names, as Node gives them.
 */
export function verify(call: {
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
  secret: string;
  now?: Date;
}): Verdict {
  const header = (name: string) => call.headers[name]?.toString();
  const id = header('webhook-id');
  const sent = header('webhook-timestamp');
  const offered = header('webhook-signature');
  if (!id || !sent || !offered) {
    const missing = TRIO.filter((name) => !header(name)).join(' and ');
    return refused('missing-header', `No ${missing}. A proxy may drop headers that it doesn't know.`);
  }
  const timestamp = Number(sent);
  if (!/^\d+$/.test(sent)) {
    return refused(
      'timestamp-unreadable',
      `webhook-timestamp is "${sent}", which isn't a number of seconds since 1970.`,
    );
  }
  const age = Math.floor((call.now ?? new Date()).getTime() / 1000) - timestamp;
  if (age > TOLERANCE_SECONDS) {
    return refused(
      'timestamp-too-old',
      `The call was signed ${age} s ago, which is ${age - TOLERANCE_SECONDS} s too old: it was kept back, or this machine's clock is fast.`,
    );
  }
  if (age < -TOLERANCE_SECONDS) {
    return refused(
      'timestamp-too-new',
      `The call was signed ${-age} s in the future, which is ${-age - TOLERANCE_SECONDS} s too new: compare the two machines' clocks.`,
    );
  }
  const signatures = offered.split(' ').filter((one) => one.startsWith('v1,'));
  if (signatures.length === 0) {
    return refused('signature-unreadable', `webhook-signature is "${offered}", which holds no signature "v1,…".`);
  }
  const matches = (body: string | Buffer) =>
    signatures.some((one) => same(one.slice(3), standardSignature(call.secret, { id, timestamp, body })));
  const plain = header('x-signature');
  const plainMatches = plain !== undefined && same(plain, plainSignature(call.secret, call.body));
  if (!matches(call.body))
    return reshaped(call.body).some(matches) ? REWRITTEN : plainMatches ? HEADERS_CHANGED : MISMATCH;
  return {
    valid: true,
    // Invalid is what a receiver sees that already holds the newer secret of a rotation.
    xSignature: !plain ? 'missing' : plainMatches ? 'valid' : 'invalid',
  };
}

const PREFIX = 'whsec_';
const TOLERANCE_SECONDS = 300;
const TRIO = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];

/** Standard Webhooks: the key is what the base64 part of the secret decodes to. */
function standardSignature(secret: string, call: { id: string; timestamp: number; body: string | Buffer }): string {
  const key = Buffer.from(secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret, 'base64');
  return createHmac('sha256', key).update(`${call.id}.${call.timestamp}.`).update(call.body).digest('base64');
}

/** What `hash_hmac('sha256', $body, $secret)` gives in PHP: the key is the whole secret as it is written. */
function plainSignature(secret: string, body: string | Buffer): string {
  return createHmac('sha256', secret).update(body).digest('hex');
}

function same(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** What the bytes may have been before a framework or a proxy pretty-printed them, or ended them with a new line. */
function reshaped(body: Buffer): string[] {
  const text = body.toString('utf8');
  try {
    return [text.trim(), JSON.stringify(JSON.parse(text))];
  } catch {
    return [text.trim()];
  }
}

function refused(rule: Rule, explanation: string): Verdict {
  return { valid: false, rule, explanation };
}

const REWRITTEN = refused(
  'body-changed',
  'The body was written anew after it was signed. Verify the bytes as they arrived, before any parsing.',
);

const HEADERS_CHANGED = refused(
  'header-changed',
  'The secret and the body are right, because X-Signature fits; webhook-id or webhook-timestamp was changed on the way.',
);

const MISMATCH = refused(
  'signature-mismatch',
  "No signature was made with this secret for this body. Is it this endpoint's secret, and the newest? If so, the body was changed.",
);
