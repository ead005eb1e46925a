import pg from 'pg';
import type { Logger } from 'pino';

/** The roles that work. Neither owns a table nor may look past row security; the first migration makes them. */
export type Role = 'bellhop_app' | 'bellhop_system';

/**
 * A pool whose connections act as one role for all of their life: switching roles on a connection would throw its
 * prepared plans away at every switch.
 */
export function openPool(
  ownerUrl: string,
  role: Role,
  size: number,
  log: Logger,
  { idleTimeoutMillis = 60_000 } = {},
): pg.Pool {
  const pool = new pg.Pool({
    connectionString: ownerUrl,
    application_name: 'bellhop',
    max: size,
    idleTimeoutMillis,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    onConnect: (client) => prepare(client, role),
  });
  pool.on('error', (error) => log.warn({ error: error.message, role }, 'an idle database connection was lost'));
  // pg listens to idle connections only. Without this, one that breaks while it is lent out would end the process; its
  // holder learns of it from the query that fails.
  pool.on('acquire', (client) => client.on('error', ignore));
  pool.on('release', (_error, client) => client.removeListener('error', ignore));
  return pool;
}

/** A round trip or two a connection, not a request. The limits are what a request may cost; bulk work raises them for itself.
 * Compiling our statements (jit) costs more than running them. */
async function prepare(client: pg.ClientBase, role: Role): Promise<void> {
  await client.query(
    `select set_config('role', $1, false), set_config('timezone', 'UTC', false),
      set_config('statement_timeout', '15s', false), set_config('jit', 'off', false), set_config('idle_in_transaction_session_timeout', '60s', false)`,
    [role],
  );
  // A relay that is frozen while it is sent what it has claimed holds the dispatch and many turns, in a transaction that
  // ends when the answer is written: no other limit ends that. A request may read as slowly as its client does.
  if (role === 'bellhop_system') await client.query(`select set_config('tcp_user_timeout', '10s', false)`);
}

function ignore(): void {}
