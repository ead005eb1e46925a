// Verifies a webhook of Bellhop with Node's own library. Copy `refusal`; the lines at the end run it on a request from stdin.
import { createHmac, timingSafeEqual } from 'node:crypto';

const TOLERANCE_SECONDS = 300;

/** Why a call must be refused, or null when it is Bellhop's. `headers` have lower-case names; `body` is the bytes that arrived. */
export function refusal(secret, headers, body, now = Math.floor(Date.now() / 1000)) {
  const id = headers['webhook-id'];
  const timestamp = headers['webhook-timestamp'];
  const signatures = headers['webhook-signature'];
  if (!id || !timestamp || !signatures) return 'a webhook-… header is missing';
  if (!/^\d+$/.test(timestamp)) return 'webhook-timestamp is not a number';
  if (now - Number(timestamp) > TOLERANCE_SECONDS) return 'the call is too old';
  if (Number(timestamp) - now > TOLERANCE_SECONDS) return 'the call is from the future';
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64');
  // While a secret is being changed there is one signature for the old and one for the new.
  const matches = signatures.split(' ').some((one) => same(one, `v1,${expected}`));
  return matches ? null : 'no signature matches';
}

/** The same by X-Signature, which is simpler and can't tell an old call from a new one. */
export function refusalByXSignature(secret, headers, body) {
  const expected = createHmac('sha256', secret).update(body).digest('hex');
  if (!headers['x-signature']) return 'X-Signature is missing';
  return same(headers['x-signature'], expected) ? null : 'X-Signature does not match';
}

/** Comparing letter by letter would tell an attacker by its time how many were right. */
function same(one, other) {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

// WEBHOOK_SECRET=whsec_… node verify.mjs [--x-signature] < request, where a request is its headers, an empty line and its body.
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const request = Buffer.concat(chunks);
const end = request.indexOf('\n\n');
const lines = request.subarray(0, end).toString().split('\n');
const headers = Object.fromEntries(
  lines.map((line) => [line.split(':', 1)[0].toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
);
const check = process.argv.includes('--x-signature') ? refusalByXSignature : refusal;
const reason = check(process.env.WEBHOOK_SECRET, headers, request.subarray(end + 2));
console.log(reason ?? 'verified');
process.exitCode = reason ? 1 : 0;
