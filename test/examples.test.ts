import { expect, test } from 'vitest';
import type { Row } from '../src/graph/row.ts';
import { rows } from '../src/routes.ts';
import { startChannel } from './support/channel.ts';
import { NOUNS, neededQuery, nounOf } from './support/nouns.ts';
import { document, expectAsTold } from './support/told.ts';
import { type Answer, startWorld, type World } from './support/world.ts';

/** What has to be so before a row can work, where a new thing of its kind isn't enough. Answers with the path's id. */
const BEFORE: Record<string, (world: World) => Promise<number | string>> = {
  'PATCH /v1/bookings/{id}': async (world) =>
    (await world.book({ check_in: '2026-08-12', check_out: '2026-08-19' })).id,
  'POST /v1/ical-sources/{id}/sync': async (world) => {
    const { id } = await world.property();
    const channel = await startChannel({ uid: '1418fb94e984@airbnb.com', from: '2026-08-12', to: '2026-08-19' });
    const answer = await world.post(`/v1/properties/${id}/ical-sources`, { channel: 'airbnb', url: channel.url });
    return answer.body.data.id;
  },
  'POST /v1/invoices/{id}/pay': async (world) => sent(world),
  'POST /v1/invoices/{id}/void': async (world) => sent(world),
  'POST /v1/bookings/{id}/confirm': async (world) => (await world.book({ status: 'pending' })).id,
  'POST /v1/bookings/{id}/check-out': async (world) => step(world, await arrived(world), 'check-in'),
  'POST /v1/bookings/{id}/check-in': (world) => arrived(world),
  'POST /v1/bookings/{id}/no-show': (world) => arrived(world),
  'POST /v1/bookings/{id}/reinstate': async (world) => step(world, (await world.book()).id, 'cancel'),
};

const sent = async (world: World): Promise<number> => {
  const id = await NOUNS['/v1/invoices']!(world);
  await world.post(`/v1/invoices/${id}/send`);
  return id as number;
};

const arrived = async (world: World) => (await world.book({ check_in: TODAY, check_out: '2026-07-19' })).id;

async function step(world: World, id: number, action: string): Promise<number> {
  await world.post(`/v1/bookings/${id}/${action}`);
  return id;
}

/** What stands for another thing's id in a body. */
const POINTERS: Record<string, string> = {
  property_id: '/v1/properties',
  owner_id: '/v1/owners',
  source_id: '/v1/ical-sources',
  endpoint_id: '/v1/webhooks',
};

const TODAY = '2026-07-15';

// The page that integrators copy from. An example that doesn't work costs each of them an evening.
test('every row of /v1 has an example, and it works as docs/api.md says', async () => {
  const world = await startWorld({ today: TODAY });
  await world.book(); // So that the log has something to show.
  const page: string[] = [HEAD];
  let tag = '';
  for (const row of rows) {
    const id = row.path.includes('{id}')
      ? await (BEFORE[`${row.method} ${row.path}`] ?? NOUNS[nounOf(row.path)]!)(world)
      : '';
    const path = row.path.replace('{id}', String(id)) + (await queryOf(world, row));
    const body = row.example && (await withOwnIds(world, row.example));
    const answer = await answerOf(world, row, path, body);
    expect([row.method, row.path, answer.status, answer.status === (row.status ?? 200) ? '' : answer.text]).toEqual([
      row.method,
      row.path,
      row.status ?? 200,
      '',
    ]);
    expectAsTold(row.method, row.path, answer);
    if (row.tag !== tag) page.push(`## ${row.tag}\n`);
    tag = row.tag;
    page.push(sectionOf(row, path, body, answer));
  }
  await expect(`${page.join('\n')}`).toMatchFileSnapshot('../docs/api.md');
}, 60_000);

/** What is asked of a body stands in its example, so that nobody has to guess what to send. */
test('every row that takes a body has an example of it', () => {
  const silent = rows.filter(({ method, example, document: text }) => {
    if (method === 'GET' || method === 'DELETE' || example) return false;
    const [, variables = ''] = /^\s*mutation\s*\(([^)]*)\)/.exec(text) ?? [];
    return variables.replace(/\$id: \w+!/, '').includes('$');
  });
  expect(silent.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
});

