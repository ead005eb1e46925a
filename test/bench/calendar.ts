import { type Bench, cpuMs, query } from './bench.ts';
import type { Load, Loaded, Request } from './load.ts';
import { median, type Outcome, range } from './outcome.ts';
import { seed } from './seed.ts';

const PROPERTIES = 100;
const [FROM, TO, NIGHTS] = ['2027-01-01', '2027-12-31', 365];
const ROUNDS = 5;
const ROUND_SECONDS = 2;

/** What a revenue manager's screen may wait for, and its share of what the best SQL could do without a product around it. */
const YEAR_MS = 350;
const OF_LIMIT = 0.6;

/**
 * A year of a hundred properties in one answer, each night with a rate of its own, two of three sold, beside a bare server
 * that sends what the best SQL we could write by hand makes of the same rows. The page from the middle shows that nobody
 * pays for nights that he didn't ask for.
 */
export async function calendar(bench: Bench): Promise<Outcome> {
  const url = await bench.database('bench_calendar');
  const [tenant] = await seed(url, { agencies: 1, properties: PROPERTIES, guests: 1, bookings: 0 });
  await fill(url);
  const product = await bench.product({
    ...{ DATABASE_URL: url, ROLES: 'api', DEMO: 'off', RATE_LIMIT_PER_MINUTE: '1000000', DATA_DIR: bench.folder() },
  });
  const limit = await bench.helper('bench-limit-server.js', [url, '10']);
  const load = await bench.helper('bench-load.js');
  const bare = { pid: limit.pid, url: `http://127.0.0.1:${limit.ready.port}` };
  const { agencyId, token } = tenant!;
  const headers = {
    authorization: `Bearer ${token}`,
    'x-agency': String(agencyId),
    'content-type': 'application/json',
  };
  const get = (path: string): Request => ({ method: 'GET', path, headers });
  const asked = `{ calendar(from: "${FROM}", to: "${TO}") { nodes { ${FIELDS} } } }`;
  const year = `/v1/calendar?from=${FROM}&to=${TO}`;
  const graphql: Request = { method: 'POST', path: '/graphql', headers, body: JSON.stringify({ query: asked }) };
  const variants = [
    { name: 'limit', ...bare, request: get(`/calendar/${FROM}/${TO}`), rows: PROPERTIES * NIGHTS },
    { name: 'rest', ...product, request: get(year), rows: PROPERTIES * NIGHTS },
    { name: 'graphql', ...product, request: graphql, rows: PROPERTIES * NIGHTS },
    { name: 'rest, page 18 of 1,000', ...product, request: get(`${year}&per_page=1000&page=18`), rows: 1_000 },
    { name: 'rest, one property', ...product, request: get(`${year}&property_id=50`), rows: NIGHTS },
  ].map((variant) => ({ ...variant, rounds: [] as (Loaded & { cpuMs: number })[] }));

  for (let round = 0; round <= ROUNDS; round++) {
    for (const { url, pid, request, rows, rounds } of variants) {
      const before = cpuMs(pid);
      const loaded = await load.ask<Loaded>({
        ...{ url, requests: [request], connections: 1, seconds: ROUND_SECONDS },
      } satisfies Load);
      const found = loaded.body.match(/"date":/g)?.length;
      if (found !== rows) throw new Error(`${request.path} answered with ${found} nights, not ${rows}.`);
      if (round > 0) rounds.push({ ...loaded, cpuMs: (cpuMs(pid) - before) / loaded.answers }); // The first warms up.
    }
  }
  const times = (name: string) => variants.find((one) => one.name === name)!.rounds.map(({ p50 }) => p50);
  return {
    part: 'calendar',
    method: `${NIGHTS} nights of ${PROPERTIES} properties, one request at a time; medians of ${ROUNDS} rounds of ${ROUND_SECONDS} s that take turns`,
    table: variants.map(({ name, rounds }) => ({
      variant: name,
      'p50 ms': median(times(name)),
      range: range(times(name)),
      'node CPU ms': median(rounds.map(({ cpuMs: ms }) => ms)),
    })),
    figures: [
      { name: 'a year of 100 properties by REST', value: median(times('rest')), unit: 'ms', goal: { atMost: YEAR_MS } },
      ...['rest', 'graphql'].map((name) => ({
        name: `${name} : limit`,
        value: median(times('limit')) / median(times(name)),
        unit: '',
        goal: { atLeast: OF_LIMIT },
      })),
    ],
    notes: [],
  };
}

const FIELDS = `propertyId date status price currency minStay closedToArrival closedToDeparture rateId bookingId unitsTotal
  unitsAvailable`;

/** Three years of stays of four nights with two free ones between, so that the range is not all there is; rates of a night each. */
async function fill(url: string): Promise<void> {
  await query(
    url,
    `insert into rate (agency_id, property_id, "from", "to", price_minor, min_stay, rank, pushed, updated_at)
     select agency_id, id, date '${FROM}' + n, date '${FROM}' + n, 100000 + n, 1 + n % 3, 2, true, now()
     from property, generate_series(0, ${NIGHTS - 1}) n;
     insert into booking (agency_id, property_id, room_type_id, guest_id, reference, status, source, check_in, check_out,
       nights, guests_count, guest_name, currency, gross_minor, commission_minor, net_minor, updated_at)
     select agency_id, id, id, 1, 'BKG-' || id || '-' || n, 'CONFIRMED', 'airbnb', date '2025-01-01' + n * 6,
       date '2025-01-05' + n * 6, 4, 2, 'Karim B.', 'MAD', 400000, 0, 400000, now()
     from property, generate_series(0, 181) n;
     insert into night (agency_id, booking_id, date, property_id, room_type_id, source, currency, gross_minor, net_minor, counts)
     select agency_id, id, check_in + n, property_id, room_type_id, source, 'MAD', 100000, 100000, true
     from booking, generate_series(0, 3) n;
     insert into inventory (agency_id, room_type_id, date, total, sold)
     select agency_id, room_type_id, date, 1, 1 from night`,
  );
  await query(url, 'vacuum analyze');
}
