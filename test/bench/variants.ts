import type { Bench, Helper } from './bench.ts';
import type { Loaded, Request } from './load.ts';
import { startPostgraphile } from './postgraphile.ts';
import type { Tenant } from './seed.ts';

/** A way to ask a question, and what its rounds came to. */
export interface Variant {
  name: string;
  question: Question;
  /** Of the process that answers. */
  pid: number;
  url: string;
  /** One an agency. */
  requests: Request[];
  /** The rows of an answer. */
  rows: (body: Answer) => Answer[];
  rounds: Round[];
}

export type Round = Loaded & { cpuMs: number };

/** What is asked for. Only those who answer the same question are compared. */
export interface Question {
  /** How many rows an answer has. */
  count: number;
  /** Whether a row carries what belongs to it. */
  whole: (row: Answer) => boolean;
  limit: string;
  peer?: string;
}

// biome-ignore lint/suspicious/noExplicitAny: each variant knows its own answer
type Answer = any;

/** Connections to PostgreSQL: the product's default. */
const POOL = '10';

const whole = ({ property, guest }: Answer) => Boolean(property.name && guest.name);
const LIST: Question = { count: 25, whole, limit: 'limit', peer: 'postgraphile' };
const THREE_LEVELS: Question = {
  count: 25,
  whole: ({ property }) => Boolean(property.name && property.owner.name),
  limit: 'limit, three levels',
  peer: 'postgraphile, three levels',
};
const ONE: Question = { count: 1, whole, limit: 'limit, one by id' };

const FIELDS = `id reference status source propertyId checkIn checkOut nights guestsCount guestName grossAmount netAmount
  currency createdAt updatedAt property { id name } guest { id name }`;
const DEEP_FIELDS = `reference status checkIn checkOut guestName currency`;

const QUERY = `{ bookings(first: 25) { nodes { ${FIELDS} } } }`;
const DEEP_QUERY = `{ bookings(first: 25) { nodes { id ${DEEP_FIELDS} property { id name city owner { id name email } } } } }`;
const PEER_QUERY = `{ allBookings(first: 25, orderBy: [PRIMARY_KEY_DESC]) { nodes { rowId reference status source propertyId checkIn
  checkOut nights guestsCount guestName grossMinor netMinor currency createdAt updatedAt
  property: propertyByAgencyIdAndPropertyId { rowId name } guest: guestByAgencyIdAndGuestId { rowId name } } } }`;
const DEEP_PEER_QUERY = `{ allBookings(first: 25, orderBy: [PRIMARY_KEY_DESC]) { nodes { rowId ${DEEP_FIELDS}
  property: propertyByAgencyIdAndPropertyId { rowId name city owner: ownerByAgencyIdAndOwnerId { rowId name email } } } } }`;

/** Starts all who answer. Where the peer can't be had, it is left out and a note says why. */
export async function startVariants(bench: Bench, url: string, tenants: Tenant[]) {
  const env = { DATABASE_URL: url, ROLES: 'api', DEMO: 'off', RATE_LIMIT_PER_MINUTE: '1000000', DATABASE_POOL: POOL };
  const product = (more?: Record<string, string>) => bench.product({ ...env, DATA_DIR: bench.folder(), ...more });
  const limit = origin(await bench.helper('bench-limit-server.js', [url, POOL]));
  const prisma = origin(await bench.helper('bench-prisma-server.js', [url, POOL]));
  // A process a door, so that each is measured as if it were the only one in use.
  const rest = await product();
  const graphql = await product();
  const unplanned = await product({ BELLHOP_PLANNER: 'off' });
  const peer = await startPostgraphile(bench, [url, POOL]);

  const variant = (
    name: string,
    question: Question,
    { pid, url }: { pid: number; url: string },
    request: (tenant: Tenant) => Request,
    rows: Variant['rows'],
  ): Variant => ({ name, question, pid, url, requests: tenants.map(request), rows, rounds: [] });

  // Booking n belongs to agency n in the first round of agencies.
  const variants = [
    variant('limit', LIST, limit, bare('/list'), data),
    variant('prisma', LIST, prisma, bare('/'), data),
    variant('rest', LIST, rest, get('/v1/bookings?per_page=25'), data),
    variant('graphql', LIST, graphql, post(QUERY), nodes),
    variant('rest, planner off', LIST, unplanned, get('/v1/bookings?per_page=25'), data),
    variant('graphql, planner off', LIST, unplanned, post(QUERY), nodes),
    variant('limit, three levels', THREE_LEVELS, limit, bare('/three-levels'), data),
    variant('graphql, three levels', THREE_LEVELS, graphql, post(DEEP_QUERY), nodes),
    variant('limit, one by id', ONE, limit, (tenant) => bare(`/one/${tenant.agencyId}`)(tenant), datum),
    variant('rest, one by id', ONE, rest, (tenant) => get(`/v1/bookings/${tenant.agencyId}`)(tenant), datum),
    variant('graphql, one by id', ONE, graphql, (tenant) => post(one(tenant.agencyId))(tenant), booking),
  ];
  if (typeof peer === 'string') return { variants, notes: [peer] };
  variants.push(
    variant('postgraphile', LIST, origin(peer), post(PEER_QUERY), peerNodes),
    variant('postgraphile, three levels', THREE_LEVELS, origin(peer), post(DEEP_PEER_QUERY), peerNodes),
  );
  return { variants, notes: [] };
}

const origin = ({ pid, ready }: Helper) => ({ pid, url: `http://127.0.0.1:${ready.port}` });

const bare =
  (path: string) =>
  ({ agencyId }: Tenant): Request => ({ method: 'GET', path, headers: { 'x-agency': String(agencyId) } });

const get =
  (path: string) =>
  ({ token }: Tenant): Request => ({ method: 'GET', path, headers: { authorization: `Bearer ${token}` } });

/** GraphQL, the id in a variable where there is one, as clients send it. */
const post =
  (asked: { query: string; variables?: Record<string, unknown> } | string) =>
  ({ agencyId, token }: Tenant): Request => ({
    method: 'POST',
    path: '/graphql',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, 'x-agency': String(agencyId) },
    body: JSON.stringify(typeof asked === 'string' ? { query: asked } : asked),
  });

const one = (id: number) => ({ query: `query ($id: ID!) { booking(id: $id) { ${FIELDS} } }`, variables: { id } });

const data = (body: Answer) => body.data;
const datum = (body: Answer) => [body.data];
const nodes = (body: Answer) => body.data.bookings.nodes;
const booking = (body: Answer) => [body.data.booking];
const peerNodes = (body: Answer) => body.data.allBookings.nodes;
