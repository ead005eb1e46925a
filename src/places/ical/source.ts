import { NotFound } from '../../core/errors.ts';
import type { Transaction } from '../../database/index.ts';
import { parseId } from '../../graph/ids.ts';
import type { SourceRow } from './types.ts';

/** The source, held until the transaction ends, so that two readings of one calendar come one after the other. */
export async function lockSource(tx: Transaction, id: string | number): Promise<SourceRow> {
  const number = parseId(id) ?? -1;
  await tx.$queryRaw`select id from ical_source where id = ${number} for update`;
  const source = await tx.icalSource.findFirst({ where: { id: number } });
  if (!source) throw new NotFound('calendar of a channel');
  return source;
}

/** What a channel is called in a sentence. */
export const CHANNEL_NAMES = { AIRBNB: 'Airbnb', BOOKING: 'Booking.com', VRBO: 'Vrbo', OTHER: 'iCal' } as const;

/** What a booking's `source` says of a channel: the first is what we write ourselves. */
export const BOOKING_SOURCES = {
  AIRBNB: ['airbnb'],
  BOOKING: ['booking', 'booking.com'],
  VRBO: ['vrbo', 'homeaway'],
  OTHER: ['ical', 'other'],
} as const;
