import type pg from 'pg';
import { Gauge, Registry } from 'prom-client';
import { clock } from '../core/clock.ts';

/**
 * What waits, as the database knows it: the same for every process that is asked. Deliveries that wait for an endpoint that
 * is disabled, or whose breaker is open, are counted by themselves: they are late for a reason that isn't ours.
 */
export async function whatWaits(system: pg.Pool): Promise<string> {
  const { rows } = await system.query<Waiting>({ name: 'what-waits', text: WHAT_WAITS, values: [clock.aheadMs] });
  const found = rows[0]!;
  const registry = new Registry();
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `bellhop_${name}`, help, labelNames, registers: [registry] });

  gauge('outbox_undispatched_events', 'Events that no relay has turned into deliveries yet.').set(found.undispatched);
  gauge('outbox_lag_seconds', 'Age of the oldest of them; 0 when there is none.').set(found.lag);
  const due = gauge(
    'deliveries_due',
    'Deliveries whose time has come, by what holds them: nothing, breaker, disabled.',
    ['held'],
  );
  const oldest = gauge('deliveries_oldest_due_seconds', 'For how long the oldest of them has been due.', ['held']);
  for (const held of ['nothing', 'breaker', 'disabled']) {
    const row = found.due?.find((one) => one.held === held);
    due.set({ held }, row?.count ?? 0);
    oldest.set({ held }, row?.oldest ?? 0);
  }
  const endpoints = gauge('webhook_endpoints', 'Endpoints by the state of their breaker, or disabled.', ['state']);
  for (const state of ['closed', 'open', 'half_open', 'disabled'])
    endpoints.set({ state }, found.endpoints?.[state] ?? 0);
  gauge('errands_due', 'Errands of the product itself whose time has come.').set(found.errands);
  gauge('errands_oldest_due_seconds', 'For how long the oldest of them has been due.').set(found.errands_oldest);
  gauge('database_oldest_transaction_seconds', 'Age of the longest transaction in this database.').set(
    found.transaction,
  );
  return registry.metrics();
}

interface Waiting {
  undispatched: number;
  lag: number;
  due: { held: string; count: number; oldest: number }[] | null;
  endpoints: Record<string, number> | null;
  errands: number;
  errands_oldest: number;
  transaction: number;
}

// $1 is by how much a test has moved the clock, as everywhere in the relay.
const NOW = `(now() + $1::float8 * interval '1 millisecond')`;
const age = (moment: string) => `greatest(0, extract(epoch from ${NOW} - ${moment}))::float8`;

const WHAT_WAITS = `
  with turn as (
    select w.id, case when not w.enabled then 'disabled' else t.breaker end as state
    from webhook_endpoint w left join endpoint_turn t on t.endpoint_id = w.id
  ), due as (
    select case turn.state when 'disabled' then 'disabled' when 'open' then 'breaker' else 'nothing' end as held,
      count(*)::int as count, coalesce(${age('min(q.due_at)')}, 0) as oldest
    from delivery_queue q join turn on turn.id = q.endpoint_id
    where q.due_at <= ${NOW}
    group by 1
  )
  select
    (select count(*)::int from outbox_event where dispatched_at is null) as undispatched,
    coalesce((select ${age('occurred_at')} from outbox_event where dispatched_at is null order by seq limit 1), 0) as lag,
    (select json_agg(due) from due) as due,
    (select json_object_agg(state, count) from (select state, count(*)::int from turn where state is not null group by 1) s) as endpoints,
    e.count as errands, coalesce(e.oldest, 0) as errands_oldest,
    coalesce(extract(epoch from clock_timestamp() - oldest_transaction())::float8, 0) as transaction
  from (select count(*)::int, ${age('min(due_at)')} as oldest from errand where status = 'PENDING' and due_at <= ${NOW}) e`;
