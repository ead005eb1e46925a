import { EventEmitter } from 'node:events';
import pRetry, { AbortError } from 'p-retry';
import pg from 'pg';
import type { Logger } from 'pino';
import { openWait, type Wait } from '../core/wait.ts';

/**
 * "There may be something new in the log." A hint and nothing more: whoever waits for it polls as well, so a lost hint
 * costs a second, never an event. NOTIFY takes a lock of the whole cluster at commit; so it is sent outside of the
 * business transaction, at once or, where one has just been sent, 5 ms after that.
 */
export interface Wake {
  /** Called after each commit that wrote an event. */
  poke(): void;
  /** A token's change has committed: who believes in it here is told at once, and others by the notification. */
  tokenChanged(tokenId: number): void;
  /** Calls back when a token was revoked or changed anywhere, so that nobody goes on believing in it. */
  onTokenChanged(changed: (tokenId: number) => void): void;
  /** Is over at the next hint, or after `ms`. */
  next(ms: number): Wait;
  close(): Promise<void>;
}

const CHANNEL = 'bellhop_log';
/**
 * Says it: $1 is who does. A commit that notifies is written to the disk like any other and is heard after that; nobody needs
 * this one to be there after a crash, so nobody waits for the disk.
 */
export const NOTIFY = `select set_config('synchronous_commit', 'off', true), pg_notify('${CHANNEL}', $1)`;
/** Notified by whoever changes a token, in the change's own transaction. */
export const TOKEN_CHANNEL = 'bellhop_token';
const COALESCE_MS = 5;

export function openWake(pool: pg.Pool, ownerUrl: string, log: Logger): Wake {
  const hints = new EventEmitter().setMaxListeners(0);
  const stopping = new AbortController();
  const me = Math.random().toString(36).slice(2);
  let pending: NodeJS.Timeout | undefined;
  let told = Promise.resolve();
  let toldAt = Number.NEGATIVE_INFINITY;

  const listening = listen();

  return {
    poke() {
      hints.emit('hint');
      const wait = toldAt + COALESCE_MS - performance.now();
      if (wait <= 0) notify();
      else pending ??= setTimeout(notify, wait);
    },
    tokenChanged(tokenId) {
      hints.emit('token', tokenId);
    },
    onTokenChanged(changed) {
      hints.on('token', changed);
    },
    next(ms) {
      const wait = openWait(ms);
      hints.once('hint', wait.end);
      void wait.over.then(() => hints.off('hint', wait.end));
      return wait;
    },
    async close() {
      stopping.abort();
      hints.emit('hint');
      if (pending) notify();
      await told; // The last words of a command that writes and ends.
      await listening;
    },
  };

  function notify(): void {
    clearTimeout(pending);
    pending = undefined;
    toldAt = performance.now();
    told = pool.query(NOTIFY, [me]).then(
      () => {},
      (error) => log.debug({ error }, 'a hint was lost'),
    );
  }

  /** Keeps one connection listening until we close; a lost one is reopened, with growing pauses. */
  async function listen(): Promise<void> {
    while (!stopping.signal.aborted) {
      await pRetry(() => listenOnce(), {
        retries: Number.POSITIVE_INFINITY,
        minTimeout: 200,
        maxTimeout: 5_000,
        randomize: true,
        signal: stopping.signal,
      }).catch((error) => {
        if (!stopping.signal.aborted) log.warn({ error }, 'listening for hints stopped; polling goes on');
      });
    }
  }

  async function listenOnce(): Promise<void> {
    if (stopping.signal.aborted) throw new AbortError('closing');
    const client = new pg.Client({ connectionString: ownerUrl, application_name: 'bellhop listen' });
    const ended = new Promise<void>((resolve, reject) => {
      client.once('error', reject);
      client.once('end', () => reject(new Error('the connection ended')));
      stopping.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    ended.catch(() => {});
    try {
      await client.connect();
      client.on('notification', ({ channel, payload }) => {
        if (channel === TOKEN_CHANNEL) hints.emit('token', Number(payload));
        else if (payload !== me) hints.emit('hint');
      });
      await client.query(`listen ${CHANNEL}; listen ${TOKEN_CHANNEL}`);
      hints.emit('hint'); // Whatever was said while nobody listened.
      await ended;
    } finally {
      await client.end().catch(() => {});
    }
  }
}
