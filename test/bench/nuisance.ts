// Customers' servers that nobody wishes for, a port each, in a process of their own.
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serveBench } from './helper.ts';

/** Their origins. */
export type Nuisances = Record<'hanging' | 'dripping' | 'failing' | 'redirecting' | 'dead', string>;

const behaviours: Record<Exclude<keyof Nuisances, 'dead'>, RequestListener> = {
  hanging: () => {},
  dripping(_request, response) {
    response.writeHead(200, { 'content-length': '10000' });
    const drip = setInterval(() => response.write('.'), 1_000);
    response.once('close', () => clearInterval(drip));
  },
  failing: (_request, response) => void response.writeHead(500).end(),
  redirecting: (_request, response) => void response.writeHead(302, { location: 'http://127.0.0.1/' }).end(),
};

async function listen(behaviour: RequestListener) {
  const server = createServer((request, response) => {
    request.resume();
    behaviour(request, response);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const origins: Partial<Nuisances> = {};
for (const [name, behaviour] of Object.entries(behaviours)) {
  origins[name as keyof Nuisances] = (await listen(behaviour)).origin;
}
const { server, origin } = await listen(() => {});
await new Promise((closed) => server.close(closed)); // Nobody is there, and says so at once.
origins.dead = origin;

serveBench({ port: 0 }, async () => origins);
