import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { CmiFields } from '../src/finance/payments/cmi/fields.ts';
import { hashOf, isSigned } from '../src/finance/payments/cmi/hash.ts';
import { type Answer, type Integrator, startWorld, type World } from './support/world.ts';

const STORE_KEY = 'TEST1234';
const CLIENT_ID = '600001234';

const told = ({ status, body }: Answer) => [status, body.code];

async function pay(mine: Integrator, fields: object) {
  const answer = await mine.post('/v1/payments', { purpose: 'booking', amount: 300, method: 'transfer', ...fields });
  if (answer.status !== 201) throw new Error(answer.text);
  return answer.body.data;
}

const readPayment = async (mine: Integrator, id: number) => (await mine.get(`/v1/payments/${id}`)).body.data;

/** What CMI posts after a card was accepted, with all that it sends along. */
const callback = (oid: string, fields: Record<string, string> = {}): Record<string, string> => ({
  clientid: CLIENT_ID,
  oid,
  ReturnOid: oid,
  amount: '300.00',
  currency: '504',
  ProcReturnCode: '00',
  Response: 'Approved',
  ErrMsg: '',
  TransId: '27121KNJA13478',
  AuthCode: '931386',
  BillToName: 'Karim | B\\',
  BillToStreet12: 'Étage 2',
  BillToStreet2: 'rue de l’Atlas',
  Ecom_Payment_Card_ExpDate_Month: '12',
  'EXTRA.CARDBRAND': 'VISA',
  encoding: 'UTF-8',
  hashAlgorithm: 'ver3',
  storetype: '3D_PAY_HOSTING',
  rnd: 'F888F0SOOVNdLRDl2d9B',
  ...fields,
});

const declined = {
  ProcReturnCode: '51',
  Response: 'Declined',
  ErrMsg: 'Not sufficient funds',
  TransId: '27121DECLINED',
};

