import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What this process has counted since it began, for Prometheus. What the database knows is asked when somebody looks. */
export const registry = new Registry();

const registers = [registry];

export const httpSeconds = new Histogram({
  name: 'bellhop_http_request_duration_seconds',
  help: 'Requests, from the first byte to the end of the answer, by the row or door that served them.',
  labelNames: ['method', 'route', 'status'] as const,
  buckets: [0.005, 0.025, 0.1, 0.5, 2, 10],
  registers,
});

export const graphqlOperations = new Counter({
  name: 'bellhop_graphql_operations_total',
  help: 'GraphQL operations by type, and whether they were answered, answered with errors, or refused before they ran.',
  labelNames: ['type', 'outcome'] as const,
  registers,
});

export const claimSeconds = new Histogram({
  name: 'bellhop_relay_claim_duration_seconds',
  help: 'How long it took to claim due deliveries, and to dispatch what was new in the log before.',
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
  registers,
});

export const attempts = new Counter({
  name: 'bellhop_relay_attempts_total',
  help: 'Attempts by how they ended: ok, server_error, timeout, blocked and so on; forbidden and internal are those that no call was made for.',
  labelNames: ['outcome'] as const,
  registers,
});

export const attemptSeconds = new Histogram({
  name: 'bellhop_relay_attempt_duration_seconds',
  help: 'How long webhook calls took, from the first packet to the last byte read.',
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15],
  registers,
});

export const callsInFlight = new Gauge({
  name: 'bellhop_relay_calls_in_flight',
  help: 'Webhook calls that are being made now.',
  registers,
});

export const lateSettles = new Counter({
  name: 'bellhop_relay_late_settles_total',
  help: 'Results that came after their lease had ended and changed nothing: each is a call that may be made twice.',
  registers,
});

export const dispatchedEvents = new Counter({
  name: 'bellhop_relay_dispatched_events_total',
  help: 'Events that were turned into deliveries.',
  registers,
});

export const withheldDeliveries = new Counter({
  name: 'bellhop_relay_withheld_deliveries_total',
  help: 'Deliveries that were not made, because the token that saved their endpoint may no longer read what they say.',
  registers,
});

export const publishedEvents = new Counter({
  name: 'bellhop_relay_published_events_total',
  help: 'Events that NATS took from us: first, again where it had lost them, or known already.',
  labelNames: ['outcome'] as const,
  registers,
});

export const takenMessages = new Counter({
  name: 'bellhop_relay_nats_messages_total',
  help: 'Messages of NATS by what became of them: dispatched; again where they had been; early, failed or unknown where they are put off.',
  labelNames: ['outcome'] as const,
  registers,
});

export const errandRuns = new Counter({
  name: 'bellhop_errands_total',
  help: 'Errands of the product itself by kind, and whether they were done, will be tried again, or failed.',
  labelNames: ['kind', 'outcome'] as const,
  registers,
});

/** A pool of connections, as far as it is counted. */
interface Pool {
  totalCount: number;
  idleCount: number;
  waitingCount: number;
}

const pools = new Map<Pool, string>();

/** Counts a pool's connections until what it answers is called. */
export function watchPool(pool: Pool, name: string): () => void {
  pools.set(pool, name);
  return () => void pools.delete(pool);
}

new Gauge({
  name: 'bellhop_database_connections',
  help: 'Connections to PostgreSQL by pool: used, idle, and those that somebody waits for.',
  labelNames: ['pool', 'state'] as const,
  registers,
  collect() {
    this.reset();
    for (const [{ totalCount, idleCount, waitingCount }, pool] of pools) {
      this.inc({ pool, state: 'used' }, totalCount - idleCount);
      this.inc({ pool, state: 'idle' }, idleCount);
      this.inc({ pool, state: 'waiting' }, waitingCount);
    }
  },
});
