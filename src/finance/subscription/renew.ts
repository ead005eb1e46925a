import { Temporal } from 'temporal-polyfill';
import type { Payment as PaymentRow } from '../../../prisma/generated/client/client.ts';
import { clock } from '../../core/clock.ts';
import type { Audit, Emit } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import { changed } from '../../outbox/audit.ts';
import { subscriptionRenewed } from './events.ts';

const GRACE_MS = 7 * 86_400_000;

/**
 * A payment of the subscription makes it the plan that it names for so many months more: from the end of what is paid for, so
 * that paying early loses nothing, or from now where that is over. Another plan than the one that was paid for begins at once.
 */
export async function renewSubscription(
  tx: Transaction,
  emit: Emit,
  { agencyId, payment }: { agencyId: number; payment: PaymentRow },
): Promise<void> {
  const before = await lockAgency(tx, agencyId);
  const plan = payment.plan!; // A check constraint: a payment of the subscription names what it pays.
  const now = clock.now();
  const goesOn = before.plan === plan && before.paidUntil !== null && before.paidUntil > now;
  const subscription = await tx.agency.update({
    where: { id: agencyId },
    data: {
      plan,
      paidUntil: monthsAfter(goesOn ? before.paidUntil! : now, payment.months!),
      graceUntil: null,
      subscriptionVersion: { increment: 1 },
    },
  });
  await emit(subscriptionRenewed, { subscription, payment }, changed(before, subscription));
}

/**
 * A payment that failed leaves a week to mend it. The first failure since the last success starts the week and no other does,
 * or a card that never works would pay for ever.
 */
export async function startGrace(tx: Transaction, audit: Audit, agencyId: number): Promise<void> {
  const before = await lockAgency(tx, agencyId);
  const { graceUntil, paidUntil } = before;
  if (graceUntil) return;
  const now = clock.now();
  const from = paidUntil && paidUntil > now ? paidUntil : now;
  const subscription = await tx.agency.update({
    where: { id: agencyId },
    data: { graceUntil: new Date(from.getTime() + GRACE_MS), subscriptionVersion: { increment: 1 } },
  });
  audit('subscription.grace_started', `subscription:${agencyId}`, changed(before, subscription));
}

/** Held until the transaction ends, so that two payments make two months; what points at the agency is not held up by it. */
async function lockAgency(tx: Transaction, id: number) {
  await tx.$queryRaw`select id from agency where id = ${id} for no key update`;
  return tx.agency.findUniqueOrThrow({ where: { id } });
}

/** Calendar months in UTC: from 31 January to the last day of February. */
function monthsAfter(from: Date, months: number): Date {
  const later = Temporal.Instant.fromEpochMilliseconds(from.getTime()).toZonedDateTimeISO('UTC').add({ months });
  return new Date(later.epochMilliseconds);
}
