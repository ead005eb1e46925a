import { execute, parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import { schema } from '../src/domains.ts';
import { planQuery } from '../src/planner/plan.ts';
import { type Answer, type Integrator, startWorld } from './support/world.ts';

const LINE = { description: 'Deep cleaning, hours', quantity: 2.5, unit_price: 500, tax_percent: 20 };

async function draft(mine: Integrator, fields: object = {}) {
  const answer = await mine.post('/v1/invoices', { customer_name: 'Amina El Fassi', lines: [LINE], ...fields });
  if (answer.status !== 201) throw new Error(answer.text);
  return answer.body.data;
}

async function sent(mine: Integrator, fields: object = {}) {
  const { id } = await draft(mine, fields);
  return (await mine.post(`/v1/invoices/${id}/send`)).body.data;
}

const read = async (mine: Integrator, id: number) => (await mine.get(`/v1/invoices/${id}`)).body.data;
const told = ({ status, body }: Answer) => [status, body.code];

describe('what an invoice comes to', () => {
  // An accountant adds the printed lines up; a total that differs by a centime comes back as a question.
  test('each line is rounded half up and taxed by itself, and the totals are the sums of the lines', async () => {
    const world = await startWorld();
    const invoice = await draft(world, {
      lines: [
        { description: 'Linen', quantity: 0.333, unit_price: 10.01, tax_percent: 20 }, // 3.33333 → 3.33, tax 0.666 → 0.67
        { description: 'Soap', quantity: 1.5, unit_price: 0.01, tax_percent: 5.5 }, // 0.015 → 0.02, tax 0.0011 → 0
        { description: 'Key', unit_price: '0.05', tax_percent: 10 }, // tax 0.005 → 0.01
        { description: 'Gift', unit_price: 0 },
      ],
    });
    expect(invoice.lines).toMatchObject([
      { position: 1, net_amount: 3.33, tax_amount: 0.67 },
      { position: 2, net_amount: 0.02, tax_amount: 0 },
      { position: 3, net_amount: 0.05, tax_amount: 0.01 },
      { position: 4, quantity: 1, tax_percent: 0, net_amount: 0, tax_amount: 0 },
    ]);
    expect(invoice).toMatchObject({ net_amount: 3.4, tax_amount: 0.68, total_amount: 4.08, currency: 'MAD' });
  });

  test('an owner or a stay says whom it bills where nobody else is named', async () => {
    const world = await startWorld();
    const { rows } = await world.database.asAgency(world.agencyId, (client) =>
      client.query(
        `insert into owner (agency_id, name, email, address, tax_id, updated_at)
         values ($1, 'Yassine', 'y@example.com', 'Rue 1', 'ICE 15', now()) returning id`,
        [world.agencyId],
      ),
    );
    const toOwner = await draft(world, { customer_name: undefined, owner_id: rows[0].id });
    expect(toOwner).toMatchObject({
      customer_name: 'Yassine',
      customer_email: 'y@example.com',
      customer_address: 'Rue 1',
      customer_tax_id: 'ICE 15',
      owner_id: rows[0].id,
    });
    const stay = await world.book({ guest_name: 'Karim B.', guest_email: 'karim@example.com' });
    const toGuest = await draft(world, { customer_name: undefined, booking_id: stay.id });
    expect(toGuest).toMatchObject({ customer_name: 'Karim B.', customer_email: 'karim@example.com' });
    const toFirm = await draft(world, { customer_name: 'Atlas SARL', owner_id: rows[0].id });
    expect(toFirm).toMatchObject({ customer_name: 'Atlas SARL', customer_email: null, customer_address: null });
  });

  test('what can’t be billed is refused by the name of the field, and nothing is kept', async () => {
    const world = await startWorld();
    const wrong: [object, string][] = [
      [{ customer_name: undefined }, 'customer_name'],
      [{ customer_name: '  ' }, 'customer_name'],
      [{ customer_email: 'nobody' }, 'customer_email'],
      [{ owner_id: 999_999 }, 'owner_id'],
      [{ booking_id: 999_999 }, 'booking_id'],
      [{ due_on: '2027-02-30' }, 'due_on'],
      [{ notes: 'x'.repeat(10_001) }, 'notes'],
      [{ lines: [{ ...LINE, unit_price: -1 }] }, 'lines.0.unit_price'],
      [{ lines: [LINE, { ...LINE, unit_price: 1.001 }] }, 'lines.1.unit_price'],
      [{ lines: [{ ...LINE, quantity: 0 }] }, 'lines.0.quantity'],
      [{ lines: [{ ...LINE, quantity: 1.0001 }] }, 'lines.0.quantity'],
      [{ lines: [{ ...LINE, tax_percent: 101 }] }, 'lines.0.tax_percent'],
      [{ lines: [{ ...LINE, tax_percent: -1 }] }, 'lines.0.tax_percent'],
      [{ lines: [{ ...LINE, description: '' }] }, 'lines.0.description'],
      [{ lines: [{ ...LINE, quantity: 1_000_000, unit_price: 10_000_000 }] }, 'lines.0.unit_price'],
      [{ lines: Array.from({ length: 3 }, () => ({ ...LINE, quantity: 1, unit_price: 4_000_000_000_000 })) }, 'lines'],
      [{ colour: 'red' }, 'colour'],
    ];
    for (const [fields, field] of wrong) {
      const answer = await world.post('/v1/invoices', { customer_name: 'A', lines: [LINE], ...fields });
      expect([field, answer.status, Object.keys(answer.body.errors ?? {})]).toEqual([field, 422, [field]]);
    }
    expect((await world.get('/v1/invoices')).body.meta.total).toBe(0);
  });
});

describe('the numbers', () => {
  // A tax inspector asks after every number that is missing.
  test('are drawn without a gap by agency, kind and year, however many are sent at once and whatever is refused', async () => {
    const world = await startWorld({ today: '2026-12-31' });
    const other = await world.anotherAgency();
    const ids: number[] = [];
    for (let i = 0; i < 8; i++) ids.push((await draft(world)).id);
    const empty = await draft(world, { lines: [] });
    const answers = await Promise.all([...ids, empty.id].map((id) => world.post(`/v1/invoices/${id}/send`)));
    expect(answers.pop()!.body.errors).toHaveProperty('lines');
    const numbers = answers.map(({ body }) => body.data.number).sort();
    expect(numbers).toEqual(ids.map((_id, i) => `INV-2026-000${i + 1}`));
    expect((await sent(other)).number).toBe('INV-2026-0001');
    world.pass(86_400_000);
    expect(await sent(world)).toMatchObject({ number: 'INV-2027-0001', issued_on: '2027-01-01' });
  });

  test('the year and the date are those at the agency, where it is midnight before it is in London', async () => {
    const world = await startWorld({ today: '2026-12-31' });
    world.pass(11.5 * 3_600_000); // 23:30 in UTC, 00:30 in Casablanca.
    expect(await sent(world)).toMatchObject({ number: 'INV-2027-0001', issued_on: '2027-01-01' });
  });
});

describe('the life of an invoice', () => {
  // What a customer holds on paper must be what the books say.
  test('a draft can be changed and deleted, a sent invoice neither', async () => {
    const world = await startWorld();
    const { id } = await draft(world, { notes: 'First' });
    const changed = await world.patch(`/v1/invoices/${id}`, {
      notes: null,
      due_on: '2027-06-30',
      lines: [
        { description: 'Two', quantity: 2, unit_price: 100 },
        { description: 'One', unit_price: 1 },
      ],
    });
    expect(changed.body.data).toMatchObject({
      customer_name: 'Amina El Fassi',
      notes: null,
      due_on: '2027-06-30',
      total_amount: 201,
      lines: [{ description: 'Two' }, { description: 'One' }],
    });
    expect((await world.patch(`/v1/invoices/${id}`, { customer_name: null })).body.errors).toHaveProperty(
      'customer_name',
    );
    expect((await world.patch(`/v1/invoices/${id}`, { owner_id: 999_999 })).body.errors).toHaveProperty('owner_id');
    await world.post(`/v1/invoices/${id}/send`);
    expect(told(await world.patch(`/v1/invoices/${id}`, { notes: 'Late' }))).toEqual([409, 'INVALID_TRANSITION']);
    expect(told(await world.delete(`/v1/invoices/${id}`))).toEqual([409, 'INVALID_TRANSITION']);
    const { id: other } = await draft(world);
    expect((await world.delete(`/v1/invoices/${other}`)).status).toBe(204);
    expect((await world.get(`/v1/invoices/${other}`)).status).toBe(404);
  });

  // A book-keeping program enters each event once; one that is told twice is entered twice.
  test('sending and paying are told once each, whoever asks again', async () => {
    const world = await startWorld({ today: '2027-05-01' });
    const receiver = await world.subscribe('invoice.*');
    const { id } = await draft(world);
    for (const _ask of ['first', 'again']) {
      expect((await world.post(`/v1/invoices/${id}/send`)).body.data.status).toBe('sent');
    }
    expect((await world.post(`/v1/invoices/${id}/pay`, { amount: 500, method: 'Cash' })).body.data).toMatchObject({
      status: 'sent',
      paid_amount: 500,
    });
    for (const _ask of ['first', 'again']) {
      const { data } = (await world.post(`/v1/invoices/${id}/pay`)).body;
      expect(data).toMatchObject({ status: 'paid', paid_amount: 1500, paid_at: expect.stringContaining('2027-05-01') });
    }
    await world.relay();
    const received = receiver.received.toSorted((a, b) => a.event.localeCompare(b.event));
    expect(received).toMatchObject([
      { event: 'invoice.paid', signature: 'valid' },
      { event: 'invoice.sent', signature: 'valid' },
    ]);
    expect(received[0]!.json.data.invoice).toMatchObject({
      id,
      number: 'INV-2027-0001',
      status: 'paid',
      total_amount: 1500,
      lines: [{ description: LINE.description, quantity: 2.5, unit_price: 500, net_amount: 1250, tax_amount: 250 }],
    });
    const { data: payments } = (await world.get(`/v1/payments?invoice_id=${id}&sort=ID_ASC`)).body;
    expect(payments).toMatchObject([
      { purpose: 'invoice', status: 'succeeded', amount: 500, method: 'cash' },
      { amount: 1000, method: 'transfer' },
    ]);
  });

  // Money that was said to be kept, and isn't, is found by an accountant months later.
  test('what is paid in full takes no other payment; the one that it had may be told again', async () => {
    const world = await startWorld();
    const { id } = await sent(world);
    const pay = (amount: number) => world.post(`/v1/invoices/${id}/pay`, { amount });
    for (const _ask of ['first', 'again']) expect((await pay(1500)).body.data).toMatchObject({ status: 'paid' });
    for (const amount of [1, 1500.01, -1, 1e300])
      expect([amount, ...told(await pay(amount))]).toEqual([amount, 409, 'INVALID_TRANSITION']);
    expect((await world.get(`/v1/payments?invoice_id=${id}`)).body.meta.total).toBe(1);
  });

  test('two clients that pay it at once pay it once', async () => {
    const world = await startWorld();
    const { id } = await sent(world);
    await Promise.all([1, 2, 3].map(() => world.post(`/v1/invoices/${id}/pay`)));
    expect(await read(world, id)).toMatchObject({ status: 'paid', paid_amount: 1500 });
    expect((await world.get(`/v1/payments?invoice_id=${id}`)).body.meta.total).toBe(1);
  });

  test('no more is paid than is left, and nothing of a draft', async () => {
    const world = await startWorld();
    const { id } = await sent(world);
    for (const amount of [1500.01, 0, -1, 1.001]) {
      const answer = await world.post(`/v1/invoices/${id}/pay`, { amount });
      expect([amount, answer.status, Object.keys(answer.body.errors ?? {})]).toEqual([amount, 422, ['amount']]);
    }
    expect(await read(world, id)).toMatchObject({ status: 'sent', paid_amount: 0 });
    const { id: other } = await draft(world);
    expect(told(await world.post(`/v1/invoices/${other}/pay`))).toEqual([409, 'INVALID_TRANSITION']);
    expect(told(await world.post(`/v1/invoices/${other}/void`))).toEqual([409, 'INVALID_TRANSITION']);
  });

  // A number that disappears is fraud to an inspector; a credit note says what became of it.
  test('a sent invoice is taken back by a credit note that mirrors it, once, and the two add up to nothing', async () => {
    const world = await startWorld({ today: '2027-05-01' });
    const { id } = await sent(world, { lines: [{ ...LINE, quantity: 0.333, unit_price: 10.01 }, LINE] });
    const receiver = await world.subscribe('invoice.*');
    const answers = await Promise.all([1, 2].map(() => world.post(`/v1/invoices/${id}/void`)));
    for (const { body } of answers) expect(body.data).toMatchObject({ status: 'void', number: 'INV-2027-0001' });
    const note = await read(world, answers[0]!.body.data.credit_note_id);
    expect(note).toMatchObject({
      kind: 'credit_note',
      status: 'sent',
      number: 'CN-2027-0001',
      credits_id: id,
      customer_name: 'Amina El Fassi',
      total_amount: -1504,
      lines: [
        { quantity: -0.333, unit_price: 10.01, net_amount: -3.33, tax_amount: -0.67 },
        { quantity: -2.5, net_amount: -1250, tax_amount: -250 },
      ],
    });
    await world.relay();
    expect(receiver.received).toMatchObject([
      { event: 'invoice.sent', json: { data: { invoice: { id: note.id, kind: 'credit_note', total_amount: -1504 } } } },
    ]);
    for (const step of ['pay', 'send']) {
      expect([step, ...told(await world.post(`/v1/invoices/${id}/${step}`))]).toEqual([
        step,
        409,
        'INVALID_TRANSITION',
      ]);
    }
    for (const step of ['pay', 'void']) {
      const answer = await world.post(`/v1/invoices/${note.id}/${step}`);
      expect([step, ...told(answer)]).toEqual([step, 409, 'INVALID_TRANSITION']);
    }
    const part = await sent(world);
    await world.post(`/v1/invoices/${part.id}/pay`, { amount: 1 });
    expect(told(await world.post(`/v1/invoices/${part.id}/void`))).toEqual([409, 'INVALID_TRANSITION']);
  });
});

describe('who may see and write invoices', () => {
  test('invoices:read reads, invoices:write writes, and neither does the other’s', async () => {
    const world = await startWorld();
    const { id } = await draft(world);
    const reader = await world.withAbilities('invoices:read');
    const writer = await world.withAbilities('invoices:write');
    expect((await reader.get(`/v1/invoices/${id}`)).status).toBe(200);
    expect((await reader.get('/v1/invoices')).status).toBe(200);
    expect((await writer.get('/v1/invoices')).status).toBe(403);
    for (const path of ['', `/${id}/send`, `/${id}/pay`, `/${id}/void`]) {
      expect([path, (await reader.post(`/v1/invoices${path}`, {})).status]).toEqual([path, 403]);
    }
    for (const step of ['send', 'pay']) expect((await writer.post(`/v1/invoices/${id}/${step}`)).status).toBe(200);
    const stranger = await world.anotherAgency();
    for (const step of ['send', 'pay', 'void']) {
      expect((await stranger.post(`/v1/invoices/${id}/${step}`)).status).toBe(404);
    }
  });

  // A list that costs a statement a row takes a minute where it should take a blink.
  test('a list is one statement for five invoices as for fifty, and is planned as it is executed', async () => {
    const world = await startWorld();
    const { id } = await sent(world);
    await world.post(`/v1/invoices/${id}/void`);
    for (let i = 0; i < 3; i++) await draft(world);
    const list = () => world.get('/v1/invoices?per_page=100');
    await list();
    const few = await world.statements(list);
    for (let i = 0; i < 45; i++) await draft(world);
    expect(await world.statements(list)).toBe(few);
    const whole = '{ invoices(first: 100) { nodes { id lines { netAmount unitPrice } creditNoteId } } }';
    await world.graphql(whole);
    expect(await world.statements(() => world.graphql(whole))).toBeLessThan(8);

    const document = parse(`{ invoices(first: 100) { nodes {
      id kind status number creditsId creditNoteId netAmount taxAmount totalAmount paidAmount issuedOn customerName } } }`);
    const context = { viewer: world.viewer, signal: new AbortController().signal };
    const plan = planQuery(schema, document, document.definitions[0] as never, {})!;
    const ordinary = await execute({ schema, document, contextValue: context });
    expect(await plan.run(context, {})).toBe(JSON.stringify(ordinary.data));
  });
});
