import { NOTIFY } from '../../src/outbox/wake.ts';
import { type Bench, type Helper, query } from './bench.ts';
import type { Emission } from './emitter.ts';
import { startPeer } from './peer.ts';

/** What can deliver webhooks from this database: ours, and job queues with a plain webhook job. */
export interface System {
  name: string;
  /** Writes many events in one transaction: $1 is how many. */
  preload: string;
  /** Writes one by one. */
  emission: Pick<Emission, 'sql' | 'hint'>;
  /** Whether it works, or rests while others are measured. */
  run(run: boolean): Promise<unknown>;
}

/** As long as a booking's event. */
export const BODY = JSON.stringify({
  id: '0199c7a0-0000-7000-8000-000000000000',
  event: 'booking.created',
  created_at: '2026-07-15T10:23:41+00:00',
  agency_id: 42,
  data: {
    booking: {
      ...{ id: 9876, reference: 'BKG-A1B2C3', status: 'confirmed', source: 'airbnb', check_in: '2026-08-12' },
      ...{ check_out: '2026-08-19', guests_count: 2, guest_name: 'Karim B.', property_id: 12, room_type_id: 12 },
      ...{ guest_id: 77, nights: 7, gross_amount: 12950, commission_amount: 1295, net_amount: 11655, currency: 'MAD' },
      ...{ cancel_reason: null, created_at: '2026-07-15T10:20:02+00:00', updated_at: '2026-07-15T10:23:41+00:00' },
    },
  },
});

/** Agencies `first` to `first + count - 1` are told of it in turn. */
export function emissionTo({ first, count }: { first: number; count: number }): Pick<Emission, 'sql' | 'hint'> {
  return {
    sql: insertEvents(`$1::uuid, $2::int % ${count} + ${first}`, ''),
    hint: NOTIFY.replace('$1', "'bench'"), // What the product's own process says after a commit.
  };
}

/** Events for one agency after another from the first, all at once: $1 is how many. */
export function preloadTo(agencies: { first: number; count: number }): string {
  return insertEvents(`uuidv7(), n % ${agencies.count} + ${agencies.first}`, 'from generate_series(1, $1::int) n');
}

const insertEvents = (idAndAgency: string, from: string) =>
  `insert into outbox_event (id, agency_id, type, subject, subject_seq, occurred_at, body)
   select id, agency, 'booking.created', 'booking:' || id, 1, now(), '${BODY}'
   from (select ${idAndAgency} ${from}) e(id, agency)`;

export function ours(endpoints: number): System {
  return {
    name: 'relay',
    preload: preloadTo({ first: 1, count: endpoints }),
    emission: emissionTo({ first: 1, count: endpoints }),
    run: async () => {}, // It has nothing to do meanwhile.
  };
}

/** The peers that can be had, and a sentence for each that can't. */
export async function startPeers(
  bench: Bench,
  { url, origin, secrets }: { url: string; origin: string; secrets: string[] },
): Promise<{ peers: System[]; notes: string[] }> {
  await query(
    url,
    `create table bench_endpoint as
     select n - 1 as n, $1::text as origin, '/' || (n - 1) as path, secret from unnest($2::text[]) with ordinality as t(secret, n)`,
    [origin, secrets],
  );
  await query(
    url,
    'create table bench_attempt (id uuid, path text, total_ms int, at timestamptz not null default now())',
  );
  const jobs = {
    'graphile-worker': (job: string) => `select graphile_worker.add_job('webhook', ${job}::json)`,
    'pg-boss': (job: string) => `insert into pgboss.job (name, data) select 'webhook', ${job}`,
  };
  const wanted = [
    { name: 'graphile-worker', variant: '', args: [] },
    { name: 'graphile-worker', variant: ', tuned', args: ['tuned'] },
    { name: 'graphile-worker', variant: ', tuned, with a log', args: ['tuned', 'log'] },
    { name: 'pg-boss', variant: '', args: [] },
  ] as const;
  const peers: System[] = [];
  const notes: string[] = [];
  for (const { name, variant, args } of wanted) {
    const helper = await startPeer(bench, { name, ...PEERS[name] }, [url, ...args]);
    if (typeof helper === 'string') notes.push(helper);
    else peers.push({ name: `${name}${variant}`, ...statements(jobs[name], secrets.length), run: running(helper) });
  }
  return { peers, notes };
}

const FILES = (program: string) => [program, 'peer-webhook.mjs'];
const PEERS = {
  'graphile-worker': { packages: ['graphile-worker@0.17.3'], files: FILES('peer-graphile-worker.mjs') },
  // The last that runs on Node 20.
  'pg-boss': { packages: ['pg-boss@10.4.2'], files: FILES('peer-pg-boss.mjs') },
};

function statements(insert: (job: string) => string, endpoints: number): Pick<System, 'preload' | 'emission'> {
  const job = (id: string) =>
    `json_build_object('id', ${id}, 'origin', e.origin, 'path', e.path, 'secret', e.secret, 'body', '${BODY}')`;
  return {
    preload: `${insert(job('uuidv7()'))} from generate_series(1, $1::int) i join bench_endpoint e on e.n = i % ${endpoints}`,
    emission: { sql: `${insert(job('$1::uuid'))} from bench_endpoint e where e.n = $2::int % ${endpoints}` },
  };
}

const running = (helper: Helper) => (run: boolean) => helper.ask<object>({ run });
