import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, onTestFinished, test } from 'vitest';
// @ts-expect-error: a program for integrators, who have no types.
import zapier from '../docs/recipes/zapier.mjs';
import { type Received, startReceiver } from './support/receiver.ts';
import { document } from './support/told.ts';
import { startWorld, type World } from './support/world.ts';
import { openZapier } from './support/zapier.ts';

const read = (name: string) => JSON.parse(readFileSync(new URL(`../docs/recipes/${name}`, import.meta.url), 'utf8'));

/** A call as it arrived, and the secret that it was signed with. */
async function delivered(world: World): Promise<{ call: Received; secret: string; booking: { id: number } }> {
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const { body } = await world.post('/v1/webhooks', { url: receiver.url, events: ['booking.created'] });
  const booking = await world.book({ guest_name: 'Łucja Ångström 🛶' });
  await world.relay();
  return { call: receiver.received[0]!, secret: body.data.secret, booking };
}

/** One byte of the body is another. */
function altered({ body }: Received): Buffer {
  const other = Buffer.from(body);
  other[other.length - 4]! ^= 1;
  return other;
}

/** Whether an address that a workflow asks is one that there is. */
function expectAsked(method: string, url: string): void {
  const path = new URL(url).pathname.replace(/\/\d+(?=\/|$)/g, '/{id}');
  expect(document.paths[path]?.[method.toLowerCase()], `${method} ${path}`).toBeDefined();
}

// Zapier shows nobody the calls that it makes: an app that doesn't fit is a Zap that never runs.
describe('Zapier', () => {
  const trigger = zapier.triggers.event.operation;

  async function connected(...abilities: string[]) {
    const world = await startWorld();
    const { token } = await world.withAbilities(...abilities);
    const { z, bundle } = openZapier(zapier, { url: `${world.url}/`, token });
    return { world, z, bundle };
  }

  test('an account is connected with a token, and told apart by the agency and the token’s name', async () => {
    const { z, bundle, world } = await connected('bookings:read');
    const me = await zapier.authentication.test(z, bundle());
    expect(zapier.authentication.connectionLabel(z, bundle({ inputData: me }))).toBe(
      `${world.viewer.agency.name}: test`,
    );
    const stale = openZapier(zapier, { url: world.url, token: `1|${'x'.repeat(48)}` });
    await expect(zapier.authentication.test(stale.z, stale.bundle())).rejects.toThrow(
      'ExpiredAuthError: The token is revoked or has expired.',
    );
  });

  test('a Zap that is turned on subscribes, hears of a booking once, and is left in peace when it is turned off', async () => {
    const { world, z, bundle } = await connected('webhooks:read', 'webhooks:write', 'bookings:read');
    const choices = await zapier.triggers.event_type.operation.perform(z, bundle());
    expect(choices).toContainEqual({ id: 'booking.created', label: expect.stringContaining('(booking.created)') });
    expect(choices.length).toBeGreaterThanOrEqual(31);

    const inputData = { event: 'booking.created' };
    const receiver = await startReceiver();
    onTestFinished(() => receiver.close());
    const subscribeData = await trigger.performSubscribe(z, bundle({ inputData, targetUrl: receiver.url }));
    const booking = await world.book();
    await world.relay();
    const [call] = receiver.received as [Received];
    const hook = (body: Buffer, signature = call.headers['x-signature']) =>
      bundle({
        inputData,
        subscribeData,
        cleanedRequest: JSON.parse(call.body.toString()),
        rawRequest: { content: body.toString(), headers: { 'Http-X-Signature': signature } },
      });
    const told = await trigger.perform(z, hook(call.body));
    expect(told).toMatchObject([{ id: call.id, event: 'booking.created', data: { booking: { id: booking.id } } }]);
    expect(() => trigger.perform(z, hook(altered(call)))).toThrow('HaltedError: This call was not signed');
    expect(() => trigger.perform(z, hook(call.body, ''))).toThrow('HaltedError');

    const [shown] = await trigger.performList(z, bundle({ inputData }));
    expect(Object.keys(shown)).toEqual(Object.keys(call.json));
    expect(Object.keys(shown.data.booking).sort()).toEqual(Object.keys(call.json.data.booking).sort());

    await trigger.performUnsubscribe(z, bundle({ inputData, subscribeData }));
    await trigger.performUnsubscribe(z, bundle({ inputData, subscribeData })); // Zapier asks again when it is unsure.
    await world.book();
    await world.relay();
    expect(receiver.received).toHaveLength(1);
  });

  test('where no webhook can be had, polling tells each state of a booking under an id of its own', async () => {
    const { world, z, bundle } = await connected('bookings:read');
    const { perform } = zapier.triggers.booking_changed.operation;
    const { id } = await world.book();
    const first = await perform(z, bundle());
    expect(await perform(z, bundle())).toEqual(first);
    await world.patch(`/v1/bookings/${id}`, { guests_count: 3 });
    const [changed] = await perform(z, bundle());
    expect([first[0].booking_id, changed.booking_id]).toEqual([id, id]);
    expect(changed.id).not.toBe(first[0].id);
  });

  test('an action that Zapier runs again books once, and says in words what it lacks', async () => {
    const { world, z, bundle } = await connected('bookings:write');
    const property = await world.property();
    const inputData = {
      ...{ property_id: property.id, check_in: '2027-06-01', check_out: '2027-06-03' },
      ...{ guests_count: 2, guest_name: 'Karim B.' },
    };
    const { perform } = zapier.creates.create_booking.operation;
    const made = await perform(z, bundle({ inputData }));
    expect(await perform(z, bundle({ inputData }))).toEqual(made);
    expect((await world.get('/v1/bookings')).body.meta.total).toBe(1);
    await expect(perform(z, bundle({ inputData: { ...inputData, check_out: '2027-05-01' } }))).rejects.toThrow(
      /^Error: .*check_out/,
    );
    await expect(zapier.triggers.booking_changed.operation.perform(z, bundle())).rejects.toThrow(
      'Error: Invalid ability provided. This needs a token with bookings:read.',
    );
  });
});

