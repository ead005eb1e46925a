import type pg from 'pg';
import { MOST_EVENTS } from './dispatch.ts';

/**
 * What becomes of events that PostgreSQL refuses to dispatch. A batch is tried again event by event, and what is refused alone
 * is passed by for a while, so that nobody waits for it but what comes after it to an ordered endpoint.
 */
export interface Refusals {
  /** How many events to dispatch at once. None, while a refusal is waited out. */
  most(): number;
  /** Whether what was tried last was accepted, or can be passed by. */
  healthy(): boolean;
  /** The sequence numbers of those that are passed by. */
  passed(): string[];
  accepted(tookMs: number): void;
  /** `head` is the first event that was tried. Answers whether that is passed by from now on. */
  refused(error: pg.DatabaseError, tried: number, head: string | null): boolean;
}

export function openRefusals(now: () => number = () => performance.now()): Refusals {
  let most = MOST_EVENTS;
  let times = 0;
  let untilMs = 0;
  const until = new Map<string, number>();

  return {
    most: () => (now() < untilMs ? 0 : most),
    healthy: () => times === 0,
    passed() {
      for (const [seq, end] of until) if (end <= now()) until.delete(seq);
      return [...until.keys()];
    },
    accepted(tookMs) {
      [times, untilMs] = [0, 0];
      // One that took long is not followed by a larger one.
      if (tookMs < QUICK_MS) most = Math.min(MOST_EVENTS, most * 2);
    },
    refused(error, tried, head) {
      most = 1;
      if (tried === 1 && head !== null && isOfTheEvent(error) && until.size < MOST_PASSED) {
        until.set(head, now() + (error.code === HELD ? HELD_MS : PASSED_MS));
        return true;
      }
      times++;
      untilMs = now() + Math.min(50 * 2 ** times, LONGEST_WAIT_MS);
      return false;
    },
  };
}

/** Not of the server, which stops, starts or is short of something: a value, a constraint, a limit, a time-out, a lock, a fault of ours. */
function isOfTheEvent({ code = '' }: pg.DatabaseError): boolean {
  return /^(2[123]|42|44|54|P0|XX)/.test(code) || code === HELD || code === '57014';
}

/** Somebody holds the event's endpoint. */
const HELD = '55P03';
const HELD_MS = 1_000;
const PASSED_MS = 60_000;
/** With so many, it isn't the events. */
const MOST_PASSED = 100;
const LONGEST_WAIT_MS = 2_000;
const QUICK_MS = 1_000;
