import type pg from 'pg';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { dispatch } from './dispatch.ts';
import type { Front } from './front.ts';

/**
 * How events come from the log to whichever relay fans them out: which they are, and who holds them until they are done.
 * What is done with them is the same for all (`fanOut`), and so is where the truth is: an event waits for as long as its
 * row says so, whatever became of it on the way.
 */
export interface Transport {
  /** Hands over what is new in the log, and answers how much that was. Only where relays don't take it from there. */
  publish?(front?: Front): Promise<number>;
  /** Fans out what there is to do here, and answers how many events are done with. */
  dispatch(front?: Front): Promise<number>;
  /** Waits until what has been handed over is here, or done by others. */
  arrived?(): Promise<void>;
  /** Gives back what hasn't been begun. */
  close(): Promise<void>;
}

export interface TransportDeps {
  pool: pg.Pool;
  config: Config;
  log: Logger;
  /** There is something to dispatch. */
  onArrival(): void;
}

export function openTransport(deps: TransportDeps): Transport {
  if (!deps.config.nats) return { dispatch: (front) => dispatch(deps.pool, front), close: async () => {} };
  return openLater(async () => (await import('./nats/transport.ts')).openNatsTransport(deps, deps.config.nats!));
}

/** NATS' library is loaded by relays that speak to NATS, and by nobody else. */
function openLater(open: () => Promise<Required<Transport>>): Required<Transport> {
  let opening: Promise<Required<Transport>> | undefined;
  const opened = () => (opening ??= open());
  return {
    publish: async (front) => (await opened()).publish(front),
    dispatch: async (front) => (await opened()).dispatch(front),
    arrived: async () => (await opened()).arrived(),
    close: async () => (await opening)?.close(),
  };
}
