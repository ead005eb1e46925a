import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * Whether CMI, or somebody else who knows the store key, wrote these fields: version 3 of Payten's hash. In a time that
 * doesn't tell how much of the hash was right. CMI's own example takes HTML entities out of the values and the end of a line
 * off them before it hashes, so values as they came and values so read are both tried.
 */
export function isSigned(fields: ReadonlyMap<string, string>, storeKey: string): boolean {
  const [, given = ''] = [...fields].find(([name]) => name.toLowerCase() === 'hash') ?? [];
  const plain = new Map([...fields].map(([name, value]) => [name, unescaped(value)]));
  const asTheyCame = same(given, hashOf(fields, storeKey));
  return same(given, hashOf(plain, storeKey)) || asTheyCame;
}

/**
 * SHA-512 in base64 of all values but HASH and encoding, in the order of their names as PHP's natcasesort has it, each with
 * `\` and `|` escaped, then the store key, with a `|` between each two.
 */
export function hashOf(fields: ReadonlyMap<string, string>, storeKey: string): string {
  const values = [...fields]
    .filter(([name]) => !['hash', 'encoding'].includes(name.toLowerCase()))
    .sort(([a], [b]) => compareNames(a, b))
    .map(([, value]) => value);
  const text = [...values, storeKey].map((value) => value.replace(/[\\|]/g, '\\$&')).join('|');
  return createHash('sha512').update(text, 'utf8').digest('base64');
}

/** In any case, and with numbers by their size: BillToStreet2 comes before BillToStreet12, and `_` after the letters. */
function compareNames(a: string, b: string): number {
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
