import { DomainError, refuse } from '../../core/errors.ts';
import { textProblem } from '../../core/text.ts';
import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { Plans } from '../../platform/agencies.ts';
import { refuseOwnWord } from './operator.ts';
import { addPayment, type Outcome, settle } from './settle.ts';
import { requireSame, type Target, targetOf, targetProblems } from './target.ts';
import { lockOrder, Payment, PaymentPurpose, type PaymentRow, PaymentStatus } from './types.ts';

interface NewPayment extends Target {
  method: string;
  orderId?: string | null;
  status?: PaymentRow['status'] | null;
  providerReference?: string | null;
  failureReason?: string | null;
}

/**
 * Records a payment. An order is one payment: who tells of the same order again is answered with the payment there is, ended
 * as they say where it had not been, and who tells something else of it is refused.
 */
export function createPayment(viewer: Viewer, input: NewPayment) {
  // Who has no plan that lives may pay for one, and nothing else.
  if (viewer.lapsed && input.purpose !== 'SUBSCRIPTION') throw new DomainError('PLAN_REQUIRED', viewer.lapsed);
  const method = input.method.trim().toLowerCase();
  const orderId = input.orderId?.trim() || null;
  refuse({
    ...targetProblems(input),
    method: textProblem(input.method, { most: 50, required: true }),
    orderId: textProblem(input.orderId, { most: 100 }),
    providerReference: textProblem(input.providerReference),
    failureReason: input.failureReason != null && input.status !== 'FAILED' && 'is only for a payment that failed',
  });
  refuse({ failureReason: textProblem(input.failureReason, { most: 1_000 }) });
  const outcome = outcomeOf(input);
  if (outcome) refuseOwnWord(viewer, input.purpose);
  return viewer.write(async (tx, emit, audit) => {
    const known = orderId === null ? undefined : await lockOrder(tx, orderId);
    if (known) {
      requireSame(known, input);
      return outcome ? settle(tx, { emit, audit }, known, outcome) : known;
    }
    const target = await targetOf(viewer, tx, input);
    const payment = { purpose: input.purpose, ...target, method, orderId };
    return addPayment(viewer, tx, { emit, audit }, payment, outcome);
  });
}

/** Money that is recorded has come, unless somebody says otherwise. */
function outcomeOf({ status, providerReference, failureReason }: NewPayment): Outcome | undefined {
  if (status === 'PENDING') return undefined;
  return { status: status ?? 'SUCCEEDED', providerReference, failureReason };
}

const CreatePaymentInput = builder.inputType('CreatePaymentInput', {
  fields: (t) => ({
    purpose: t.field({ type: PaymentPurpose, required: true, description: 'What is paid.' }),
    bookingId: t.id({ description: 'The stay that is paid; for the purpose BOOKING.' }),
    invoiceId: t.id({ description: 'The invoice that is paid; for the purpose INVOICE.' }),
    plan: t.field({
      type: Plans,
      description: 'For the purpose SUBSCRIPTION, the plan that is paid: STARTER or BUSINESS; BUSINESS when not said.',
    }),
    months: t.int({ description: 'For the purpose SUBSCRIPTION, how many months are paid; 1 when not said.' }),
    amount: t.field({
      type: 'Money',
      required: true,
      description: 'In the currency of what is paid; above 0, and of an invoice no more than is left.',
    }),
    method: t.string({ required: true, description: 'cmi, card, transfer, cash …; kept in lower case.' }),
    orderId: t.string({
      description: 'What the provider calls the order. With one, recording it again changes nothing.',
    }),
    status: t.field({ type: PaymentStatus, description: 'SUCCEEDED when not said.' }),
    providerReference: t.string({ description: 'What the provider calls the transaction.' }),
    failureReason: t.string({ description: 'Why it failed, for a payment that failed.' }),
  }),
});

builder.mutationField('createPayment', (t) =>
  t.field({
    type: Payment,
    description:
      'Records a payment of a stay, of an invoice or of the subscription. With the id of an order, telling it again changes nothing. An agency whose plan has run out may record one of its subscription.',
    ability: 'payments:write',
    whenLapsed: true,
    args: { input: t.arg({ type: CreatePaymentInput, required: true }) },
    resolve: (_root, { input }, { viewer }) => createPayment(viewer, input),
  }),
);
