import { listRow, type Row } from '../../graph/row.ts';
import { whatsappMessages } from './messages/types.ts';
import { whatsappTemplates } from './templates/types.ts';

const tag = 'WhatsApp';

const MESSAGE = `
  id booking_id: bookingId to template language parameters status reason error_code: errorCode
  send_at: sendAt attempts provider_id: providerId
  queued_at: queuedAt sent_at: sentAt delivered_at: deliveredAt read_at: readAt
  failed_at: failedAt cancelled_at: cancelledAt created_at: createdAt updated_at: updatedAt`;

const TEMPLATE = 'id name language body parameters created_at: createdAt updated_at: updatedAt';

const ACCOUNT = 'phone_number_id: phoneNumberId callback_url: callbackUrl created_at: createdAt updated_at: updatedAt';

const messages: Row[] = [
  listRow({
    path: '/v1/whatsapp-messages',
    list: whatsappMessages,
    fields: MESSAGE,
    tag,
    summary: 'List WhatsApp messages',
  }),
  {
    method: 'GET',
    path: '/v1/whatsapp-messages/{id}',
    tag,
    summary: 'Read a WhatsApp message',
    document: `query ($id: ID!) { data: whatsappMessage(id: $id) { ${MESSAGE} } }`,
  },
  {
    method: 'POST',
    path: '/v1/whatsapp-messages',
    status: 201,
    tag,
    summary: 'Prepare a WhatsApp message by a template',
    document: `mutation ($input: CreateWhatsappMessageInput!) { data: createWhatsappMessage(input: $input) { ${MESSAGE} } }`,
    example: {
      to: '+212 612 345678',
      template: 'pre_arrival',
      language: 'en',
      parameters: { guest_name: 'Karim', check_in: '12 August' },
      booking_id: 9876,
    },
  },
  step('send', 'sendWhatsappMessage', 'Send a WhatsApp message that is prepared or has failed'),
  step('cancel', 'cancelWhatsappMessage', 'Cancel a WhatsApp message'),
];

/** What is done with a message by no more than its id. */
function step(action: string, field: string, summary: string): Row {
  return {
    method: 'POST',
    path: `/v1/whatsapp-messages/{id}/${action}`,
    tag,
    summary,
    document: `mutation ($id: ID!) { data: ${field}(id: $id) { ${MESSAGE} } }`,
  };
}

const templates: Row[] = [
  listRow({
    path: '/v1/whatsapp-templates',
    list: whatsappTemplates,
    fields: TEMPLATE,
    tag,
    summary: 'List WhatsApp templates',
  }),
  {
    method: 'GET',
    path: '/v1/whatsapp-templates/{id}',
    tag,
    summary: 'Read a WhatsApp template',
    document: `query ($id: ID!) { data: whatsappTemplate(id: $id) { ${TEMPLATE} } }`,
  },
  {
    method: 'POST',
    path: '/v1/whatsapp-templates',
    status: 201,
    tag,
    summary: 'Register a WhatsApp template',
    document: `mutation ($input: CreateWhatsappTemplateInput!) { data: createWhatsappTemplate(input: $input) { ${TEMPLATE} } }`,
    example: {
      name: 'pre_arrival',
      language: 'en',
      body: 'Hello {{guest_name}}, we expect you on {{check_in}}.',
    },
  },
  {
    method: 'PATCH',
    path: '/v1/whatsapp-templates/{id}',
    tag,
    summary: 'Change a WhatsApp template',
    document: `mutation ($id: ID!, $input: UpdateWhatsappTemplateInput!) {
      data: updateWhatsappTemplate(id: $id, input: $input) { ${TEMPLATE} }
    }`,
    example: { body: 'Hello {{guest_name}}, we look forward to seeing you on {{check_in}}.' },
  },
  {
    method: 'DELETE',
    path: '/v1/whatsapp-templates/{id}',
    status: 204,
    tag,
    summary: 'Forget a WhatsApp template',
    document: 'mutation ($id: ID!) { data: deleteWhatsappTemplate(id: $id) { id } }',
  },
];

/** In the order of use: what is connected first is disconnected last. */
export const whatsappRoutes: Row[] = [
  {
    method: 'PUT',
    path: '/v1/whatsapp-account',
    tag,
    summary: 'Connect a WhatsApp account',
    document: `mutation ($input: ConnectWhatsappInput!) {
      data: connectWhatsapp(input: $input) { ${ACCOUNT} verify_token: verifyToken }
    }`,
    example: {
      phone_number_id: '106540352242922',
      token: 'EAAG-the-token-of-a-system-user',
      app_secret: '0123456789abcdef0123456789abcdef',
    },
  },
  {
    method: 'GET',
    path: '/v1/whatsapp-account',
    tag,
    summary: 'Read the connected WhatsApp account',
    document: `query { data: whatsappAccount { ${ACCOUNT} } }`,
  },
  ...templates,
  ...messages,
  {
    method: 'DELETE',
    path: '/v1/whatsapp-account',
    status: 204,
    tag,
    summary: 'Disconnect the WhatsApp account',
    document: 'mutation { data: disconnectWhatsapp { phone_number_id: phoneNumberId } }',
  },
];
