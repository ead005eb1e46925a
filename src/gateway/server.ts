import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { DomainError, HTTP_STATUS } from '../core/errors.ts';
import { graphqlOperations } from '../core/metrics.ts';
import type { Database } from '../database/index.ts';
import type { Wake } from '../outbox/wake.ts';
import { openAuthentication } from './authenticate.ts';
import { decode, readBody } from './body.ts';
import { type Door, doorServer } from './doors.ts';
import { openGraphql, refusal } from './graphql.ts';
import { limitHeaders, openLimits } from './limits.ts';
import { toDomainError } from './mask.ts';
import { observe, observed } from './observe.ts';
import { openPlanned } from './planned.ts';
import { openRefusals } from './refusals.ts';
import { restApp } from './rest/app.ts';
import type { Route } from './rest/route.ts';

export interface Gateway {
  server: Server;
  /** The port that it listens on: the configured one, or the one that the system chose for 0. */
  port: number;
  /** Takes no new requests, waits for those in flight, and then closes what is left. */
  close(): Promise<void>;
}

export interface GatewayServices {
  schema: GraphQLSchema;
  routes: Route[];
  doors: Door[];
  config: Config;
  database: Database;
  wake: Wake;
  log: Logger;
  /** What `/readyz` answers: each part by name, and whether it works. */
  readiness: () => Promise<Record<string, boolean>>;
  /** Serves `/metrics` to whoever may look. */
  metrics: (request: IncomingMessage, response: ServerResponse) => void;
}

/** One HTTP server with all doors. What is asked often is dispatched before Express, which serves `/docs` and the rest. */
export async function openGateway(services: GatewayServices): Promise<Gateway> {
  const { schema, config, log } = services;
  const refusals = openRefusals(log);
  const authenticate = openAuthentication({ ...services, refusals });
  const limits = openLimits(config, log);
  const graphql = openGraphql({ schema, log, refusals });
  const plannedAnswer = config.planner ? openPlanned({ schema, log }) : undefined;
  const rest = restApp({ ...services, authenticate, limits, refusals });
  const doorOf = doorServer(services.doors, { ...services, limits });
  const stopping = new AbortController();

  const server = createServer((request, response) => {
    const path = request.url!.split('?', 1)[0]!;
    observe(request, response, path, log);
    if (path === '/graphql') serveGraphql(request, response);
    else if (path === '/healthz') answer(response, 200, { status: 'ok' });
    else if (path === '/readyz') serveReadiness(response);
    else if (path === '/metrics') services.metrics(request, response);
    else if (path.endsWith('/calendar.ics') || path.startsWith('/inbound/')) serveDoor(path, request, response);
    else if (path.startsWith('/v1/') && !DOCUMENTS.has(path)) rest.row(request, response);
    else rest.app(request, response);
  });
  server.keepAliveTimeout = 65_000; // Longer than a load balancer's, so that it is the one to let go.

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(config.port, config.host, () => resolve());
  });
  const { port } = server.address() as AddressInfo;
  if (config.port === 0) config.publicUrl = config.publicUrl.replace(/:0$/, `:${port}`); // Known only now.

  return {
    server,
    port,
    async close() {
      stopping.abort(); // Subscriptions end; their clients resume elsewhere with the last cursor.
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const patience = setTimeout(() => server.closeAllConnections(), 10_000);
      await closed;
      clearTimeout(patience);
      await limits.close();
    },
  };

  async function serveGraphql(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const known = observed(request);
    const { requestId } = known;
    response.setHeader('x-request-id', requestId);
    try {
      if (wantsPage(request)) return await graphql(request, response, {});
      const viewer = await authenticate(request.headers, known);
      known.viewer = viewer;
      const verdict = await limits.take(viewer.actor.tokenId!);
      for (const [name, value] of Object.entries(limitHeaders(verdict))) response.setHeader(name, value);
      if (!verdict.allowed) throw new DomainError('RATE_LIMITED', 'Too Many Attempts.');
      const body = request.method === 'POST' ? readable(request, decode(await readBody(request))) : undefined;
      const planned = await plannedAnswer?.(request, body, { viewer, requestId, signal: stopping.signal });
      if (planned) {
        graphqlOperations.inc({ type: 'query', outcome: 'ok' });
        response.writeHead(200, { 'content-type': planned.type, 'content-length': Buffer.byteLength(planned.body) });
        return void response.end(planned.body);
      }
      if (body !== undefined) Object.assign(request, { body });
      const gone = new AbortController();
      response.once('close', () => gone.abort());
      const signal = AbortSignal.any([gone.signal, stopping.signal]);
      await graphql(request, response, { viewer, requestId, signal });
    } catch (error) {
      const told = toDomainError(error, log, requestId);
      if (response.headersSent) return void response.destroy();
      answer(response, HTTP_STATUS[told.code], refusal(told, requestId), told.headers);
    }
  }

  function serveDoor(path: string, request: IncomingMessage, response: ServerResponse): void {
    const door = doorOf(path);
    if (door) void door(request, response);
    else rest.app(request, response);
  }

  async function serveReadiness(response: ServerResponse): Promise<void> {
    const parts = await services.readiness().catch(() => ({ database: false }));
    const ready = Object.values(parts).every(Boolean);
    answer(response, ready ? 200 : 503, { status: ready ? 'ready' : 'not ready', ...parts });
  }
}

/** What is told to everybody, without a token. */
const DOCUMENTS = new Set(['/v1/openapi.json', '/v1/asyncapi.json']);

/** A browser that asks for the page rather than for data. */
function wantsPage({ method, url, headers }: IncomingMessage): boolean {
  const asks = new URLSearchParams(url?.split('?', 2)[1]).has('query'); // However its name is encoded.
  return method === 'GET' && Boolean(headers.accept?.includes('text/html')) && !asks;
}

/** The body in the form in which Yoga reads it fastest: parsed, or as text for Yoga to say what is wrong with it. */
function readable({ headers }: IncomingMessage, text: string): unknown {
  if (!headers['content-type']?.startsWith('application/json')) return text;
  try {
    const body = JSON.parse(text);
    if (body !== null && typeof body === 'object' && !Array.isArray(body) && Object.keys(body).length > 0) return body;
  } catch {
    // Not JSON: said by Yoga, in the protocol's words.
  }
  return text;
}

function answer(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    ...headers,
  });
  response.end(JSON.stringify(body));
}
