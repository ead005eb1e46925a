import { Invalid, refuse } from '../../core/errors.ts';
import { basisPoints, MAX_TOTAL_MINOR, toMinor } from '../../core/money.ts';
import { textProblem } from '../../core/text.ts';
import type { Transaction } from '../../database/index.ts';
import { builder } from '../../graph/builder.ts';
import { parseId } from '../../graph/ids.ts';

/** What may be said of a draft, whether it is new or not. */
export interface InvoiceFields {
  ownerId?: string | null;
  bookingId?: string | null;
  customerName?: string | null;
  customerEmail?: string | null;
  customerAddress?: string | null;
  customerTaxId?: string | null;
  dueOn?: string | null;
  notes?: string | null;
  lines?: NewLine[] | null;
}

export interface NewLine {
  description: string;
  quantity?: number | null;
  unitPrice: string;
  taxPercent?: number | null;
}

/** Longer than any bill that a person reads. */
const MOST_LINES = 500;

export function invoiceProblems(input: InvoiceFields) {
  return {
    customerName: textProblem(input.customerName, { required: true }),
    customerAddress: textProblem(input.customerAddress, { most: 1_000 }),
    customerTaxId: textProblem(input.customerTaxId, { most: 50 }),
    notes: textProblem(input.notes, { most: 10_000 }),
    lines: (input.lines?.length ?? 0) > MOST_LINES && `must not be more than ${MOST_LINES}`,
  };
}

export type LineAmounts = ReturnType<typeof priceLine>;

/**
 * The lines in minor units and what they come to. Each line is rounded half up and taxed by itself, and the totals are the
 * sums, so that whoever adds the printed lines up comes to the printed total.
 */
export function priceLines(lines: NewLine[], currency: string) {
  refuse(Object.fromEntries(lines.flatMap((line, i) => Object.entries(lineProblems(line, i, currency)))));
  const priced = lines.map((line, i) => priceLine(line, i, currency));
  const netMinor = priced.reduce((sum, line) => sum + line.netMinor, 0);
  const taxMinor = priced.reduce((sum, line) => sum + line.taxMinor, 0);
  const totalMinor = netMinor + taxMinor;
  refuse({ lines: totalMinor > MAX_TOTAL_MINOR && 'come to more than can be kept' });
  return { lines: priced, totals: { netMinor, taxMinor, totalMinor } };
}

function lineProblems({ description, quantity, unitPrice, taxPercent }: NewLine, i: number, currency: string) {
  const price = toMinor(unitPrice, currency, MAX_TOTAL_MINOR);
  return {
    [`lines.${i}.description`]: textProblem(description, { most: 500, required: true }),
    [`lines.${i}.quantity`]:
      !(scaled(quantity ?? 1, 3)! > 0 && (quantity ?? 1) <= 1_000_000) &&
      'must be more than 0, at most 1000000, with at most three decimals',
    [`lines.${i}.unitPrice`]:
      (price === undefined || price < 0) &&
      `must be an amount of ${currency}, 0 or more, with no more decimals than ${currency} has`,
    [`lines.${i}.taxPercent`]:
      !(scaled(taxPercent ?? 0, 2)! >= 0 && (taxPercent ?? 0) <= 100) &&
      'must be from 0 to 100 with at most two decimals',
  };
}

function priceLine({ description, quantity, unitPrice, taxPercent }: NewLine, i: number, currency: string) {
  const quantityThousandths = scaled(quantity ?? 1, 3)!;
  const unitPriceMinor = toMinor(unitPrice, currency, MAX_TOTAL_MINOR)!;
  const taxBasisPoints = scaled(taxPercent ?? 0, 2)!;
  // A million of what costs a million is beyond what a double counts exactly.
  const netMinor = Number((BigInt(quantityThousandths) * BigInt(unitPriceMinor) + 500n) / 1_000n);
  refuse({ [`lines.${i}.unitPrice`]: netMinor > MAX_TOTAL_MINOR && 'comes to more than can be kept' });
  const taxMinor = basisPoints(netMinor, taxBasisPoints);
  return {
    position: i + 1,
    description: description.trim(),
    quantityThousandths,
    unitPriceMinor,
    taxBasisPoints,
    netMinor,
    taxMinor,
  };
}

/** 2.5 with three decimals → 2500. Undefined for more decimals: goes by the decimal text, so nothing is quietly rounded. */
function scaled(value: number, places: number): number | undefined {
  const match = /^(\d+)(?:\.(\d+))?$/.exec(String(value));
  if (!match || (match[2] ?? '').length > places) return undefined;
  return Number(match[1]! + (match[2] ?? '').padEnd(places, '0'));
}

/**
 * Whom a draft bills: what is said, and what isn't as it stands with its owner or its stay. Their names are copied, because
 * an invoice says for ever what it said when it was sent.
 */
export async function customerOf(tx: Transaction, input: InvoiceFields) {
  const owner =
    input.ownerId == null ? undefined : await tx.owner.findFirst({ where: { id: parseId(input.ownerId) ?? -1 } });
  if (owner === null) throw new Invalid({ ownerId: ['is not an owner of this agency'] });
  const booking =
    input.bookingId == null
      ? undefined
      : await tx.booking.findFirst({ where: { id: parseId(input.bookingId) ?? -1 }, include: { guest: true } });
  if (booking === null) throw new Invalid({ bookingId: ['is not a booking of this agency'] });
  const customerName = input.customerName?.trim() ?? owner?.name ?? booking?.guestName;
  if (customerName === undefined)
    throw new Invalid({ customerName: ['is needed where no owner and no booking is named'] });
  // Somebody else's name with the owner's address would be nobody's.
  const known = input.customerName == null ? owner : undefined;
  const guest = input.customerName == null && !owner ? booking?.guest : undefined;
  return {
    ownerId: owner?.id ?? null,
    bookingId: booking?.id ?? null,
    customerName,
    customerEmail: input.customerEmail ?? known?.email ?? guest?.email ?? null,
    customerAddress: input.customerAddress?.trim() || (known?.address ?? null),
    customerTaxId: input.customerTaxId?.trim() || (known?.taxId ?? null),
  };
}

export const InvoiceLineInput = builder.inputType('InvoiceLineInput', {
  description: 'What is billed.',
  fields: (t) => ({
    description: t.string({ required: true, description: 'What is billed, as it is printed.' }),
    quantity: t.float({ description: 'How much of it; 1 when not said. At most three decimals.' }),
    unitPrice: t.field({ type: 'Money', required: true, description: 'Of one, before tax; 0 or more.' }),
    taxPercent: t.float({ description: 'The tax on top of it: 20 for 20 %; none when not said.' }),
  }),
});
