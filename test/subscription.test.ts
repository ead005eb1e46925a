import { expect, test } from 'vitest';
import { hashOf } from '../src/finance/payments/cmi/hash.ts';
import { openTerminal } from './support/cli.ts';
import { type Integrator, startWorld, type World } from './support/world.ts';

const DAY = 86_400_000;

async function pay(mine: Integrator, fields: object = {}) {
  const answer = await mine.post('/v1/payments', { purpose: 'subscription', amount: 990, method: 'card', ...fields });
  if (answer.status !== 201) throw new Error(answer.text);
  return answer.body.data;
}

const subscription = async (mine: Integrator) => (await mine.get('/v1/subscription')).body.data;

/** As the operator sells it. The gate believes a token for a second, so a look after a change is a second later. */
async function setPlan(world: World, fields: Record<string, unknown>): Promise<void> {
  const names = Object.keys(fields);
  const sets = names.map((name, i) => `${name} = $${i + 2}`);
  const { Client } = (await import('pg')).default;
  const owner = new Client({ connectionString: world.database.ownerUrl });
  await owner.connect();
  await owner.query(`update agency set ${sets} where id = $1`, [world.agencyId, ...Object.values(fields)]);
  await owner.end();
}

// An agency that has paid and is shut out can't run its house; one that pays early must not lose days by it.
test('a payment makes Business last a month more, from the end of what is paid for', async () => {
  const world = await startWorld({ today: '2027-01-31' });
  const receiver = await world.subscribe(['subscription.*', 'payment.*']);
  await pay(world, { order_id: 'S-1' });
  await pay(world, { order_id: 'S-1' });
  expect(await subscription(world)).toMatchObject({
    plan: 'business',
    active: true,
    paid_until: expect.stringMatching(/^2027-02-28T12:/),
    grace_until: null,
  });
  await pay(world);
  expect((await subscription(world)).paid_until).toMatch(/^2027-03-28T12:/);
  await world.relay();
  const events = receiver.received.map(({ event }) => event).sort();
  expect(events).toEqual(['payment.succeeded', 'payment.succeeded', 'subscription.renewed', 'subscription.renewed']);
  const renewals = receiver.received.flatMap(({ json }) => json.data.subscription ?? []);
  expect(renewals.toSorted((a, b) => a.payment_id - b.payment_id)[0]).toMatchObject({
    plan: 'business',
    paid_until: expect.stringMatching(/^2027-02-28T12:/),
    amount: 990,
    currency: 'MAD',
  });
});

test('two payments at once are two months', async () => {
  const world = await startWorld({ today: '2027-05-10' });
  await Promise.all([pay(world), pay(world)]);
  expect((await subscription(world)).paid_until).toMatch(/^2027-07-10T/);
});

// A card that expires on a Saturday must not close a hotel's channel before anybody can mend it.
test('a payment that failed leaves a week of grace, which a second failure doesn’t stretch and a success ends', async () => {
  const world = await startWorld({ today: '2027-05-01' });
  await pay(world); // Until 1 June.
  const receiver = await world.subscribe(['subscription.*', 'payment.*']);
  world.pass(31 * DAY - 3_600_000); // An hour before its end.
  await pay(world, { status: 'failed', failure_reason: 'The card has expired.' });
  world.pass(DAY); // Past its end, in grace.
  await pay(world, { status: 'failed' });
  const late = await world.withAbilities('agency:read');
  expect(await subscription(late)).toMatchObject({
    active: true,
    paid_until: expect.stringMatching(/^2027-06-01T12:/),
    grace_until: expect.stringMatching(/^2027-06-08T12:/), // A week after what is paid for.
  });
  await world.relay();
  expect(receiver.received.map(({ event }) => event)).toEqual(['payment.failed', 'payment.failed']);
  await pay(world);
  expect(await subscription(world)).toMatchObject({
    active: true,
    paid_until: expect.stringMatching(/^2027-07-02T11:/),
    grace_until: null,
  });
  world.pass(31 * DAY);
  const shut = await (await world.withAbilities('properties:read')).get('/v1/properties');
  expect([shut.status, shut.body.code]).toEqual([403, 'PLAN_REQUIRED']);
});

