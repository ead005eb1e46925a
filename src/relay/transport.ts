import type pg from 'pg';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Front } from './front.ts';

/**
 * How events come from the log to whichever relay fans them out, where relays don't take them from there themselves: which
 * they are, and who holds them until they are done. What is done with them is the same (relay.fan_out), and so is where the
 * truth is: an event waits for as long as its row says so, whatever became of it on the way.
 */
export interface Transport {
  /** Hands over what is new in the log, and answers how much that was. */
  publish(front?: Front): Promise<number>;
  /** Fans out what there is to do here, and answers how many events are done with. */
  dispatch(): Promise<number>;
  /** Waits until what has been handed over is here, or done by others. */
  arrived(): Promise<void>;
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

/** NATS' library is loaded by relays that speak to NATS, and by nobody else. */
export function openTransport(deps: TransportDeps): Transport | undefined {
  const { nats } = deps.config;
  if (!nats) return undefined;
  let opening: Promise<Transport> | undefined;
  const open = () => (opening ??= import('./nats/transport.ts').then((it) => it.openNatsTransport(deps, nats)));
  return {
    publish: async (front) => (await open()).publish(front),
    dispatch: async () => (await open()).dispatch(),
    arrived: async () => (await open()).arrived(),
    close: async () => (await opening)?.close(),
  };
}
