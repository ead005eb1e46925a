import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { clock } from '../core/clock.ts';
import type { DomainError } from '../core/errors.ts';
import type { Viewer } from '../core/viewer.ts';
import { MissingAbility } from '../graph/guard.ts';

export interface Refusals {
  /** Takes note of what a token was refused. Never throws; resolves once what has to be written is. */
  note(viewer: Viewer, error: DomainError): Promise<void>;
}

/** So many refusals of one token in so long are somebody who tries doors. */
const REPEATED = 20;
const WITHIN_MS = 5 * 60_000;

interface Known {
  /** When the latest refusals were, at most as many as count. */
  times: number[];
  /** Until when each ability that is missing needn't be written again. */
  missed: Map<string, number>;
  /** Until when a repetition needn't be told again. */
  toldUntil: number;
}

/**
 * What tokens are refused goes into the audit log: a missing ability once in five minutes, and twenty refusals within five
 * minutes, by 403 or 404, once as a critical line. Another agency's row can't be told from nobody's, so a single 404 says
 * nothing and costs nothing. Each process counts what it has refused itself.
 */
export function openRefusals(log: Logger): Refusals {
  const known = new LRUCache<number, Known>({ max: 10_000 });

  return {
    async note(viewer, error) {
      const { tokenId } = viewer.actor;
      if (tokenId === undefined || (error.code !== 'FORBIDDEN' && error.code !== 'NOT_FOUND')) return;
      const token = known.get(tokenId) ?? { times: [], missed: new Map(), toldUntil: 0 };
      known.set(tokenId, token);
      const now = clock.now().getTime();
      token.times = [...token.times.filter((time) => time > now - WITHIN_MS), now].slice(-REPEATED);
      const needs = error instanceof MissingAbility ? error.needs.join(' ') : undefined;
      const misses = needs !== undefined && (token.missed.get(needs) ?? 0) <= now;
      const repeats = token.times.length >= REPEATED && token.toldUntil <= now;
      if (misses) token.missed.set(needs, now + WITHIN_MS);
      if (repeats) token.toldUntil = now + WITHIN_MS;
      if (!misses && !repeats) return;
      await viewer
        .write(async (_tx, _emit, audit) => {
          const subject = `token:${tokenId}`;
          if (misses) audit('security.ability_refused', subject, { needs: needs.split(' ') }, 'WARNING');
          const facts = { refusals: REPEATED, withinSeconds: WITHIN_MS / 1_000 };
          if (repeats) audit('security.repeated_refusals', subject, facts, 'CRITICAL');
        })
        .catch((failure) => log.error({ err: failure, tokenId }, 'a refusal was not written into the audit log'));
    },
  };
}
