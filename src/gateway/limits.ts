import cluster from 'node:cluster';
import { Redis } from 'ioredis';
import type { Logger } from 'pino';
import {
  type RateLimiterAbstract,
  RateLimiterCluster,
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
  RLWrapperTimeouts,
} from 'rate-limiter-flexible';
import type { Config } from '../config.ts';

/** Whether a request may go on, and what the headers say. */
export interface Verdict {
  allowed: boolean;
  limit: number;
  remaining: number;
  /** Until the minute ends. */
  resetSeconds: number;
  /** The same as unix seconds. */
  resetAt: number;
}

/**
 * 60 requests a minute a token, REST and GraphQL together: a fixed window, as Laravel's throttle has it. Who holds no token is
 * counted by a name of their door.
 */
export interface Limits {
  take(who: number | string): Promise<Verdict>;
  close(): Promise<void>;
}

const WINDOW_SECONDS = 60;

/** Counts in memory, for all of WORKERS together, or for all processes in the Redis or Valkey of RATE_LIMIT_STORE_URL. */
export function openLimits(config: Config, log: Logger): Limits {
  const points = config.rateLimitPerMinute;
  const memory = cluster.isWorker ? countedByPrimary(points) : ownMemory(points);
  if (!config.rateLimitStoreUrl) return { take: (who) => take(memory, who, points), close: async () => {} };

  const redis = new Redis(config.rateLimitStoreUrl, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    lazyConnect: false,
  });
  redis.on('error', (error) =>
    log.warn({ error: error.message }, 'the rate-limit store can’t be reached; this process counts alone'),
  );
  const shared = new RateLimiterRedis({
    storeClient: redis,
    keyPrefix: 'bellhop',
    points,
    duration: WINDOW_SECONDS,
    insuranceLimiter: memory, // A store that is down must not take the API down with it.
  });
  return { take: (who) => take(shared, who, points), close: async () => redis.disconnect() };
}

function ownMemory(points: number): RateLimiterMemory {
  return new RateLimiterMemory({ points, duration: WINDOW_SECONDS });
}

/** In the primary's memory. A primary that doesn't answer in a second must not take the API down: its worker counts alone. */
function countedByPrimary(points: number): RateLimiterAbstract {
  return new RLWrapperTimeouts({
    limiter: new RateLimiterCluster({ points, duration: WINDOW_SECONDS }),
    timeoutMs: 1_000,
    insuranceLimiter: ownMemory(points),
  });
}

async function take(limiter: RateLimiterAbstract, who: number | string, limit: number): Promise<Verdict> {
  try {
    return verdict(await limiter.consume(String(who)), true, limit);
  } catch (refused) {
    if (refused instanceof RateLimiterRes) return verdict(refused, false, limit);
    throw refused;
  }
}

function verdict({ msBeforeNext, remainingPoints }: RateLimiterRes, allowed: boolean, limit: number): Verdict {
  const resetSeconds = Math.max(1, Math.ceil(msBeforeNext / 1000));
  return {
    allowed,
    limit,
    remaining: allowed ? remainingPoints : 0,
    resetSeconds,
    resetAt: Math.floor(Date.now() / 1000) + resetSeconds,
  };
}

/** On every answer how many are left; on a refusal also when to come back. */
export function limitHeaders(verdict: Verdict): Record<string, string> {
  const headers: Record<string, string> = {
    'x-ratelimit-limit': String(verdict.limit),
    'x-ratelimit-remaining': String(verdict.remaining),
  };
  if (!verdict.allowed) {
    headers['retry-after'] = String(verdict.resetSeconds);
    headers['x-ratelimit-reset'] = String(verdict.resetAt);
  }
  return headers;
}
