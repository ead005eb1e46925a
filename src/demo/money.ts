import { clock } from '../core/clock.ts';
import { addDays } from '../core/dates.ts';
import { basisPoints, toDecimal } from '../core/money.ts';
import type { Audit, Emit, Viewer } from '../core/viewer.ts';
import type { Transaction } from '../database/index.ts';
import { insertMany } from '../database/insert.ts';
import { createInvoice } from '../finance/invoices/create.ts';
import { payInvoice } from '../finance/invoices/pay.ts';
import { sendInvoice } from '../finance/invoices/send.ts';
import { voidInvoice } from '../finance/invoices/void.ts';
import { createPayment } from '../finance/payments/create.ts';
import { generateStatements } from '../finance/statements/generate.ts';
import { monthBefore } from '../finance/statements/month.ts';
import { generateTaxReport } from '../finance/tax-reports/generate.ts';
import { quarterBefore } from '../finance/tax-reports/period.ts';
import { createTaxTariff } from '../finance/tax-reports/tariffs/create.ts';
import { BILLS, SPENT, TARIFFS } from './bills.ts';
import type { BuiltPlace } from './season.ts';

/**
 * The agency's money: what it has billed to owners and been paid, deposits of guests, what the houses have cost last month,
 * and what the communes ask. What is told is done by the operations that people use, in the transaction that the demo is made in.
 */
export async function makeMoney(
  viewer: Viewer,
  { tx, emit, audit }: { tx: Transaction; emit: Emit; audit: Audit },
  places: BuiltPlace[],
): Promise<void> {
  const mine = Object.assign(viewer.within(tx), {
    write: <T>(facts: (tx: Transaction, emit: Emit, audit: Audit) => Promise<T>) => facts(tx, emit, audit),
  });
  const month = monthBefore(viewer.today);
  const { id: agencyId, currency } = viewer.agency;
  const now = clock.now();
  await insertMany(
    tx,
    'expense',
    SPENT.map(({ day, label, cents }, i) => ({
      ...{ agencyId, propertyId: places[(i * 5) % places.length]!.propertyId, date: `${month}-${day}`, label },
      ...{ amountMinor: cents, currency, createdAt: now, updatedAt: now },
    })),
  );
  await bill(mine, tx, month);
  await takeDeposits(mine, tx);
  for (const tariff of TARIFFS)
    await createTaxTariff(mine, { ...tariff, validFrom: `${Number(month.slice(0, 4)) - 1}-01-01` });
}

/** What is made from all that, by those who read it when it is there. */
export async function closeBooks(viewer: Viewer): Promise<void> {
  await generateStatements(viewer, { month: monthBefore(viewer.today) });
  await generateTaxReport(viewer, { period: quarterBefore(viewer.today).name });
}

async function bill(viewer: Viewer, tx: Transaction, month: string): Promise<void> {
  const owners = await tx.owner.findMany({ orderBy: { id: 'asc' } });
  for (const { owner, fate, lines } of BILLS) {
    const { id } = await createInvoice(viewer, {
      ownerId: String(owners[owner]!.id),
      dueOn: addDays(viewer.today, 30),
      lines: lines.map((line) => ({ ...line, description: `${line.description}, ${month}` })),
    });
    const invoice = { id: String(id) };
    if (fate !== 'draft') await sendInvoice(viewer, invoice);
    if (fate === 'paid') await payInvoice(viewer, { ...invoice, method: 'transfer' });
    if (fate === 'part paid') await payInvoice(viewer, { ...invoice, method: 'transfer', amount: '500' });
    if (fate === 'void') await voidInvoice(viewer, invoice);
  }
}

/** Three tenths of the next stays that were booked directly, by card: the last card was declined, and one is waited for. */
async function takeDeposits(viewer: Viewer, tx: Transaction): Promise<void> {
  const stays = await tx.booking.findMany({
    where: { status: 'CONFIRMED', source: 'direct' },
    orderBy: [{ checkIn: 'asc' }, { id: 'asc' }],
    take: 5,
  });
  for (const [i, { id, reference, grossMinor, currency }] of stays.entries()) {
    const amount = String(toDecimal(basisPoints(grossMinor, 3_000), currency));
    const payment = { purpose: 'BOOKING' as const, bookingId: String(id), amount, method: 'cmi', orderId: reference };
    if (i === stays.length - 1)
      await createPayment(viewer, { ...payment, status: 'FAILED', failureReason: 'Not sufficient funds' });
    else if (i === stays.length - 2) await createPayment(viewer, { ...payment, status: 'PENDING' });
    else await createPayment(viewer, payment);
  }
}