/** CMI's call, signed with the shop's key unless another is said, and changed after that where a thief would. */
async function tell(
  world: World,
  fields: Record<string, string>,
  {
    agencyId = world.agencyId,
    storeKey = STORE_KEY,
    altered = {},
  }: { agencyId?: number; storeKey?: string; altered?: object } = {},
): Promise<string> {
  const HASH = hashOf(new Map(Object.entries(fields)), storeKey);
  const response = await fetch(`${world.url}/inbound/cmi/${agencyId}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ ...fields, HASH, ...altered }).toString(),
  });
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
  return response.text();
}

/** Calls may take a while: on a busy machine the one process that tells and listens can stand still for seconds. */
async function startShop(env: NodeJS.ProcessEnv = {}) {
  const world = await startWorld({ today: '2027-05-01', env: { WEBHOOK_TIMEOUT_SECONDS: '15', ...env } });
  const answer = await world.put('/v1/cmi-account', { client_id: CLIENT_ID, store_key: STORE_KEY });
  expect(answer.body.data).toMatchObject({
    client_id: CLIENT_ID,
    callback_url: expect.stringContaining(`/inbound/cmi/${world.agencyId}`),
  });
  expect(answer.text).not.toContain(STORE_KEY);
  return world;
}

/** In the order of their names: calls to one receiver overtake each other. */
const eventsOf = (received: { event: string }[]) => received.map(({ event }) => event).sort();

describe('recording payments', () => {
  // A deposit that the desk doesn't hear of is asked for twice at the door.
  test('a payment of a stay is told with the stay, once for each order, and can be read', async () => {
    const world = await startWorld();
    const receiver = await world.subscribe(['payment.*', 'booking.payment_received', 'invoice.*', 'subscription.*']);
    const booking = await world.book();
    const fields = { booking_id: booking.id, order_id: 'wire-1', provider_reference: 'B-77' };
    const [first, again] = [await pay(world, fields), await pay(world, fields)];
    expect(again).toEqual(first);
    expect(await readPayment(world, first.id)).toMatchObject({
      purpose: 'booking',
      status: 'succeeded',
      booking_id: booking.id,
      amount: 300,
      currency: 'MAD',
      order_id: 'wire-1',
      paid_at: expect.any(String),
    });
    await world.relay();
    expect(receiver.received.toSorted((a, b) => b.event.localeCompare(a.event))).toMatchObject([
      { event: 'payment.succeeded', signature: 'valid', json: { data: { payment: { id: first.id } } } },
      {
        event: 'booking.payment_received',
        json: {
          data: { booking: { id: booking.id, reference: booking.reference }, payment: { id: first.id, amount: 300 } },
        },
      },
    ]);
    const answer = await world.graphql(`{ booking(id: ${booking.id}) { paidAmount } }`);
    expect(answer.body.data.booking.paidAmount).toBe(300);
  });

  test('the same order told twice at once is one payment; told otherwise it is refused', async () => {
    const world = await startWorld();
    const { id } = await world.book();
    const fields = { purpose: 'booking', booking_id: id, amount: 300, method: 'card', order_id: 'O-1' };
    const answers = await Promise.all([1, 2, 3, 4].map(() => world.post('/v1/payments', fields)));
    expect(new Set(answers.map(({ body }) => body.data.id)).size).toBe(1);
    expect(told(await world.post('/v1/payments', { ...fields, amount: 301 }))).toEqual([409, 'ORDER_TAKEN']);
    expect((await world.get('/v1/payments')).body.meta.total).toBe(1);
  });

  test('a pending payment ends once: a failure may still succeed, a success never fails', async () => {
    const world = await startWorld();
    const { id: bookingId } = await world.book();
    const receiver = await world.subscribe(['payment.*', 'booking.payment_received']);
    const { id } = await pay(world, { booking_id: bookingId, status: 'pending' });
    for (const _ask of ['first', 'again']) {
      const { body } = await world.post(`/v1/payments/${id}/fail`, { reason: 'The card was stolen.' });
      expect(body.data).toMatchObject({ status: 'failed', failure_reason: 'The card was stolen.' });
    }
    for (const _ask of ['first', 'again']) {
      const { body } = await world.post(`/v1/payments/${id}/succeed`, { provider_reference: 'T-9' });
      expect(body.data).toMatchObject({
        status: 'succeeded',
        provider_reference: 'T-9',
        failure_reason: null,
        failed_at: null,
      });
    }
    expect(told(await world.post(`/v1/payments/${id}/fail`))).toEqual([409, 'INVALID_TRANSITION']);
    await world.relay();
    expect(eventsOf(receiver.received)).toEqual(['booking.payment_received', 'payment.failed', 'payment.succeeded']);
  });

  test('payments of an invoice make it paid when nothing is left, and not before', async () => {
    const world = await startWorld();
    const { body } = await world.post('/v1/invoices', {
      customer_name: 'A',
      lines: [{ description: 'Stay', unit_price: 500 }],
    });
    const { id } = body.data;
    const fields = { purpose: 'invoice', invoice_id: id };
    expect(told(await world.post('/v1/payments', { ...fields, amount: 1, method: 'cash' }))).toEqual([
      409,
      'INVALID_TRANSITION',
    ]);
    await world.post(`/v1/invoices/${id}/send`);
    const receiver = await world.subscribe('*');
    await pay(world, { ...fields, amount: 200 });
    const waiting = await pay(world, { ...fields, amount: 300, status: 'pending' });
    expect((await world.get(`/v1/invoices/${id}`)).body.data).toMatchObject({ status: 'sent', paid_amount: 200 });
    const tooMuch = await world.post('/v1/payments', { ...fields, amount: 300.01, method: 'cash' });
    expect(Object.keys(tooMuch.body.errors)).toEqual(['amount']);
    await world.post(`/v1/payments/${waiting.id}/succeed`);
    expect((await world.get(`/v1/invoices/${id}`)).body.data).toMatchObject({ status: 'paid', paid_amount: 500 });
    await world.relay();
    expect(eventsOf(receiver.received)).toEqual(['invoice.paid', 'payment.succeeded', 'payment.succeeded']);
  });

  test('what can’t be a payment is refused by the name of the field, and nothing is kept', async () => {
    const world = await startWorld();
    const { id } = await world.book();
    const theirs = await (await world.anotherAgency()).book();
    const wrong: [object, string][] = [
      [{ amount: 0 }, 'amount'],
      [{ amount: -5 }, 'amount'],
      [{ amount: 1.001 }, 'amount'],
      [{ method: ' ' }, 'method'],
      [{ booking_id: theirs.id }, 'booking_id'],
      [{ booking_id: undefined }, 'booking_id'],
      [{ purpose: 'subscription' }, 'booking_id'],
      [{ invoice_id: 1 }, 'invoice_id'],
      [{ purpose: 'invoice', booking_id: undefined, invoice_id: 999_999 }, 'invoice_id'],
      [{ purpose: 'tip' }, 'purpose'],
      [{ failure_reason: 'None' }, 'failure_reason'],
      [{ order_id: 'x'.repeat(101) }, 'order_id'],
    ];
    for (const [fields, field] of wrong) {
      const body = { purpose: 'booking', booking_id: id, amount: 10, method: 'cash', ...fields };
      const answer = await world.post('/v1/payments', body);
      expect([field, answer.status, Object.keys(answer.body.errors ?? {})]).toEqual([field, 422, [field]]);
    }
    expect((await world.get('/v1/payments')).body.meta.total).toBe(0);
  });

  test('payments:read reads, payments:write records, agency:write connects CMI, and each no more', async () => {
    const world = await startShop();
    const { id } = await pay(world, { booking_id: (await world.book()).id, status: 'pending' });
    const reader = await world.withAbilities('payments:read');
    const writer = await world.withAbilities('payments:write');
    expect((await reader.get(`/v1/payments/${id}`)).status).toBe(200);
    expect((await writer.get('/v1/payments')).status).toBe(403);
    expect((await reader.post(`/v1/payments/${id}/succeed`)).status).toBe(403);
    expect((await writer.post(`/v1/payments/${id}/succeed`)).status).toBe(200);
    for (const one of [reader, writer]) expect((await one.delete('/v1/cmi-account')).status).toBe(403);
    expect((await (await world.withAbilities('agency:read')).get('/v1/cmi-account')).status).toBe(200);
    const stranger = await world.anotherAgency();
    expect((await stranger.get(`/v1/payments/${id}`)).status).toBe(404);
    expect((await stranger.post(`/v1/payments/${id}/fail`)).status).toBe(404);
    expect((await stranger.get('/v1/cmi-account')).status).toBe(404);
  });

  test('a list is as many statements for five payments as for fifty', async () => {
    const world = await startWorld();
    const { id } = await world.book();
    for (let i = 0; i < 5; i++) await pay(world, { booking_id: id });
    const list = () => world.get('/v1/payments?per_page=100');
    await list();
    const few = await world.statements(list);
    for (let i = 0; i < 45; i++) await pay(world, { booking_id: id });
    expect(await world.statements(list)).toBe(few);
  });
});

describe('a callback of CMI', () => {
  // A card that was debited and a booking that says unpaid make an angry guest; the other way round, a free stay.
  test('makes the deposit of the stay whose reference it names, once, however often it comes', async () => {
    const world = await startShop();
    const { id, reference } = await world.book();
    const receiver = await world.subscribe('*');
    for (const _time of [1, 2]) expect(await tell(world, callback(reference))).toBe('ACTION=POSTAUTH');
    expect(await Promise.all([1, 2, 3].map(() => tell(world, callback(`${reference}-2`))))).toEqual([
      'ACTION=POSTAUTH',
      'ACTION=POSTAUTH',
      'ACTION=POSTAUTH',
    ]);
    const { data } = (await world.get(`/v1/payments?booking_id=${id}&sort=ID_ASC`)).body;
    expect(data).toMatchObject([
      { method: 'cmi', status: 'succeeded', amount: 300, order_id: reference, provider_reference: '27121KNJA13478' },
      { order_id: `${reference}-2`, status: 'succeeded' },
    ]);
    await world.relay();
    expect(eventsOf(receiver.received)).toEqual([
      'booking.payment_received',
      'booking.payment_received',
      'payment.succeeded',
      'payment.succeeded',
    ]);
  });

  test('ends the pending payment of its order, in the amount and the currency that were asked for', async () => {
    const world = await startShop();
    const { id } = await pay(world, { booking_id: (await world.book()).id, status: 'pending', order_id: 'O-5' });
    for (const wrong of [
      { amount: '299.99' },
      { amount: '3000' },
      { amount: 'much' },
      { currency: '978' },
      { currency: '' },
    ] as Record<string, string>[]) {
      expect([wrong, await tell(world, callback('O-5', wrong))]).toEqual([wrong, 'FAILURE']);
    }
    expect(await readPayment(world, id)).toMatchObject({ status: 'pending' });
    expect(await tell(world, callback('O-5', { amount: '300' }))).toBe('ACTION=POSTAUTH');
    expect(await readPayment(world, id)).toMatchObject({ status: 'succeeded', provider_reference: '27121KNJA13478' });
  });

  test('in any order ends the same: a decline is kept until the card is accepted, and says nothing after that', async () => {
    const world = await startShop();
    const { id, reference } = await world.book();
    const receiver = await world.subscribe('*');
    for (const _time of [1, 2]) expect(await tell(world, callback(reference, declined))).toBe('APPROVED');
    const payment = async () => (await world.get(`/v1/payments?booking_id=${id}`)).body.data;
    expect(await payment()).toMatchObject([
      { status: 'failed', failure_code: '51', failure_reason: 'Not sufficient funds' },
    ]);
    expect(await tell(world, callback(reference))).toBe('ACTION=POSTAUTH');
    expect(await tell(world, callback(reference, declined))).toBe('APPROVED');
    expect(await payment()).toMatchObject([
      { status: 'succeeded', failure_code: null, provider_reference: '27121KNJA13478' },
    ]);
    const { ProcReturnCode: _code, ...silent } = callback(`${reference}-2`);
    expect(await tell(world, silent)).toBe('APPROVED'); // Without a code nothing was paid.
    await world.relay();
    expect(eventsOf(receiver.received)).toEqual([
      'booking.payment_received',
      'payment.failed',
      'payment.failed',
      'payment.succeeded',
    ]);
  });

  // Anybody can post a form to this address.
  test('that was altered, forged or is about nothing known is answered FAILURE, and leaves a line in the audit log only', async () => {
    const world = await startShop();
    const { reference } = await world.book();
    const receiver = await world.subscribe(['payment.*', 'booking.payment_received']);
    for (const altered of [
      { amount: '1.00' },
      { oid: 'BKG-222222' },
      { ProcReturnCode: '' },
      { HASH: '' },
      { more: 'x' },
    ]) {
      expect([altered, await tell(world, callback(reference), { altered })]).toEqual([altered, 'FAILURE']);
    }
    expect(await tell(world, callback(reference), { storeKey: 'another' })).toBe('FAILURE');
    expect(await tell(world, callback(reference), { storeKey: '' })).toBe('FAILURE');
    expect(await tell(world, callback(reference, { clientid: '600009999' }))).toBe('FAILURE');
    expect(await tell(world, callback('BKG-222222'))).toBe('FAILURE');
    expect(await tell(world, callback(''))).toBe('FAILURE');
    expect(await tell(world, callback(reference, { amount: '2000.01' }))).toBe('FAILURE'); // More than the stay costs.
    const other = await world.anotherAgency();
    for (const agencyId of [other.agencyId, 999_999]) {
      expect(await tell(world, callback(reference), { agencyId })).toBe('FAILURE');
      expect(await tell(world, callback(reference), { agencyId, storeKey: '' })).toBe('FAILURE');
    }
    expect((await world.get('/v1/payments')).body.meta.total).toBe(0);
    await world.relay();
    expect(receiver.received).toEqual([]);
    const { rows } = await world.database.asAgency(world.agencyId, (client) =>
      client.query(`select count(*)::int from audit_entry where action = 'cmi.callback_refused'`),
    );
    expect(rows[0].count).toBe(11);
  });

  test('debits no card for a stay that was cancelled or an invoice that was paid meanwhile', async () => {
    const world = await startShop();
    const { id, reference } = await world.book();
    await world.post(`/v1/bookings/${id}/cancel`);
    expect(await tell(world, callback(reference))).toBe('FAILURE');
    const { body } = await world.post('/v1/invoices', {
      customer_name: 'A',
      lines: [{ description: 'Stay', unit_price: 300 }],
    });
    const invoice = body.data.id;
    await world.post(`/v1/invoices/${invoice}/send`);
    await pay(world, { purpose: 'invoice', invoice_id: invoice, status: 'pending', order_id: 'O-8' });
    await world.post(`/v1/invoices/${invoice}/pay`);
    expect(await tell(world, callback('O-8'))).toBe('FAILURE');
    expect((await world.get('/v1/payments?order_id=O-8')).body.data[0].status).toBe('pending');
  });

  // CMI calls again while the first call is still being answered, and the guest has paid all there was to pay.
  // Two tabs: the card of the first was declined, the second has paid all of it, and then the first is tried again.
  test('debits no card for a try that had failed once the stay was paid by another', async () => {
    const world = await startShop();
    const { reference } = await world.book({ gross_amount: 1_000 });
    const whole = { amount: '1000.00' };
    expect(await tell(world, callback(reference, { ...whole, ...declined }))).toBe('APPROVED');
    expect(await tell(world, callback(`${reference}-2`, { amount: '600.00' }))).toBe('ACTION=POSTAUTH');
    expect(await tell(world, callback(reference, whole))).toBe('FAILURE');
    expect(await tell(world, callback(reference, { ...whole, ...declined }))).toBe('APPROVED');
    expect(await tell(world, callback(`${reference}-3`, { amount: '400.00', ...declined }))).toBe('APPROVED');
    expect(await tell(world, callback(`${reference}-3`, { amount: '400.00' }))).toBe('ACTION=POSTAUTH');
    expect(await tell(world, callback(`${reference}-3`, { amount: '400.00' }))).toBe('ACTION=POSTAUTH');
  });

  test('that comes several times at once for the whole price is one payment and the same answer', async () => {
    const world = await startShop();
    const { id, reference, gross_amount } = await world.book();
    const whole = callback(reference, { amount: gross_amount.toFixed(2) });
    expect(new Set(await Promise.all([1, 2, 3, 4, 5].map(() => tell(world, whole))))).toEqual(
      new Set(['ACTION=POSTAUTH']),
    );
    expect((await world.get(`/v1/payments?booking_id=${id}`)).body.data).toMatchObject([
      { status: 'succeeded', amount: gross_amount },
    ]);
    expect(await tell(world, callback(`${reference}-2`, { amount: '0.01' }))).toBe('FAILURE'); // Nothing is left.
  });

  test('is read whatever the order and the case of its fields, and not at all where a field comes twice', async () => {
    const world = await startShop();
    const send = async (pairs: [string, string][]) => {
      const body = new URLSearchParams(pairs).toString();
      return (await fetch(`${world.url}/inbound/cmi/${world.agencyId}`, { method: 'POST', body })).text();
    };
    const signed = async (change: (pair: [string, string]) => [string, string] = (pair) => pair) => {
      const fields = callback((await world.book()).reference);
      return [...Object.entries(fields), ['HASH', hashOf(Object.entries(fields), STORE_KEY)] as [string, string]].map(
        change,
      );
    };
    expect(await send((await signed()).reverse())).toBe('ACTION=POSTAUTH');
    expect(await send(await signed(([name, value]) => [name.toLowerCase(), value]))).toBe('ACTION=POSTAUTH');
    expect(await send(await signed(([name, value]) => [name.toUpperCase(), value]))).toBe('ACTION=POSTAUTH');
    for (const twice of [
      ['amount', '1.00'],
      ['AMOUNT', '300.00'],
      ['HASH', 'x'],
      ['oid', ''],
    ] as [string, string][]) {
      expect([twice, await send([twice, ...(await signed())])]).toEqual([twice, 'FAILURE']);
      expect([twice, await send([...(await signed()), twice])]).toEqual([twice, 'FAILURE']);
    }
    expect(await send((await signed()).filter(([name]) => name !== 'HASH'))).toBe('FAILURE');
    // What was written without encoding its + arrives with a blank in its place, one at the very beginning too.
    const fields = Object.entries(callback((await world.book()).reference));
    let nonce = 0;
    const noted = () => [...fields, ['nonce', String(nonce)]] as [string, string][];
    while (!hashOf(noted(), STORE_KEY).startsWith('+')) nonce++;
    const signature: [string, string] = ['HASH', hashOf(noted(), STORE_KEY)];
    const pairs = [...noted(), signature].map(
      ([name, value]) => `${name}=${name === 'HASH' ? value.replaceAll('=', '%3D') : encodeURIComponent(value)}`,
    );
    const response = await fetch(`${world.url}/inbound/cmi/${world.agencyId}`, {
      method: 'POST',
      body: pairs.join('&'),
    });
    expect(await response.text()).toBe('ACTION=POSTAUTH');
    expect((await world.get('/v1/payments')).body.meta.total).toBe(4);
  });

  // The letters of the shop's own form come back: a guest called Hélène would have paid, and nobody would know.
  test('is believed in the letters of Turkey and western Europe too, hashed as they came or as UTF-8', async () => {
    const world = await startShop();
    for (const hashed of ['latin1', 'utf8'] as const) {
      const { reference } = await world.book({ guest_name: 'Hélène' });
      const fields = Object.entries(
        callback(reference, { BillToName: 'Hélène', ErrMsg: '', encoding: 'ISO-8859-9' }),
      ).map(([name, value]): [string, string] => [name, value.replace('’', "'")]);
      const HASH = hashOf(fields, STORE_KEY, undefined, hashed);
      const quoted = (text: string) =>
        [...Buffer.from(text, 'latin1')].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
      const body = [...fields, ['HASH', HASH]].map(([name, value]) => `${name}=${quoted(value!)}`).join('&');
      const response = await fetch(`${world.url}/inbound/cmi/${world.agencyId}`, { method: 'POST', body });
      expect([hashed, await response.text()]).toEqual([hashed, 'ACTION=POSTAUTH']);
      const altered = await fetch(`${world.url}/inbound/cmi/${world.agencyId}`, {
        method: 'POST',
        body: body.replace(quoted('Hélène'), quoted('Hèlène')),
      });
      expect([hashed, await altered.text()]).toEqual([hashed, 'FAILURE']);
    }
  });

  // Each forgery is a line in the audit log; a log that anybody can fill is one that nobody reads.
  test('that is forged is counted by agency and refused past the limit, while CMI’s own calls go on being heard', async () => {
    const world = await startShop({ RATE_LIMIT_PER_MINUTE: '60' });
    const { reference } = await world.book();
    const forged = (agency: number | string) =>
      fetch(`${world.url}/inbound/cmi/${agency}`, {
        method: 'POST',
        body: new URLSearchParams({ oid: 'x', HASH: 'y' }),
      });
    const lines = async () =>
      (
        await world.database.asAgency(world.agencyId, (client) =>
          client.query(`select count(*)::int from audit_entry where action = 'cmi.callback_refused'`),
        )
      ).rows[0].count;
    for (let i = 0; i < 60; i++) expect((await forged(world.agencyId)).status).toBe(200);
    for (let i = 0; i < 5; i++) {
      const refused = await forged(world.agencyId);
      expect(refused.status).toBe(429);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(await lines()).toBe(60);
    expect(await tell(world, callback(reference))).toBe('ACTION=POSTAUTH');
    expect((await forged(999_999)).status).toBe(200);
    const { agencyId } = await world.anotherAgency();
    for (let i = 0; i < 61; i++) await forged(agencyId); // An agency without a shop is answered alike.
    expect((await forged(agencyId)).status).toBe(429);
  });

  test('is believed no longer once the account is disconnected', async () => {
    const world = await startShop();
    const { reference } = await world.book();
    expect((await world.delete('/v1/cmi-account')).status).toBe(204);
    expect(await tell(world, callback(reference))).toBe('FAILURE');
    expect((await world.put('/v1/cmi-account', { client_id: 'a b', store_key: 'has blank' })).body.errors).toEqual({
      client_id: expect.anything(),
      store_key: expect.anything(),
    });
  });
});

const form = (fields: Record<string, string>) => CmiFields.read(Buffer.from(String(new URLSearchParams(fields))))!;

describe('the hash of CMI, version 3', () => {
  // Written out by hand: the values in the order of CMI's own example, escaped, and the key at the end.
  test('is over the values by their names, in any case and numbers by size, escaped and joined', () => {
    const fields = new Map(Object.entries(callback('O-1')));
    const text = [
      '300.00', // amount
      '931386', // AuthCode
      'Karim \\| B\\\\', // BillToName
      'rue de l’Atlas', // BillToStreet2
      'Étage 2', // BillToStreet12
      CLIENT_ID, // clientid
      '504', // currency
      '12', // Ecom_Payment_Card_ExpDate_Month
      '', // ErrMsg
      'VISA', // EXTRA.CARDBRAND
      'ver3', // hashAlgorithm
      'O-1', // oid
      '00', // ProcReturnCode
      'Approved', // Response
      'O-1', // ReturnOid
      'F888F0SOOVNdLRDl2d9B', // rnd
      '3D_PAY_HOSTING', // storetype
      '27121KNJA13478', // TransId
      'key\\|', // the store key
    ].join('|');
    expect(hashOf(fields, 'key|')).toBe(createHash('sha512').update(text).digest('base64'));
  });

  test('is right in the order of either kit, which part at numbers and underscores', () => {
    const fields = { BillToStreet12: 'twelve', BillToStreet2: 'two', a_b: 'underscore', aab: 'letter' };
    for (const values of [
      ['letter', 'underscore', 'two', 'twelve'],
      ['underscore', 'letter', 'twelve', 'two'],
    ]) {
      const HASH = createHash('sha512')
        .update([...values, 'k'].join('|'))
        .digest('base64');
      expect(isSigned(form({ ...fields, HASH }), 'k')).toBe(true);
    }
    const HASH = createHash('sha512').update('two|letter|underscore|twelve|k').digest('base64');
    expect(isSigned(form({ ...fields, HASH }), 'k')).toBe(false);
  });

  test('is right for values whose entities were read before they were hashed, as CMI’s example reads them', () => {
    const plain = { BillToName: `L'Atlas & fils` };
    const posted = form({ BillToName: 'L&#39;Atlas &amp; fils\n', HASH: hashOf(Object.entries(plain), 'k') });
    expect(isSigned(posted, 'k')).toBe(true);
    expect(isSigned(posted, 'K')).toBe(false);
    expect(isSigned(form(plain), 'k')).toBe(false);
  });
});
