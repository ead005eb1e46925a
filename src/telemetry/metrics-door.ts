import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import ipaddr from 'ipaddr.js';
import type { Logger } from 'pino';
import { prometheusContentType } from 'prom-client';
import type { Config } from '../config.ts';

/**
 * `/metrics`. It counts what all agencies do, so it is closed to everybody but the operator: whoever shows METRICS_TOKEN;
 * without one, this machine itself, and only while no PUBLIC_URL says that a proxy, which is on this machine too, brings
 * us everybody's requests. Who may not look is told that there is nothing here.
 */
export function metricsDoor(
  config: Pick<Config, 'metricsToken' | 'behindProxy'>,
  print: () => Promise<string>,
  log: Logger,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    if (request.method !== 'GET' || !mayLook(request)) {
      response.writeHead(404, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
      return void response.end('{"message":"Not found. Send METRICS_TOKEN as a bearer token.","code":"NOT_FOUND"}');
    }
    try {
      const text = await print();
      response.writeHead(200, { 'content-type': prometheusContentType, 'cache-control': 'no-store' }).end(text);
    } catch (error) {
      log.warn({ err: error }, 'the metrics could not be gathered');
      response.writeHead(503).end('The metrics could not be gathered; the log says why.\n');
    }
  };

  function mayLook({ headers, socket }: IncomingMessage): boolean {
    const { metricsToken, behindProxy } = config;
    if (metricsToken) return same((headers.authorization ?? '').replace(/^Bearer /i, ''), metricsToken);
    return !behindProxy && FORWARDED.every((name) => !(name in headers)) && isLoopback(socket.remoteAddress ?? '');
  }
}

const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'];

function isLoopback(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'loopback';
}

/** The metrics alone on a port of their own: a process that only relays has no other. */
export async function openMetricsPort(
  host: string,
  port: number,
  door: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<{ close(): Promise<void> }> {
  const server = createServer((request, response) => {
    if (request.url?.split('?', 1)[0] === '/metrics') void door(request, response);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Compares in a time that doesn't tell how much of it was right. */
function same(given: string, expected: string): boolean {
  const [a, b] = [given, expected].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(a!, b!);
}
