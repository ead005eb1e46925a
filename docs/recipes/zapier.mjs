// A Zapier app: every event as an instant trigger, bookings by polling where a webhook can't be had, and one action.
// Abilities: webhooks:read, webhooks:write and what the events are about (bookings:read); bookings:write for the action.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

const at = (bundle, path) => bundle.authData.url.replace(/\/+$/, '') + path;

const authentication = {
  type: 'custom',
  fields: [
    { key: 'url', label: 'Address of Bellhop', required: true, placeholder: 'https://bellhop.example.com' },
    { key: 'token', label: 'Token', required: true, type: 'password', helpText: 'As it was shown once: `7|…`' },
  ],
  test: async (z, bundle) => (await z.request({ url: at(bundle, '/v1/me') })).data.data,
  connectionLabel: (_z, bundle) => `${bundle.inputData.agency.name}: ${bundle.inputData.token.name}`,
};

/** The token goes to Bellhop and to no other address that a request may name. */
const withToken = (request, _z, bundle) => {
  if (request.url.startsWith(at(bundle, '/'))) request.headers.Authorization = `Bearer ${bundle.authData.token}`;
  return request;
};

/** What people can mend is said in Bellhop's words; Zapier waits by itself for as long as it is told. */
const refusals = (response, z) => {
  if (response.status === 401) throw new z.errors.ExpiredAuthError('The token is revoked or has expired.');
  if (response.status === 429)
    throw new z.errors.ThrottledError('60 a minute', Number(response.getHeader('retry-after')));
  if (response.status >= 400 && !response.request.skipThrowForStatus) {
    const { message, hint = message, code, errors } = response.data;
    const fields = Object.entries(errors ?? {}).map(([field, problems]) => `${field} ${problems.join(', ')}`);
    throw new z.errors.Error([hint, ...fields].join(' '), code, response.status);
  }
  return response;
};

/** Fills the list of events that a person picks from. */
const eventTypes = {
  key: 'event_type',
  noun: 'Event type',
  display: { label: 'Event types', description: 'Every event there is.', hidden: true },
  operation: {
    perform: async (z, bundle) =>
      (await catalogueOf(z, bundle)).map(({ event, summary }) => ({ id: event, label: `${summary} (${event})` })),
  },
};

const event = {
  key: 'event',
  noun: 'Event',
  display: { label: 'Something Happened', description: 'Triggers when a booking is made, a task is done, and so on.' },
  operation: {
    type: 'hook',
    inputFields: [{ key: 'event', label: 'Event', required: true, dynamic: 'event_type.id.label' }],
    // The whole answer is kept as `subscribeData`: `perform` needs its secret, and nobody is shown it again.
    performSubscribe: async (z, bundle) => {
      const body = { url: bundle.targetUrl, events: [bundle.inputData.event], description: 'A Zap' };
      return (await z.request({ url: at(bundle, '/v1/webhooks'), method: 'POST', body })).data.data;
    },
    performUnsubscribe: async (z, bundle) => {
      const url = at(bundle, `/v1/webhooks/${bundle.subscribeData.id}`);
      // What somebody has removed already is gone, which is what was asked for.
      const { status } = await z.request({ url, method: 'DELETE', skipThrowForStatus: true });
      return { status };
    },
    perform: (z, bundle) => {
      const { content, headers } = bundle.rawRequest;
      if (!isSigned(content, signatureIn(headers), bundle.subscribeData.secret)) {
        throw new z.errors.HaltedError('This call was not signed by Bellhop, or its body was changed on the way.');
      }
      return [bundle.cleanedRequest]; // Its `id` is the same at every attempt, so Zapier runs a Zap once for it.
    },
    performList: async (z, bundle) => {
      const known = (await catalogueOf(z, bundle)).find((one) => one.event === bundle.inputData.event);
      return [envelope(known.event, known.example)];
    },
    sample: envelope('booking.created', { booking: { id: 9876, reference: 'BKG-A1B2C3', status: 'confirmed' } }),
  },
};

/** For who may not register webhooks. Each state of a booking has an id of its own, so that Zapier tells it once. */
const bookingChanged = {
  key: 'booking_changed',
  noun: 'Booking',
  display: { label: 'Booking Made or Changed', description: 'Looks every few minutes for bookings that have changed.' },
  operation: {
    perform: async (z, bundle) => {
      const url = at(bundle, '/v1/bookings');
      const { data } = (await z.request({ url, params: { sort: 'updated_at_desc', per_page: 100 } })).data;
      return data.map((booking) => ({ ...booking, id: `${booking.id}@${digestOf(booking)}`, booking_id: booking.id }));
    },
    sample: { id: '9876@5b0e7c3a', booking_id: 9876, reference: 'BKG-A1B2C3', status: 'confirmed' },
  },
};

const createBooking = {
  key: 'create_booking',
  noun: 'Booking',
  display: { label: 'Create Booking', description: 'Books a property.' },
  operation: {
    inputFields: [
      { key: 'property_id', label: 'Property', type: 'integer', required: true },
      { key: 'check_in', label: 'Check-in', required: true, helpText: '2026-08-12' },
      { key: 'check_out', label: 'Check-out', required: true, helpText: '2026-08-19' },
      { key: 'guests_count', label: 'Guests', type: 'integer', required: true },
      { key: 'guest_name', label: 'Name of the guest', required: true },
    ],
    // Zapier runs an action again when it has not heard the answer; the same values within a day are the same booking.
    perform: async (z, bundle) => {
      const key = digestOf(bundle.inputData);
      const url = at(bundle, '/v1/bookings');
      const asked = { url, method: 'POST', headers: { 'Idempotency-Key': key }, body: bundle.inputData };
      return (await z.request(asked)).data.data;
    },
    sample: { id: 9876, reference: 'BKG-A1B2C3', status: 'confirmed' },
  },
};

export default {
  authentication,
  beforeRequest: [withToken],
  afterResponse: [refusals],
  triggers: { event_type: eventTypes, event, booking_changed: bookingChanged },
  creates: { create_booking: createBooking },
};

async function catalogueOf(z, bundle) {
  return (await z.request({ url: at(bundle, '/v1/webhook-events') })).data.data;
}

/** What a webhook's body looks like, for the editor. */
function envelope(name, data) {
  const [id, created_at] = ['019a7c8e-5b0e-7c3a-9d53-3c1f0a4e7b21', '2026-07-15T10:23:41+00:00'];
  return { id, event: name, created_at, agency_id: 42, data };
}

const digestOf = (value) => createHash('sha256').update(JSON.stringify(value)).digest('hex');

/** Zapier calls it `Http-X-Signature`. */
function signatureIn(headers) {
  const found = Object.entries(headers).find(([name]) => /^(http-)?x-signature$/i.test(name));
  return found?.[1] ?? '';
}

function isSigned(content, signature, secret) {
  const expected = createHmac('sha256', secret).update(content).digest('hex');
  return signature.length === expected.length && timingSafeEqual(Buffer.from(signature), Buffer.from(expected));
}
