import { clock } from '../../core/clock.ts';
import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';

/** How an endpoint is doing. */
export interface Health {
  delivered: number;
  failed: number;
  retrying: number;
  waiting: number;
  p50Ms: number | null;
  p95Ms: number | null;
  p99Ms: number | null;
  oldestWaitingAt: Date | null;
  breaker: 'CLOSED' | 'OPEN' | 'HALF_OPEN';
  nextAttemptAt: Date | null;
  succeededAt: Date | null;
  failingSince: Date | null;
}

const BreakerState = builder.enumType('WebhookBreaker', {
  description:
    'CLOSED calls as usual; OPEN leaves an endpoint that fails alone for a while; HALF_OPEN makes one call at a time, to see.',
  values: ['CLOSED', 'OPEN', 'HALF_OPEN'] as const,
});

export const EndpointHealth = builder.objectRef<Health>('WebhookHealth').implement({
  description: 'How an endpoint is doing.',
  fields: (t) => ({
    delivered: t.exposeInt('delivered', { description: 'Deliveries that arrived in the last 24 hours.' }),
    failed: t.exposeInt('failed', {
      description: 'Deliveries that were given up, or withheld from a token without the right, in the last 24 hours.',
    }),
    retrying: t.exposeInt('retrying', { description: 'Deliveries that have failed and will be tried again.' }),
    waiting: t.exposeInt('waiting', { description: 'All deliveries that are still to be made.' }),
    p50Ms: t.exposeInt('p50Ms', { nullable: true, description: 'Half of the last 24 hours’ calls took no longer.' }),
    p95Ms: t.exposeInt('p95Ms', { nullable: true, description: 'Nineteen of twenty took no longer.' }),
    p99Ms: t.exposeInt('p99Ms', { nullable: true, description: 'All but one in a hundred took no longer.' }),
    oldestWaitingAt: t.expose('oldestWaitingAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the oldest delivery that is still to be made was put in the queue.',
    }),
    breaker: t.expose('breaker', { type: BreakerState, description: 'Whether it is called as usual.' }),
    nextAttemptAt: t.expose('nextAttemptAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it is called next; null when nothing waits, or it is disabled.',
    }),
    succeededAt: t.expose('succeededAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When a call last succeeded.',
    }),
    failingSince: t.expose('failingSince', {
      type: 'DateTime',
      nullable: true,
      description: 'When the first call failed since the last that succeeded. Five days later it is disabled.',
    }),
  }),
});

/** The endpoints that were asked for in this turn of the event loop, by who asks. */
const waiting = new WeakMap<Viewer, { ids: Set<number>; found: Promise<Map<number, Health>> }>();

/** All that are asked for at once are read by one statement, so a page of fifty costs what one costs. */
export async function healthOf(viewer: Viewer, id: number): Promise<Health> {
  let batch = waiting.get(viewer);
  if (!batch) {
    const ids = new Set<number>();
    const found = Promise.resolve().then(() => {
      waiting.delete(viewer);
      return read(viewer, [...ids]);
    });
    batch = { ids, found };
    waiting.set(viewer, batch);
  }
  batch.ids.add(id);
  return (await batch.found).get(id)!;
}

async function read(viewer: Viewer, ids: number[]): Promise<Map<number, Health>> {
  const { rows } = await viewer.read(HEALTH, [viewer.agency.id, ids, clock.now()]);
  return new Map(rows.map(([id, health]) => [id as number, healthFrom(health as Read)]));
}

type Read = Record<keyof Health, string | number | null>;

function healthFrom(read: Read): Health {
  const time = (value: string | number | null) => (value === null ? null : new Date(value));
  return {
    ...(read as unknown as Health),
    breaker: String(read.breaker).toUpperCase() as Health['breaker'],
    oldestWaitingAt: time(read.oldestWaitingAt),
    nextAttemptAt: time(read.nextAttemptAt),
    succeededAt: time(read.succeededAt),
    failingSince: time(read.failingSince),
  };
}

// What is withheld at dispatch was never attempted. A delivery's id begins with the time at which it was made, so the least is the oldest.
const HEALTH = `
  select w.id, json_build_object(
    'delivered', a.delivered, 'failed', a.failed + f.withheld, 'retrying', q.retrying, 'waiting', q.waiting,
    'p50Ms', a.times[1], 'p95Ms', a.times[2], 'p99Ms', a.times[3],
    'oldestWaitingAt', (
      select d.created_at from delivery d
      where d.agency_id = w.agency_id and d.endpoint_id = w.id and d.id = (
        select delivery_id from delivery_queue where endpoint_id = w.id order by delivery_id limit 1)),
    'breaker', t.breaker,
    'nextAttemptAt', case when w.enabled and t.due_at < 'infinity' then greatest(t.due_at, $3::timestamptz) end,
    'succeededAt', t.succeeded_at, 'failingSince', t.failing_since)
  from webhook_endpoint w
  cross join lateral (
    select breaker, due_at, succeeded_at, failing_since from endpoint_turn where endpoint_id = w.id order by version desc limit 1
  ) t
  cross join lateral (
    select count(*) filter (where status = 'DELIVERED') as delivered, count(*) filter (where status = 'FAILED') as failed,
      percentile_disc(array[0.5, 0.95, 0.99]) within group (order by total_ms) as times
    from attempt
    where agency_id = w.agency_id and endpoint_id = w.id and started_at > $3::timestamptz - interval '24 hours'
  ) a
  cross join lateral (
    select count(*) as withheld from delivery
    where agency_id = w.agency_id and endpoint_id = w.id and status = 'FAILED' and attempts = 0
      and finished_at > $3::timestamptz - interval '24 hours'
  ) f
  cross join lateral (
    select count(*) as waiting, count(*) filter (where lease is null and first_at is not null) as retrying
    from delivery_queue where endpoint_id = w.id
  ) q
  where w.agency_id = $1::int and w.id = any($2::int[])`;
