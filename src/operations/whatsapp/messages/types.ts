import type { WhatsappMessage as MessageRow } from '../../../../prisma/generated/client/client.ts';
import { WhatsappMessageStatus as Statuses } from '../../../../prisma/generated/client/enums.ts';
import { NotFound } from '../../../core/errors.ts';
import type { Transaction } from '../../../database/index.ts';
import { builder } from '../../../graph/builder.ts';
import { parseId } from '../../../graph/ids.ts';
import { declareList } from '../../../graph/list.ts';
import { declareRead } from '../../../graph/read.ts';

export type { MessageRow };

/** A message that was prepared just now; whether its number came with the request, or from the booking's guest. */
export type MadeMessage = MessageRow & { numberGiven: boolean };

export const WhatsappMessageStatus = builder.enumType('WhatsappMessageStatus', {
  description:
    'PREPARED waits for somebody to send it; QUEUED is on its way, now or at `sendAt`; then SENT, DELIVERED and READ as WhatsApp says so, or FAILED, or CANCELLED.',
  values: Object.keys(Statuses) as (keyof typeof Statuses)[],
});

export const WhatsappMessage = builder.prismaObject('WhatsappMessage', {
  description: 'A message to a guest’s WhatsApp, by a template.',
  fields: (t) => ({
    id: t.exposeID('id'),
    bookingId: t.exposeID('bookingId', {
      nullable: true,
      description: 'The stay that it is about, where that was said.',
    }),
    to: t.string({
      nullable: true,
      description:
        'In E.164: `+212612345678`. Null in the answer to a write, for a token that may not read messages and hasn’t said the number itself.',
      // To write to a guest takes no right to know their number. Every read of messages needs whatsapp:read, so SQL needn't ask.
      resolve: (message, _args, { viewer }) =>
        viewer.can('whatsapp:read') || (message as Partial<MadeMessage>).numberGiven ? message.to : null,
      sql: (m) => `${m}."to"`,
      resolvedAfterWrite: true,
    }),
    template: t.exposeString('template', { description: 'The template’s name, as Meta knows it.' }),
    language: t.exposeString('language', { description: 'The template’s language: `en`, `pt_BR` …' }),
    parameters: t.field({
      type: 'JSON',
      description: 'An object of texts by name, or a list of texts for a template with numbered parameters.',
      resolve: ({ parameters }) => parameters,
      sql: (m) => compact(`${m}.parameters`),
    }),
    status: t.expose('status', { type: WhatsappMessageStatus }),
    reason: t.exposeString('reason', {
      nullable: true,
      description: 'Why it is still prepared, why the last attempt came to nothing, or why it failed.',
    }),
    errorCode: t.exposeString('errorCode', {
      nullable: true,
      description: 'WhatsApp’s code of the trouble: `131026`.',
    }),
    sendAt: t.expose('sendAt', { type: 'DateTime', nullable: true, description: 'Not to be sent before.' }),
    attempts: t.exposeInt('attempts', { description: 'How often it has been handed to WhatsApp.' }),
    providerId: t.exposeString('providerId', { nullable: true, description: 'WhatsApp’s id of it: `wamid.…`' }),
    queuedAt: t.expose('queuedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was last handed to the queue.',
    }),
    sentAt: t.expose('sentAt', { type: 'DateTime', nullable: true, description: 'When WhatsApp took it.' }),
    deliveredAt: t.expose('deliveredAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it reached the guest’s telephone.',
    }),
    readAt: t.expose('readAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the guest read it, where the guest lets that be known.',
    }),
    failedAt: t.expose('failedAt', { type: 'DateTime', nullable: true, description: 'When it was given up.' }),
    cancelledAt: t.expose('cancelledAt', { type: 'DateTime', nullable: true }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
  }),
});

/** A jsonb list or object of texts as the JSON that JSON.stringify writes: PostgreSQL would put blanks between. */
function compact(jsonb: string): string {
  const list = `select '[' || coalesce(string_agg(value::text, ',' order by n), '') || ']'
    from jsonb_array_elements(${jsonb}) with ordinality e(value, n)`;
  const object = `select '{' || coalesce(string_agg(to_json(key)::text || ':' || value::text, ',' order by n), '') || '}'
    from jsonb_each(${jsonb}) with ordinality e(key, value, n)`;
  return `(case jsonb_typeof(${jsonb}) when 'array' then (${list}) else (${object}) end)::json`;
}

export const whatsappMessages = declareList({
  field: 'whatsappMessages',
  type: 'WhatsappMessage',
  model: 'whatsappMessage',
  ability: 'whatsapp:read',
  description: 'The WhatsApp messages of the agency.',
  filters: {
    status: {
      column: 'status',
      op: 'in',
      type: { enum: 'WhatsappMessageStatus', ref: WhatsappMessageStatus },
      description: 'In any of these states.',
    },
    template: { column: 'template', op: 'equals', type: 'String', description: 'By this template.' },
    bookingId: { column: 'bookingId', op: 'equals', type: 'ID', description: 'About this booking.' },
    to: {
      column: 'to',
      op: 'equals',
      type: 'String',
      description: 'To this number, in E.164. In an address its + is written %2B.',
    },
  },
  orders: { ID: { column: 'id', kind: 'int' }, UPDATED_AT: { column: 'updatedAt', kind: 'instant' } },
  defaultOrder: 'ID_DESC',
});

declareRead({ field: 'whatsappMessage', noun: 'WhatsApp message', list: whatsappMessages });

/** The message, held until the transaction ends, so that a request, the relay and a callback come one after the other. */
export async function lockMessage(tx: Transaction, id: string | number): Promise<MessageRow> {
  const number = parseId(id) ?? -1;
  await tx.$queryRaw`select id from whatsapp_message where id = ${number} for update`;
  const message = await tx.whatsappMessage.findFirst({ where: { id: number } });
  if (!message) throw new NotFound('WhatsApp message');
  return message;
}
