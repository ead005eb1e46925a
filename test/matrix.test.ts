import { describe, expect, test } from 'vitest';
import { ABILITIES } from '../src/core/abilities.ts';
import { rows } from '../src/routes.ts';
import { nobodys, nounOf } from './support/nouns.ts';
import { ROOT_FIELDS } from './support/root-fields.ts';
import { type Integrator, startWorld, type World } from './support/world.ts';

/**
 * What each ability opens. Written by hand and not asked of the code, so that nothing is opened wider by moving a word. A
 * root field of GraphQL is opened by what opens its row.
 */
const OPENS = table(`
  properties:read     GET properties properties/{id} properties/{id}/ical-sources ical-sources ical-sources/{id} ical-conflicts ical-conflicts/{id} ical-feeds ical-feeds/{id}
  properties:write    POST properties/{id}/ical-sources ical-sources/{id}/sync ical-conflicts/{id}/resolve properties/{id}/ical-feeds DELETE ical-sources/{id} ical-feeds/{id}
  bookings:read       GET bookings bookings/{id}
  bookings:write      POST bookings bookings/{id}/cancel
  owners:read         GET owners owners/{id}
  invoices:read       GET invoices invoices/{id}
  calendar:read       GET calendar quote
  rates:read          GET rates rates/{id}
  rates:write         POST rates PATCH rates/{id} DELETE rates/{id} PUT rates properties/{id}/rates
  cleaning:read       GET cleaning-tasks cleaning-tasks/{id}
  cleaning:write      POST cleaning-tasks cleaning-tasks/{id}/assign cleaning-tasks/{id}/start cleaning-tasks/{id}/complete cleaning-tasks/{id}/skip PATCH cleaning-tasks/{id}
  maintenance:read    GET maintenance-tickets maintenance-tickets/{id}
  maintenance:write   POST maintenance-tickets maintenance-tickets/{id}/assign maintenance-tickets/{id}/escalate maintenance-tickets/{id}/resolve PATCH maintenance-tickets/{id}
  whatsapp:read       GET whatsapp-messages whatsapp-messages/{id} whatsapp-templates whatsapp-templates/{id}
  whatsapp:write      POST whatsapp-messages whatsapp-messages/{id}/send whatsapp-messages/{id}/cancel
  reports:read        GET reports/revenue reports/revenue/schema reports/occupancy reports/occupancy/schema
  statements:read     GET statements statements/{id}
  audit:read          GET audit-log audit-log/sealed audit-log/{id}
  reviews:read        GET reviews reviews/{id}
  reviews:write       POST reviews reviews/import
  tax_reports:read    GET tax-reports tax-reports/{id} tax-report-lines tax-tariffs tax-tariffs/{id}

  properties:manage   POST properties properties/{id}/archive PATCH properties/{id}
  bookings:manage     PATCH bookings/{id} POST bookings/{id}/confirm bookings/{id}/check-in bookings/{id}/check-out bookings/{id}/no-show bookings/{id}/reinstate
  owners:write        POST owners PATCH owners/{id}
  invoices:write      POST invoices invoices/{id}/send invoices/{id}/pay invoices/{id}/void PATCH invoices/{id} DELETE invoices/{id}
  statements:write    GET expenses expenses/{id} POST statements/generate expenses PATCH expenses/{id} DELETE expenses/{id}
  tax_reports:write   POST tax-reports/generate tax-tariffs tax-tariffs/{id}/end
  payments:read       GET payments payments/{id}
  payments:write      POST payments payments/{id}/succeed payments/{id}/fail
  webhooks:read       GET webhooks webhooks/{id} webhook-deliveries webhook-deliveries/{id} webhook-events webhook-replays webhook-replays/{id}
  webhooks:write      POST webhooks webhooks/{id}/test webhooks/{id}/rotate-secret webhooks/{id}/enable webhooks/{id}/replay webhook-deliveries/{id}/replay webhook-replays webhook-replays/{id}/cancel PATCH webhooks/{id} DELETE webhooks/{id}
  events:read         GET events
  tokens:read         GET tokens tokens/{id}
  tokens:write        POST tokens DELETE tokens/{id}
  agency:read         GET whatsapp-account cmi-account subscription
  agency:write        PUT whatsapp-account cmi-account DELETE whatsapp-account cmi-account whatsapp-templates/{id} POST whatsapp-templates PATCH whatsapp-templates/{id}
`);

/** Any token may ask who it is. */
const OPEN_TO_ALL = ['GET /v1/me'];

/** Root fields that no row asks. */
const GRAPHQL_ALONE: Record<string, string[]> = { 'events:read': ['subscription events'] };

const NAMES = Object.keys(ABILITIES);
/** The concierge's 21 each alone, and our own all together, which a test below takes apart: 48 alone would take twice as long. */
const TOKENS = [...NAMES.slice(0, 21).map((name) => [name]), NAMES.slice(21)];
const ROWS = rows.map(({ method, path }) => `${method} ${path}`);

