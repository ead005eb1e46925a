import pg from 'pg';
import { Pool } from 'undici';
import { type Bench, cpuMs, query } from './bench.ts';
import { median, type Outcome, range, rounded } from './outcome.ts';
import { seed, type Tenant } from './seed.ts';

const OWNERS = 1_000;
/** One a week at each property: a year of it, of which a month is looked at. */
const BOOKINGS = OWNERS * 52;
const MONTHS = ['2020-02', '2020-03', '2020-04', '2020-05', '2020-06', '2020-07'];
/** Somebody waits for the answer of the first, and the timer has all agencies to serve. */
const RUN_SECONDS = 4;

/**
 * The statements of a month for a thousand owners, made in one request with their lines and their events, and asked for
 * again when nothing has changed; beside the bare statement that only adds up what each owner is paid. Read in one request each
 * too: a statement's JSON and its PDF.
 */
export async function statements(bench: Bench): Promise<Outcome> {
  const url = await bench.database('bench_statements');
  const tenants = await seed(url, { agencies: 1, properties: OWNERS, guests: 100, bookings: BOOKINGS });
  await query(url, NIGHTS);
  await query(url, EXPENSES);
  await query(url, 'vacuum analyze');
  const env = { DATABASE_URL: url, ROLES: 'api', DEMO: 'off', RATE_LIMIT_PER_MINUTE: '1000000' };
  const product = await bench.product({ ...env, DATA_DIR: bench.folder() });
  const http = new Pool(product.url, { connections: 1, bodyTimeout: 60_000, headersTimeout: 60_000 });
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const first: number[] = [];
    const again: number[] = [];
    const bare: number[] = [];
    const cpuBefore = cpuMs(product.pid);
    for (const [i, month] of MONTHS.entries()) {
      const made = await timed(() => generate(http, tenants[0]!, month));
      const same = await timed(() => generate(http, tenants[0]!, month));
      const sums = await timed(() => client.query(SUMS, [`${month}-01`]));
      if (i === 0) continue; // Warms up.
      first.push(made);
      again.push(same);
      bare.push(sums);
    }
    const cpuPerRun = (cpuMs(product.pid) - cpuBefore) / (2 * MONTHS.length);
    const { rows } = await client.query(
      `select (select count(*) from statement) as statements, (select count(*) from statement_line) as lines,
         (select count(*) from outbox_event where type = 'owner.statement_ready') as events`,
    );
    const counted = Object.values(rows[0]).map(Number);
    if (counted[0] !== OWNERS * MONTHS.length || counted[2] !== counted[0]) throw new Error(`There are ${counted}.`);
    const json = await manyTimes((id) => get(http, tenants[0]!, `/v1/statements/${id}`));
    const pdf = await manyTimes((id) => get(http, tenants[0]!, `/v1/statements/${id}?format=pdf`));
    const row = (variant: string, times: number[]) => ({ variant, ms: median(times), range: range(times) });
    return {
      part: 'statements',
      method: `a month of ${OWNERS} owners in one POST, ${MONTHS.length - 1} months in turn; ${rounded(counted[1]! / counted[0]!)} lines a statement; medians`,
      table: [
        row('run, every statement new', first),
        row('run, nothing changed', again),
        row('limit: the bare sums', bare),
        row('a statement as JSON', json),
        row('a statement as PDF', pdf),
      ],
      figures: [
        { name: 'run', value: median(first) / 1000, unit: 's', goal: { atMost: RUN_SECONDS } },
        { name: 'run beside the bare sums', value: median(first) / median(bare), unit: 'times' },
      ],
      notes: [`A run took ${rounded(cpuPerRun)} ms of the product's processor time.`],
    };
  } finally {
    await client.end();
    await http.close();
  }
}

/** The seed's bookings have no nights, because nothing else that is measured with it looks at them. */
const NIGHTS = `
  insert into night (agency_id, booking_id, date, property_id, room_type_id, currency, gross_minor, net_minor, counts, source)
  select agency_id, id, check_in + n, property_id, room_type_id, currency, gross_minor / nights, net_minor / nights, true, source
  from booking, generate_series(0, nights - 1) n`;

const EXPENSES = `
  insert into expense (agency_id, property_id, date, label, amount_minor, currency, updated_at)
  select p.agency_id, p.id, day, 'Pool chemicals', 42050, 'MAD', now()
  from property p, generate_series(date '2020-01-15', date '2020-12-15', interval '1 month') day`;

const SUMS = `
  select p.owner_id, sum(n.net_minor) from night n join property p on p.agency_id = n.agency_id and p.id = n.property_id
  where n.agency_id = 1 and n.date >= $1::date and n.date < $1::date + interval '1 month' and n.counts group by p.owner_id`;

async function generate(http: Pool, { token }: Tenant, month: string): Promise<void> {
  const answer = await http.request({
    method: 'POST',
    path: '/v1/statements/generate',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ month }),
  });
  const text = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(`A run was answered with ${answer.statusCode}: ${text}`);
}

async function get(http: Pool, { token }: Tenant, path: string): Promise<void> {
  const answer = await http.request({ method: 'GET', path, headers: { authorization: `Bearer ${token}` } });
  const bytes = await answer.body.arrayBuffer();
  if (answer.statusCode !== 200) throw new Error(`${path} was answered with ${answer.statusCode}: ${bytes}`);
}

/** The first few warm up. */
async function manyTimes(work: (id: number) => Promise<void>): Promise<number[]> {
  const times: number[] = [];
  for (let id = 1; id <= 60; id++) times.push(await timed(() => work(id)));
  return times.slice(10);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}