// What is imported and then fails is a black box to who doesn't write programs.
describe('n8n', () => {
  const workflow = read('n8n.json');
  const named = (name: string) => workflow.nodes.find((node: { name: string }) => node.name === name);

  /** A Code node as n8n runs it: its text is the body of an async function, with these names in reach. */
  async function verify(code: string, { headers }: Received, body: Buffer) {
    const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;
    const run = new AsyncFunction('$input', 'require', code);
    const helpers = { getBinaryDataBuffer: async () => body };
    const [item] = await run.call(
      { helpers },
      { first: () => ({ json: { headers } }) },
      createRequire(import.meta.url),
    );
    return item.json;
  }

  test('the Code node believes what was signed, and neither another body nor another secret nor no signature', async () => {
    const world = await startWorld();
    const { call, secret, booking } = await delivered(world);
    const code = named('Verify').parameters.jsCode.replace('whsec_PASTE_YOURS', secret);
    const { isSigned, event } = await verify(code, call, call.body);
    expect([isSigned, event.id, event.data.booking.id]).toEqual([true, call.id, booking.id]);
    const refused = { isSigned: false, event: null };
    expect(await verify(code, call, altered(call))).toEqual(refused);
    expect(await verify(code, { ...call, headers: {} }, call.body)).toEqual(refused);
    expect(await verify(named('Verify').parameters.jsCode, call, call.body)).toEqual(refused);

    const { url } = named('Read the booking').parameters;
    const address = url
      .slice(1)
      .replace(/\{\{(.*?)\}\}/g, (_all: string, expression: string) =>
        new Function('$json', `return ${expression}`)({ event }),
      );
    expectAsked('GET', address);
    expect((await world.get(new URL(address).pathname)).body.data.id).toBe(booking.id);
  });

  test('every step leads to one that is there: what is signed is thanked for and done once, the rest is refused', () => {
    const next = (name: string, output = 0): string[] =>
      (workflow.connections[name]?.main[output] ?? []).map(({ node }: { node: string }) => node);
    for (const from of Object.keys(workflow.connections)) expect(named(from), from).toBeDefined();
    const path = ['Webhook', 'Verify', 'Is it signed?', 'Thank you', 'Only once', 'Read the booking'];
    for (const [i, name] of path.slice(1).entries()) expect(next(path[i]!)).toEqual([name]);
    expect(next('Is it signed?', 1)).toEqual(['Refuse']);
    expect(named('Webhook').parameters.options.rawBody).toBe(true);
    expect(named('Thank you').parameters.options.responseCode).toBe(204);
    expect(named('Refuse').parameters.options.responseCode).toBe(401);
    expect(named('Only once').parameters.dedupeValue).toBe('={{ $json.event.id }}');
  });
});

describe('Make', () => {
  const [webhook, router] = read('make.json').flow;
  const [signed, unsigned] = router.routes.map(({ flow }: { flow: object[] }) => flow);

  /** Make's functions, as its reference describes them. Indices begin at 1. */
  const functions = {
    sha256: (text: string, encoding: 'hex', key: string) => createHmac('sha256', key).update(text).digest(encoding),
    get: <T>(list: T[], index: number) => list[index - 1],
    map: (list: Record<string, string>[], key: string, by: string, value: string) =>
      list.filter((one) => one[by] === value).map((one) => one[key]),
  };

  function valueIn(formula: string, webhook: { value: string; headers: { name: string; value: string }[] }): string {
    const text = formula.slice(2, -2).replaceAll('1.`__IMTHEADERS__`', 'headers').replaceAll('1.value', 'value');
    const names = { ...functions, ...webhook };
    return new Function(...Object.keys(names), `return ${text.replaceAll(';', ',')}`)(...Object.values(names));
  }

  test('the filter lets through what was signed with the secret, and the other route refuses the rest', async () => {
    const world = await startWorld();
    const { call, secret, booking } = await delivered(world);
    const [[condition]] = signed[0].filter.conditions;
    const [[other]] = unsigned[0].filter.conditions;
    expect([condition.o, other]).toEqual(['text:equal', { ...condition, o: 'text:notequal' }]);
    const headers = Object.entries(call.headers).map(([name, value]) => ({ name, value: String(value) }));
    const isEqual = (value: string, key = secret) =>
      valueIn(condition.a, { value, headers }) ===
      valueIn(condition.b.replace('whsec_PASTE_YOURS', key), { value, headers });
    expect(isEqual(call.body.toString())).toBe(true);
    expect(isEqual(altered(call).toString())).toBe(false);
    expect(isEqual(call.body.toString(), 'whsec_other')).toBe(false);

    expect(webhook.module).toBe('gateway:CustomWebHook');
    expect([signed[0].mapper.status, unsigned[0].mapper.status]).toEqual(['204', '401']);
    const { url, method } = signed.at(-1).mapper;
    expectAsked(method, url.replace(/\{\{.*\}\}/, String(booking.id)));
  });
});
