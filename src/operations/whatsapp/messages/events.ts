import { z } from 'zod';
import { instant } from '../../../core/dates.ts';
import { declareEvent } from '../../../outbox/event.ts';
import type { MessageRow } from './types.ts';

interface MessageFacts {
  message: MessageRow;
}

const MessageData = z.object({
  whatsapp_message: z.object({
    id: z.int(),
    booking_id: z.int().nullable(),
    to: z.string().describe('In E.164.'),
    template: z.string(),
    language: z.string(),
    parameters: z
      .union([z.record(z.string(), z.string()), z.array(z.string())])
      .describe('By name, or in a row for a template with numbered ones.'),
    status: z.literal('failed'),
    error_code: z.string().nullable().describe('WhatsApp’s code, where it gave one.'),
    reason: z.string().describe('What went wrong, and what to do.'),
    attempts: z.int().describe('How often it was handed to WhatsApp.'),
    created_at: z.iso.datetime({ offset: true }),
    failed_at: z.iso.datetime({ offset: true }),
  }),
});

const example: z.infer<typeof MessageData> = {
  whatsapp_message: {
    id: 310,
    booking_id: 9876,
    to: '+212612345678',
    template: 'pre_arrival',
    language: 'fr',
    parameters: { guest_name: 'Karim', check_in: '12 août' },
    status: 'failed',
    error_code: '131026',
    reason: 'WhatsApp refused it (131026): Message undeliverable.',
    attempts: 1,
    created_at: '2026-08-10T09:00:00+00:00',
    failed_at: '2026-08-10T09:00:02+00:00',
  },
};

function messageData({ message }: MessageFacts): z.infer<typeof MessageData> {
  return {
    whatsapp_message: {
      id: message.id,
      booking_id: message.bookingId,
      to: message.to,
      template: message.template,
      language: message.language,
      parameters: message.parameters as Record<string, string> | string[],
      status: 'failed',
      error_code: message.errorCode,
      reason: message.reason!,
      attempts: message.attempts,
      created_at: instant(message.createdAt),
      failed_at: instant(message.failedAt!),
    },
  };
}

export const whatsappMessageFailed = declareEvent<MessageFacts>({
  name: 'whatsapp.message_failed',
  summary: 'A WhatsApp message could not be sent',
  ability: 'whatsapp:read',
  data: MessageData,
  render: messageData,
  read: 'whatsappMessage',
  subject: ({ message }) => ({ kind: 'whatsapp_message', id: message.id, version: message.version }),
  example,
});
