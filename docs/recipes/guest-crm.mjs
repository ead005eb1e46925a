// Guest CRM, as ActiveCampaign, Brevo and n8n do it: a confirmed booking starts a sequence of WhatsApp messages before the
// stay, and a cancelled one ends it.
// Abilities: bookings:read, whatsapp:read, whatsapp:write, webhooks:write.
import { ask, listen } from './api.mjs';

/** Days before the arrival, and the template that Meta has approved. */
const SEQUENCE = [
  { days: 7, template: 'before_your_stay' },
  { days: 1, template: 'how_to_arrive' },
];

// A booking that is made as a settled one never passes through "pending": it is created confirmed.
await listen(['booking.created', 'booking.confirmed', 'booking.cancelled'], async ({ event, data: { booking } }) => {
  if (event === 'booking.cancelled') {
    const { data: waiting } = await ask('GET', `/v1/whatsapp-messages?booking_id=${booking.id}&status=prepared,queued`);
    for (const { id } of waiting) await ask('POST', `/v1/whatsapp-messages/${id}/cancel`);
    console.log(`${waiting.length} messages of ${booking.reference} cancelled`);
    return true;
  }
  if (booking.status !== 'confirmed') return;
  const query = 'query ($id: ID!) { booking(id: $id) { guest { phone } } }';
  const { phone } = (await ask('POST', '/graphql', { query, variables: { id: booking.id } })).data.booking.guest;
  if (!phone) return console.log(`${booking.guest_name} has left no telephone number`);
  const parameters = { guest_name: booking.guest_name, check_in: booking.check_in };
  await message({ to: phone, template: 'booking_confirmed', parameters });
  for (const { days, template } of SEQUENCE) {
    const send_at = new Date(Date.parse(`${booking.check_in}T10:00:00Z`) - days * 86_400_000);
    if (send_at > new Date()) await message({ to: phone, template, parameters, send_at: send_at.toISOString() });
  }

  async function message(body) {
    const { data: sent } = await ask('POST', '/v1/whatsapp-messages', {
      language: 'en',
      booking_id: booking.id,
      ...body,
    });
    console.log(`${sent.template}: ${sent.status}${sent.send_at ? ` for ${sent.send_at.slice(0, 10)}` : ''}`);
  }
});
