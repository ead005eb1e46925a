import { readFile } from 'node:fs/promises';
import { type ConnectionOptions, connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import type { Logger } from 'pino';
import type { NatsConfig } from '../../config.ts';

export interface Connected {
  connection: NatsConnection;
  /** True until a connection that was lost is there again. */
  isAway(): boolean;
}

/** Connects, or says why not. A connection that is lost later comes back by itself, for as long as that takes. */
export async function connectNats(config: NatsConfig, log: Logger): Promise<Connected> {
  const servers = config.urls.map((url) => new URL(url).host);
  const connection = await connect({
    servers,
    name: 'bellhop relay',
    ...(await credentials(config)),
    ...(config.urls.some((url) => url.startsWith('tls:')) && { tls: {} }),
    timeout: ANSWER_MS,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    ignoreAuthErrorAbort: true, // Whoever changes a password changes it here a moment later.
    pingInterval: 5_000,
    maxPingOut: 2,
  }).catch((error: Error) => {
    throw new Error(`NATS at ${servers.join(', ')} can’t be reached; events wait in the log. ${error.message}`, {
      cause: error,
    });
  });
  let away = false;
  watch();
  return { connection, isAway: () => away || connection.isClosed() };

  async function watch(): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') {
        away = true;
        log.warn({ server: status.server }, 'NATS is away; events wait in the log');
      } else if (status.type === 'reconnect') {
        away = false;
        log.info({ server: status.server }, 'NATS is back');
      } else if (status.type === 'error') log.warn({ err: status.error }, 'NATS complains');
    }
  }
}

/** What a request to NATS may take; less than PostgreSQL lets a transaction wait. */
export const ANSWER_MS = 3_000;

async function credentials({ urls, credsFile }: NatsConfig): Promise<ConnectionOptions> {
  if (credsFile) return { authenticator: credsAuthenticator(await readFile(credsFile)) };
  const { username, password } = new URL(urls[0]!);
  if (!username) return {};
  const [user, pass] = [decodeURIComponent(username), decodeURIComponent(password)];
  return pass ? { user, pass } : { token: user };
}
