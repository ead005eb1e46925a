// Outsourced maintenance: each ticket goes to the supplier's software, whoever is on call is woken for urgent ones, and
// what the supplier reports closes the ticket.
// Abilities: maintenance:read, maintenance:write, webhooks:write.
import { ask, listen } from './api.mjs';

const { SLACK_WEBHOOK_URL } = process.env;

await listen(['maintenance.*'], async ({ event, data: { maintenance_ticket: ticket } }) => {
  switch (event) {
    case 'maintenance.created':
      console.log(`ticket ${ticket.id} opened at the supplier: ${ticket.title}`);
      return void (await ask('POST', `/v1/maintenance-tickets/${ticket.id}/assign`, {
        assignee: 'Youssef',
        vendor: 'Atlas Plumbing',
      }));
    case 'maintenance.urgent':
      return tellOnCall(`Urgent at property ${ticket.property_id}: ${ticket.title}`);
    case 'maintenance.assigned':
      // The supplier's callback, an hour later.
      return void (await ask('POST', `/v1/maintenance-tickets/${ticket.id}/resolve`, {
        resolution: 'Replaced the valve',
        cost: 350,
      }));
    case 'maintenance.resolved':
      console.log(`ticket ${ticket.id} cost ${ticket.cost} ${ticket.currency}`);
      return true;
  }
});

/** Slack takes a text; PagerDuty's Events API v2 a routing key and a summary beside it. */
async function tellOnCall(text) {
  console.log(text);
  if (SLACK_WEBHOOK_URL) await fetch(SLACK_WEBHOOK_URL, { method: 'POST', body: JSON.stringify({ text }) });
}
