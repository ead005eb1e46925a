import type { IncomingMessage, ServerResponse } from 'node:http';
import express, { type ErrorRequestHandler, type Express } from 'express';
import type { Logger } from 'pino';
import type { Config } from '../../config.ts';
import { DomainError } from '../../core/errors.ts';
import type { Viewer } from '../../core/viewer.ts';
import { admit } from '../../graph/guard.ts';
import { printAsyncApi } from '../asyncapi/document.ts';
import type { Authenticate } from '../authenticate.ts';
import { readBody } from '../body.ts';
import { deadline } from '../deadline.ts';
import { docs } from '../docs.ts';
import type { Door } from '../doors.ts';
import { type Limits, limitHeaders } from '../limits.ts';
import { toDomainError } from '../mask.ts';
import { observed } from '../observe.ts';
import { printOpenApi } from '../openapi/document.ts';
import type { Refusals } from '../refusals.ts';
import { type Answer, JSON_TYPE, refusal } from './answer.ts';
import { parseBody } from './body.ts';
import { fingerprintOf, keyOf, once } from './idempotency.ts';
import { type Match, matcher } from './match.ts';
import { readSearch } from './parameters.ts';
import type { Route } from './route.ts';
import { writeStream } from './stream.ts';

export interface RestServices {
  routes: Route[];
  /** Only told of here, in the document; they are served before anything comes here. */
  doors: Door[];
  config: Config;
  authenticate: Authenticate;
  limits: Limits;
  refusals: Refusals;
  log: Logger;
}

/** The rows by themselves, for whoever has seen already that a request is for one, and all the rest behind Express. */
export interface Rest {
  app: Express;
  row: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

/** `/v1`, its OpenAPI and AsyncAPI documents and `/docs`. Everything else is a 404, in JSON like every other refusal. */
export function restApp(services: RestServices): Rest {
  const { routes, doors } = services;
  const row = rowServer(services);
  const openApi = printedOnce(() => printOpenApi(routes, doors));
  const asyncApi = printedOnce(printAsyncApi);
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.get('/v1/openapi.json', (req, res) => send(req, res, openApi(), { 'x-request-id': observed(req).requestId }));
  app.get('/v1/asyncapi.json', (req, res) => send(req, res, asyncApi(), { 'x-request-id': observed(req).requestId }));
  app.use('/v1', (req, res) => row(req, res));
  app.use('/docs', docs());
  app.use((req, res) => {
    const { requestId } = observed(req);
    const nothing = new DomainError(
      'NOT_FOUND',
      'There is nothing here. Look at /docs, /v1/openapi.json and /graphql.',
    );
    send(req, res, refusal(nothing, requestId), { 'x-request-id': requestId });
  });
  app.use(((error, req, res, next) => {
    if (res.headersSent) return next(error);
    const { requestId } = observed(req);
    send(req, res, refusal(toDomainError(error, services.log, requestId), requestId), { 'x-request-id': requestId });
  }) satisfies ErrorRequestHandler);
  return { app, row };
}

/** A document for everybody. It is printed when it is first asked for, and not at the start, which it would make longer. */
function printedOnce(print: () => object): () => Answer {
  let printed: string | undefined;
  return () => {
    printed ??= JSON.stringify(print());
    return { status: 200, headers: { 'content-type': JSON_TYPE, 'cache-control': 'no-cache' }, body: printed };
  };
}

/** What a request goes through, in this order: who asks, how often, what for, whether it may, and then the row. */
function rowServer({ routes, config, authenticate, limits, refusals, log }: RestServices) {
  const match = matcher(routes);

  return async (req: IncomingMessage & { originalUrl?: string }, res: ServerResponse): Promise<void> => {
    const known = observed(req);
    const { requestId } = known;
    const headers: Record<string, string> = { 'x-request-id': requestId };
    let viewer: Viewer | undefined;
    let asked: string | undefined;
    try {
      viewer = await authenticate(req.headers, known);
      known.viewer = viewer;
      const verdict = await limits.take(viewer.actor.tokenId!);
      Object.assign(headers, limitHeaders(verdict));
      if (!verdict.allowed) throw new DomainError('RATE_LIMITED', 'Too Many Attempts.');
      const [path, search = ''] = split(req.originalUrl ?? req.url!);
      const found = match(path);
      const route = routeFor(found, req.method!, path);
      known.route = route.row.path;
      asked = askedOf(route, path, found!.path);
      admit(viewer, route.operation.plan, route.most);
      const answer = await deadline(ask(viewer, route, req, { path, search, values: found!.path }));
      await send(req, res, answer, headers);
    } catch (error) {
      const told = toDomainError(error, log, requestId);
      if (res.headersSent) {
        // Too late to say it: a connection that breaks is the only way left to tell a client that this isn't all.
        log.warn({ requestId, code: told.code }, 'an answer was cut short');
        return void res.destroy();
      }
      if (viewer) await refusals.note(viewer, told, asked);
      await send(req, res, refusal(told, requestId), headers);
    }
  };

  async function ask(
    viewer: Viewer,
    route: Route,
    req: IncomingMessage,
    at: { path: string; search: string; values: string[] },
  ) {
    const { headers } = req;
    const reads = route.row.method === 'GET';
    const bytes = reads ? undefined : await readBody(req);
    const key = reads ? undefined : keyOf(headers);
    const body = bytes && parseBody(headers, bytes);
    const asked = {
      headers,
      body,
      path: at.values,
      query: readSearch(at.search),
      search: at.search,
      url: config.publicUrl + at.path,
    };
    if (key === undefined) return route.answer(viewer, asked);
    const target = at.search === '' ? at.path : `${at.path}?${at.search}`;
    return once(viewer, key, fingerprintOf(req.method!, target, bytes!), () => route.answer(viewer, asked));
  }
}

/** The row of a method, or a refusal that says which methods there are. HEAD is a GET whose body stays here. */
function routeFor(found: Match<Route> | undefined, method: string, path: string): Route {
  if (!found)
    throw new DomainError('NOT_FOUND', `There is nothing at ${path}. GET /v1/openapi.json names every path there is.`);
  const route = found.byMethod.get(method === 'HEAD' ? 'GET' : method);
  if (route) return route;
  const allowed = [...found.byMethod.keys()].flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : [name])).join(', ');
  throw new DomainError(
    'METHOD_NOT_ALLOWED',
    `The ${method} method is not supported here. Use ${allowed}.`,
    undefined,
    { allow: allowed },
  );
}

/** What a request was for, as the audit log may say it: ids are nobody's name, and other words in a path might be. */
function askedOf({ row }: Route, path: string, values: string[]): string {
  return `${row.method} ${values.every((value) => /^(\d{1,10}|[0-9a-f-]{36})$/.test(value)) ? path : row.path}`;
}

function split(target: string): [path: string, search?: string] {
  const at = target.indexOf('?');
  return at < 0 ? [target] : [target.slice(0, at), target.slice(at + 1)];
}

async function send(
  req: IncomingMessage,
  res: ServerResponse,
  { status, headers, body, stream }: Answer,
  more: Record<string, string>,
): Promise<void> {
  const bytes = body === undefined ? undefined : Buffer.from(body);
  res.writeHead(status, { ...headers, ...more, ...(bytes && { 'content-length': bytes.length }) });
  if (!stream || req.method === 'HEAD') return void res.end(req.method === 'HEAD' ? undefined : bytes);
  await writeStream(res, stream);
}