test('the gate opens for Business that is paid for or in grace and for a trial that runs, and says otherwise why not', async () => {
  const world = await startWorld({ today: '2027-05-01' });
  const cases: [Record<string, unknown>, number, string?][] = [
    [{ plan: 'BUSINESS', paid_until: null }, 200],
    [{ plan: 'BUSINESS', paid_until: '2027-05-02T00:00:00Z' }, 200],
    [{ plan: 'BUSINESS', paid_until: '2027-05-01T00:00:00Z' }, 403, 'run out'],
    [{ plan: 'BUSINESS', paid_until: '2027-05-01T00:00:00Z', grace_until: '2027-05-02T00:00:00Z' }, 200],
    [{ plan: 'BUSINESS', paid_until: '2027-05-01T00:00:00Z', grace_until: '2027-05-01T00:00:00Z' }, 403, 'run out'],
    [{ plan: 'TRIAL', trial_ends_at: '2027-05-02T00:00:00Z' }, 200],
    [{ plan: 'TRIAL', trial_ends_at: '2027-05-01T00:00:00Z' }, 403, '14-day trial has ended'],
    [{ plan: 'STARTER', trial_ends_at: null }, 403, 'part of the Business plan'],
    [{ plan: 'STARTER', grace_until: '2027-06-01T00:00:00Z' }, 403, 'part of the Business plan'],
  ];
  for (const [fields, status, words] of cases) {
    await setPlan(world, { paid_until: null, grace_until: null, trial_ends_at: null, ...fields });
    const asker = await world.withAbilities('properties:read'); // A token that no gateway has seen yet.
    const answer = await asker.get('/v1/properties');
    expect([fields, answer.status]).toEqual([fields, status]);
    if (words)
      expect([answer.body.code, answer.body.message]).toEqual(['PLAN_REQUIRED', expect.stringContaining(words)]);
  }
});

test('agency:read alone shows the subscription, and each agency its own', async () => {
  const world = await startWorld({ today: '2027-05-01' });
  await pay(world);
  expect((await (await world.withAbilities('agency:read')).get('/v1/subscription')).status).toBe(200);
  expect((await (await world.withAbilities('payments:read')).get('/v1/subscription')).status).toBe(403);
  const other = await world.anotherAgency();
  expect(await subscription(other)).toMatchObject({ plan: 'business', active: true, paid_until: null });
});

// An agency that can't pay because it hasn't paid is lost to both sides.
test('an agency whose plan has run out may read its subscription and pay for it, and do nothing else', async () => {
  const world = await startWorld({ today: '2027-05-01' });
  const booking = await world.book();
  await setPlan(world, { plan: 'BUSINESS', paid_until: '2027-04-01T00:00:00Z' });
  const asker = await world.withAbilities('*');
  const shut = async (asked: Promise<{ status: number; body: { code: string } }>) => {
    const { status, body } = await asked;
    expect([status, body.code]).toEqual([403, 'PLAN_REQUIRED']);
  };
  await shut(asker.get('/v1/me'));
  await shut(asker.get('/v1/payments'));
  await shut(asker.get(`/v1/bookings/${booking.id}`));
  await shut(asker.post('/v1/payments', { purpose: 'booking', booking_id: booking.id, amount: 1, method: 'cash' }));
  for (const query of [
    '{ me { abilities } }',
    '{ subscription { plan } me { abilities } }',
    '{ __schema { types { name } } }',
  ]) {
    const { status, body } = await asker.graphql(query);
    expect([status, body.errors[0].extensions.code]).toEqual([403, 'PLAN_REQUIRED']);
  }
  expect(await subscription(asker)).toMatchObject({ plan: 'business', active: false });
  expect((await (await world.withAbilities('bookings:read')).get('/v1/subscription')).status).toBe(403);
  const { body } = await asker.graphql(
    'mutation ($input: CreatePaymentInput!) { createPayment(input: $input) { status plan months } }',
    { input: { purpose: 'SUBSCRIPTION', amount: 2970, method: 'card', months: 3 } },
  );
  expect(body.data.createPayment).toEqual({ status: 'SUCCEEDED', plan: 'BUSINESS', months: 3 });
  const back = await world.withAbilities('*');
  expect((await back.get('/v1/me')).status).toBe(200);
  expect(await subscription(back)).toMatchObject({
    active: true,
    paid_until: expect.stringMatching(/^2027-08-01T12:/),
  });
});

