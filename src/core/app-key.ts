import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** 32 bytes, and the name under which what they sealed can be told from what other keys did. */
export interface Key {
  /** The beginning of its SHA-256: it says which key this is and nothing of what it is. */
  id: string;
  bytes: Buffer;
}

/**
 * The keys as they are at this moment. The first one seals; each of them opens. It is asked anew each time, because a
 * rotation puts another key in the first place while the server runs.
 */
export type AppKey = () => [Key, ...Key[]];

/** Keys that somebody chose: they stay as they are for the life of the process. */
export function givenKeys(first: Buffer, ...others: Buffer[]): AppKey {
  const keys: [Key, ...Key[]] = [keyOf(first), ...others.map(keyOf)];
  return () => keys;
}

/**
 * Keys kept in a file, one a line, the one that seals first. The file is read again when it has been replaced, which one
 * `stat` tells; so a rotation by another process is known here before anything it has sealed can be read.
 */
export function keptKeys(file: string): AppKey {
  makeFirst(file);
  let seen = '';
  let keys: [Key, ...Key[]];
  return () => {
    const { ino, mtimeMs, size } = statSync(file);
    const stamp = `${ino} ${mtimeMs} ${size}`;
    if (stamp !== seen) {
      keys = readKeys(file);
      seen = stamp;
    }
    return keys;
  };
}

/** Puts a new key before those in the file, and answers with it. A reader finds the old file or the new one, never half. */
export function addKey(file: string): Key {
  const key = randomBytes(32);
  const lines = [key.toString('base64'), ...readKeys(file).map(({ bytes }) => bytes.toString('base64'))];
  const next = `${file}.next`;
  writeDurably(next, `${lines.join('\n')}\n`);
  renameSync(next, file);
  return keyOf(key);
}

/** Reads a key as people write it: base64, with or without Laravel's `base64:` before it. */
export function parseKey(text: string): Buffer {
  const key = Buffer.from(text.replace(/^base64:/, ''), 'base64');
  if (key.length !== 32) throw new Error('must be 32 bytes in base64 (openssl rand -base64 32)');
  return key;
}

function keyOf(bytes: Buffer): Key {
  return { id: createHash('sha256').update(bytes).digest('hex').slice(0, 8), bytes };
}

function readKeys(file: string): [Key, ...Key[]] {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  try {
    const [first, ...others] = lines.map((line) => keyOf(parseKey(line.trim())));
    if (!first) throw new Error('has no key in it');
    return [first, ...others];
  } catch (error) {
    throw new Error(`${file} can't be used: each line ${(error as Error).message}. Restore it from a backup.`);
  }
}

/** Made once and kept. `link` decides between two processes that start at the same time: the second reads the first's. */
function makeFirst(file: string): void {
  if (existsSync(file)) return;
  mkdirSync(dirname(file), { recursive: true });
  const made = `${file}.${randomBytes(4).toString('hex')}`;
  writeDurably(made, `${randomBytes(32).toString('base64')}\n`);
  try {
    linkSync(made, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(made);
  }
}

/** What is sealed with a key that a power cut takes away is lost. */
function writeDurably(file: string, text: string): void {
  const handle = openSync(file, 'w', 0o600);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