const HEAD = `# /v1 by example

Every row of \`/v1\` as a test has asked it, and what was answered. Ids, instants and secrets differ where you are.
\`$URL\` is \`http://127.0.0.1:4000\` and \`$TOKEN\` a token with the ability named. The same is in \`/v1/openapi.json\`,
which Swagger UI shows at \`/docs\`, and in GraphQL, whose documents stand behind each row.
Every list has \`links\` and \`meta\` beside \`data\`; they are shown under the first. Of what a list holds, the first is shown.
`;

const answerOf = (world: World, { method }: Row, path: string, body: unknown): Promise<Answer> =>
  world.ask(method, path, method === 'GET' || method === 'DELETE' ? undefined : (body ?? {}));

async function queryOf(world: World, { method, path, walk, document: text }: Row): Promise<string> {
  if (method !== 'GET') return '';
  const needed = await neededQuery(path, world);
  if (needed) return `?${needed}`;
  if (path === '/v1/events') return '?limit=1';
  return walk || text.includes('$per_page') ? '?per_page=1' : '';
}

/** An example with ids of things that are there. A booking is one of the property that stands beside it. */
async function withOwnIds(world: World, example: unknown): Promise<unknown> {
  if (Array.isArray(example)) {
    const own: unknown[] = [];
    for (const one of example) own.push(await withOwnIds(world, one)); // In turn, so that the ids are the same every time.
    return own;
  }
  if (example === null || typeof example !== 'object') return example;
  const own: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(example)) {
    if (POINTERS[key] && value !== null) own[key] = await NOUNS[POINTERS[key]]!(world);
    else if (key === 'booking_id' && value !== null)
      own[key] = (await world.book(own.property_id ? { property_id: own.property_id } : {})).id;
    else own[key] = await withOwnIds(world, value);
  }
  return own;
}

function sectionOf(row: Row, path: string, body: unknown, answer: Answer): string {
  const { method, status = 200, summary } = row;
  const needs: string[] = document.paths[row.path][method.toLowerCase()]['x-abilities'];
  // Where a page lies is said under the first list, for all of them.
  const shown = row.walk && row !== rows.find(({ walk }) => walk) ? { data: answer.body.data } : answer.body;
  // The catalogue of events is a book of schemas, and a month of nights says no more than the first.
  if (method === 'GET' && Array.isArray(shown.data)) shown.data.splice(1);
  const lines = [
    `curl -s ${method === 'GET' ? '' : `-X ${method} `}-H "Authorization: Bearer $TOKEN" "$URL${steady(path)}"`,
    ...(body ? [`-H 'Content-Type: application/json'`, `-d '${JSON.stringify(body).replaceAll("'", "'\\''")}'`] : []),
  ];
  const told = answer.text === '' ? '' : `\n\`\`\`json\n${JSON.stringify(steady(shown), null, 2)}\n\`\`\`\n`;
  return `### ${summary}

\`${method} ${row.path}\` · ${needs.map((need) => `\`${need}\``).join(', ') || 'any token'} · ${status}

\`\`\`sh
${lines.join(' \\\n  ')}
\`\`\`
${told}`;
}

/** The answer with what differs from run to run written as it was at another time. */
function steady(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((one) => steady(one, key));
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, steady(one, name)]));
  if (typeof value === 'number' && key.endsWith('_ms')) return 12;
  if (typeof value !== 'string') return value;
  if (key === 'verify_token') return 'L-yrSAaAvfX6zKf2WD2GF8f9lvkqtwoo';
  return value
    .replace(/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(\+00:00|Z)/g, '2026-07-15T10:23:41+00:00')
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '019a7c8e-5b0e-7c3a-9d53-3c1f0a4e7b21')
    .replace(/BKG-[A-Z0-9]{6}/g, 'BKG-A1B2C3')
    .replace(/\bP-\d+\b/g, 'P-1')
    .replace(/^(Property|Agency) \d+$/, '$1 1')
    .replace(/whsec_[\w+/=]+/g, 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD')
    .replace(/(?<=key=)[\w-]{20,}/g, 'q0VhC3n8d2…')
    .replace(/http:\/\/127\.0\.0\.1:\d+/g, 'http://127.0.0.1:4000')
    .replace(/^[\w-]+$/, (text) => (/cursor/.test(key) ? 'WzEyXQ' : text));
}
