import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { v7 as uuid } from 'uuid';
import { httpSeconds } from '../core/metrics.ts';
import { beginSpan, readTraceparent } from '../core/trace.ts';
import type { Viewer } from '../core/viewer.ts';
import type { Origin } from './authenticate.ts';

/** What is known of a request while it is served. Whoever learns more writes it here. */
export interface Observed extends Origin {
  /** The path of the row or the door that serves it: never what stood for an id, or there would be no end of them. */
  route: string;
  viewer?: Viewer;
}

const seen = new WeakMap<IncomingMessage, Observed>();

/** What is known of this request. */
export function observed(request: IncomingMessage): Observed {
  let known = seen.get(request);
  if (!known) {
    known = {
      ip: request.socket.remoteAddress,
      requestId: uuid(),
      traceparent: readTraceparent(request.headers.traceparent),
      route: 'other',
    };
    seen.set(request, known);
  }
  return known;
}

/**
 * Counts, times, logs and traces a request, whoever serves it. What went well is counted, and told only to whoever listens
 * to `debug`: its writes stand in the audit log, with the same request id.
 */
export function observe(request: IncomingMessage, response: ServerResponse, path: string, log: Logger): void {
  const known = observed(request);
  const method = request.method!;
  const begun = performance.now();
  if (FIXED.has(path)) known.route = path;
  const span = PROBED.has(path)
    ? undefined
    : beginSpan(method, {
        kind: 'server',
        parent: known.traceparent,
        facts: { 'http.request.method': method, 'bellhop.request_id': known.requestId },
      });
  if (span) known.traceparent = span.traceparent;

  response.once('close', () => {
    const { requestId, route, viewer } = known;
    const status = response.headersSent ? response.statusCode : 0; // 0: the caller left before there was an answer.
    const ms = performance.now() - begun;
    httpSeconds.observe({ method, route, status }, ms / 1_000);
    const level = PROBED.has(path) || status < 400 ? 'debug' : status < 500 ? 'info' : 'warn';
    const { agency, actor } = viewer ?? {};
    log[level](
      { requestId, method, route, status, ms: Math.round(ms), agencyId: agency?.id, tokenId: actor?.tokenId },
      'a request was answered',
    );
    span?.rename(`${method} ${route}`);
    span?.end(
      { 'http.route': route, 'http.response.status_code': status, 'bellhop.agency_id': agency?.id },
      status >= 500 ? `answered ${status}` : undefined,
    );
  });
}

/** What a probe asks all day long. */
const PROBED = new Set(['/healthz', '/readyz', '/metrics']);
const FIXED = new Set([...PROBED, '/graphql', '/docs', '/v1/openapi.json', '/v1/asyncapi.json']);
