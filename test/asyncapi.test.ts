import specs from '@asyncapi/specs';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { expect, test } from 'vitest';
import { printAsyncApi } from '../src/gateway/asyncapi/document.ts';
import { catalogue } from '../src/outbox/event.ts';
import type { Received } from './support/receiver.ts';
import { document as openApi } from './support/told.ts';
import { startWorld } from './support/world.ts';

// biome-ignore lint/suspicious/noExplicitAny: read as a client reads it, without our types
const document: any = JSON.parse(JSON.stringify(printAsyncApi()));

/** AsyncAPI's own schema of its documents. It holds JSON Schema's under the name by which ajv knows it already. */
const specification = addFormats.default(new Ajv.default({ strict: false, logger: false }));
const isAsyncApi = specification.compile(specs.schemasWithoutId['3.0.0']);

const ajv = addFormats.default(new Ajv.default({ strict: false, allErrors: true }));
ajv.addSchema({ $id: 'document', components: document.components });

function problems(schema: object, value: unknown) {
  const validate = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"document#/components')));
  validate(value);
  return validate.errors ?? [];
}

// Generators and catalogues refuse a document that isn't what it says it is.
test('the document is AsyncAPI 3.0 by the schema of AsyncAPI itself', () => {
  isAsyncApi(document);
  expect(isAsyncApi.errors ?? []).toEqual([]);
  const wrong = structuredClone(document);
  wrong.operations.sendBookingCreated.action = 'shout';
  expect(isAsyncApi(wrong)).toBe(false);
});

test('every event has a channel, an operation and a message for each of its forms, and every reference leads somewhere', () => {
  expect(Object.keys(document.channels)).toEqual(catalogue().map(({ name }) => name));
  for (const { name, connect } of catalogue()) {
    const told = messagesOf(name).map(({ title }) => title);
    expect(told).toEqual(connect ? [name, connect.name] : [name]);
  }
  const operations = Object.values(document.operations) as {
    channel: { $ref: string };
    messages: { $ref: string }[];
  }[];
  expect(operations.map(({ channel }) => resolved(channel.$ref).title)).toEqual(Object.keys(document.channels));
  for (const { messages } of operations) for (const { $ref } of messages) expect(resolved($ref)).toBeDefined();
});

test('every example of a message fits its headers and its payload', () => {
  const messages = Object.values(document.components.messages) as Message[];
  for (const { name, headers, payload, examples } of messages) {
    expect([name, problems(headers, examples[0]!.headers), problems(payload, examples[0]!.payload)]).toEqual([
      name,
      [],
      [],
    ]);
  }
});

// A receiver is generated from this: a header that is promised and not sent is refused by it, every time.
test('a real call is what the document says, in either form, down to the names of the headers', async () => {
  const world = await startWorld();
  const standard = await world.subscribe('*');
  const connect = await world.subscribe('*', { format: 'connect' });
  const { id } = await world.property();
  const stay = {
    property_id: id,
    check_in: '2027-06-01',
    check_out: '2027-06-03',
    guests_count: 2,
    guest_name: 'Karim',
  };
  await world.post('/v1/bookings', stay, { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' });
  await world.relay();
  const calls = [...standard.received, ...connect.received];
  expect(calls.length).toBeGreaterThan(2);
  for (const call of calls) {
    const message = (Object.values(document.components.messages) as Message[]).find(({ name }) => name === call.event)!;
    expect([call.event, problems(message.headers, ownHeaders(call)), problems(message.payload, call.json)]).toEqual([
      call.event,
      [],
      [],
    ]);
    expect(Object.keys(document.components.schemas.CallHeaders.properties)).toEqual(
      expect.arrayContaining(Object.keys(ownHeaders(call))),
    );
  }
  const sent = new Set(calls.flatMap((call) => Object.keys(ownHeaders(call))));
  expect([...sent].sort()).toEqual(Object.keys(document.components.schemas.CallHeaders.properties).sort());
  const told = openApi.webhooks['booking.created'].post.parameters.map(({ name }: { name: string }) => name);
  expect(told.sort()).toEqual([...sent].sort());
});

test('the document is there for everybody at /v1/asyncapi.json', async () => {
  const world = await startWorld();
  const served = await fetch(`${world.url}/v1/asyncapi.json`);
  expect([served.status, await served.json()]).toEqual([200, document]);
  expect(JSON.stringify(document)).not.toContain(world.config.publicUrl);
});

interface Message {
  name: string;
  title: string;
  headers: object;
  payload: object;
  examples: { headers: object; payload: object }[];
}

function messagesOf(channel: string): Message[] {
  const references = Object.values(document.channels[channel].messages) as { $ref: string }[];
  return references.map(({ $ref }) => resolved($ref));
}

// biome-ignore lint/suspicious/noExplicitAny: as above
function resolved(reference: string): any {
  // biome-ignore lint/suspicious/noExplicitAny: as above
  let found: any = document;
  for (const key of reference.slice(2).split('/')) found = found?.[key];
  return found?.$ref ? resolved(found.$ref) : found;
}

/** The headers beside those that HTTP itself needs, spelt as the document spells them: over the wire, case says nothing. */
function ownHeaders({ headers }: Received): Record<string, unknown> {
  const spelt = new Map(
    Object.keys(document.components.schemas.CallHeaders.properties).map((n) => [n.toLowerCase(), n]),
  );
  const plumbing = ['host', 'connection', 'content-type', 'content-length', 'user-agent'];
  const own = Object.entries(headers).filter(([name]) => !plumbing.includes(name));
  return Object.fromEntries(own.map(([name, value]) => [spelt.get(name) ?? name, value]));
}
