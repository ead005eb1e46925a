import { expect, test } from 'vitest';
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
  const shut = await (await world.withAbilities('agency:read')).get('/v1/subscription');
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
    const asker = await world.withAbilities('agency:read'); // A token that no gateway has seen yet.
    const answer = await asker.get('/v1/subscription');
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