// A token is given one ability because its holder is trusted with that and nothing else.
describe('each of the 21 abilities alone', { timeout: 120_000 }, () => {
  test('opens exactly its rows of /v1, every one of which it is tried at', async () => {
    expect(Object.values(OPENS).flat().concat(OPEN_TO_ALL).sort()).toEqual([...ROWS].sort());
    const world = await startWorld();
    for (const abilities of TOKENS) {
      const mine = await world.withAbilities(...abilities);
      const opened = await those(ROWS, (row) => isLetThrough(mine, row));
      expect([abilities, opened]).toEqual([abilities, inOrder([...OPEN_TO_ALL, ...openedBy(abilities)])]);
    }
  });

  test('opens exactly its root fields of GraphQL, every one of which it is tried at', async () => {
    const world = await startWorld();
    const fields = Object.keys(ROOT_FIELDS);
    for (const abilities of TOKENS) {
      const mine = await world.withAbilities(...abilities);
      const opened = await those(fields, (field) =>
        field.startsWith('subscription')
          ? isFollowed(world, mine, ROOT_FIELDS[field]!)
          : isAnswered(mine, ROOT_FIELDS[field]!),
      );
      const told = [...OPEN_TO_ALL, ...openedBy(abilities)].map(fieldOf);
      const expected = new Set([...told, ...abilities.flatMap((ability) => GRAPHQL_ALONE[ability] ?? [])]);
      expect([abilities, opened.toSorted()]).toEqual([abilities, [...expected].toSorted()]);
    }
  });
});

test('the one ability that it needs opens a row, and all the others don’t: the refusal names that one', {
  timeout: 120_000,
}, async () => {
  const world = await startWorld();
  for (const [ability, needing] of Object.entries(OPENS)) {
    const only = await world.withAbilities(ability);
    const mine = await world.withAbilities(...NAMES.filter((other) => other !== ability));
    for (const row of needing) {
      expect([row, await isLetThrough(only, row)]).toEqual([row, true]);
      expect([row, await isAnswered(only, ROOT_FIELDS[fieldOf(row)]!)]).toEqual([row, true]);
      const { status, body } = await askRow(mine, row);
      expect([row, status, body]).toEqual([
        row,
        403,
        expect.objectContaining({ message: 'Invalid ability provided.', code: 'FORBIDDEN', needs: [ability] }),
      ]);
      const { body: told } = await mine.graphql(ROOT_FIELDS[fieldOf(row)]!);
      expect([row, told.errors?.[0]?.extensions.code, told.data ?? null]).toEqual([row, 'FORBIDDEN', null]);
    }
  }
});

/** Asked for what nobody has and with nothing in it, so that whatever is let through changes nothing. */
function askRow(mine: Integrator, row: string) {
  const [method, path] = row.split(' ') as [string, string];
  const real = path.includes('{id}') ? path.replace('{id}', String(nobodys(nounOf(path)))) : path;
  return mine.ask(method, real, method === 'GET' || method === 'DELETE' ? undefined : {});
}

async function isLetThrough(mine: Integrator, row: string): Promise<boolean> {
  const { status, text } = await askRow(mine, row);
  if (![200, 204, 403, 404, 422].includes(status)) throw new Error(`${row}: ${status} ${text}`);
  return status !== 403;
}

async function isAnswered(mine: Integrator, query: string): Promise<boolean> {
  const { body, text } = await mine.graphql(query);
  if (!body?.data && !body?.errors?.[0]?.extensions?.code) throw new Error(`${query}: ${text}`);
  return body.errors?.[0].extensions.code !== 'FORBIDDEN';
}

/** A subscription that is let through opens a stream, and tells of what happens then. */
async function isFollowed(world: World, { token }: Integrator, query: string): Promise<boolean> {
  const left = new AbortController();
  const response = await fetch(`${world.url}/graphql?${new URLSearchParams({ query })}`, {
    headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' },
    signal: left.signal,
  });
  const reader = response.body!.getReader();
  const next = async () => Buffer.from((await reader.read()).value ?? '').toString();
  let said = await next();
  if (!said.includes('event:')) await world.property();
  while (!said.includes('event:')) said += await next();
  left.abort();
  return !said.includes('FORBIDDEN');
}

/** The root field that a row asks. */
function fieldOf(row: string): string {
  const { document } = rows.find(({ method, path }) => `${method} ${path}` === row)!;
  const [, kind, field] = /^\s*(query|mutation)[\s\S]*?\bdata: (\w+)/.exec(document)!;
  return `${kind} ${field}`;
}

const openedBy = (abilities: string[]): string[] => abilities.flatMap((ability) => OPENS[ability] ?? []);

const inOrder = (known: string[]): string[] => ROWS.filter((row) => known.includes(row));

/** A few at a time: a burst of refusals waits for the one line in which a token's refusals are counted. */
async function those(all: string[], is: (one: string) => Promise<boolean>): Promise<string[]> {
  const found: boolean[] = [];
  for (let i = 0; i < all.length; i += 8) found.push(...(await Promise.all(all.slice(i, i + 8).map(is))));
  return all.filter((_one, i) => found[i]);
}

/** From `ability METHOD path path METHOD path` to `METHOD /v1/path` by ability. */
function table(text: string): Record<string, string[]> {
  const lines = text.trim().split(/\n\s*/);
  return Object.fromEntries(
    lines.map((line) => {
      const [ability, ...words] = line.split(/\s+/);
      let method = '';
      const opened = words.flatMap((word) => {
        if (/^[A-Z]+$/.test(word)) method = word;
        return word === method ? [] : `${method} /v1/${word}`;
      });
      return [ability!, opened];
    }),
  );
}
