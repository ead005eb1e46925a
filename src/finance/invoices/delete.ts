import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { whole } from '../../outbox/audit.ts';
import { notFrom } from './send.ts';
import { Invoice, lockInvoice } from './types.ts';

/** Throws a draft away. It never had a number, so it leaves no gap. */
export function deleteInvoice(viewer: Viewer, { id }: { id: string }) {
  return viewer.write(async (tx, _emit, audit) => {
    const invoice = await lockInvoice(tx, id);
    if (invoice.status !== 'DRAFT') throw notFrom('deleted', 'Void it instead.')(invoice);
    await tx.invoice.delete({ where: { id: invoice.id } });
    audit('invoice.deleted', `invoice:${invoice.id}`, whole(invoice));
    return invoice;
  });
}

builder.mutationField('deleteInvoice', (t) =>
  t.field({
    type: Invoice,
    description: 'Throws a draft away.',
    ability: 'invoices:write',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { viewer }) => deleteInvoice(viewer, { id }),
  }),
);
