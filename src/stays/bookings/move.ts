import type { Prisma } from '../../../prisma/generated/client/client.ts';
import type { BookingStatus } from '../../../prisma/generated/client/enums.ts';
import { Conflict, NotFound } from '../../core/errors.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import { parseId } from '../../graph/ids.ts';
import { changed } from '../../outbox/audit.ts';
import type { EventDeclaration } from '../../outbox/event.ts';
import { freeNights, takeNights } from '../../places/inventory.ts';
import { HOLDING, recount, spanOf } from './nights.ts';
import type { BookingRow } from './types.ts';

/** A step in a booking's life. */
export interface Step {
  from: BookingStatus[];
  to: BookingStatus;
  event: EventDeclaration<{ booking: BookingRow }>;
  /** What else must be true, in the same conditional update. */
  where?: (viewer: Viewer) => Prisma.BookingWhereInput;
  /** What else changes. */
  data?: () => Prisma.BookingUpdateManyMutationInput;
  /** The refusal, for whoever finds the booking elsewhere. */
  refusal: (booking: BookingRow) => Conflict;
}

/**
 * Moves a booking one step: guard, then diagnose. One conditional update states everything that must be true; if it
 * changed nothing, the booking is read and the answer names what was found. Asking twice is harmless.
 */
export function move(viewer: Viewer, id: string, step: Step): Promise<BookingRow> {
  return viewer.write(async (tx, emit) => {
    const before = await lock(tx, id);
    const { count } = await tx.booking.updateMany({
      where: { id: before.id, status: { in: step.from }, ...step.where?.(viewer) },
      data: { ...step.data?.(), status: step.to, previousStatus: before.status, version: { increment: 1 } },
    });
    if (count === 0 && before.status === step.to) return before; // A retry has nothing new to tell anyone.
    if (count === 0) throw step.refusal(before);
    const booking = await tx.booking.findFirstOrThrow({ where: { id: before.id } });
    await settleNights(tx, before, booking);
    await emit(step.event, { booking }, changed(before, booking));
    return booking;
  });
}

/** The booking, held until the transaction ends, so that two steps of one booking come one after the other. */
export async function lock(tx: Transaction, id: string): Promise<BookingRow> {
  const number = parseId(id) ?? -1;
  await tx.$queryRaw`select id from booking where id = ${number} for update`;
  const booking = await tx.booking.findFirst({ where: { id: number } });
  if (!booking) throw new NotFound('booking');
  return booking;
}

/** Frees or takes the nights as the new status holds them or not, and says whether they count. */
export async function settleNights(tx: Transaction, before: BookingRow, after: BookingRow): Promise<void> {
  const held = HOLDING.includes(before.status);
  const holds = HOLDING.includes(after.status);
  if (held && !holds) await freeNights(tx, spanOf(after));
  if (!held && holds) await takeNights(tx, spanOf(after));
  await recount(tx, after);
}

/** The usual refusal: which state it is in, and what can be done from there. */
export function notFrom(action: string, hint: string) {
  return (booking: BookingRow) =>
    new Conflict('INVALID_TRANSITION', `A booking that is ${words(booking.status)} can't be ${action}. ${hint}`);
}

const words = (status: BookingStatus): string => status.toLowerCase().replace('_', ' ');
