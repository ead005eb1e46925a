import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Prisma } from '../../../prisma/generated/client/client.ts';
import { clock } from '../../core/clock.ts';
import { Conflict, DomainError } from '../../core/errors.ts';
import { open, seal } from '../../core/secrets.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import type { Answer } from './answer.ts';

/** How long a key is remembered. */
const KEPT_MS = 24 * 3_600_000;
/** How long a request may hold its key without an answer. One that was answered, well or not, has let go of it before. */
const LOCK_MS = 60_000;

/** The key of a request, or nothing when it has none. */
export function keyOf(headers: IncomingHttpHeaders): string | undefined {
  const key = headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key === 'string' && /^[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(key)) return key;
  throw new DomainError(
    'BAD_REQUEST',
    'Idempotency-Key must be 1 to 255 visible ASCII characters. A UUID is a good one.',
  );
}

/** What makes two requests the same: the method, the path with its query, and the bytes of the body. */
export function fingerprintOf(method: string, target: string, body: Buffer): string {
  return createHash('sha256').update(`${method} ${target}\n`).update(body).digest('hex');
}

/**
 * Runs a write once for each key of a token. The first request takes the key and keeps its answer; the same request again
 * gets that answer. A refusal keeps nothing, because nothing happened that must not happen twice. `viewer.write` sets
 * `committed` in the transaction of the facts; so a process that dies between the commit and the answer can't lead to a
 * second write.
 */
export async function once(
  viewer: Viewer,
  key: string,
  fingerprint: string,
  run: () => Promise<Answer>,
): Promise<Answer> {
  const lease = await take(viewer, key, fingerprint);
  if (!(lease instanceof Date)) return replay(viewer, lease, fingerprint);
  viewer.idempotencyKey = key;
  viewer.precondition = (tx) => requireLease(viewer, tx, key, lease);
  try {
    const answer = await run();
    await keep(viewer, key, lease, answer);
    return answer;
  } catch (error) {
    await letGo(viewer, key, lease);
    throw error;
  }
}

/**
 * Takes the key if it is new, if its day is over, or if whoever held it is gone and has written nothing. Answers until
 * when it is ours, or what another request made of it.
 */
async function take(viewer: Viewer, key: string, fingerprint: string): Promise<Date | Kept> {
  const { tokenId } = viewer.actor;
  const now = clock.now();
  const lease = new Date(now.getTime() + LOCK_MS);
  const data = { fingerprint, lockedUntil: lease, createdAt: now };
  const made = await viewer.db.idempotencyKey.createMany({
    data: [{ ...data, agencyId: viewer.agency.id, tokenId: tokenId!, key }],
    skipDuplicates: true,
  });
  if (made.count > 0) return lease;
  const kept = await look(viewer, key);
  if (!kept) return take(viewer, key, fingerprint); // Let go between the two statements: this request may try.
  const isOld = kept.createdAt.getTime() < now.getTime() - KEPT_MS;
  const isAbandoned = !kept.committed && kept.status === null && kept.lockedUntil < now;
  if (!isOld && !isAbandoned) return kept;
  const taken = await viewer.db.idempotencyKey.updateMany({
    where: { tokenId, key, lockedUntil: kept.lockedUntil, committed: kept.committed },
    data: { ...data, committed: false, status: null, headers: Prisma.DbNull, body: null },
  });
  return taken.count > 0 ? lease : take(viewer, key, fingerprint);
}

function look(viewer: Viewer, key: string) {
  return viewer.db.idempotencyKey.findUnique({ where: { tokenId_key: { tokenId: viewer.actor.tokenId!, key } } });
}

type Kept = NonNullable<Awaited<ReturnType<typeof look>>>;

/**
 * The first thing in the write's transaction: a request that was so slow that another took its key must not write too.
 * The lock holds the key until the commit says who has it.
 */
async function requireLease(viewer: Viewer, tx: Transaction, key: string, lease: Date): Promise<void> {
  const held = await tx.$queryRaw<unknown[]>`
    select 1 from idempotency_key
    where token_id = ${viewer.actor.tokenId} and key = ${key} and locked_until = ${lease} for update`;
  if (held.length === 0) throw inProgress(2);
}

function replay(viewer: Viewer, kept: Kept, fingerprint: string): Answer {
  if (kept.fingerprint !== fingerprint) {
    throw new DomainError(
      'IDEMPOTENCY_KEY_REUSED',
      'This Idempotency-Key came with another request before. Use a new key for a new request.',
    );
  }
  if (kept.status !== null) {
    const headers = { ...(kept.headers as Record<string, string>), 'idempotent-replayed': 'true' };
    const body = kept.body === null ? undefined : open(viewer.config.appKey, kept.body);
    return { status: kept.status, headers, body };
  }
  const waitMs = kept.lockedUntil.getTime() - clock.now().getTime();
  // A lease that ends just now has written nothing: whoever asks next takes it over.
  if (waitMs > 0 || !kept.committed) throw inProgress(Math.min(2, Math.max(1, Math.ceil(waitMs / 1000))));
  throw new Conflict(
    'IDEMPOTENCY_ANSWER_LOST',
    'The first request was carried out but its answer was lost. Read what it made; don’t send it again under a new key.',
  );
}

function inProgress(retryAfterSeconds: number): Conflict {
  return new Conflict(
    'IDEMPOTENCY_IN_PROGRESS',
    'The first request with this Idempotency-Key is still being worked on. Ask again.',
    undefined,
    { 'retry-after': String(retryAfterSeconds) },
  );
}

/** Encrypted, because an answer may hold a webhook's secret or a token, which the database must not know in the clear. */
async function keep(viewer: Viewer, key: string, lease: Date, { status, headers, body }: Answer): Promise<void> {
  await viewer.db.idempotencyKey.updateMany({
    where: { tokenId: viewer.actor.tokenId, key, lockedUntil: lease },
    // A write answers with text; bytes are printed for reads alone.
    data: { status, headers, body: body === undefined ? null : seal(viewer.config.appKey, body as string) },
  });
}

/** Nothing was written: the key is free again. Something was, and the answer failed: whoever asks is told so at once. */
async function letGo(viewer: Viewer, key: string, lease: Date): Promise<void> {
  const { tokenId } = viewer.actor;
  const ours = { tokenId, key, lockedUntil: lease, status: null };
  const { count } = await viewer.db.idempotencyKey.deleteMany({ where: { ...ours, committed: false } });
  if (count === 0) await viewer.db.idempotencyKey.updateMany({ where: ours, data: { lockedUntil: clock.now() } });
}
