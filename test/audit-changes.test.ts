import { expect, test } from 'vitest';
import { schema } from '../src/domains.ts';
import type { Row } from '../src/graph/row.ts';
import { rows } from '../src/routes.ts';
import { lines } from './support/audit.ts';
import { readyFor, TODAY, withOwnIds } from './support/rows.ts';
import { startWorld, type World } from './support/world.ts';

type Line = Record<string, unknown> & { changes: Record<string, unknown> | null };

/** What is somebody's, or in somebody's own words, in whatever body it comes. */
const PERSONAL =
  /^(guest_name|guest_email|guest_phone|customer_\w+|email|phone|iban|address|tax_id|notes?|comment|reason|assignee|vendor|resolution|label|to|parameters|token|app_secret|store_key|verify_token)$/;

/** A rate’s `to` is a day, and a message’s somebody. */
const DATE = /^\d{4}-\d{2}-\d{2}$/;

const ROWS = rows.filter(({ method }) => method !== 'GET');

/** Where a column isn't called as the field is. */
const asColumn: Record<string, string> = {
  price: 'price_minor',
  base_price: 'base_price_minor',
  gross_amount: 'gross_minor',
  commission_amount: 'commission_minor',
  amount: 'amount_minor',
  cost: 'cost_minor',
  commission_percent: 'commission_basis_points',
  lines: 'lines_replaced_by',
};

/** Does what a row's example says, and answers with the lines that the log has of that request. */
async function linesOf(world: World, row: Row): Promise<{ sent: Record<string, unknown>; lines: Line[] }> {
  const id = await readyFor(world, row);
  const { dry_run: _tried, ...example } = row.example ?? {}; // What is only tried is no write.
  const sent = (await withOwnIds(world, example)) as Record<string, unknown>;
  if (row.path === '/v1/whatsapp-messages/{id}/send') await unqueue(world);
  if (row.path === '/v1/statements/generate') await spend(world);
  const answer = await world.ask(row.method, row.path.replace('{id}', String(id)), sent);
  expect([row.method, row.path, answer.status]).toEqual([row.method, row.path, row.status ?? 200]);
  const requestId = answer.headers.get('x-request-id');
  const all: Line[] = await lines(world, `&since=${TODAY}T00:00:00Z&actor=token:${world.tokenId}`);
  return { sent, lines: all.filter((line) => line.request_id === requestId) };
}

/** With an account connected, a message that is made is on its way, and sending it would be nothing new. */
async function unqueue(world: World): Promise<void> {
  await world.database.asAgency(world.agencyId, (client) =>
    client.query(`update whatsapp_message set status = 'PREPARED'`),
  );
}

/** A statement that says what the last one said isn't made again. */
async function spend(world: World): Promise<void> {
  const owner = await world.post('/v1/owners', { name: 'Amina' });
  const { id } = await world.property({ owner_id: owner.body.data.id });
  await world.post('/v1/expenses', { property_id: id, date: '2026-07-14', label: 'Pool chemicals', amount: 420.5 });
}

// An auditor finds out who did what from this log alone. A write that it doesn't know was done by nobody.
test('every write through /v1 leaves a line with who, what and on what, and no line holds what is private', async () => {
  const world = await startWorld({ today: TODAY });
  for (const row of ROWS) {
    const { sent, lines: told } = await linesOf(world, row);
    expect([row.method, row.path, told.length]).toEqual([row.method, row.path, expect.toSatisfy((n) => n > 0)]);
    for (const line of told) {
      expect(line).toMatchObject({
        actor: `token:${world.tokenId}`,
        action: expect.stringMatching(/^[a-z_]+\.[a-z_]+$/),
        subject: expect.stringMatching(/^[a-z_]+(:[\w/{}.-]+)?$/),
      });
    }
    const text = JSON.stringify(told);
    for (const value of privateIn(sent)) expect([row.path, text.includes(value) && value]).toEqual([row.path, false]);
  }
}, 60_000);

// "Somebody changed the IBAN" is the line that a fraud is found by.
test('every PATCH leaves what it changed, from what to what, or the hashes of both', async () => {
  const world = await startWorld({ today: TODAY });
  for (const row of ROWS.filter(({ method }) => method === 'PATCH')) {
    const { sent, lines: told } = await linesOf(world, row);
    const changes = Object.assign({}, ...told.map((line) => line.changes ?? {}));
    for (const key of Object.keys(sent))
      expect([row.path, Object.keys(changes)]).toEqual([row.path, expect.arrayContaining([asColumn[key] ?? key])]);
  }
}, 60_000);

test('every mutation of GraphQL is one of those rows', () => {
  const documents = ROWS.map(({ document }) => document).join(' ');
  const others = Object.keys(schema.getMutationType()!.getFields()).filter(
    (field) => !new RegExp(`\\b${field}\\b`).test(documents),
  );
  expect(others).toEqual([]);
});

function privateIn(value: unknown, key = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((one) => privateIn(one, key));
  if (value !== null && typeof value === 'object')
    return Object.entries(value).flatMap(([name, one]) => privateIn(one, PERSONAL.test(key) ? key : name));
  return typeof value === 'string' && value.length > 2 && PERSONAL.test(key) && !DATE.test(value) ? [value] : [];
}
