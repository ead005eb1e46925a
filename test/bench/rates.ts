import pg from 'pg';
import { Pool } from 'undici';
import { nightlySql } from '../../src/places/rates/nightly.ts';
import { type Bench, cpuMs } from './bench.ts';
import { median, type Outcome, range, rounded } from './outcome.ts';
import { seed, type Tenant } from './seed.ts';

const PROPERTIES = 100;
const NIGHTS = 365;
const PUSHES = 5;
const QUOTES = 400;
const WARM_UP = 50;
/** A yield tool waits for its answer, and gives up at a minute. */
const PUSH_SECONDS = 4;
/**
 * A year of rates for a hundred properties, pushed night by night in one request, beside a bare INSERT of the same rows; and
 * quotes, beside the bare statement that reads the same nights. Both limits go through one connection of the role that works,
 * behind the wall.
 */
export async function rates(bench: Bench): Promise<Outcome> {
  const url = await bench.database('bench_rates');
  const tenants = await seed(url, { agencies: 1, properties: PROPERTIES, guests: 1, bookings: 0 });
  const env = { DATABASE_URL: url, ROLES: 'api', DEMO: 'off', RATE_LIMIT_PER_MINUTE: '1000000' };
  const product = await bench.product({ ...env, DATA_DIR: bench.folder() });
  const client = await workingClient(url, tenants[0]!);
  const http = new Pool(product.url, { connections: 1, bodyTimeout: 60_000, headersTimeout: 60_000 });
  try {
    const pushed: number[] = [];
    const repeated: number[] = [];
    const inserted: number[] = [];
    const cpuBefore = cpuMs(product.pid);
    for (let round = 0; round <= PUSHES; round++) {
      // The first round warms up: an empty table is not what a tool finds on its second night.
      const body = JSON.stringify({ properties: bodyOf(round) });
      const changed = await timed(() => put(http, tenants[0]!, body));
      const same = await timed(() => put(http, tenants[0]!, body));
      const bare = await timed(() => insert(client, round));
      if (round === 0) continue;
      pushed.push(changed);
      repeated.push(same);
      inserted.push(bare);
    }
    const cpuPerPush = (cpuMs(product.pid) - cpuBefore) / (2 * (PUSHES + 1));
    const quoted = await manyTimes((i) => quote(http, tenants[0]!, i));
    const read = await manyTimes((i) => readNights(client, tenants[0]!, i));
    const row = (variant: string, times: number[]) => ({ variant, ms: median(times), range: range(times) });
    return {
      part: 'rates',
      method: `${NIGHTS} nights of ${PROPERTIES} properties in one PUT, ${PUSHES} times; quotes of a week among them, ${QUOTES} in turn; medians`,
      table: [
        row('push, every price new', pushed),
        row('push, every price as before', repeated),
        row('limit: the bare INSERT', inserted),
        row('quote', quoted),
        row('limit: the bare statement', read),
      ],
      figures: [
        { name: 'push', value: median(pushed) / 1000, unit: 's', goal: { atMost: PUSH_SECONDS } },
        { name: 'push beside the limit', value: median(pushed) / median(inserted), unit: 'times' },
        { name: 'quote of its limit', value: median(read) / median(quoted), unit: '' },
      ],
      notes: [`A push took ${rounded(cpuPerPush)} ms of the product's processor time.`],
    };
  } finally {
    await client.end();
    await http.close();
  }
}

/** One connection as the role that works, serving one agency. */
async function workingClient(url: string, { agencyId }: Tenant): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(
    `select set_config('role', 'bellhop_app', false), set_config('timezone', 'UTC', false), set_config('app.agency_id', $1, false)`,
    [String(agencyId)],
  );
  return client;
}

const day = (n: number) => new Date(Date.UTC(2030, 0, 1 + n)).toISOString().slice(0, 10);

/** No two nights that follow each other cost the same, so that an event says as much as it can. */
const bodyOf = (round: number) =>
  Array.from({ length: PROPERTIES }, (_, p) => ({
    property_id: p + 1,
    rates: Array.from({ length: NIGHTS }, (_, n) => {
      const date = day(n);
      return { from: date, to: date, price: 1000 + ((n * 7 + p + round * 13) % 500) + 0.5, min_stay: 1 + (n % 3) };
    }),
  }));

async function put(http: Pool, { token }: Tenant, body: string): Promise<void> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const answer = await http.request({ method: 'PUT', path: '/v1/rates', headers, body });
  const text = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(`A push was answered with ${answer.statusCode}: ${text}`);
}

/** The same rows, of another year, taken away again: what PostgreSQL needs for the writing alone. */
async function insert(client: pg.Client, round: number): Promise<void> {
  const rows = bodyOf(round).flatMap(({ property_id, rates: own }) =>
    own.map(({ from, price, min_stay }) => ({ property_id, from, price_minor: price * 100, min_stay })),
  );
  await client.query('begin');
  await client.query(
    `insert into rate (agency_id, property_id, "from", "to", price_minor, min_stay, pushed, rank, updated_at)
     select 1, property_id, "from" + 366, "from" + 366, price_minor, min_stay, true, 1, now()
     from json_populate_recordset(null::rate, $1::json)`,
    [JSON.stringify(rows)],
  );
  await client.query('rollback');
}

/** A week each time, at each property in turn and from one day to the next. */
const week = (i: number) => ({
  propertyId: (i % PROPERTIES) + 1,
  checkIn: day(i % (NIGHTS - 8)),
  checkOut: day((i % (NIGHTS - 8)) + 7),
});

async function quote(http: Pool, { token }: Tenant, i: number): Promise<void> {
  const { propertyId, checkIn, checkOut } = week(i);
  const answer = await http.request({
    method: 'GET',
    path: `/v1/quote?property_id=${propertyId}&check_in=${checkIn}&check_out=${checkOut}`,
    headers: { authorization: `Bearer ${token}` },
  });
  const text = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(`A quote was answered with ${answer.statusCode}: ${text}`);
}

async function readNights(client: pg.Client, { agencyId }: Tenant, i: number): Promise<void> {
  const { propertyId, checkIn, checkOut } = week(i);
  const { rows } = await client.query({
    name: 'nights',
    text: NIGHTLY,
    values: [agencyId, propertyId, checkIn, checkOut],
  });
  if (rows.length !== 8) throw new Error(`${rows.length} days were read, and there are 8.`);
}

const NIGHTLY = `
  with place as (select id, base_price_minor from property where agency_id = $1::int and id = $2::int)
  ${nightlySql({ properties: 'place', agency: '$1::int', from: '$3::date', to: '$4::date' })}
  order by date`;

async function manyTimes(work: (i: number) => Promise<void>): Promise<number[]> {
  for (let i = 0; i < WARM_UP; i++) await work(i);
  const times: number[] = [];
  for (let i = 0; i < QUOTES; i++) times.push(await timed(() => work(i)));
  return times;
}

async function timed(work: () => Promise<void>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}
