import { camel } from '../../core/text.ts';
import { VERSION } from '../../core/version.ts';
import type { JsonSchema } from '../../outbox/published.ts';
import { askedBy, type CallBody, callsOf, type EventCalls, pascal } from '../calls/bodies.ts';
import { CALL_HEADERS } from '../calls/headers.ts';

/**
 * The AsyncAPI 3.0 document of what Bellhop sends: a channel an event, with the call in Bellhop's envelope and, where it has
 * one, in Stayntouch Connect's. Printed from the declarations that the events themselves are made from.
 */
export function printAsyncApi() {
  const { calls, schemas, connectSchemas } = callsOf('draft-07'); // AsyncAPI's own dialect is a superset of it.
  const messages = calls.flatMap((call) => messagesOf(call));
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Bellhop webhooks',
      version: VERSION,
      description: ABOUT,
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
      contact: { name: 'Bellhop' },
    },
    defaultContentType: 'application/json',
    servers: { endpoint: ENDPOINT },
    channels: Object.fromEntries(calls.map((call) => [call.event.name, channelOf(call)])),
    operations: Object.fromEntries(calls.map((call) => [`send${pascal(call.event.name)}`, operationOf(call)])),
    components: {
      messages: Object.fromEntries(messages),
      schemas: { CallHeaders: HEADERS, ...schemas, ...connectSchemas },
      securitySchemes: SIGNATURES,
    },
  };
}

/** The bodies that tell of an event, by their names in the document. Connect has one name for several events. */
function messagesOf({ event, standard, connect }: EventCalls): [string, object][] {
  const told: [string, object][] = [[messageKey(standard), messageOf(standard, event.summary)]];
  if (connect) told.push([messageKey(connect), messageOf(connect, 'The same in the words of Stayntouch Connect.')]);
  return told;
}

/** `booking.checked_in` → `bookingCheckedIn` */
const messageKey = ({ name }: CallBody): string => camel(name.replace('.', '_'));

function messageOf({ name, schema, example }: CallBody, summary: string) {
  return {
    name,
    title: name,
    summary,
    contentType: 'application/json',
    headers: {
      type: 'object',
      allOf: [{ $ref: '#/components/schemas/CallHeaders' }],
      properties: { 'X-Event': { type: 'string', const: name } },
    },
    payload: schema,
    examples: [{ headers: { ...EXAMPLE_HEADERS, 'X-Event': name }, payload: example }],
  };
}

function channelOf({ event, standard, connect }: EventCalls) {
  const keys = [standard, ...(connect ? [connect] : [])].map(messageKey);
  return {
    address: null, // Each endpoint has its own.
    title: event.name,
    summary: event.summary,
    description: `For endpoints whose \`events\` hold ${askedBy(event)}, registered with a token that has the ability \`webhooks:write\`. The same facts are read with \`${event.ability}\`.`,
    servers: [{ $ref: '#/servers/endpoint' }],
    messages: Object.fromEntries(keys.map((key) => [key, { $ref: `#/components/messages/${key}` }])),
  };
}

function operationOf({ event, standard, connect }: EventCalls) {
  const channel = `#/channels/${event.name}`;
  return {
    action: 'send',
    title: `Send ${event.name}`,
    summary: event.summary,
    channel: { $ref: channel },
    messages: [standard, ...(connect ? [connect] : [])].map((body) => ({
      $ref: `${channel}/messages/${messageKey(body)}`,
    })),
    security: Object.keys(SIGNATURES).map((name) => ({ $ref: `#/components/securitySchemes/${name}` })),
    bindings: { http: { method: 'POST', bindingVersion: '0.3.0' } },
  };
}

const HEADERS: JsonSchema = {
  type: 'object',
  required: CALL_HEADERS.flatMap(({ name, optional }) => (optional ? [] : [name])),
  properties: Object.fromEntries(
    CALL_HEADERS.map(({ name, description, schema }) => [name, { ...schema, description }]),
  ),
};

const EXAMPLE_HEADERS = Object.fromEntries(CALL_HEADERS.map(({ name, example }) => [name, example]));

const ENDPOINT = {
  host: '{host}',
  pathname: '/{path}',
  protocol: 'https',
  description:
    'Your endpoint, as `POST /v1/webhooks` registered it. It answers 2xx within the timeout; redirects aren’t followed.',
  variables: {
    host: { description: 'A name that leads to public addresses.', examples: ['example.com'] },
    path: { description: 'Whatever the endpoint’s URL says.', examples: ['hooks/bellhop'] },
  },
};

/** How a receiver knows who calls. A signature is no key that is shown, but a header is where both stand. */
const SIGNATURES = {
  standardWebhooks: {
    type: 'httpApiKey',
    in: 'header',
    name: 'webhook-signature',
    description:
      'Standard Webhooks. Decode the base64 after `whsec_` of the endpoint’s secret; HMAC-SHA256 of `{webhook-id}.{webhook-timestamp}.{raw body}` with it, in base64, must equal one of the `v1,` signatures, which stand separated by spaces, and `webhook-timestamp` must be within five minutes of now. During a rotation there is one signature for each living secret.',
  },
  xSignature: {
    type: 'httpApiKey',
    in: 'header',
    name: 'X-Signature',
    description:
      'Lower-case hex HMAC-SHA256 of the raw body, keyed with the whole secret as it is written. It doesn’t tell an old call from a new one. During a rotation it is made with the older secret until that ends.',
  },
};

const ABOUT = `What an endpoint receives when something happens: one signed POST an event, at least once, tried again for 24 hours.
\`id\` tells a repetition. Bodies gain keys in time, and lose none. One that would be longer than 256 KiB is told with its lists empty, its long
texts cut, and \`truncated: true\` in \`data\`. An endpoint with a \`selection\` has that in the place of the subject's own keys;
where even its shortened form would be longer than that, it is the subject's \`id\` alone.

An endpoint is registered with \`POST /v1/webhooks\`, which \`/v1/openapi.json\` describes; each has one format, STANDARD or CONNECT, and
receives the message of that form. The same events are read in order from \`GET /v1/events\`.`;
