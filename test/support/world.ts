import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { type Config, readConfig } from '../../src/config.ts';
import { clock } from '../../src/core/clock.ts';
import { Viewer } from '../../src/core/viewer.ts';
import { type Database, openDatabase } from '../../src/database/index.ts';
import { schema } from '../../src/domains.ts';
import { doors } from '../../src/doors.ts';
import { compileRoutes, type Route } from '../../src/gateway/rest/route.ts';
import { openGateway } from '../../src/gateway/server.ts';
import { openWake } from '../../src/outbox/wake.ts';
import { createToken } from '../../src/platform/tokens/create.ts';
import type { NewToken } from '../../src/platform/tokens/types.ts';
import { createRelay } from '../../src/relay/relay.ts';
import { rows } from '../../src/routes.ts';
import { printMetrics } from '../../src/telemetry/gather.ts';
import { metricsDoor } from '../../src/telemetry/metrics-door.ts';
import { createTestDatabase } from './database.ts';
import { type Receiver, startReceiver } from './receiver.ts';

/** An answer of the API, with its body read. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for
  body: any;
}

/** One agency, as its integrator sees it: a token and two doors. */
export interface Integrator {
  agencyId: number;
  tokenId: number;
  token: string;
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  patch(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  put(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  delete(path: string, headers?: Record<string, string>): Promise<Answer>;
  graphql(query: string, variables?: object): Promise<Answer>;
  /** Another token of the same agency. */
  withAbilities(...abilities: string[]): Promise<Integrator>;
  /** A villa of one unit, or whatever is said otherwise. */
  // biome-ignore lint/suspicious/noExplicitAny: the body of a property
  property(fields?: object): Promise<any>;
  // biome-ignore lint/suspicious/noExplicitAny: the body of a booking
  book(fields?: object): Promise<any>;
  /** Registers a real receiver; it is closed when the test ends. */
  subscribe(events: string | string[], fields?: object): Promise<Receiver & { endpointId: number }>;
  openNights(propertyId: number, from: string, to: string): Promise<string[]>;
  viewer: Viewer;
}

export interface World extends Integrator {
  url: string;
  config: Config;
  database: Database;
  /** Dispatches and delivers all that is due, and returns. */
  relay(): Promise<void>;
  /** Somebody else's agency on the same server. */
  anotherAgency(): Promise<Integrator>;
  /** How many SQL statements `work` costs the requests' roles. */
  statements(work: () => Promise<unknown>): Promise<number>;
  /** Pushes the clock forward. */
  pass(milliseconds: number): void;
}

type TokenText = Pick<NewToken, 'id' | 'token'>;

const compiled = new Map<boolean, Route[]>();

/** Compiled once and not once a world: the rows are the same for all. */
export function routesFor({ planner }: Config): Route[] {
  const routes = compiled.get(planner) ?? compileRoutes(schema, rows, { planned: planner });
  compiled.set(planner, routes);
  return routes;
}

/** A running Bellhop on a database of its own: a real PostgreSQL, a real port. It ends with the test. */
export async function startWorld({
  today,
  env = {},
}: {
  today?: string;
  env?: NodeJS.ProcessEnv;
} = {}): Promise<World> {
  const testDatabase = await createTestDatabase();
  const dataDir = mkdtempSync(join(tmpdir(), 'bellhop-world-'));
  const config = readConfig({
    DATABASE_URL: testDatabase.url,
    DATA_DIR: dataDir,
    DEMO: 'off',
    PORT: '0',
    RATE_LIMIT_PER_MINUTE: '1000000',
    WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
    WEBHOOK_TIMEOUT_SECONDS: '2',
    LOG_LEVEL: process.env.LOG_LEVEL ?? 'silent',
    ...env,
  });
  const log = pino({ level: config.logLevel });
  if (today) clock.aheadMs = new Date(`${today}T12:00:00Z`).getTime() - Date.now();
  const database = await openDatabase(config, log);
  const wake = openWake(database.system, database.ownerUrl, log);
  const gateway = await openGateway({
    schema,
    routes: routesFor(config),
    doors,
    config,
    database,
    wake,
    log,
    readiness: async () => ({ database: true }),
    metrics: metricsDoor(config, () => printMetrics(database.system), log),
  });
  const relay = createRelay({ database, config, log, wake, schema });
  const url = `http://127.0.0.1:${gateway.port}`;
  onTestFinished(async () => {
    await gateway.close();
    await relay.stop();
    await wake.close();
    await database.close();
    await testDatabase.drop();
    rmSync(dataDir, { recursive: true, force: true });
    clock.aheadMs = 0;
  });

  let codes = 0;
  const services = { database, wake, config };
  const first = await makeAgency();
  return {
    ...first,
    url,
    config,
    database,
    relay: () => relay.drain(),
    anotherAgency: makeAgency,
    async statements(work) {
      let count = 0;
      const { Client } = (await import('pg')).default;
      const query = Client.prototype.query;
      Client.prototype.query = function counted(this: unknown, ...args: unknown[]) {
        const text = typeof args[0] === 'string' ? args[0] : (args[0] as { text?: string })?.text;
        // Token look-ups, hints, whoever begins to listen for them just then, and the binding of a connection to its agency
        // are not what a list costs.
        if (text && !/access_token|pg_notify|^listen|set_config|^begin|^commit/i.test(text)) count++;
        return Reflect.apply(query as never, this, args);
      } as never;
      try {
        await work();
      } finally {
        Client.prototype.query = query;
      }
      return count;
    },
    pass(milliseconds) {
      clock.aheadMs += milliseconds;
    },
  };

  /** The log is read up to the oldest transaction that runs on the server, and other tests' run on the same one. */
  async function logSettles(): Promise<void> {
    const settled = `select xid < log_position(pg_snapshot_xmin(pg_current_snapshot())) as settled from outbox_event order by xid desc limit 1`;
    for (const deadline = Date.now() + 25_000; Date.now() < deadline; ) {
      const { rows: found } = await database.system.query(settled);
      if (found[0]?.settled !== false) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async function makeAgency(): Promise<Integrator> {
    const { rows: made } = await database.system.query(
      `insert into agency (name, currency, timezone, plan, updated_at)
       values ($1, 'MAD', 'Africa/Casablanca', 'BUSINESS', now()) returning id`,
      [`Agency ${++codes}`],
    );
    const agency = {
      id: made[0].id,
      name: `Agency ${codes}`,
      currency: 'MAD',
      timezone: 'Africa/Casablanca',
      commissionBasisPoints: 0,
    };
    const viewer = new Viewer(agency, { name: 'test' }, new Set(['*']), services);
    return integrator(viewer, await firstToken(agency.id));
  }

  /** By hand, as the agency is: a token that may do everything is told of, and a test begins with an empty log. */
  async function firstToken(agencyId: number): Promise<TokenText> {
    const secret = randomBytes(24).toString('hex');
    const { rows: made } = await database.system.query(
      `insert into access_token (agency_id, name, secret_hash, abilities) values ($1, 'test', $2, '{*}') returning id`,
      [agencyId, createHash('sha256').update(secret).digest('hex')],
    );
    return { id: made[0].id, token: `${made[0].id}|${secret}` };
  }

  async function integrator(viewer: Viewer, { id: tokenId, token }: TokenText): Promise<Integrator> {
    const ask = async (
      method: string,
      path: string,
      body?: unknown,
      headers: Record<string, string> = {},
    ): Promise<Answer> => {
      if (path.startsWith('/v1/events')) await logSettles();
      const response = await fetch(`${url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
        redirect: 'manual',
      });
      const text = await response.text();
      return { status: response.status, headers: response.headers, text, body: parsed(text) };
    };
    const me: Integrator = {
      agencyId: viewer.agency.id,
      tokenId,
      token,
      viewer,
      ask,
      get: (path, headers) => ask('GET', path, undefined, headers),
      post: (path, body = {}, headers) => ask('POST', path, body, headers),
      patch: (path, body = {}, headers) => ask('PATCH', path, body, headers),
      put: (path, body = {}, headers) => ask('PUT', path, body, headers),
      delete: (path, headers) => ask('DELETE', path, undefined, headers),
      graphql: (query, variables) => ask('POST', '/graphql', { query, variables }),
      withAbilities: async (...abilities) => integrator(viewer, await createToken(viewer, { name: 'test', abilities })),
      async property(fields = {}) {
        const answer = await me.post('/v1/properties', {
          code: `P-${++codes}`,
          name: `Property ${codes}`,
          kind: 'villa',
          city: 'Marrakech',
          units: 1,
          base_price: 1000,
          ...fields,
        });
        if (answer.status !== 201) throw new Error(answer.text);
        return answer.body.data;
      },
      async book(fields = {}) {
        const property_id = 'property_id' in fields ? fields.property_id : (await me.property()).id;
        const answer = await me.post('/v1/bookings', {
          property_id,
          check_in: '2027-06-01',
          check_out: '2027-06-03',
          guests_count: 2,
          guest_name: 'Karim B.',
          ...fields,
        });
        if (answer.status !== 201) throw new Error(answer.text);
        return answer.body.data;
      },
      async subscribe(events, fields = {}) {
        const receiver = await startReceiver();
        onTestFinished(() => receiver.close());
        const answer = await me.post('/v1/webhooks', { url: receiver.url, events: [events].flat(), ...fields });
        if (answer.status !== 201) throw new Error(answer.text);
        receiver.useSecret(answer.body.data.secret);
        return Object.assign(receiver, { endpointId: answer.body.data.id as number });
      },
      async openNights(propertyId, from, to) {
        const { rows: open } = await database.asAgency(viewer.agency.id, (client) =>
          client.query(
            `select d::date::text as date from generate_series($2::date, $3::date - 1, interval '1 day') d
             where not exists (
               select 1 from inventory i join room_type r on r.id = i.room_type_id
               where r.property_id = $1 and i.date = d and i.sold + i.blocked >= i.total)
             order by 1`,
            [propertyId, from, to],
          ),
        );
        return open.map(({ date }) => date);
      },
    };
    return me;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
