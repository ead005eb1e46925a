import pg from 'pg';

/**
 * The shared pool as one agency sees it: every connection it hands out shows that agency's rows and no others. It opens
 * no connection of its own. It is a real `pg.Pool` because PrismaPg asks `instanceof`, and one with its own listeners
 * because each Prisma client adds one.
 */
export class AgencyPool extends pg.Pool {
  constructor(
    private readonly shared: pg.Pool,
    private readonly agencyId: number,
  ) {
    super();
    // Assigned rather than overridden: the callback forms that pg declares are not offered here.
    this.connect = (() => this.checkOut()) as pg.Pool['connect'];
    this.query = ((...query: [string | pg.QueryConfig, unknown[]?]) => this.run(query)) as pg.Pool['query'];
  }

  private async checkOut(): Promise<pg.PoolClient> {
    const client = await this.shared.connect();
    try {
      await serve(client, this.agencyId);
    } catch (error) {
      client.release(asError(error)); // Nobody knows whom it serves now.
      throw error;
    }
    return withSafeRelease(client);
  }

  /** Unlike pg's own, keeps the connection when the statement was merely refused: a unique violation is an answer. */
  private async run(query: [string | pg.QueryConfig, unknown[]?]): Promise<pg.QueryResult> {
    const client = await this.checkOut();
    try {
      const result = await client.query(query[0], query[1]);
      client.release();
      return result;
    } catch (error) {
      client.release(wasOnlyRefused(error) ? undefined : asError(error));
      throw error;
    }
  }
}

/** The agency that a connection serves until it is told otherwise. */
const serves = new WeakMap<pg.PoolClient, number>();

/**
 * Outside of any transaction, so that no rollback takes it back while we believe it. Only when the agency changes: that
 * costs one round trip, and most check-outs follow one of the same agency.
 */
async function serve(client: pg.PoolClient, agencyId: number): Promise<void> {
  if (serves.get(client) === agencyId) return;
  serves.delete(client);
  await client.query({
    name: 'serve',
    text: "select set_config('app.agency_id', $1, false)",
    values: [String(agencyId)],
  });
  serves.set(client, agencyId);
}

/** A connection that comes back inside a transaction is closed: the next holder would write into somebody's leftovers. */
function withSafeRelease(client: pg.PoolClient): pg.PoolClient {
  const release = client.release;
  client.release = (error) =>
    release(error || (client.getTransactionStatus() === 'I' ? undefined : new Error('left inside a transaction')));
  return client;
}

function wasOnlyRefused(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.severity === 'ERROR';
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