test('a payment renews the plan and the months that it names, and another plan begins at once', async () => {
  const world = await startWorld({ today: '2027-05-10' });
  expect(await pay(world, { plan: 'business', months: 12, order_id: 'Y-1' })).toMatchObject({
    plan: 'business',
    months: 12,
  });
  expect((await subscription(world)).paid_until).toMatch(/^2028-05-10T/);
  const answer = { purpose: 'subscription', amount: 990, method: 'card', order_id: 'Y-1' };
  expect((await world.post('/v1/payments', { ...answer, plan: 'starter' })).body.code).toBe('ORDER_TAKEN');
  expect((await world.post('/v1/payments', { ...answer, months: 1 })).body.code).toBe('ORDER_TAKEN');
  for (const wrong of [{ plan: 'trial' }, { months: 0 }, { months: 37 }]) {
    const { status, body } = await world.post('/v1/payments', { ...answer, order_id: 'Y-2', ...wrong });
    expect([status, Object.keys(body.errors)]).toEqual([422, Object.keys(wrong)]);
  }
  const receiver = await world.subscribe('subscription.*');
  await pay(world, { plan: 'starter' });
  await world.relay();
  expect(receiver.received[0]!.json.data.subscription).toMatchObject({
    plan: 'starter',
    paid_until: expect.stringMatching(/^2027-06-10T/),
  });
});

// The one door that is open however long an agency hasn't paid: that of whoever runs Bellhop.
test('the operator records what was paid or failed, once for each reference, and the API opens or goes on', async () => {
  const { bellhop, databaseUrl } = await openTerminal();
  const { json: agency } = await bellhop('agency', 'create', '--name', 'Atlas', '--json');
  const world = await startWorld({ env: { DATABASE_URL: databaseUrl } });
  await world.database.system.query(`update agency set trial_ends_at = now() - interval '1 day' where id = $1`, [
    agency.id,
  ]);
  const typed = (name: string, ...argv: string[]) =>
    bellhop('subscription', name, '--agency', String(agency.id), '--json', ...argv);
  expect((await typed('show')).json).toMatchObject({
    plan: 'trial',
    active: false,
    why: expect.stringContaining('trial'),
  });

  const bill = ['--plan', 'business', '--months', '12', '--amount', '9900', '--reference', 'VIR-1'];
  const first = await typed('pay', ...bill);
  expect(first).toMatchObject({ exitCode: 0, stderr: '' });
  expect(first.json).toMatchObject({
    payment: { status: 'succeeded', plan: 'business', months: 12, amount: 9900, currency: 'MAD', reference: 'VIR-1' },
    subscription: { plan: 'business', active: true, paid_until: expect.any(String) },
  });
  expect((await typed('pay', ...bill)).json).toEqual(first.json);
  expect((await typed('fail', ...bill)).json).toEqual(first.json); // The money has come.
  const other = await typed('pay', ...bill.with(5, '1'));
  expect([other.exitCode, other.json.error.code]).toEqual([1, 'ORDER_TAKEN']);

  const gone = await typed(
    'fail',
    '--plan',
    'business',
    '--amount',
    '9900',
    '--reason',
    'No funds',
    '--reference',
    'VIR-2',
  );
  expect(gone.json).toMatchObject({ payment: { status: 'failed', failure_reason: 'No funds' } });
  expect(gone.json.subscription.grace_until > first.json.subscription.paid_until).toBe(true);
  const given = await typed('pay', '--plan', 'business');
  expect(given.json).toMatchObject({ payment: { amount: 0, months: 1 }, subscription: { grace_until: null } });

  const log = await world.database.system.query(
    `select type from outbox_event where agency_id = $1 and (type like 'payment.%' or type like 'subscription.%') order by seq`,
    [agency.id],
  );
  expect(log.rows.map(({ type }) => type)).toEqual([
    ...['payment.succeeded', 'subscription.renewed', 'payment.failed'],
    ...['payment.succeeded', 'subscription.renewed'],
  ]);
  const lines = await world.database.system.query(
    `select distinct actor, action from audit_entry where agency_id = $1 and action like 'subscription.%' order by action`,
    [agency.id],
  );
  expect(lines.rows).toEqual([
    { actor: 'cli', action: 'subscription.grace_started' },
    { actor: 'cli', action: 'subscription.renewed' },
  ]);
  expect((await typed('pay', '--plan', 'gold')).exitCode).toBe(2);
  expect((await bellhop('subscription', 'show', '--agency', '999', '--json')).json.error.code).toBe('NOT_FOUND');
  expect((await typed('pay', '--plan', 'starter', '--amount', '-1')).json.error.fields).toHaveProperty('amount');
});

