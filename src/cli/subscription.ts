import { clock } from '../core/clock.ts';
import { instant } from '../core/dates.ts';
import { toDecimal } from '../core/money.ts';
import type { Viewer } from '../core/viewer.ts';
import { type Renewal, recordRenewal } from '../finance/payments/operator.ts';
import type { Outcome } from '../finance/payments/settle.ts';
import type { PaymentRow } from '../finance/payments/types.ts';
import { isPlanAlive, whyPlanIsOver } from '../finance/subscription/plan.ts';
import type { Answer } from './answer.ts';
import { operatorOf, withServices } from './services.ts';

/** `bellhop subscription show` */
export async function subscriptionShow({ agency }: { agency: number }): Promise<Answer> {
  const state = await withServices(async (services) => stateOf(await operatorOf(services, agency)));
  return { data: state, text: sentences(state) };
}

/** `bellhop subscription pay`: the money has come, or the months are given. */
export function subscriptionPay({ agency, ...renewal }: Renewal & { agency: number }): Promise<Answer> {
  return record(agency, renewal, { status: 'SUCCEEDED' });
}

/** `bellhop subscription fail`: a card was declined, a direct debit came back. */
export function subscriptionFail({
  agency,
  reason,
  ...renewal
}: Renewal & { agency: number; reason?: string }): Promise<Answer> {
  return record(agency, renewal, { status: 'FAILED', failureReason: reason });
}

async function record(agency: number, renewal: Renewal, outcome: Outcome): Promise<Answer> {
  const { payment, state } = await withServices(async (services) => {
    const viewer = await operatorOf(services, agency);
    return { payment: await recordRenewal(viewer, renewal, outcome), state: await stateOf(viewer) };
  });
  const said = paymentData(payment);
  const what = `Payment ${said.id} ${said.status}: ${said.amount} ${said.currency} for ${said.plan}, ${said.months} month(s).\n`;
  return { data: { payment: said, subscription: state }, text: what + sentences(state) };
}

const paymentData = (payment: PaymentRow) => ({
  id: payment.id,
  status: payment.status.toLowerCase(),
  plan: payment.plan!.toLowerCase(),
  months: payment.months!,
  amount: toDecimal(payment.amountMinor, payment.currency),
  currency: payment.currency,
  method: payment.method,
  reference: payment.orderId,
  failure_reason: payment.failureReason,
});

type State = Awaited<ReturnType<typeof stateOf>>;

async function stateOf(viewer: Viewer) {
  const agency = await viewer.db.agency.findUniqueOrThrow({ where: { id: viewer.agency.id } });
  const { plan, trialEndsAt, paidUntil, graceUntil } = agency;
  const active = isPlanAlive(agency, clock.now());
  return {
    agency_id: agency.id,
    plan: plan.toLowerCase(),
    active,
    trial_ends_at: trialEndsAt && instant(trialEndsAt),
    paid_until: paidUntil && instant(paidUntil),
    grace_until: graceUntil && instant(graceUntil),
    why: active ? null : whyPlanIsOver(agency),
  };
}

function sentences({ agency_id, plan, active, trial_ends_at, paid_until, grace_until, why }: State): string {
  const until = [
    trial_ends_at && plan === 'trial' && `trial until ${trial_ends_at}`,
    paid_until && `paid until ${paid_until}`,
    grace_until && `in grace until ${grace_until}`,
  ].filter(Boolean);
  const head = `Agency ${agency_id}: ${plan}${until.length > 0 ? `, ${until.join(', ')}` : ''}`;
  return active ? `${head}; the API is open to it.\n` : `${head}; the API is closed to it. ${why}\n`;
}
