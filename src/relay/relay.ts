import type { GraphQLSchema } from 'graphql';
import { LRUCache } from 'lru-cache';
import pRetry from 'p-retry';
import type { Logger } from 'pino';
import type { AppKey } from '../core/app-key.ts';
import { open } from '../core/secrets.ts';
import type { Services } from '../core/viewer.ts';
import { openAgent } from './address.ts';
import { type Claimed, claim } from './claim.ts';
import { deliver } from './deliver.ts';
import { claimErrands, runErrand } from './errands.ts';
import { type Front, openFront } from './front.ts';
import { observeCall } from './observe.ts';
import { LATER_MS, openPreparation } from './prepare.ts';
import { release } from './release.ts';
import { advanceReplays } from './replay.ts';
import { openSettler, resultOf } from './settle.ts';
import { openTransport } from './transport.ts';

export interface Relay {
  /** Begins to dispatch and deliver by itself, until `stop`. */
  start(): void;
  /** Dispatches and delivers all that is due now, settles it, then returns. Needs no `start`. */
  drain(): Promise<void>;
  /** True while it works: started, not stopping, and the database answers. */
  running(): boolean;
  /**
   * Claims no more, gives back what has not been begun, and returns when what is in flight has been settled, which takes at
   * most the webhook timeout.
   */
  stop(): Promise<void>;
}

interface Deps extends Services {
  log: Logger;
  /** What selections are rendered by. */
  schema: GraphQLSchema;
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
export function createRelay({ log, schema, ...services }: Deps): Relay {
  const { config, wake } = services;
  const pool = services.database.system;
  const schedule = config.webhookRetrySchedule;
  const timeoutMs = config.webhookTimeoutSeconds * 1000;
  const leaseMs = timeoutMs + LEASE_MARGIN_MS;
  const windowMs = schedule.at(-1)! * 1000;
  const agent = openAgent({ allowed: config.webhookAllowedNetworks, timeoutMs });
  const unseal = secretReader(config.appKey);
  const prepare = openPreparation({ ...services, schema, log, windowMs });
  const stopping = new AbortController();
  const givingUp = new AbortController();
  const inFlight = new Set<Promise<void>>();
  const errands = new Set<Promise<void>>();

  const transport = openTransport({ pool, config, log, onArrival: () => dispatching.ring() });
  const fronts = { log: openFront(), events: openFront(), turns: openFront() };
  const { publish } = transport;
  const publishing = publish && openLoop('publish', async () => (await publish(fronts.log)) > 0);
  const dispatching = openLoop('dispatch', () => dispatchDue(fronts.events));
  const delivering = openLoop('deliver', () => deliverDue(fronts.turns));
  const running = openLoop('errands', errandsDue);
  const replaying = openLoop('replays', replaysDue);
  const loops = [dispatching, delivering, running, replaying, ...(publishing ? [publishing] : [])];
  const settler = openSettler({
    pool,
    log,
    windowMs,
    signal: givingUp.signal,
    onSettled() {
      delivering.ring();
      replaying.ring();
    },
    onNews: (publishing ?? dispatching).ring,
  });
  let stopped: Promise<void> | undefined;

  return {
    start() {
      for (const loop of loops) loop.start();
    },
    async drain() {
      for (;;) {
        const found = [
          await publishDue(),
          await dispatchDue(),
          await replaysDue(),
          await deliverDue(),
          await errandsDue(),
        ];
        await allSettled();
        if (!found.includes(true)) return;
      }
    },
    running: () => loops.every((loop) => loop.healthy()),
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };

  async function publishDue(): Promise<boolean> {
    const events = await transport.publish?.();
    await transport.arrived?.();
    return events !== undefined && events > 0;
  }

  async function dispatchDue(front?: Front): Promise<boolean> {
    const events = await transport.dispatch(front);
    if (events > 0) {
      delivering.ring();
      running.ring();
    }
    return events > 0;
  }

  /** Starts a call for each delivery it claims: nothing that is claimed waits here, so a lease covers the whole attempt. */
  async function deliverDue(front?: Front): Promise<boolean> {
    const room = Math.min(MOST_IN_ONE_CLAIM, MOST_CALLS - inFlight.size);
    if (room <= 0) return false; // The next settle rings.
    const crowded = inFlight.size >= CROWDED_FROM;
    const claimed = await claim(pool, { room, leaseMs, windowMs, mostAttempts: schedule.length, crowded, front });
    const at = performance.now();
    if (stopping.signal.aborted && claimed.length > 0) {
      await release(pool, claimed, { windowMs });
      return false;
    }
    for (const delivery of claimed) {
      const call: Promise<void> = attempt(delivery, at).finally(() => inFlight.delete(call));
      inFlight.add(call);
    }
    return claimed.length > 0;
  }

  async function attempt(delivery: Claimed, claimedAt: number): Promise<void> {
    // PostgreSQL's clock, carried on by ours, so that relays on several machines agree about the schedule.
    const startedAt = new Date(delivery.claimedAt.getTime() + performance.now() - claimedAt);
    const preparing = prepare(delivery);
    const prepared = preparing instanceof Promise ? await preparing : preparing;
    if (prepared === 'later') return await postpone(delivery);
    const answer =
      'answer' in prepared
        ? prepared.answer
        : await observeCall(prepared.send, log, (call) => deliver(agent, call, { timeoutMs, unseal }));
    if (answer.outcome === 'crashed')
      log.error({ delivery: delivery.deliveryId, reason: answer.error }, 'a call could not be made');
    settler.add(resultOf(delivery, answer, { schedule, startedAt }));
  }

  /** Without an attempt. Where that fails too, the lease runs out and costs one. */
  async function postpone(delivery: Claimed): Promise<void> {
    await release(pool, [delivery], { windowMs, afterMs: LATER_MS }).catch((err) =>
      log.error({ err, delivery: delivery.deliveryId }, 'a delivery could not be put off'),
    );
  }

  async function replaysDue(): Promise<boolean> {
    const moved = await advanceReplays(pool);
    if (moved) delivering.ring();
    return moved;
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
    for (const loop of loops) loop.ring();
    await Promise.all(loops.map((loop) => loop.ended()));
    await transport.close();
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
/** Calls in flight at once. */
const MOST_CALLS = 1_024;
/**
 * With so many under way, each endpoint gets a few of what is left: thirty-two that hang can take this much, and all that
 * answer share the rest.
 */
const CROWDED_FROM = 256;
const MOST_IN_ONE_CLAIM = 64;
/** Errands that run at once, beside the calls. */
const MOST_ERRANDS = 16;
const SHORTEST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1_000;

/** Decrypts each secret once. */
function secretReader(appKey: AppKey): (sealed: string) => string {
  const known = new LRUCache<string, string>({ max: 1_000 });
  return (sealed) => {
    const secret = known.get(sealed) ?? open(appKey, sealed);
    known.set(sealed, secret);
    return secret;
  };
}
