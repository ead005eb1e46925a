import { createParser } from 'eventsource-parser';
import { auditServer } from 'graphql-http';
import { describe, expect, test } from 'vitest';
import { startWorld, type World } from './support/world.ts';

describe('GraphQL over HTTP', () => {
  // Every client library leans on the protocol somewhere; the audit tries all of its corners with an ordinary token.
  test('all of graphql-http’s audits pass with an ordinary token', async () => {
    const world = await startWorld();
    const { token } = await world.withAbilities('bookings:read');
    const results = await auditServer({
      url: `${world.url}/graphql`,
      fetchFn: (url: string, init: RequestInit = {}) =>
        fetch(url, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } }),
    });
    expect(results.filter(({ status }) => status !== 'ok').map(({ name }) => name)).toEqual([]);
    expect(results).toHaveLength(61);
  });

  test('GraphiQL is served from here: the page names no other host', async () => {
    const world = await startWorld();
    const response = await fetch(`${world.url}/graphql`, { headers: { accept: 'text/html' } });
    const page = await response.text();
    expect(response.status).toBe(200);
    expect([...page.matchAll(/(?:src|href)="(https?:\/\/[^"]+)"/g)].map(([, url]) => url)).toEqual([]);
  });

  // The page needs no token; whatever else looks like a browser's request does.
  test('a query is not let in without a token by asking for HTML', async () => {
    const world = await startWorld();
    for (const name of ['query', '%71uery']) {
      const response = await fetch(`${world.url}/graphql?${name}={__typename}`, { headers: { accept: 'text/html' } });
      expect([name, response.status]).toEqual([name, 401]);
    }
  });

  test('lists page by cursor in both directions without losing or repeating a row', async () => {
    const world = await startWorld();
    const { id } = await world.property({ kind: 'hotel', units: 50 });
    const made: string[] = [];
    for (let i = 0; i < 7; i++) {
      made.push(
        String(
          (await world.book({ property_id: id, check_in: `2027-06-0${(i % 3) + 1}`, check_out: '2027-06-09' })).id,
        ),
      );
    }
    const page = async (args: string) => {
      const { body } = await world.graphql(
        `{ bookings(orderBy: CHECK_IN_ASC, ${args}) { nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`,
      );
      return body.data.bookings;
    };
    const seen: string[] = [];
    let args = 'first: 3';
    for (;;) {
      const { nodes, pageInfo } = await page(args);
      seen.push(...nodes.map((node: { id: string }) => node.id));
      if (!pageInfo.hasNextPage) break;
      args = `first: 3, after: "${pageInfo.endCursor}"`;
    }
    expect([...seen].sort()).toEqual([...made].sort());
    const back = await page('last: 3');
    expect(back.nodes.map((node: { id: string }) => node.id)).toEqual(seen.slice(-3));
    const further = await page(`last: 3, before: "${back.pageInfo.startCursor}"`);
    expect(further.nodes.map((node: { id: string }) => node.id)).toEqual(seen.slice(-6, -3));
    expect(further.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: true });
  });

  // A BI tool's list must not become slower by the row: each more would be a question more to the database.
  test('a list costs the same number of SQL statements at 5 and at 50 rows, with property and guest', async () => {
    const world = await startWorld();
    const { id } = await world.property({ kind: 'hotel', units: 60 });
    for (let i = 0; i < 50; i++) await world.book({ property_id: id, guest_email: `guest${i}@example.com` });
    const ask = (first: number) =>
      world.graphql(`{ bookings(first: ${first}) { totalCount nodes { id property { name } guest { name } } } }`);
    await ask(5);
    const few = await world.statements(() => ask(5));
    const many = await world.statements(() => ask(50));
    expect(many).toBe(few);
    expect(few).toBeLessThanOrEqual(4);
    await world.get('/v1/bookings?per_page=5');
    const fewRest = await world.statements(() => world.get('/v1/bookings?per_page=5'));
    const manyRest = await world.statements(() => world.get('/v1/bookings?per_page=50'));
    expect(manyRest).toBe(fewRest);
  });
});

