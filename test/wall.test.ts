import { describe, expect, test } from 'vitest';
import { camel } from '../src/core/text.ts';
import { schema } from '../src/domains.ts';
import type { Row } from '../src/graph/row.ts';
import { rows } from '../src/routes.ts';
import { NOUNS, nobodys, nounOf } from './support/nouns.ts';
import { type Answer, type Integrator, startWorld } from './support/world.ts';

/** What the first agency owns: one thing of each kind, made when it is first asked for. */
function belongingsOf(mine: Integrator) {
  const made = new Map<string, Promise<number | string>>();
  return (noun: string) => {
    if (!made.has(noun)) made.set(noun, NOUNS[noun]!(mine));
    return made.get(noun)!;
  };
}

// One agency that sees another's guest list is the end of the product.
describe('a second agency', () => {
  test('is told of another’s row exactly what it is told of one that never was, by every row of /v1', async () => {
    const world = await startWorld();
    const owned = belongingsOf(world);
    const stranger = await world.anotherAgency();
    const ask = ({ method, path, example = {} }: Row, id: number | string): Promise<Answer> =>
      stranger.ask(
        method,
        path.replace('{id}', String(id)),
        method === 'GET' || method === 'DELETE' ? undefined : example,
      );
    for (const row of rows.filter(({ path }) => path.includes('{id}'))) {
      const noun = nounOf(row.path);
      const theirs = await ask(row, await owned(noun));
      const seen = ({ status, body }: Answer) => ({ status, ...body, request_id: undefined });
      expect([row.method, row.path, seen(theirs)]).toEqual([row.method, row.path, seen(await ask(row, nobodys(noun)))]);
      expect([row.method, row.path, theirs.status]).toEqual([row.method, row.path, 404]);
    }
  });

  test('finds nothing of the first in any list, whatever it filters by', async () => {
    const world = await startWorld();
    const owned = belongingsOf(world);
    for (const noun of Object.keys(NOUNS)) await owned(noun);
    const stranger = await world.anotherAgency();
    const lists = rows.filter(({ method, path, walk }) => method === 'GET' && walk && !path.includes('{id}'));
    expect(lists.length).toBeGreaterThanOrEqual(12);
    for (const { path } of lists) {
      const asked =
        path === '/v1/calendar'
          ? `${path}?from=2027-06-01&to=2027-06-30`
          : path === '/v1/audit-log'
            ? `${path}?actor=token:${world.tokenId}` // Its own lines it has.
            : path;
      const own = path === '/v1/tokens' ? [expect.objectContaining({ id: stranger.tokenId })] : [];
      expect([path, (await stranger.get(asked)).body.data]).toEqual([path, own]);
    }
    expect((await stranger.get(`/v1/bookings?property_id=${await owned('/v1/properties')}`)).body.data).toEqual([]);
    expect((await stranger.get(`/v1/webhook-deliveries?endpoint_id=${await owned('/v1/webhooks')}`)).body.data).toEqual(
      [],
    );
    expect((await stranger.get('/v1/events')).body.data).toEqual([]);
  });

  test('can’t point at another’s property, booking, owner or calendar in any body', async () => {
    const world = await startWorld();
    const owned = belongingsOf(world);
    const stranger = await world.anotherAgency();
    const pointers: Record<string, string> = {
      property_id: '/v1/properties',
      booking_id: '/v1/bookings',
      owner_id: '/v1/owners',
      source_id: '/v1/ical-sources',
      endpoint_id: '/v1/webhooks',
    };
    const tried: string[] = [];
    for (const { method, path, example } of rows) {
      for (const [key, noun] of Object.entries(pointers)) {
        if (!example || !Object.hasOwn(example, key)) continue;
        const mine = path.includes('{id}') ? await NOUNS[nounOf(path)]!(stranger) : '';
        const whole = Object.keys(pointers).filter((other) => other in example && other !== key);
        const own = Object.fromEntries(
          await Promise.all(whole.map(async (other) => [other, await NOUNS[pointers[other]!]!(stranger)])),
        );
        const { status, body } = await stranger.ask(method, path.replace('{id}', String(mine)), {
          ...example,
          ...own,
          [key]: await owned(noun),
        });
        expect([method, path, status, Object.keys(body.errors ?? {})]).toEqual([
          method,
          path,
          422,
          expect.arrayContaining([key]),
        ]);
        tried.push(`${path} ${key}`);
      }
    }
    expect(tried.length).toBeGreaterThanOrEqual(6);
  });

  test('gets nothing by another’s cursor', async () => {
    const world = await startWorld();
    const { property_id } = await world.book();
    await world.book({ property_id, check_in: '2027-07-01', check_out: '2027-07-02' });
    const { endCursor } = (await world.graphql('{ bookings(first: 1) { pageInfo { endCursor } } }')).body.data.bookings
      .pageInfo;
    const { next_cursor } = (await world.get('/v1/events?limit=1')).body;
    const stranger = await world.anotherAgency();
    const { body } = await stranger.graphql(`{ bookings(after: "${endCursor}") { nodes { id } totalCount } }`);
    expect(body.data.bookings).toEqual({ nodes: [], totalCount: 0 });
    expect((await stranger.get(`/v1/events?after=${next_cursor}`)).body.data).toEqual([]);
  });

  test('is refused by every mutation and read by id of GraphQL', async () => {
    const world = await startWorld();
    const owned = belongingsOf(world);
    const stranger = await world.anotherAgency();
    const tried: string[] = [];
    for (const { method, path, document, walk, example = {} } of rows) {
      if (!path.includes('{id}') || walk) continue; // A list is found empty, as above.
      const answer = await stranger.graphql(document, {
        id: String(await owned(nounOf(path))),
        input: camelKeys(example),
        ...(document.includes('$input') ? {} : (camelKeys(example, (key) => key) as object)),
      });
      const [, field] = /\bdata: (\w+)/.exec(document)!;
      const seen = answer.body.errors ? answer.body.errors[0].extensions.code : answer.body.data.data;
      expect([field, seen]).toEqual([field, method === 'GET' ? null : 'NOT_FOUND']);
      tried.push(field!);
    }
    expect(tried.length).toBeGreaterThanOrEqual(40);
    expect((await world.get(`/v1/bookings/${await owned('/v1/bookings')}`)).body.data.status).toBe('confirmed');
  });

  // What has no row in /v1 is a door of GraphQL alone; there should be none with an id.
  test('is tried at every root field of GraphQL that takes an id', () => {
    const documents = rows.map(({ document }) => document).join(' ');
    const untried = [schema.getQueryType()!, schema.getMutationType()!].flatMap((type) =>
      Object.values(type.getFields())
        .filter(
          (field) => field.args.some(({ name }) => name === 'id') && !new RegExp(`\\b${field.name}\\(`).test(documents),
        )
        .map((field) => field.name),
    );
    expect(untried).toEqual([]);
  });
});

/** Keys whose values are an enum's, which GraphQL writes in capitals. */
const ENUMS = ['channel', 'priority', 'kind', 'status', 'format'];

/** A body of /v1 as the variables of its document. */
function camelKeys(value: unknown, rename = camel): unknown {
  if (Array.isArray(value)) return value.map((one) => camelKeys(one));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [rename(key), ENUMS.includes(key) ? one.toUpperCase() : camelKeys(one)]),
  );
}
