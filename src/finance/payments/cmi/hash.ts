import { createHash, timingSafeEqual } from 'node:crypto';
import type { CmiFields } from './fields.ts';

type Pairs = Iterable<readonly [name: string, value: string]>;

/**
 * Whether CMI, or somebody else who knows the store key, wrote these fields: version 3 of Payten's hash. In a time that
 * doesn't tell how much of the hash was right. CMI's own example takes HTML entities out of the values and the end of a line
 * off them before it hashes, so values as they came and values so read are both tried, and their bytes where they came in other
 * letters than UTF-8; and so are the two orders of names that Payten's kits have, which part where a name has a number or an
 * underscore in it.
 */
export function isSigned(fields: CmiFields, storeKey: string): boolean {
  const given = (fields.get('hash') ?? '').trimEnd().replaceAll(' ', '+'); // A + that wasn't encoded arrives as a blank, the first too.
  const plain = fields.pairs.map(([name, value]) => [name, unescaped(value)] as const);
  const right = ORDERS.flatMap((order) => [
    same(given, hashOf(fields.pairs, storeKey, order)),
    same(given, hashOf(plain, storeKey, order)),
    same(given, hashOf(fields.bytes, storeKey, order, 'latin1')),
  ]);
  return right.includes(true);
}

/**
 * SHA-512 in base64 of all values but HASH and encoding, in the order of their names as PHP's natcasesort has it, each with
 * `\` and `|` escaped, then the store key, with a `|` between each two.
 */
export function hashOf(
  pairs: Pairs,
  storeKey: string,
  order: Order = byNumbers,
  letters: 'utf8' | 'latin1' = 'utf8',
): string {
  const values = [...pairs]
    .filter(([name]) => !['hash', 'encoding'].includes(name.toLowerCase()))
    .sort(([a], [b]) => order(a, b))
    .map(([, value]) => value);
  const text = [...values, storeKey].map((value) => value.replace(/[\\|]/g, '\\$&')).join('|');
  return createHash('sha512').update(text, letters).digest('base64');
}

type Order = (a: string, b: string) => number;

/** As PHP's kit sorts: in any case, numbers by their size (BillToStreet2 before BillToStreet12), and `_` after the letters. */
function byNumbers(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  for (const [i, here] of left.entries()) {
    const there = right[i];
    if (there === undefined) return 1;
    const numbers = /^\d/.test(here) && /^\d/.test(there);
    if (numbers && Number(here) !== Number(there)) return Number(here) - Number(there);
    if (!numbers && here !== there) return here < there ? -1 : 1;
  }
  return left.length - right.length;
}

const partsOf = (name: string): string[] => name.toUpperCase().match(/\d+|\D/g) ?? [];

/** As the kits for Java and .NET sort: sign by sign in small letters, so that `_` comes before them. */
function bySigns(a: string, b: string): number {
  const [left, right] = [a.toLowerCase(), b.toLowerCase()];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

const ORDERS: Order[] = [byNumbers, bySigns];

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescaped(value: string): string {
  return value.replace(/\n$/, '').replace(/&(?:#(\d{1,6})|#x([\da-f]{1,5})|(\w+));/gi, (whole, decimal, hex, name) => {
    const code = decimal ? Number(decimal) : Number.parseInt(hex ?? '', 16);
    if (name) return ENTITIES[name] ?? whole;
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

function same(given: string, expected: string): boolean {
  const [a, b] = [given, expected].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(a!, b!);
}
