import { LRUCache } from 'lru-cache';
import pRetry from 'p-retry';
import type { Logger } from 'pino';
import type { Services } from '../core/viewer.ts';
import { open } from '../platform/webhooks/secrets.ts';
import { openAgent } from './address.ts';
import { type Claimed, claim } from './claim.ts';
import { deliver } from './deliver.ts';
import { dispatch } from './dispatch.ts';
import { claimErrands, runErrand } from './errands.ts';
import { openSettler, resultOf } from './settle.ts';

export interface Relay {
  /** Begins to dispatch and deliver by itself, until `stop`. */
  start(): void;
  /** Dispatches and delivers all that is due now, settles it, then returns. Needs no `start`. */
  drain(): Promise<void>;
  /** True while it works: started, not stopping, and the database answers. */
  running(): boolean;
  /** Claims no more and returns when what is in flight has been settled, which takes at most the webhook timeout. */
  stop(): Promise<void>;
}

interface Deps extends Services {
  log: Logger;
}

/**
 * Tells the world: events become deliveries (dispatch), deliveries become signed calls (claim, deliver), calls become log
 * lines and next attempts (settle). Any number of relays share one database without knowing of each other, and every
 * state is a row; a relay can be killed anywhere and the worst that happens is that a receiver hears something twice.
 */
export function startRelay(deps: Deps): Relay {
  const relay = createRelay(deps);
  relay.start();
  return relay;
}

/** A relay that does nothing until it is told to start, or to drain. */
export function createRelay({ log, ...services }: Deps): Relay {
  const { config, wake } = services;
  const pool = services.database.system;
  const schedule = config.webhookRetrySchedule;
  const timeoutMs = config.webhookTimeoutSeconds * 1000;
  const leaseMs = timeoutMs + LEASE_MARGIN_MS;
  const agent = openAgent({ allowed: config.webhookAllowedNetworks, timeoutMs });
  const unseal = secretReader(config.appKey);
  const stopping = new AbortController();
  const givingUp = new AbortController();
  const inFlight = new Set<Promise<void>>();
  const errands = new Set<Promise<void>>();

  const dispatching = openLoop('dispatch', dispatchDue);
  const delivering = openLoop('deliver', deliverDue);
  const running = openLoop('errands', errandsDue);
  const settler = openSettler({ pool, log, signal: givingUp.signal, onSettled: delivering.ring });
  let stopped: Promise<void> | undefined;

  return {
    start() {
      dispatching.start();
      delivering.start();
      running.start();
    },
    async drain() {
      for (;;) {
        const found = [await dispatchDue(), await deliverDue(), await errandsDue()];
        await allSettled();
        if (!found.includes(true)) return;
      }
    },
    running: () => dispatching.healthy() && delivering.healthy() && running.healthy(),
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };

  async function dispatchDue(): Promise<boolean> {
    const events = await dispatch(pool);
    if (events > 0) {
      delivering.ring();
      running.ring();
    }
    return events > 0;
  }

  /** Starts a call for each delivery it claims: nothing that is claimed waits here, so a lease covers the whole attempt. */
  async function deliverDue(): Promise<boolean> {
    const room = Math.min(MOST_IN_ONE_CLAIM, MOST_CALLS - inFlight.size);
    if (room <= 0) return false; // The next settle rings.
    const claimed = await claim(pool, { room, leaseMs, mostAttempts: schedule.length });
    const at = performance.now();
    for (const delivery of claimed) {
      const call: Promise<void> = attempt(delivery, at).finally(() => inFlight.delete(call));
      inFlight.add(call);
    }
    return claimed.length > 0;
  }

  async function attempt(delivery: Claimed, claimedAt: number): Promise<void> {
    // PostgreSQL's clock, carried on by ours, so that relays on several machines agree about the schedule.
    const startedAt = new Date(delivery.claimedAt.getTime() + performance.now() - claimedAt);
    const answer = await deliver(agent, delivery, { timeoutMs, unseal });
    if (answer.outcome === 'crashed')
      log.error({ delivery: delivery.deliveryId, reason: answer.error }, 'a call could not be made');
    settler.add(resultOf(delivery, answer, { schedule, startedAt }));
  }

  async function errandsDue(): Promise<boolean> {
    const claimed = await claimErrands(pool, { room: MOST_ERRANDS - errands.size, leaseMs });
    for (const errand of claimed) {
      const run: Promise<void> = runErrand(errand, { services, schedule, log }).finally(() => {
        errands.delete(run);
        running.ring();
      });
      errands.add(run);
    }
    return claimed.length > 0;
  }

  async function allSettled(): Promise<void> {
    await Promise.all([...inFlight, ...errands]);
    await settler.idle();
  }

  async function stop(): Promise<void> {
    stopping.abort();
    dispatching.ring();
    delivering.ring();
    running.ring();
    await Promise.all([dispatching.ended(), delivering.ended(), running.ended()]);
    const tooLong = setTimeout(() => givingUp.abort(), leaseMs);
    await allSettled();
    clearTimeout(tooLong);
    await agent.destroy();
  }

  /**
   * Repeats a step for as long as it finds something, then waits for a hint, or for a while: 20 ms at first, doubling to
   * a second. The wait begins before the step looks, so a hint that comes while it is looking isn't lost.
   */
  function openLoop(name: string, step: () => Promise<boolean>) {
    let hinted = new AbortController();
    let healthy = false;
    let ended: Promise<void> | undefined;

    async function run(): Promise<void> {
      let pauseMs = SHORTEST_PAUSE_MS;
      while (!stopping.signal.aborted) {
        hinted = new AbortController();
        const hint = wake.next(pauseMs, hinted.signal);
        const found = await persistently();
        if (found) hinted.abort();
        await hint;
        pauseMs = found ? SHORTEST_PAUSE_MS : Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      }
    }

    /** A database that restarts is waited for; so is one that refuses for a reason that only its operator can mend. */
    function persistently(): Promise<boolean> {
      return pRetry(step, {
        retries: Number.POSITIVE_INFINITY,
        minTimeout: 100,
        maxTimeout: 5_000,
        randomize: true,
        signal: stopping.signal,
        onFailedAttempt: ({ error }) => {
          if (stopping.signal.aborted) return;
          healthy = false;
          log.warn({ err: error }, `${name} failed; it will be tried again`);
        },
      }).then(
        (found) => {
          healthy = true;
          return found;
        },
        (error) => {
          if (!stopping.signal.aborted) log.error({ err: error }, `${name} failed`);
          return false;
        },
      );
    }

    return {
      start(): void {
        ended ??= run();
      },
      ring: () => hinted.abort(),
      healthy: () => healthy && !stopping.signal.aborted,
      ended: async () => ended,
    };
  }
}

/** The time between the longest attempt and the end of its lease, in which it must be settled. */
const LEASE_MARGIN_MS = 15_000;
/** Calls in flight at once. Thirty endpoints that hang until the timeout still leave room for the others. */
const MOST_CALLS = 256;
const MOST_IN_ONE_CLAIM = 64;
/** Errands that run at once, beside the calls. */
const MOST_ERRANDS = 16;
const SHORTEST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1_000;

/** Decrypts each secret once. */
function secretReader(appKey: Buffer): (sealed: string) => string {
  const known = new LRUCache<string, string>({ max: 1_000 });
  return (sealed) => {
    const secret = known.get(sealed) ?? open(appKey, sealed);
    known.set(sealed, secret);
    return secret;
  };
}
