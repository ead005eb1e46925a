import { Invalid, refuse } from '../../core/errors.ts';
import { MAX_TOTAL_MINOR, toMinor } from '../../core/money.ts';
import { textProblem } from '../../core/text.ts';
import type { Viewer } from '../../core/viewer.ts';
import { addPayment, type Outcome, settle } from './settle.ts';
import { monthsProblem, requireSame } from './target.ts';
import { lockOrder, type PaymentRow } from './types.ts';

/** What the operator of Bellhop says of a payment for an agency's subscription. */
export interface Renewal {
  plan: 'STARTER' | 'BUSINESS';
  months: number;
  /** In the agency's currency; "0" for months that are given. */
  amount: string;
  method: string;
  /** The operator's own, such as the number of a transfer: with one, telling it again changes nothing. */
  reference?: string;
}

/**
 * Records what the operator knows of a payment for a subscription. It asks no plan, because it is how an agency whose plan
 * has run out comes back; from there on it is a payment like any other.
 */
export function recordRenewal(viewer: Viewer, renewal: Renewal, outcome: Outcome): Promise<PaymentRow> {
  const { plan, months, amount } = renewal;
  const orderId = renewal.reference?.trim() || null;
  const { currency } = viewer.agency;
  const amountMinor = toMinor(amount, currency, MAX_TOTAL_MINOR);
  refuse({
    months: monthsProblem(months),
    amount:
      (amountMinor === undefined || amountMinor < 0) &&
      `must be an amount of ${currency}, 0 or more, with no more decimals than ${currency} has`,
    method: textProblem(renewal.method, { most: 50, required: true }),
    reference: textProblem(renewal.reference, { most: 100 }),
    reason: textProblem(outcome.failureReason, { most: 1_000 }),
  });
  return viewer.write(async (tx, emit, audit) => {
    const known = orderId === null ? undefined : await lockOrder(tx, orderId);
    if (known) {
      requireSame(known, { purpose: 'SUBSCRIPTION', plan, months, amount });
      return settle(tx, { emit, audit }, known, outcome);
    }
    const method = renewal.method.trim().toLowerCase();
    const facts = { plan, months, amountMinor: BigInt(amountMinor!), currency, method, orderId };
    return addPayment(viewer, tx, { emit, audit }, { purpose: 'SUBSCRIPTION', ...facts }, outcome);
  });
}

/**
 * Where the operator has a shop of their own for subscriptions, what was paid for one is said by that shop and by the
 * operator: a token may only open an order there.
 */
export function refuseOwnWord(viewer: Viewer, purpose: PaymentRow['purpose']): void {
  if (purpose !== 'SUBSCRIPTION' || !viewer.config.subscriptionShop) return;
  const hint = 'Whether a subscription was paid is said by the card gateway, or by whoever runs Bellhop';
  throw new Invalid({ status: [`must be pending here. ${hint}`] });
}
