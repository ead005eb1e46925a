import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { AppKey, Key } from './app-key.ts';

/**
 * Encrypts a secret for the database, with AES-256-GCM under APP_KEY. The answer is `v2.<key>.<iv>.<tag>.<ciphertext>`, the
 * last three in base64url: the key's id says which key opens it, so that a rotation can go on while both are in use.
 */
export function seal(keys: AppKey, plain: string): string {
  const [key] = keys();
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key.bytes, iv);
  const sealed = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
  return [prefixOf(key), ...[iv, cipher.getAuthTag(), sealed].map((part) => part.toString('base64url'))].join('.');
}

/** Decrypts what `seal` made, now or in a release before. Throws when none of the keys did, or when it was changed since. */
export function open(keys: AppKey, sealed: string): string {
  const [form, ...parts] = sealed.split('.');
  const id = form === 'v2' ? parts.shift() : undefined; // v1 named no key, so any of them may have made it.
  const [iv, tag, text] = parts;
  if ((form !== 'v1' && form !== 'v2') || !iv || !tag || text === undefined)
    throw new Error('This is not a sealed secret.');
  for (const { id: known, bytes } of keys()) {
    if (id !== undefined && id !== known) continue;
    const decipher = createDecipheriv('aes-256-gcm', bytes, Buffer.from(iv, 'base64url'), { authTagLength: 16 });
    decipher.setAuthTag(Buffer.from(tag, 'base64url'));
    try {
      return decipher.update(text, 'base64url', 'utf8') + decipher.final('utf8');
    } catch {
      // Another key may have sealed it.
    }
  }
  throw new Error(
    "A secret can't be decrypted: APP_KEY is not the one it was encrypted with. Add that one to APP_KEY_PREVIOUS.",
  );
}

/** What everything begins with that this key has sealed. */
export const prefixOf = ({ id }: Key): string => `v2.${id}`;