// Else whoever owes the money would be the one to say that it came.
test('where Bellhop has a shop of its own, only that shop and the operator say that a subscription was paid', async () => {
  const shop = { SUBSCRIPTION_CMI_CLIENT_ID: '600009999', SUBSCRIPTION_CMI_STORE_KEY: 'BELLHOPKEY' };
  const world = await startWorld({ today: '2027-05-01', env: shop });
  await world.put('/v1/cmi-account', { client_id: '600001234', store_key: 'THEIRKEY' });
  const order = { purpose: 'subscription', amount: 990, method: 'cmi', order_id: 'SUB-1' };
  for (const status of [undefined, 'succeeded', 'failed']) {
    const answer = await world.post('/v1/payments', { ...order, status });
    expect([answer.status, Object.keys(answer.body.errors ?? {})]).toEqual([422, ['status']]);
  }
  const { body } = await world.post('/v1/payments', { ...order, status: 'pending' });
  for (const step of ['succeed', 'fail'])
    expect((await world.post(`/v1/payments/${body.data.id}/${step}`)).status).toBe(422);

  const tell = async (clientid: string, storeKey: string, fields: Record<string, string> = {}) => {
    const said = { clientid, oid: 'SUB-1', amount: '990.00', currency: '504', ProcReturnCode: '00', ...fields };
    const form = new URLSearchParams({ ...said, HASH: hashOf(Object.entries(said), storeKey) });
    return (await fetch(`${world.url}/inbound/cmi/${world.agencyId}`, { method: 'POST', body: form })).text();
  };
  const { reference } = await world.book();
  expect(await tell('600001234', 'THEIRKEY')).toBe('FAILURE');
  expect(await tell('600009999', 'THEIRKEY')).toBe('FAILURE');
  expect(await tell('600009999', 'BELLHOPKEY', { oid: reference, amount: '300' })).toBe('FAILURE');
  expect(await tell('600001234', 'THEIRKEY', { oid: reference, amount: '300' })).toBe('ACTION=POSTAUTH');
  expect((await subscription(world)).paid_until).toBeNull();
  expect(await tell('600009999', 'BELLHOPKEY')).toBe('ACTION=POSTAUTH');
  expect((await subscription(world)).paid_until).toMatch(/^2027-06-01T/);
});
