import type { GraphQLSchema } from 'graphql';
import { LRUCache } from 'lru-cache';
import pg from 'pg';
import type { Logger } from 'pino';
import type { AppKey } from '../core/app-key.ts';
import { clock } from '../core/clock.ts';
import { persist } from '../core/persist.ts';
import { open } from '../core/secrets.ts';
import type { Services } from '../core/viewer.ts';
import { openWait, type Wait } from '../core/wait.ts';
import { openAgent } from './address.ts';
import { type Claimed, claim, dispatchAndClaim, type Taken } from './claim.ts';
import { deliver } from './deliver.ts';
import { type Dispatched, dispatch, headOfLog, startWatch } from './dispatch.ts';
import { claimErrands, runErrand } from './errands.ts';
import { type Front, openFront } from './front.ts';
import { observeCall } from './observe.ts';
import { explain } from './outcome.ts';
import { LATER_MS, openPreparation } from './prepare.ts';
import { openRefusals } from './refusals.ts';
import { release } from './release.ts';
import { advanceReplays } from './replay.ts';
import { openSettler, type Result, resultOf } from './settle.ts';
import { openTransport, type Transport } from './transport.ts';
import { openUnderWay } from './under-way.ts';

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
  const advances = services.database.ownConnection();
  const schedule = config.webhookRetrySchedule;
  const timeoutMs = config.webhookTimeoutSeconds * 1000;
  const leaseMs = timeoutMs + LEASE_MARGIN_MS;
  const windowMs = schedule.at(-1)! * 1000;
  const agent = openAgent({ allowed: config.webhookAllowedNetworks, timeoutMs });
  const unseal = secretReader(config.appKey);
  const prepare = openPreparation({ ...services, schema, log, windowMs });
  const stopping = new AbortController();
  const givingUp = new AbortController();
  const calls = openUnderWay();
  const errands = openUnderWay();

  const fronts = { log: openFront(), turns: openFront() };
  // What is hinted at may be for any of them: who is woken rings the others when there is something for them, or nothing here.
  const advancing = openLoop('deliver', () => advance(fronts), wake.next);
  const running = openLoop('errands', errandsDue, openWait);
  const replaying = openLoop('replays', replaysDue, openWait);
  const transport = openTransport({ pool, config, log, onArrival: () => dispatching?.ring() });
  const publishing = transport && openLoop('publish', () => publishDue(transport, fronts.log), wake.next);
  const dispatching = transport && openLoop('dispatch', () => dispatchDue(transport), openWait);
  const loops = [advancing, running, replaying, publishing, dispatching].filter((loop) => loop !== undefined);
  const settler = openSettler({
    pool: services.database.ownConnection(),
    apart: pool,
    log,
    windowMs,
    signal: givingUp.signal,
    onMore: () => advancing.ring(),
    onNews() {
      (publishing ?? advancing).ring();
      running.ring();
    },
    onReplay: () => replaying.ring(),
  });
  let stopped: Promise<void> | undefined;
  const refusals = openRefusals();

  return {
    start() {
      for (const loop of loops) loop.start();
    },
    async drain() {
      for (;;) {
        const carried = transport ? [await publishDue(transport), await dispatchArrived(transport)] : [];
        const found = [...carried, await advance(), await replaysDue(), await errandsDue()];
        await allSettled();
        if (found.every((what) => what === 'none')) return;
      }
    },
    running: () => loops.every((loop) => loop.healthy()) && refusals.healthy(),
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };

  /**
   * Dispatches what is new in the log, and starts a call for each delivery that it claims: nothing that is claimed waits
   * here, so a lease covers the whole attempt.
   */
  async function advance(from?: typeof fronts): Promise<Found> {
    const room = Math.min(MOST_IN_ONE_CLAIM, MOST_CALLS - calls.count);
    const crowded = calls.count >= CROWDED_FROM;
    const options = { room, leaseMs, windowMs, mostAttempts: schedule.length, crowded, front: from?.turns };
    const claimOnly = async () => (room > 0 ? begin(await claim(advances, options), room) : 'none'); // A settle rings.
    const most = refusals.most();
    if (transport || most === 0) return claimOnly();

    const events = { front: from?.log, most, passed: refusals.passed() };
    const watch = startWatch();
    try {
      if (room <= 0) {
        const { more } = told(await dispatch(advances, events));
        refusals.accepted(watch.tookMs());
        return more ? 'more' : 'none';
      }
      const taken = await dispatchAndClaim(advances, { ...options, log: events });
      refusals.accepted(watch.tookMs());
      const { more, events: dispatched } = told(taken.dispatched);
      const begun = await begin(taken, room);
      return more ? 'more' : begun === 'none' && dispatched > 0 ? 'some' : begun;
    } catch (error) {
      if (!from || !(error instanceof pg.DatabaseError)) throw error;
      const found = await claimOnly(); // What can't be dispatched must not keep back what has been.
      const head = most === 1 ? await headOfLog(advances, events.passed) : null;
      const isPassed = refusals.refused(error, most, head);
      if (isPassed) log.error({ err: error, seq: head }, 'an event can’t be dispatched; it is passed by for a while');
      else log.warn({ err: error }, 'dispatch failed; it will be tried again');
      return isPassed ? 'more' : found;
    }
  }

  function told(dispatched: Dispatched): Dispatched {
    if (dispatched.events === 0) ringOthers();
    else if (dispatched.errands > 0) running.ring();
    return dispatched;
  }

  function ringOthers(): void {
    running.ring();
    replaying.ring();
  }

  async function begin({ claimed, turns }: Taken, room: number): Promise<Found> {
    const at = { elapsed: performance.now(), aheadMs: clock.aheadMs };
    const alive = claimed.filter(({ crashedAt }) => !crashedAt);
    for (const delivery of claimed) if (delivery.crashedAt) settler.add(crashOf(delivery, delivery.crashedAt));
    if (stopping.signal.aborted && alive.length > 0) {
      await release(pool, alive, { windowMs });
      return 'none';
    }
    for (const delivery of alive) calls.add(attempt(delivery, at));
    if (claimed.length === room || turns === MOST_TURNS) return 'more';
    return claimed.length > 0 ? 'some' : 'none';
  }

  async function publishDue(to: Transport, front?: Front): Promise<Found> {
    const events = await to.publish(front);
    if (events === 0) ringOthers();
    return events > 0 ? 'more' : 'none';
  }

  async function dispatchDue(from: Transport): Promise<Found> {
    const events = await from.dispatch();
    if (events > 0) {
      advancing.ring();
      running.ring();
    }
    return events > 0 ? 'more' : 'none';
  }

  async function dispatchArrived(from: Transport): Promise<Found> {
    await from.arrived();
    return dispatchDue(from);
  }

  async function attempt(delivery: Claimed, claimed: { elapsed: number; aheadMs: number }): Promise<void> {
    // PostgreSQL's clock, carried on by ours, so that relays on several machines agree about the schedule, and one whose own
    // clock is wrong signs no call with a time that its receiver refuses.
    const nowMs = () => delivery.claimedAt.getTime() + performance.now() - claimed.elapsed;
    const startedAt = new Date(nowMs());
    // The receiver's clock judges it, so it is the real time even where a test has moved ours.
    const now = () => nowMs() - claimed.aheadMs;
    const preparing = prepare(delivery);
    const prepared = preparing instanceof Promise ? await preparing : preparing;
    if (prepared === 'later') return await postpone(delivery);
    const answer =
      'answer' in prepared
        ? prepared.answer
        : await observeCall(prepared.send, log, (call) => deliver(agent, call, { timeoutMs, unseal, now }));
    if (answer.outcome === 'crashed')
      log.error({ delivery: delivery.deliveryId, reason: answer.error }, 'a call could not be made');
    settler.add(resultOf(delivery, answer, { schedule, startedAt }));
  }

  /** The last attempt's relay died with it, so it ends here. */
  function crashOf(delivery: Claimed, crashedAt: Date): Result {
    const answer = { outcome: 'crashed', error: explain({ outcome: 'crashed' }), totalMs: leaseMs } as const;
    return resultOf(delivery, answer, { schedule, startedAt: new Date(crashedAt.getTime() - leaseMs) });
  }

  /** Without an attempt. Where that fails too, the lease runs out and costs one. */
  async function postpone(delivery: Claimed): Promise<void> {
    await release(pool, [delivery], { windowMs, afterMs: LATER_MS }).catch((err) =>
      log.error({ err, delivery: delivery.deliveryId }, 'a delivery could not be put off'),
    );
  }

  async function replaysDue(): Promise<Found> {
    const moved = await advanceReplays(pool);
    if (moved) advancing.ring();
    return moved ? 'more' : 'none';
  }

  async function errandsDue(): Promise<Found> {
    const claimed = await claimErrands(pool, {
      room: MOST_ERRANDS - errands.count,
      leaseMs: timeoutMs + ERRAND_MARGIN_MS,
    });
    for (const errand of claimed) {
      errands.add(runErrand(errand, { services, schedule, log }).finally(() => running.ring()));
    }
    return claimed.length > 0 ? 'more' : 'none';
  }

  async function allSettled(): Promise<void> {
    await Promise.all([calls.none(), errands.none()]);
    await settler.idle();
  }

  async function stop(): Promise<void> {
    stopping.abort();
    for (const loop of loops) loop.ring();
    await Promise.all(loops.map((loop) => loop.ended()));
    await transport?.close();
    const tooLong = setTimeout(() => givingUp.abort(), leaseMs);
    await allSettled();
    clearTimeout(tooLong);
    await agent.destroy();
  }

  /**
   * Repeats a step for as long as there is more, then waits until it is rung, or for a while: 20 ms at first, doubling to
   * a second. The wait begins before the step looks, so a hint that comes while it is looking isn't lost.
   */
  function openLoop(name: string, step: () => Promise<Found>, wait: (ms: number) => Wait) {
    let waiting: Wait | undefined;
    let healthy = false;
    let ended: Promise<void> | undefined;

    async function run(): Promise<void> {
      let pauseMs = SHORTEST_PAUSE_MS;
      while (!stopping.signal.aborted) {
        waiting = wait(pauseMs);
        const found = await persistently();
        if (found === 'more') waiting.end();
        await waiting.over;
        pauseMs = found !== 'none' ? SHORTEST_PAUSE_MS : Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      }
    }

    /** A database that restarts is waited for; so is one that refuses for a reason that only its operator can mend. */
    function persistently(): Promise<Found> {
      return persist(step, {
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
          return 'none' as const;
        },
      );
    }

    return {
      start(): void {
        ended ??= run();
      },
      ring: () => waiting?.end(),
      healthy: () => healthy && !stopping.signal.aborted,
      ended: async () => ended,
    };
  }
}

/** What a step found: more than it took, all there was, nothing. */
type Found = 'more' | 'some' | 'none';

/** The time between the longest attempt and the end of its lease, in which it must be settled. */
const LEASE_MARGIN_MS = 5_000;
/** An errand may speak to somebody and has work of its own besides. */
const ERRAND_MARGIN_MS = 15_000;
/** Calls in flight at once. */
const MOST_CALLS = 1_024;
/**
 * With so many under way, each endpoint gets a few of what is left: thirty-two that hang can take this much, and all that
 * answer share the rest.
 */
const CROWDED_FROM = 256;
const MOST_IN_ONE_CLAIM = 64;
/** As many endpoints have their turn in one claim: see relay.claim. */
const MOST_TURNS = 32;
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
