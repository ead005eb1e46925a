import { createHash, randomInt, timingSafeEqual } from 'node:crypto';

/** A token as its holder has it: Sanctum's `<id>|<secret>`. */
export const tokenText = (id: number, secret: string): string => `${id}|${secret}`;

/** Reads `7|secret`. Undefined for what can't be a token. */
export function parseToken(text: string): { id: number; secret: string } | undefined {
  const match = /^([1-9]\d{0,9})\|([A-Za-z0-9]{40,255})$/.exec(text);
  return match ? { id: Number(match[1]), secret: match[2]! } : undefined;
}

/** Compares in constant time. */
export function secretMatches(secret: string, secretHash: string): boolean {
  return timingSafeEqual(Buffer.from(hash(secret), 'hex'), Buffer.from(secretHash, 'hex'));
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** 48 letters and digits: 285 bits. A fast hash is enough for a secret that nobody chose. */
export const newSecret = (): string => Array.from({ length: 48 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');

/** All that the database knows of a secret. */
export const hash = (secret: string): string => createHash('sha256').update(secret).digest('hex');