describe('what is refused before any SQL', () => {
  test.each([
    [
      'lists within lists',
      '{ bookings(first: 1000) { nodes { id property { id } guest { id } } } again: bookings(first: 1000) { nodes { property { id } guest { id } roomTypeId } } third: bookings(first: 1000) { nodes { property { id } guest { id } } } fourth: bookings(first: 1000) { nodes { property { id } guest { id } } } }',
    ],
    ['an unmeasured depth', `{ __type(name: "Query") { ${'ofType { '.repeat(20)} name ${'} '.repeat(20)} } }`],
  ])('%s: COST_EXCEEDED', async (_what, query) => {
    const world = await startWorld();
    let answer: Awaited<ReturnType<typeof world.graphql>> | undefined;
    const statements = await world.statements(async () => {
      answer = await world.graphql(query);
    });
    expect(answer!.body.errors[0].extensions.code).toBe('COST_EXCEEDED');
    expect(answer!.body.data ?? null).toBeNull();
    expect(statements).toBe(0);
  });

  test('a document of more tokens than anybody writes', async () => {
    const world = await startWorld();
    const answer = await world.graphql(`{ ${'me { abilities } '.repeat(3000)} }`);
    expect(answer.body.errors[0].message).toMatch(/token/i);
  });

  test('an ability that the token lacks, with the ability’s name', async () => {
    const world = await startWorld();
    const reader = await world.withAbilities('bookings:read');
    let answer: Awaited<ReturnType<typeof world.graphql>> | undefined;
    const statements = await world.statements(async () => {
      answer = await reader.graphql('mutation { cancelBooking(id: 1) { id } }');
    });
    expect(answer!.body.errors[0]).toMatchObject({
      extensions: { code: 'FORBIDDEN' },
      message: expect.stringContaining('bookings:write'),
    });
    expect(statements).toBe(0);
  });

  // A cleaning app may know which house and which guest, and not the price of the one and the phone of the other.
  test('more of a property or a guest than its name, to a token that may only read their bookings', async () => {
    const world = await startWorld();
    await world.book();
    const reader = await world.withAbilities('bookings:read');
    const ask = (selection: string, more = '') =>
      reader.graphql(`{ bookings(first: 1) { nodes { ${selection} } } } ${more}`);
    const named = await ask('property { id code name } guest { __typename id name }');
    expect(named.body.errors).toBeUndefined();
    for (const [selection, ability, more] of [
      ['property { id basePrice }', 'properties:read'],
      ['guest { email }', 'guests:read'],
      ['guest { ... on Guest { phone } }', 'guests:read'],
      ['guest { ...Known }', 'guests:read', 'fragment Known on Guest { name email }'],
    ] as const) {
      const { body } = await ask(selection, more);
      const refusal = { extensions: { code: 'FORBIDDEN' }, message: expect.stringContaining(ability) };
      expect([selection, body.data ?? null, body.errors]).toMatchObject([selection, null, [refusal]]);
    }
    const both = await world.withAbilities('bookings:read', 'guests:read', 'properties:read');
    const { body } = await both.graphql('{ bookings { nodes { property { basePrice } guest { email } } } }');
    expect(body.errors).toBeUndefined();
  });
});

test('every answer says what it cost', async () => {
  const world = await startWorld();
  const { body } = await world.graphql('{ bookings(first: 10) { nodes { id property { id } } } }');
  expect(body.extensions.cost).toEqual({ requested: 21, limit: 10_000 });
});

describe('following the log', () => {
  /** Subscribes. What is heard comes after the answer's head, so whatever happens from then on must be in it. */
  async function follow(world: { url: string; token: string }, query: string) {
    const aborted = new AbortController();
    const response = await fetch(`${world.url}/graphql`, {
      method: 'POST',
      signal: aborted.signal,
      headers: {
        authorization: `Bearer ${world.token}`,
        'content-type': 'application/json',
        accept: 'text/event-stream',
      },
      body: JSON.stringify({ query }),
    });
    return async (enough: number) => {
      // biome-ignore lint/suspicious/noExplicitAny: what the query asked for
      const heard: any[] = [];
      const onEvent = ({ event, data }: { event?: string; data: string }) => {
        if (event !== 'next') return;
        const { data: told, errors } = JSON.parse(data);
        heard.push(errors ?? told.events);
      };
      const parser = createParser({ onEvent });
      const decoder = new TextDecoder();
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        parser.feed(decoder.decode(chunk, { stream: true }));
        if (heard.length >= enough) break;
      }
      aborted.abort();
      return heard;
    };
  }

  // A consumer that restarts must pick up where it was, or it asks for everything again and overwrites newer facts.
  test('a subscription tells what happens, and resumes from the cursor of the last event that was seen', async () => {
    const world = await startWorld();
    const hear = await follow(world, 'subscription { events(types: ["booking.*"]) { event cursor data } }');
    const booking = await world.book();
    const [seen] = await hear(1);
    expect(seen).toMatchObject({ event: 'booking.created', data: { booking: { id: booking.id } } });
    await world.post(`/v1/bookings/${booking.id}/check-in`);
    await world.post(`/v1/bookings/${booking.id}/check-out`);
    const resumed = await follow(
      world,
      `subscription { events(after: "${seen.cursor}", types: ["booking.*"]) { event } }`,
    );
    expect((await resumed(2)).map(({ event }) => event)).toEqual(['booking.checked_in', 'booking.checked_out']);
  });

  // A leaked token that goes on listening after it was revoked hears of every guest who comes.
  test.each([
    ['its token is revoked', (world: World, id: number) => world.delete(`/v1/tokens/${id}`), 'UNAUTHENTICATED'],
    [
      'the agency’s plan ends',
      (world: World) => world.database.system.query(`update agency set plan = 'STARTER'`),
      'PLAN_REQUIRED',
    ],
  ])('a subscription ends when %s, and says why', async (_when, end, code) => {
    const world = await startWorld();
    const listener = await world.withAbilities('events:read');
    const hear = await follow({ ...world, token: listener.token }, 'subscription { events { event } }');
    await end(world, listener.tokenId);
    const heard = await hear(100); // The stream's end, or the test's.
    expect(heard).toMatchObject([[{ extensions: { code } }]]);
  });

  test('the subscription, GET /v1/events and the webhooks carry the same ids', async () => {
    const world = await startWorld();
    const receiver = await world.subscribe('*');
    await world.book();
    await world.relay();
    // The log is read up to the oldest transaction that runs anywhere on the server, another test's among them.
    const logged = async () => (await world.get('/v1/events')).body.data.map(({ id }: { id: string }) => id);
    await expect.poll(logged).toEqual(receiver.received.map(({ json }) => json.id));
    const hear = await follow(world, 'subscription { events(after: "MC4w") { id } }'); // From the beginning.
    expect((await hear(2)).map(({ id }) => id)).toEqual(await logged());
  });
});
