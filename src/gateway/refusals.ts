import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { clock } from '../core/clock.ts';
import { type DomainError, MissingAbility } from '../core/errors.ts';
import type { Audit, Viewer } from '../core/viewer.ts';
import type { Transaction } from '../database/index.ts';

/** What tokens are refused goes into the audit log. None of these throws; each resolves once what has to be written is. */
export interface Refusals {
  /** A request was refused. `asked` says in a few words what for, and names nobody: `GET /v1/bookings/900`. */
  note(viewer: Viewer, error: DomainError, asked?: string): Promise<void>;
  /** Somebody named a token and gave a wrong secret, or one that is over. The viewer is of the token's agency, and nobody. */
  noteUnproven(viewer: Viewer, tokenId: number): Promise<void>;
}

/** So many refusals of one token in so long are somebody who tries doors. */
const REPEATED = 20;
const WITHIN_MS = 5 * 60_000;

/** A process writes down so many at once: a token that is refused the same again and again costs little. */
const AT_ONCE = 5;

/** A token can be refused in two ways, and each is counted by itself. */
type Kind = 'denied' | 'unproven';

/**
 * A missing ability and an id that the agency has nothing of are a line each, once in five minutes; twenty refusals of a
 * token within five minutes, by 401, or by 403 and 404, are a critical one. Another agency's row isn't told from nobody's, here
 * no more than in the answer: a log that could tell them apart would be the hole in the wall that nobody may make.
 *
 * The count is in the database, so that it is one however many processes refuse; each of them keeps at most four refusals of
 * a token to itself, until it has a fifth or something else to write. Once a token has been told of, and until that is five
 * minutes ago, its refusals cost nothing more: whoever floods us must not fill our disk.
 */
export function openRefusals(log: Logger): Refusals {
  /** What each process needn't write again, and until when. */
  const written = new LRUCache<string, number>({ max: 50_000 });
  /** When a token was refused, as far as the database doesn't know. */
  const pending = new LRUCache<string, Date[]>({ max: 10_000 });

  function isNews(what: string, now: number): boolean {
    if ((written.get(what) ?? 0) > now) return false;
    written.set(what, now + WITHIN_MS);
    return true;
  }

  async function count(viewer: Viewer, tokenId: number, kind: Kind, tell?: (audit: Audit) => void): Promise<void> {
    const now = clock.now();
    const since = new Date(now.getTime() - WITHIN_MS);
    const quiet = `quiet ${kind} ${tokenId}`;
    const mine = `${kind} ${tokenId}`;
    if ((written.get(quiet) ?? 0) > now.getTime()) return;
    const times = [...(pending.get(mine) ?? []).filter((time) => time > since), now];
    pending.set(mine, times);
    if (!tell && times.length < AT_ONCE) return;
    pending.delete(mine);
    try {
      const toldAt = await viewer.write(async (tx, _emit, audit) => {
        tell?.(audit);
        const found = await countIn(tx, { agencyId: viewer.agency.id, tokenId, kind, times, now });
        if (found.isNews) {
          const facts = { kind, refusals: REPEATED, withinSeconds: WITHIN_MS / 1_000 };
          audit('security.repeated_refusals', `token:${tokenId}`, facts, 'CRITICAL');
        }
        return found.toldAt;
      });
      if (toldAt) written.set(quiet, toldAt.getTime() + WITHIN_MS);
    } catch (failure) {
      log.error({ err: failure, tokenId }, 'a refusal was not written into the audit log');
    }
  }

  return {
    async note(viewer, error, asked) {
      const { tokenId } = viewer.actor;
      if (tokenId === undefined || (error.code !== 'FORBIDDEN' && error.code !== 'NOT_FOUND')) return;
      const now = clock.now().getTime();
      const subject = `token:${tokenId}`;
      const needs = error instanceof MissingAbility ? error.needs : undefined;
      const isNew = needs
        ? isNews(`${tokenId} needs ${needs.join(' ')}`, now)
        : asked !== undefined && isNews(`${tokenId} asked ${asked}`, now);
      const tell = (audit: Audit) => {
        if (needs) audit('security.ability_refused', subject, { needs, asked }, 'WARNING');
        else audit('security.not_found', subject, { asked }, 'WARNING');
      };
      await count(viewer, tokenId, 'denied', isNew ? tell : undefined);
    },
    noteUnproven: (viewer, tokenId) => count(viewer, tokenId, 'unproven'),
  };
}

/** Counts some more, and says whether they are the ones to tell of: the row is held, so of many processes one is told so. */
async function countIn(
  tx: Transaction,
  { agencyId, tokenId, kind, times, now }: { agencyId: number; tokenId: number; kind: Kind; times: Date[]; now: Date },
): Promise<{ isNews: boolean; toldAt: Date | null }> {
  const since = new Date(now.getTime() - WITHIN_MS);
  const [counted] = await tx.$queryRaw<{ count: number; told_at: Date | null }[]>`
    insert into token_refusal as r (agency_id, token_id, kind, times)
    values (${agencyId}::int, ${tokenId}::int, ${kind}, ${times}::timestamptz[])
    on conflict (token_id, kind) do update set times = (
      select array_agg(at order by at) from (
        select at from unnest(r.times || excluded.times) at where at > ${since}::timestamptz
        order by at desc limit ${REPEATED}::int
      ) latest)
    returning cardinality(times)::int as count, case when told_at > ${since}::timestamptz then told_at end as told_at`;
  const { count, told_at: toldAt } = counted!;
  if (toldAt || count < REPEATED) return { isNews: false, toldAt };
  await tx.$executeRaw`
    update token_refusal set told_at = ${now}::timestamptz where token_id = ${tokenId}::int and kind = ${kind}`;
  return { isNews: true, toldAt: now };
}
