import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createTestDatabase } from './support/database.ts';
import { type Answer, startWorld } from './support/world.ts';

/** A way to the tests' PostgreSQL that can be cut, and mended on the same port. */
async function openWay() {
  const database = await createTestDatabase();
  const { hostname, port } = new URL(database.url);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const [from, to] of [[client, upstream] as const, [upstream, client] as const]) {
      sockets.add(from);
      from.on('error', () => {}).on('close', () => sockets.delete(from) && to.destroy());
      from.pipe(to);
    }
  });
  const listen = async (at: number) => {
    server.listen(at, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const cut = () => {
    server.close();
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const own = await listen(0);
  onTestFinished(async () => {
    cut();
    await database.drop();
  });
  const url = new URL(database.url);
  url.host = `127.0.0.1:${own}`;
  return { url: url.href, cut, mend: () => listen(own) };
}

// A database that is restarted, or fails over, is away for some seconds. Clients that are told so come back; after "Server Error" they give up.
test('while the database is away every door says so, with when to come back, and works again once it is there', async () => {
  const way = await openWay();
  const world = await startWorld({ env: { DATABASE_URL: way.url } });
  const { id } = await world.property();
  let asked = 0;
  const ask: (() => Promise<Answer>)[] = [
    () => world.get('/v1/bookings'),
    () => world.graphql('{ bookings(first: 1) { nodes { id property { name } } } }'),
    () => world.patch(`/v1/properties/${id}`, { description: `${++asked}` }),
    () => world.post(`/v1/properties/${id}/archive`, {}, { 'idempotency-key': `${++asked}` }),
    () => world.graphql(`mutation { archiveProperty(id: ${id}) { id } }`),
  ];
  for (let round = 0; round < 4; round++) {
    const answers = ask.map((one) => one()); // Some of these are under way when it goes.
    await answers[round];
    way.cut();
    answers.push(...ask.map((one) => one()));
    for (const { status, headers, body, text } of await Promise.all(answers)) {
      const code = body.code ?? body.errors?.[0].extensions.code;
      if (code !== undefined) expect([status === 200 ? 503 : status, code], text).toEqual([503, 'UNAVAILABLE']);
      if (status === 503) expect(headers.get('retry-after')).toBe('2');
    }
    expect((await world.get('/v1/bookings')).status).toBe(503);
    await way.mend();
    await expect.poll(() => world.get('/v1/bookings').then(({ status }) => status), { timeout: 15_000 }).toBe(200);
  }
});
