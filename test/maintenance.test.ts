import { execute, parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import { schema } from '../src/domains.ts';
import { planQuery } from '../src/planner/plan.ts';
import type { Receiver } from './support/receiver.ts';
import { type Integrator, startWorld } from './support/world.ts';

// biome-ignore lint/suspicious/noExplicitAny: the body of a ticket
type Ticket = any;

async function makeTicket(mine: Integrator, fields: object = {}): Promise<Ticket> {
  const property_id = 'property_id' in fields ? fields.property_id : (await mine.property()).id;
  const answer = await mine.post('/v1/maintenance-tickets', { property_id, title: 'The tap drips', ...fields });
  if (answer.status !== 201) throw new Error(answer.text);
  return answer.body.data;
}

async function doTo(mine: Integrator, id: number, step: string, body: object = {}) {
  const answer = await mine.post(`/v1/maintenance-tickets/${id}/${step}`, body);
  return answer.status === 200 ? answer.body.data : [answer.status, answer.body.code];
}

const ticketsOf = async (mine: Integrator, query = '') => (await mine.get(`/v1/maintenance-tickets${query}`)).body.data;

/** What arrived, in the order in which it happened: deliveries may overtake each other, and ids rise. */
const inOrder = ({ received }: Receiver) => [...received].sort((a, b) => (a.id < b.id ? -1 : 1));

const told = (receiver: Receiver) =>
  inOrder(receiver).map(({ event, json }) => [event, json.data.maintenance_ticket.priority]);

const PHOTO = 'https://photos.example.com/1.jpg';

describe('the life of a ticket', () => {
  // The supplier's software opens, moves and closes its own ticket by these webhooks alone.
  test('opened, assigned, escalated, resolved: each tells its event once, even when the client asks twice', async () => {
    const world = await startWorld({ today: '2027-06-01' });
    const receiver = await world.subscribe('maintenance.*');
    const booking = await world.book();
    const { property_id } = booking;
    const ticket = await makeTicket(world, { property_id, booking_id: booking.id, category: ' Plumbing ' });
    expect(ticket).toMatchObject({
      status: 'open',
      priority: 'normal',
      category: 'plumbing',
      booking_id: booking.id,
      cost: null,
      currency: 'MAD',
    });
    const steps: [string, object, object][] = [
      ['assign', { assignee: 'Youssef', vendor: 'Atlas' }, { status: 'assigned', vendor: 'Atlas' }],
      ['escalate', {}, { priority: 'urgent', escalated_at: expect.any(String) }],
      ['resolve', { resolution: 'A new seal', cost: 450.5 }, { status: 'resolved', cost: 450.5 }],
    ];
    for (const [step, body, after] of steps) {
      const first = await doTo(world, ticket.id, step, body);
      expect(first).toMatchObject(after);
      expect(await doTo(world, ticket.id, step, body)).toEqual(first);
    }
    await world.relay();
    expect(receiver.received.every(({ signature }) => signature === 'valid')).toBe(true);
    expect(told(receiver)).toEqual([
      ['maintenance.created', 'normal'],
      ['maintenance.assigned', 'normal'],
      ['maintenance.urgent', 'urgent'],
      ['maintenance.resolved', 'urgent'],
    ]);
    const now = (await world.get(`/v1/maintenance-tickets/${ticket.id}`)).body.data;
    const { property: _property, ...facts } = now;
    expect(inOrder(receiver)[3]!.json.data).toEqual({ maintenance_ticket: facts });
  });

  // A leak at night: whoever is on call listens for maintenance.urgent and for nothing else.
  test('a ticket that is urgent from the start is created and urgent; with somebody to mend it, assigned as well', async () => {
    const world = await startWorld({ today: '2027-06-01' });
    const receiver = await world.subscribe('maintenance.*');
    const pager = await world.subscribe('maintenance.urgent');
    const ticket = await makeTicket(world, { priority: 'urgent', assignee: 'Youssef' });
    expect(ticket).toMatchObject({ status: 'assigned', escalated_at: expect.any(String) });
    await makeTicket(world, { priority: 'high' });
    await world.relay();
    expect(told(receiver)).toEqual([
      ['maintenance.created', 'urgent'],
      ['maintenance.urgent', 'urgent'],
      ['maintenance.assigned', 'urgent'],
      ['maintenance.created', 'high'],
    ]);
    expect(pager.received).toHaveLength(1);
    await doTo(world, ticket.id, 'escalate', { reason: 'Still leaking' });
    await doTo(world, ticket.id, 'assign', { assignee: 'Youssef' });
    await world.relay();
    expect(receiver.received).toHaveLength(4);
    const { rows } = await world.database.asAgency(world.agencyId, (client) =>
      client.query(`select subject_seq from outbox_event where subject = $1 order by seq`, [
        `maintenance_ticket:${ticket.id}`,
      ]),
    );
    expect(rows.map(({ subject_seq }) => subject_seq)).toEqual([1, 2, 3]);
  });

  test('a change that raises the priority to urgent tells it, any other change tells nobody, another hand is told again', async () => {
    const world = await startWorld({ today: '2027-06-01' });
    const { id } = await makeTicket(world);
    const receiver = await world.subscribe('maintenance.*');
    const change = async (body: object) => (await world.patch(`/v1/maintenance-tickets/${id}`, body)).body.data;
    const changed = { title: 'The tap runs', description: 'All night', vendor: 'Atlas', cost: 12.5, photos: [PHOTO] };
    expect(await change(changed)).toMatchObject(changed);
    expect(await change({ description: null, cost: null, photos: null })).toMatchObject({
      title: 'The tap runs',
      description: null,
      cost: null,
      photos: [],
    });
    await change({ priority: 'high' });
    await change({ priority: 'urgent' });
    await change({ priority: 'urgent', category: 'Plumbing' });
    await change({ priority: 'low' });
    await doTo(world, id, 'escalate');
    for (const assignee of ['Youssef', 'Youssef', 'Karim']) await doTo(world, id, 'assign', { assignee });
    await doTo(world, id, 'assign', { assignee: 'Karim', vendor: 'Rif Repairs' });
    await world.relay();
    expect(inOrder(receiver).map(({ event }) => event)).toEqual([
      'maintenance.urgent',
      'maintenance.urgent',
      'maintenance.assigned',
      'maintenance.assigned',
      'maintenance.assigned',
    ]);
    const last = inOrder(receiver).at(-1)!.json.data.maintenance_ticket;
    expect(last).toMatchObject({ assignee: 'Karim', vendor: 'Rif Repairs', category: 'plumbing' });
  });

  // The bill comes after the work, and what was reported to the owner must not change behind it.
  test('a resolved ticket takes the bill and nothing that would open it again', async () => {
    const world = await startWorld({ today: '2027-06-01' });
    const { id } = await makeTicket(world);
    const resolved = await doTo(world, id, 'resolve', { resolution: 'A new seal' });
    expect(resolved).toMatchObject({ status: 'resolved', cost: null, assignee: null });
    const receiver = await world.subscribe('maintenance.*');
    for (const [step, body] of [
      ['assign', { assignee: 'Youssef' }],
      ['escalate', {}],
    ] as const) {
      expect(await doTo(world, id, step, body)).toEqual([409, 'INVALID_TRANSITION']);
    }
    expect(await doTo(world, id, 'resolve', { resolution: 'Something else', cost: 1 })).toEqual(resolved);
    for (const body of [{ priority: 'urgent' }, { title: 'x' }, { category: 'x' }, { booking_id: null, cost: 3 }]) {
      const answer = await world.patch(`/v1/maintenance-tickets/${id}`, body);
      expect([answer.status, answer.body.code]).toEqual([409, 'INVALID_TRANSITION']);
    }
    const billed = await world.patch(`/v1/maintenance-tickets/${id}`, { cost: '450.00', vendor: 'Atlas' });
    expect(billed.body.data).toMatchObject({ cost: 450, vendor: 'Atlas', status: 'resolved' });
    await world.relay();
    expect(receiver.received).toEqual([]);
  });

  // Two people on call press the same button.
  test('two clients at once escalate once and resolve once', async () => {
    const world = await startWorld({ today: '2027-06-01' });
    const { id } = await makeTicket(world);
    const receiver = await world.subscribe('maintenance.*');
    await Promise.all([
      ...[1, 2, 3].map(() => doTo(world, id, 'escalate')),
      world.patch(`/v1/maintenance-tickets/${id}`, { priority: 'urgent' }),
    ]);
    const answers = await Promise.all(['A', 'B', 'C'].map((resolution) => doTo(world, id, 'resolve', { resolution })));
    expect(new Set(answers.map(({ resolution }) => resolution)).size).toBe(1);
    await world.relay();
    expect(inOrder(receiver).map(({ event }) => event)).toEqual(['maintenance.urgent', 'maintenance.resolved']);
  });
});

describe('what is refused', () => {
  test('what can’t be kept is refused with the name of its field, by REST and GraphQL alike, and nothing is changed', async () => {
    const world = await startWorld({ today: '2027-06-01' });
    const { id: property_id } = await world.property();
    const elsewhere = await world.book();
    const good = { property_id, title: 'The tap drips' };
    const receiver = await world.subscribe('*');
    const refusals: [object, string][] = [
      [{ title: 'x' }, 'property_id'],
      [{ property_id }, 'title'],
      [{ ...good, property_id: 999_999 }, 'property_id'],
      [{ ...good, title: '  ' }, 'title'],
      [{ ...good, title: 'x'.repeat(201) }, 'title'],
      [{ ...good, title: 'a\0b' }, 'title'],
      [{ ...good, description: 'x'.repeat(10_001) }, 'description'],
      [{ ...good, category: 'x'.repeat(51) }, 'category'],
      [{ ...good, priority: 'critical' }, 'priority'],
      [{ ...good, booking_id: elsewhere.id }, 'booking_id'],
      [{ ...good, assignee: '' }, 'assignee'],
      [{ ...good, vendor: ' ' }, 'vendor'],
      [{ ...good, photos: ['file:///etc/passwd'] }, 'photos.0'],
      [{ ...good, photos: ['https://photos.example.com/\ud83d'] }, 'photos.0'],
      [{ ...good, photos: Array.from({ length: 51 }, () => PHOTO) }, 'photos'],
      [{ ...good, status: 'resolved' }, 'status'],
    ];
    for (const [body, field] of refusals) {
      const answer = await world.post('/v1/maintenance-tickets', body);
      expect([answer.status, Object.keys(answer.body.errors ?? {})]).toEqual([422, [field]]);
    }
    const { body: graphql } = await world.graphql(
      `mutation { createMaintenanceTicket(input: { propertyId: "${property_id}", title: " ", bookingId: "${elsewhere.id}" }) { id } }`,
    );
    expect(graphql.errors[0].extensions).toMatchObject({ code: 'VALIDATION' });
    expect(await ticketsOf(world)).toEqual([]);

    const ticket = await makeTicket(world, good);
    const path = `/v1/maintenance-tickets/${ticket.id}`;
    for (const [step, body, field] of [
      ['assign', {}, 'assignee'],
      ['assign', { assignee: ' ' }, 'assignee'],
      ['assign', { assignee: 'x', vendor: '' }, 'vendor'],
      ['escalate', { reason: 'x'.repeat(1_001) }, 'reason'],
      ['resolve', {}, 'resolution'],
      ['resolve', { resolution: '' }, 'resolution'],
      ['resolve', { resolution: 'x', cost: -1 }, 'cost'],
      ['resolve', { resolution: 'x', cost: 1.005 }, 'cost'],
      ['resolve', { resolution: 'x', cost: 99_999_999_999 }, 'cost'],
      ['resolve', { resolution: 'x', cost: 'much' }, 'cost'],
    ] as [string, object, string][]) {
      const answer = await world.post(`${path}/${step}`, body);
      expect([step, answer.status, Object.keys(answer.body.errors ?? {})]).toEqual([step, 422, [field]]);
    }
    for (const [body, field] of [
      [{ title: null }, 'title'],
      [{ priority: null }, 'priority'],
      [{ cost: -0.01 }, 'cost'],
      [{ booking_id: elsewhere.id }, 'booking_id'],
      [{ assignee: 'Youssef' }, 'assignee'],
    ] as [object, string][]) {
      const answer = await world.patch(path, body);
      expect([answer.status, Object.keys(answer.body.errors)]).toEqual([422, [field]]);
    }
    expect((await world.get(path)).body.data).toEqual(ticket);
    await world.relay();
    expect(inOrder(receiver).map(({ event }) => event)).toEqual(['maintenance.created']);
  });

  // Another agency's row is answered like one that never was, whatever is done to it.
  test('another agency sees no ticket, changes none, and can’t make one at our property', async () => {
    const world = await startWorld({ today: '2027-06-01' });
    const booking = await world.book();
    const ticket = await makeTicket(world, { property_id: booking.property_id });
    const path = `/v1/maintenance-tickets/${ticket.id}`;
    const other = await world.anotherAgency();
    expect(await ticketsOf(other)).toEqual([]);
    expect((await other.get(path)).status).toBe(404);
    expect((await other.patch(path, { title: 'x' })).status).toBe(404);
    expect((await other.post(`${path}/assign`, { assignee: 'x' })).status).toBe(404);
    expect((await other.post(`${path}/escalate`)).status).toBe(404);
    expect((await other.post(`${path}/resolve`, { resolution: 'x' })).status).toBe(404);
    const at = await other.post('/v1/maintenance-tickets', { property_id: booking.property_id, title: 'x' });
    expect([at.status, Object.keys(at.body.errors)]).toEqual([422, ['property_id']]);
    const mine = await other.property();
    const during = await other.post('/v1/maintenance-tickets', {
      property_id: mine.id,
      title: 'x',
      booking_id: booking.id,
    });
    expect([during.status, Object.keys(during.body.errors)]).toEqual([422, ['booking_id']]);
    expect((await world.get(path)).body.data).toEqual(ticket);
  });

  // A plumber's token must not read the guests, nor the cleaning.
  test('maintenance:read reads, maintenance:write manages, and neither opens the bookings', async () => {
    const world = await startWorld({ today: '2027-06-01' });
    const ticket = await makeTicket(world);
    const path = `/v1/maintenance-tickets/${ticket.id}`;
    const tries = async (mine: Integrator) => [
      (await mine.get('/v1/maintenance-tickets')).status,
      (await mine.get(path)).status,
      (await mine.post('/v1/maintenance-tickets', { property_id: ticket.property_id, title: 'x' })).status,
      (await mine.patch(path, { title: 'x' })).status,
      (await mine.post(`${path}/assign`, { assignee: 'x' })).status,
      (await mine.post(`${path}/escalate`)).status,
      (await mine.post(`${path}/resolve`, { resolution: 'x' })).status,
    ];
    const stranger = await world.withAbilities('cleaning:read', 'cleaning:write', 'properties:read');
    const reader = await world.withAbilities('maintenance:read');
    expect(await tries(stranger)).toEqual([403, 403, 403, 403, 403, 403, 403]);
    expect(await tries(reader)).toEqual([200, 200, 403, 403, 403, 403, 403]);
    expect(await tries(await world.withAbilities('maintenance:write'))).toEqual([403, 403, 201, 200, 200, 200, 200]);
    const { body } = await reader.graphql(`{ maintenanceTicket(id: "${ticket.id}") { booking { guestName } } }`);
    expect(body.errors[0].extensions.code).toBe('FORBIDDEN');
  });
});

describe('finding tickets', () => {
  test('by place, state, priority, category, hands and firm', async () => {
    const world = await startWorld({ today: '2027-06-01' });
    const a = await makeTicket(world, { category: 'Plumbing', priority: 'low', vendor: 'Atlas' });
    const b = await makeTicket(world, { property_id: a.property_id, assignee: 'Youssef', category: 'electricity' });
    const c = await makeTicket(world, { priority: 'urgent' });
    await doTo(world, c.id, 'resolve', { resolution: 'Mended' });
    const ids = async (query: string) => (await ticketsOf(world, query)).map(({ id }: Ticket) => id);
    expect(await ids('?sort=id_asc')).toEqual([a.id, b.id, c.id]);
    expect(await ids(`?property_id=${a.property_id}`)).toEqual([b.id, a.id]);
    expect(await ids('?status=open,assigned')).toEqual([b.id, a.id]);
    expect(await ids('?priority=urgent,low')).toEqual([c.id, a.id]);
    expect(await ids('?category=plumbing')).toEqual([a.id]);
    expect(await ids('?assignee=Youssef')).toEqual([b.id]);
    expect(await ids('?vendor=Atlas')).toEqual([a.id]);
  });

  // One statement is what a page costs, however many rows are on it.
  test('a list is one statement at 5 rows and at 50, and the ordinary executor says the same', async () => {
    const world = await startWorld({ today: '2027-06-01' });
    const { id: property_id } = await world.property();
    for (let i = 0; i < 50; i++) {
      const photos = [PHOTO, `${PHOTO}?"é"`].slice(0, i % 3);
      const { id } = await makeTicket(world, { property_id, photos, category: i % 2 ? 'plumbing' : undefined });
      if (i % 5 === 0) await doTo(world, id, 'resolve', { resolution: 'Mended', cost: [0, 0.1, 33.33][i % 3] });
    }
    const fields = Object.values(
      (schema.getType('MaintenanceTicket') as unknown as { getFields(): Record<string, { name: string }> }).getFields(),
    ).map(({ name }) => (name === 'property' || name === 'booking' ? `${name} { id }` : name));
    for (const first of [5, 50]) {
      expect(await world.statements(() => world.get(`/v1/maintenance-tickets?per_page=${first}`))).toBe(1);
      const document = parse(`{ maintenanceTickets(first: ${first}) { totalCount nodes { ${fields.join(' ')} } } }`);
      const context = { viewer: world.viewer, signal: new AbortController().signal };
      const planned = await planQuery(schema, document, document.definitions[0] as never, {})!.run(context, {});
      expect(planned).toBe(JSON.stringify((await execute({ schema, document, contextValue: context })).data));
    }
  });
});
