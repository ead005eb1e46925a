import { clock } from '../../core/clock.ts';
import { fromDay } from '../../core/dates.ts';
import { Conflict, refuse } from '../../core/errors.ts';
import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { changed } from '../../outbox/audit.ts';
import { invoiceSent } from './events.ts';
import { drawNumber } from './number.ts';
import { Invoice, type InvoiceRow, linesOf, lockInvoice } from './types.ts';

/** Sends a draft: it gets its number and its date, and from then on stays as it is. */
export function sendInvoice(viewer: Viewer, { id }: { id: string }) {
  return viewer.write(async (tx, emit) => {
    const before = await lockInvoice(tx, id);
    if (before.status === 'SENT' || before.status === 'PAID') return before; // A retry has nothing new to tell anyone.
    if (before.status !== 'DRAFT') throw notFrom('sent', 'Write another.')(before);
    refuse({ lines: before.totalMinor <= 0 && 'must come to more than 0 before it is sent' });
    const invoice = await tx.invoice.update({
      where: { id: before.id },
      data: {
        status: 'SENT',
        number: await drawNumber(viewer, tx, before.kind),
        issuedOn: fromDay(viewer.today),
        sentAt: clock.now(),
        version: { increment: 1 },
      },
    });
    await emit(invoiceSent, { invoice, lines: await linesOf(tx, invoice) }, changed(before, invoice));
    return invoice;
  });
}

/** The usual refusal: which state it is in, and what can be done from there. */
export function notFrom(action: string, hint: string) {
  return ({ kind, status }: InvoiceRow) => {
    const what = kind === 'CREDIT_NOTE' ? 'A credit note' : `An invoice that is ${status.toLowerCase()}`;
    return new Conflict('INVALID_TRANSITION', `${what} can't be ${action}. ${hint}`);
  };
}

builder.mutationField('sendInvoice', (t) =>
  t.field({
    type: Invoice,
    description: 'Sends a draft: it gets its number and its date. Bellhop tells `invoice.sent`; it sends no e-mail.',
    ability: 'invoices:write',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { viewer }) => sendInvoice(viewer, { id }),
  }),
);
