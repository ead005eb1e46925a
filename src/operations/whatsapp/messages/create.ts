import { clock } from '../../../core/clock.ts';
import { Invalid, refuse } from '../../../core/errors.ts';
import type { Viewer } from '../../../core/viewer.ts';
import type { Transaction } from '../../../database/index.ts';
import { builder } from '../../../graph/builder.ts';
import { parseId } from '../../../graph/ids.ts';
import { NO_ACCOUNT } from '../account/types.ts';
import { languageProblem, nameProblem } from '../templates/body.ts';
import { misfits, readParameters, type Texts } from './parameters.ts';
import { RECIPIENT_PROBLEM, toE164 } from './recipient.ts';
import { askToSend } from './send.ts';
import { type MadeMessage, WhatsappMessage } from './types.ts';

export interface NewMessage {
  to?: string | null;
  template: string;
  language?: string | null;
  parameters?: unknown;
  bookingId?: string | null;
  sendAt?: Date | null;
}

const NOBODY = 'must be given, or else the booking whose guest it is for';
const MOST_AHEAD_MS = 90 * 86_400_000;
/** A client that says "now" is a little late by the time it is read. */
const GRACE_MS = 60_000;

/**
 * Prepares a message, to a number or to the guest of a booking, and, where an account is connected, queues it: the relay hands
 * it to WhatsApp, now or at `sendAt`. What the agency has registered of its template is held against it; a template that it has
 * not is for WhatsApp to judge.
 */
export function createWhatsappMessage(viewer: Viewer, input: NewMessage): Promise<MadeMessage> {
  const given = input.to == null ? undefined : toE164(input.to);
  const { texts, problems } = readParameters(input.parameters);
  refuse({
    to: input.to == null ? input.bookingId == null && NOBODY : !given && RECIPIENT_PROBLEM,
    template: nameProblem(input.template),
    language: languageProblem(input.language),
    sendAt: timeProblem(input.sendAt),
    ...problems,
  });
  return viewer.write(async (tx, _emit, audit) => {
    const language = await fitTemplate(tx, input, texts);
    const booking = await bookingOf(tx, input.bookingId);
    const account = await tx.whatsappAccount.findFirst({ select: { id: true } });
    const message = await tx.whatsappMessage.create({
      data: {
        agencyId: viewer.agency.id,
        bookingId: booking?.id,
        to: given ?? numberOf(booking!.guest),
        template: input.template,
        language,
        parameters: texts,
        sendAt: input.sendAt,
        ...(account ? { status: 'QUEUED', queuedAt: clock.now() } : { status: 'PREPARED', reason: NO_ACCOUNT }),
      },
    });
    if (account) await askToSend(tx, message);
    audit(`whatsapp.message_${message.status.toLowerCase()}`, `whatsapp_message:${message.id}`);
    return { ...message, numberGiven: given !== undefined };
  });
}

function timeProblem(sendAt: Date | null | undefined): string | undefined {
  if (!sendAt) return undefined;
  const aheadMs = sendAt.getTime() - clock.now().getTime();
  if (aheadMs < -GRACE_MS) return 'must not be in the past';
  return aheadMs > MOST_AHEAD_MS ? 'must be within 90 days' : undefined;
}

/** The language to send in. Where the template is registered, language and parameters must be its own. */
async function fitTemplate(tx: Transaction, { template: name, language }: NewMessage, texts: Texts): Promise<string> {
  const registered = await tx.whatsappTemplate.findMany({ where: { name }, orderBy: { language: 'asc' } });
  const wanted = language ?? (registered.length === 1 ? registered[0]!.language : 'en');
  if (registered.length === 0) return wanted;
  const template = registered.find((one) => one.language === wanted);
  if (!template) {
    const known = registered.map((one) => one.language).join(', ');
    throw new Invalid({ language: [`must be one that ${name} is registered in: ${known}`] });
  }
  refuse(misfits(texts, template));
  return wanted;
}

async function bookingOf(tx: Transaction, id: string | null | undefined) {
  if (id == null) return undefined;
  const select = { id: true, guest: { select: { phone: true } } };
  const booking = await tx.booking.findFirst({ where: { id: parseId(id) ?? -1 }, select });
  if (!booking) throw new Invalid({ bookingId: ['is not a booking of this agency'] });
  return booking;
}

/** The guest's own number. A refusal doesn't repeat it: who asks may not be one who reads guests. */
function numberOf({ phone }: { phone: string | null }): string {
  if (!phone?.trim())
    throw new Invalid({ to: ['must be given: the guest of this booking has left no telephone number'] });
  const number = toE164(phone);
  if (!number) throw new Invalid({ to: ['must be given: the number of this booking’s guest doesn’t say its country'] });
  return number;
}

const CreateWhatsappMessageInput = builder.inputType('CreateWhatsappMessageInput', {
  fields: (t) => ({
    to: t.string({
      description: 'A number with its country: `+212 612 345678`. The one of the booking’s guest when not said.',
    }),
    template: t.string({ required: true, description: 'A template’s name as Meta knows it.' }),
    language: t.string({
      description:
        'The one that the template is registered in when that is the only one, otherwise `en`, when not said.',
    }),
    parameters: t.field({
      type: 'JSON',
      description: 'Texts by name, `{"guest_name": "Karim"}`; a list for a template with numbered parameters.',
    }),
    bookingId: t.id({ description: 'The stay that it is about.' }),
    sendAt: t.field({
      type: 'DateTime',
      description: 'Not before this instant, at most 90 days ahead; now when not said.',
    }),
  }),
});

builder.mutationField('createWhatsappMessage', (t) =>
  t.field({
    type: WhatsappMessage,
    description:
      'Prepares a message by a template and queues it. Without a connected account it stays prepared and says why.',
    ability: 'whatsapp:write',
    args: { input: t.arg({ type: CreateWhatsappMessageInput, required: true }) },
    resolve: (_root, { input }, { viewer }) => createWhatsappMessage(viewer, input),
  }),
);
