// Guest CRM, as ActiveCampaign, Brevo and n8n do it: a confirmed booking starts a sequence of WhatsApp messages before the
// stay, and a cancelled one ends it. Bellhop knows the guest's number; this program doesn't, and needn't.
// Abilities: bookings:read, whatsapp:write; webhooks:write where no endpoint is registered for it.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { ask, listen } from './api.mjs';

const { MESSAGES = 'bellhop-messages.json' } = process.env;

/** Days before the arrival, and the template that Meta has approved. */
const SEQUENCE = [
  { template: 'booking_confirmed' },
  { template: 'before_your_stay', days: 7 },
  { template: 'how_to_arrive', days: 1 },
];

/**
 * The ids of each booking's messages by template, in a file: a token that only writes messages can't ask which there are. So
 * an event that comes again prepares nothing twice, and a cancellation finds its messages after a restart.
 */
const kept = existsSync(MESSAGES) ? JSON.parse(readFileSync(MESSAGES, 'utf8')) : {};

// A booking that is made as a settled one never passes through "pending": it is created confirmed.
await listen(['booking.created', 'booking.confirmed', 'booking.cancelled'], async ({ event, data: { booking } }) => {
  if (event === 'booking.cancelled') {
    let cancelled = 0;
    for (const id of Object.values(kept[booking.id] ?? {})) if (await cancel(id)) cancelled++;
    keep(booking.id, undefined);
    console.log(`${cancelled} messages of ${booking.reference} cancelled`);
    return true;
  }
  if (booking.status !== 'confirmed') return;
  for (const { template, days } of SEQUENCE) {
    const send_at = days && new Date(Date.parse(`${booking.check_in}T10:00:00Z`) - days * 86_400_000);
    if (kept[booking.id]?.[template] || send_at < new Date()) continue;
    const id = await prepare(booking, template, send_at);
    if (id) keep(booking.id, { ...kept[booking.id], [template]: id });
  }
});

/** To the guest of the booking, whose number stands in their profile. What is refused, such as a guest without one, is said. */
async function prepare(booking, template, send_at) {
  const parameters = { guest_name: booking.guest_name, check_in: booking.check_in };
  const message = { booking_id: booking.id, template, language: 'en', parameters, send_at };
  const answer = await ask('POST', '/v1/whatsapp-messages', message).catch(unless(422));
  if (!answer) return undefined;
  const { id, status } = answer.data;
  console.log(`${template}: ${status}${send_at ? ` for ${send_at.toISOString().slice(0, 10)}` : ''}`);
  return id;
}

/** Answers nothing for one that has gone out. */
function cancel(id) {
  return ask('POST', `/v1/whatsapp-messages/${id}/cancel`).catch(unless(409));
}

/** A refusal that asking again won't change is only said; whatever else is wrong makes the event come again. */
function unless(status) {
  return (error) => {
    if (error.status !== status) throw error;
    console.error(error.message);
  };
}

function keep(booking, messages) {
  kept[booking] = messages;
  writeFileSync(`${MESSAGES}.new`, JSON.stringify(kept));
  renameSync(`${MESSAGES}.new`, MESSAGES);
}
