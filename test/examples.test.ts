import { expect, test } from 'vitest';
import type { Row } from '../src/graph/row.ts';
import { rows } from '../src/routes.ts';
import { neededQuery } from './support/nouns.ts';
import { readyFor, TODAY, withOwnIds } from './support/rows.ts';
import { document, expectAsTold } from './support/told.ts';
import { type Answer, startWorld, type World } from './support/world.ts';

// The page that integrators copy from. An example that doesn't work costs each of them an evening.
test('every row of /v1 has an example, and it works as docs/api.md says', async () => {
  const world = await startWorld({ today: TODAY });
  await world.book(); // So that the log has something to show.
  const page: string[] = [HEAD];
  let tag = '';
  for (const row of rows) {
    const id = await readyFor(world, row);
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
    .replace(/(?<=^\d+\|)\w{48}$/, 'Vq3Zt8Lk0sWmXf4Rb7Yc2Nd9Hj5Gp1TuEaQxKoIvCyMzBwSl')
    .replace(/whsec_[\w+/=]+/g, 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD')
    .replace(/(?<=key=)[\w-]{20,}/g, 'q0VhC3n8d2…')
    .replace(/http:\/\/127\.0\.0\.1:\d+/g, 'http://127.0.0.1:4000')
    .replace(/^[\w-]+$/, (text) => (/cursor/.test(key) ? 'WzEyXQ' : text));
}
