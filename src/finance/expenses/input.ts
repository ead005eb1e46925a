import { fromDay } from '../../core/dates.ts';
import { Invalid, refuse } from '../../core/errors.ts';
import { MAX_TOTAL_MINOR, toMinor } from '../../core/money.ts';
import { textProblem } from '../../core/text.ts';
import type { Transaction } from '../../database/index.ts';
import { parseId } from '../../graph/ids.ts';

/** What a caller may say of an expense. */
export interface ExpenseInput {
  propertyId?: string | null;
  date?: string | null;
  label?: string | null;
  amount?: string | null;
}

/** Dates of other centuries are slips of the hand. */
const EARLIEST = '2000-01-01';
const LATEST = '2199-12-31';

/** The columns that an input fills, or one error that names every field that can't be used. `currency` is the expense's. */
export async function expenseColumns(tx: Transaction, input: ExpenseInput, currency: string) {
  const { propertyId, date, label, amount } = input;
  const amountMinor = amount == null ? undefined : toMinor(amount, currency, MAX_TOTAL_MINOR);
  refuse({
    date: date != null && (date < EARLIEST || date > LATEST) && `must be from ${EARLIEST} to ${LATEST}`,
    label: textProblem(label, { required: true }),
    amount:
      amount != null &&
      (amountMinor === undefined || amountMinor < 0) &&
      `must be an amount of ${currency}, 0 or more, with no more decimals than ${currency} has`,
  });
  return {
    propertyId: propertyId == null ? undefined : await propertyOf(tx, propertyId),
    date: date == null ? undefined : fromDay(date),
    label: label?.trim(),
    amountMinor,
  };
}

/** An archived property too: its last bills come after its last guests. */
async function propertyOf(tx: Transaction, id: string): Promise<number> {
  const property = await tx.property.findFirst({ where: { id: parseId(id) ?? -1 }, select: { id: true } });
  if (!property) throw new Invalid({ propertyId: ['is not a property of this agency'] });
  return property.id;
}
