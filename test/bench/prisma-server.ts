// The list as Prisma alone answers it, through the product's own clients: what GraphQL and REST could reach at most as
// long as Prisma reads for them.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { clientsByAgency } from '../../src/database/clients.ts';
import { openPool } from '../../src/database/pools.ts';
import { serveBench } from './helper.ts';

const [url, poolSize] = process.argv.slice(2);
const forAgency = clientsByAgency(openPool(url!, 'bellhop_app', Number(poolSize), pino({ level: 'warn' })));
const named = { select: { id: true, name: true } };

const server = createServer(async (request, response) => {
  const data = await forAgency(Number(request.headers['x-agency'])).booking.findMany({
    select: {
      ...{ id: true, reference: true, status: true, source: true, propertyId: true, checkIn: true, checkOut: true },
      ...{ nights: true, guestsCount: true, guestName: true, grossMinor: true, netMinor: true, currency: true },
      ...{ createdAt: true, updatedAt: true, property: named, guest: named },
    },
    orderBy: { id: 'desc' },
    take: 25,
  });
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ data }));
});
server.listen(0, '127.0.0.1', () => {
  serveBench({ port: (server.address() as AddressInfo).port }, async () => ({}));
});
