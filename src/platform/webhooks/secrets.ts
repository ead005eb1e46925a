import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/**
 * Encrypts a signing secret for the database, with AES-256-GCM under APP_KEY. The answer is `v1.<iv>.<tag>.<ciphertext>`
 * in base64url; its first part lets a later form stand beside this one.
 */
export function seal(key: Buffer, plain: string): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  const sealed = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
  return ['v1', ...[iv, cipher.getAuthTag(), sealed].map((part) => part.toString('base64url'))].join('.');
}

/** Decrypts what `seal` made. Throws when it was sealed with another key, or changed since. */
export function open(key: Buffer, sealed: string): string {
  const [version, iv, tag, text] = sealed.split('.');
  if (version !== 'v1' || !iv || !tag || text === undefined) throw new Error('This is not a sealed secret.');
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64url'), { authTagLength: 16 });
  decipher.setAuthTag(Buffer.from(tag, 'base64url'));
  try {
    return decipher.update(text, 'base64url', 'utf8') + decipher.final('utf8');
  } catch (cause) {
    throw new Error("A webhook secret can't be decrypted: APP_KEY is not the one it was encrypted with.", { cause });
  }
}
