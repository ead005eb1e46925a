import type { Viewer } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import type { InvoiceRow } from './types.ts';

const PREFIX: Record<InvoiceRow['kind'], string> = { INVOICE: 'INV', CREDIT_NOTE: 'CN' };

/**
 * Draws the next number of its kind and year: `INV-2026-0001`. The counter's row stays locked until the transaction ends, and
 * goes back with it; a sequence would not, and the tax office asks after every number that is missing.
 */
export async function drawNumber(viewer: Viewer, tx: Transaction, kind: InvoiceRow['kind']): Promise<string> {
  const year = Number(viewer.today.slice(0, 4));
  const [counter] = await tx.$queryRaw<{ last: number }[]>`
    insert into invoice_counter as c (agency_id, kind, year, last)
    values (${viewer.agency.id}, ${kind}::"InvoiceKind", ${year}, 1)
    on conflict (agency_id, kind, year) do update set last = c.last + 1
    returning last`;
  return `${PREFIX[kind]}-${year}-${String(counter!.last).padStart(4, '0')}`;
}
