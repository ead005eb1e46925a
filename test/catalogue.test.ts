import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect, test } from 'vitest';
import { catalogue } from '../src/outbox/event.ts';
import { publishedConnectForm, publishedEvent } from '../src/outbox/published.ts';
import { startWorld } from './support/world.ts';

const ajv = addFormats.default(new Ajv.default({ allErrors: true, allowUnionTypes: true }));

/** What the schema says against a value; nothing when it fits. */
function problems(schema: object, value: unknown) {
  const validate = ajv.compile({ ...schema, $id: undefined });
  validate(value);
  return validate.errors ?? [];
}

// An example is the first thing that an integrator feeds a receiver, and its schema what the receiver is generated from.
test.each(catalogue().map((event) => [event.name, event] as const))(
  'the examples of %s fit what is published',
  (_name, event) => {
    expect(problems(publishedEvent(event), event.example)).toEqual([]);
    expect(event.data.parse(event.example)).toEqual(event.example); // And show no key that the schema doesn't know.
    const connect = publishedConnectForm(event);
    if (!connect) return;
    expect(problems(connect, event.connectExample)).toEqual([]);
    expect(event.connect!.data.parse(event.connectExample)).toEqual(event.connectExample);
  },
);

// A receiver that is generated from the schema must not break on the day that an event learns something.
test('a schema allows for keys that come later', () => {
  for (const event of catalogue()) {
    expect(JSON.stringify(publishedEvent(event))).not.toContain('"additionalProperties":false');
    expect(problems(publishedEvent(event), { ...event.example, later: 1 })).toEqual([]);
  }
});

test('the catalogue says of every event what it is, who may read it, its schema and an example, in both forms', async () => {
  const world = await startWorld();
  const { body } = await world.get('/v1/webhook-events');
  expect(body.data).toHaveLength(catalogue().length);
  for (const entry of body.data) {
    expect(entry).toMatchObject({ summary: expect.stringMatching(/\w/), ability: expect.stringMatching(/^\w+:read$/) });
    expect([entry.event, problems(entry.schema, entry.example)]).toEqual([entry.event, []]);
    if (entry.connect_event) expect(problems(entry.connect_schema, entry.connect_example)).toEqual([]);
    else expect([entry.connect_schema, entry.connect_example]).toEqual([null, null]);
  }
  const asked = await world.graphql(
    '{ webhookEvents { event schema example connectEvent connectSchema connectExample } }',
  );
  expect(asked.body.data.webhookEvents.map(({ schema }: { schema: object }) => schema)).toEqual(
    body.data.map(({ schema }: { schema: object }) => schema),
  );
  expect(
    asked.body.data.webhookEvents.find(({ event }: { event: string }) => event === 'booking.created'),
  ).toMatchObject({
    connectEvent: 'create_reservation',
    connectExample: { object: 'reservation' },
  });
});

// What is published is a promise about the calls themselves, and not about the examples.
test('a call carries what its schema says, in either form', async () => {
  const world = await startWorld();
  const standard = await world.subscribe('*');
  const connect = await world.subscribe('*', { format: 'connect' });
  await world.book();
  await world.relay();
  const { data } = (await world.get('/v1/webhook-events')).body;
  for (const call of standard.received) {
    const { schema } = data.find(({ event }: { event: string }) => event === call.event);
    expect([call.event, problems(schema, call.json.data)]).toEqual([call.event, []]);
  }
  expect(standard.received.length).toBeGreaterThan(1);
  for (const call of connect.received) {
    const entry = data.find(({ connect_event }: { connect_event: string }) => connect_event === call.event);
    expect([call.event, problems(entry.connect_schema, call.json.data)]).toEqual([call.event, []]);
  }
  expect(connect.received.length).toBe(1);
});
