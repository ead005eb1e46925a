import { type Bench, cpuMs, type Helper } from './bench.ts';
import type { Loaded, Request } from './load.ts';
import { median, type Outcome, range } from './outcome.ts';
import { startPostgraphile } from './postgraphile.ts';
import { seed, type Tenant } from './seed.ts';

const ROUNDS = 5;
const ROUND_SECONDS = 3;
const WARM_UP_SECONDS = 3;
const CONNECTIONS = 16;
/** Rows of a page. */
const LIST = 25;
/** Connections to PostgreSQL: the product's default. */
const POOL = '10';

/** A way to ask for bookings with their property and guest. */
interface Variant {
  name: string;
  /** Of the process that answers. */
  pid: number;
  url: string;
  requests: Request[];
  /** The rows of an answer. */
  rows: (body: Answer) => Answer[];
  /** How many there must be; only those who answer with as many can be compared. */
  count: number;
  rounds: (Loaded & { cpuMs: number })[];
}

// biome-ignore lint/suspicious/noExplicitAny: each variant knows its own answer
type Answer = any;

/**
 * The list of bookings through each door, beside the fastest that Node and PostgreSQL can do on this machine, Prisma
 * alone, and PostGraphile. Only the ratios are worth quoting: they come from rounds that take turns.
 */
export async function reads(bench: Bench): Promise<Outcome> {
  const url = await bench.database('bench_reads');
  const tenants = await seed(url, { agencies: 20, properties: 2_000, guests: 100_000, bookings: 200_000 });
  const load = await bench.helper('bench-load.js');
  const { variants, notes } = await startVariants(bench, url, tenants);

  for (const variant of variants) await check(load, variant);
  for (const variant of variants) await ask(load, variant, WARM_UP_SECONDS);
  for (let round = 0; round < ROUNDS; round++) {
    for (const variant of variants) variant.rounds.push(await ask(load, variant, ROUND_SECONDS));
  }

  const rate = (name: string) => {
    const variant = variants.find((one) => one.name === name);
    return variant ? median(variant.rounds.map(({ perSecond }) => perSecond)) : Number.NaN;
  };
  const figures = [
    { name: 'REST : limit', value: rate('rest') / rate('limit'), unit: '', goal: { atLeast: 0.15 } },
    { name: 'GraphQL : limit', value: rate('graphql') / rate('limit'), unit: '', goal: { atLeast: 0.11 } },
  ];
  return {
    part: 'reads',
    method:
      `25 of 200,000 bookings with property and guest; 20 agencies in turn, row security on; ${CONNECTIONS} connections; ` +
      `medians of ${ROUNDS} rounds of ${ROUND_SECONDS} s that take turns`,
    table: variants.map(({ name, rounds, count }) => ({
      variant: name,
      'per second': median(rounds.map(({ perSecond }) => perSecond)),
      range: range(rounds.map(({ perSecond }) => perSecond)),
      'p50 ms': median(rounds.map(({ p50 }) => p50)),
      'p99 ms': median(rounds.map(({ p99 }) => p99)),
      'node CPU ms': median(rounds.map(({ cpuMs: ms }) => ms)),
      ...(count === LIST && { ': limit': rate(name) / rate('limit') }),
      ...(count === LIST && rate('postgraphile') && { ': postgraphile': rate(name) / rate('postgraphile') }),
    })),
    figures,
    notes,
  };
}

const FIELDS = `id reference status source propertyId checkIn checkOut nights guestsCount guestName grossAmount netAmount
  currency createdAt updatedAt property { id name } guest { id name }`;
const QUERY = `{ bookings(first: 25) { nodes { ${FIELDS} } } }`;
const PEER_QUERY = `{ allBookings(first: 25, orderBy: [PRIMARY_KEY_DESC]) { nodes { rowId reference status source propertyId checkIn
  checkOut nights guestsCount guestName grossMinor netMinor currency createdAt updatedAt
  property: propertyByAgencyIdAndPropertyId { rowId name } guest: guestByAgencyIdAndGuestId { rowId name } } } }`;

async function startVariants(
  bench: Bench,
  url: string,
  tenants: Tenant[],
): Promise<{ variants: Variant[]; notes: string[] }> {
  const env = { DATABASE_URL: url, ROLES: 'api', DEMO: 'off', RATE_LIMIT_PER_MINUTE: '1000000', DATABASE_POOL: POOL };
  const limit = await bench.helper('bench-limit-server.js', [url, POOL]);
  const prisma = await bench.helper('bench-prisma-server.js', [url, POOL]);
  // A process a door, so that each is measured as if it were the only one in use.
  const rest = await bench.product({ ...env, DATA_DIR: bench.folder() });
  const graphql = await bench.product({ ...env, DATA_DIR: bench.folder() });
  const peer = await startPostgraphile(bench, [url, POOL]);

  const bare = ({ agencyId }: Tenant): Request => ({
    method: 'GET',
    path: '/',
    headers: { 'x-agency': String(agencyId) },
  });
  const get =
    (path: string) =>
    ({ token }: Tenant): Request => ({ method: 'GET', path, headers: { authorization: `Bearer ${token}` } });
  const post =
    (query: string) =>
    ({ agencyId, token }: Tenant): Request => ({
      method: 'POST',
      path: '/graphql',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, 'x-agency': String(agencyId) },
      body: JSON.stringify({ query }),
    });
  const variant = (
    name: string,
    server: Pick<Variant, 'pid' | 'url'>,
    request: (tenant: Tenant) => Request,
    rows: Variant['rows'],
    count = LIST,
  ): Variant => ({
    name,
    pid: server.pid,
    url: server.url,
    requests: tenants.map(request),
    rows,
    count,
    rounds: [],
  });
  const data = (body: Answer) => body.data;

  const variants = [
    variant('limit', at(limit), bare, data),
    variant('prisma', at(prisma), bare, data),
    variant('rest', rest, get('/v1/bookings?per_page=25'), data),
    variant('graphql', graphql, post(QUERY), (body) => body.data.bookings.nodes),
    // Booking n belongs to agency n in the first round of agencies.
    variant(
      'rest, one by id',
      rest,
      (tenant) => get(`/v1/bookings/${tenant.agencyId}`)(tenant),
      (body) => [body.data],
      1,
    ),
  ];
  if (typeof peer === 'string') return { variants, notes: [peer] };
  variants.push(variant('postgraphile', at(peer), post(PEER_QUERY), (body) => body.data.allBookings.nodes));
  return { variants, notes: [] };
}

const at = ({ pid, ready }: Helper) => ({ pid, url: `http://127.0.0.1:${ready.port}` });

/** Asks once for each agency: a fast answer with the wrong rows is no answer. */
async function check(load: Helper, { name, url, requests, rows, count }: Variant): Promise<void> {
  for (const request of requests) {
    const { body } = await load.ask<Loaded>({ url, requests: [request], connections: 1, seconds: 0 });
    const found = rows(JSON.parse(body));
    if (found.length !== count || !found.every(({ property, guest }) => property.name && guest.name)) {
      throw new Error(`${name} did not answer with ${count} bookings, properties and guests: ${body.slice(0, 500)}`);
    }
  }
}

async function ask(
  load: Helper,
  { url, requests, pid }: Variant,
  seconds: number,
): Promise<Loaded & { cpuMs: number }> {
  const before = cpuMs(pid);
  const loaded = await load.ask<Loaded>({ url, requests, connections: CONNECTIONS, seconds });
  return { ...loaded, cpuMs: (cpuMs(pid) - before) / loaded.answers };
}
