import { Conflict, Invalid, NotFound } from '../../core/errors.ts';
import { toMinor } from '../../core/money.ts';
import { textProblem } from '../../core/text.ts';
import type { Transaction } from '../../database/index.ts';
import { parseId } from '../../graph/ids.ts';
import { photoProblems } from '../photos.ts';
import type { MaintenanceTicketRow } from './types.ts';

/** What may be said of a ticket, whether it is new or not. */
export interface TicketFields {
  bookingId?: string | null;
  title?: string | null;
  description?: string | null;
  category?: string | null;
  priority?: MaintenanceTicketRow['priority'] | null;
  vendor?: string | null;
  photos?: string[] | null;
}

export function ticketProblems(input: TicketFields) {
  return {
    title: textProblem(input.title, { required: true }),
    description: textProblem(input.description, { most: 10_000 }),
    category: textProblem(input.category, { most: 50 }),
    vendor: textProblem(input.vendor, { required: true }),
    ...photoProblems('photos', input.photos),
  };
}

/** One spelling of a category, so that a filter finds all of it. A blank one is none. */
export function categoryOf(category: string | null | undefined): string | null | undefined {
  return category == null ? category : category.trim().toLowerCase() || null;
}

/** An amount in minor units of the ticket's currency. */
export function costOf(cost: string, currency: string): number {
  const minor = toMinor(cost, currency);
  if (minor === undefined || minor < 0) {
    const rule = `must be an amount of ${currency}, 0 or more, with no more decimals than ${currency} has`;
    throw new Invalid({ cost: [rule] });
  }
  return minor;
}

export async function bookingOf(tx: Transaction, id: string, propertyId: number): Promise<number> {
  const booking = await tx.booking.findFirst({ where: { id: parseId(id) ?? -1, propertyId }, select: { id: true } });
  if (!booking) throw new Invalid({ bookingId: ['is not a booking of this property'] });
  return booking.id;
}

/** The ticket, held until the transaction ends, so that two changes of one ticket come one after the other. */
export async function lock(tx: Transaction, id: string): Promise<MaintenanceTicketRow> {
  const number = parseId(id) ?? -1;
  await tx.$queryRaw`select id from maintenance_ticket where id = ${number} for update`;
  const ticket = await tx.maintenanceTicket.findFirst({ where: { id: number } });
  if (!ticket) throw new NotFound('maintenance ticket');
  return ticket;
}

export function refuseResolved({ status }: MaintenanceTicketRow, action: string): void {
  if (status !== 'RESOLVED') return;
  const hint = 'Create another one for what is wrong now.';
  throw new Conflict('INVALID_TRANSITION', `A maintenance ticket that is resolved can't be ${action}. ${hint}`);
}
