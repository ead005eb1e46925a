import { z } from 'zod';
import { instant, toDay } from '../../core/dates.ts';
import { declareEvent } from '../../outbox/event.ts';
import type { ConflictRow, SourceRow } from './types.ts';

/** A conflict, with whose nights they are here: of a block only the calendar that brought it is known, if any. */
export interface ConflictFacts {
  conflict: Omit<ConflictRow, 'createdAt' | 'updatedAt'>;
  holder: { source: string; checkIn: string; checkOut: string };
}

const ConflictData = z.object({
  conflict: z.object({
    id: z.int(),
    property_id: z.int(),
    kind: z.enum(['overlap', 'double_import', 'echo_suspected']),
    nights: z.array(z.iso.date()).describe('The nights that both claim.'),
    a: z
      .object({
        booking_id: z.int().nullable().describe('Null when a block has the nights.'),
        source: z.string().describe('airbnb, booking, direct …; of a block, whose calendar it came from.'),
        check_in: z.iso.date(),
        check_out: z.iso.date(),
      })
      .describe('Who has the nights here.'),
    b: z
      .object({
        ical_source_id: z.int(),
        uid: z.string(),
        summary: z.string().nullable(),
        check_in: z.iso.date(),
        check_out: z.iso.date(),
      })
      .describe('The calendar’s event that claims them too.'),
    first_seen_at: z.iso.datetime({ offset: true }),
  }),
});

export const conflictDetected = declareEvent<ConflictFacts>({
  name: 'ical.conflict_detected',
  summary: 'An imported iCal event overlaps a booking',
  ability: 'properties:read',
  data: ConflictData,
  render: ({ conflict, holder }): z.infer<typeof ConflictData> => ({
    conflict: {
      id: conflict.id,
      property_id: conflict.propertyId,
      kind: conflict.kind.toLowerCase() as 'overlap',
      nights: conflict.nights,
      a: {
        booking_id: conflict.bookingId,
        source: holder.source,
        check_in: holder.checkIn,
        check_out: holder.checkOut,
      },
      b: {
        ical_source_id: conflict.sourceId,
        uid: conflict.uid,
        summary: conflict.summary,
        check_in: toDay(conflict.checkIn),
        check_out: toDay(conflict.checkOut),
      },
      first_seen_at: instant(conflict.firstSeenAt),
    },
  }),
  // A conflict is told of once; how it ends is in the list.
  read: 'icalConflict',
  subject: ({ conflict }) => ({ kind: 'ical_conflict', id: conflict.id, version: 1 }),
  example: {
    conflict: {
      id: 31,
      property_id: 12,
      kind: 'overlap',
      nights: ['2026-08-12'],
      a: { booking_id: 9876, source: 'direct', check_in: '2026-08-10', check_out: '2026-08-13' },
      b: {
        ical_source_id: 5,
        uid: '1418fb94e984-5b1f@airbnb.com',
        summary: 'Reserved',
        check_in: '2026-08-12',
        check_out: '2026-08-15',
      },
      first_seen_at: '2026-07-15T10:23:41+00:00',
    },
  } satisfies z.infer<typeof ConflictData>,
});

const FailureData = z.object({
  ical_source: z.object({
    id: z.int(),
    property_id: z.int(),
    channel: z.enum(['airbnb', 'booking', 'vrbo', 'other']),
    url: z.string().describe('Without what makes it secret.'),
    failures: z.int().describe('Readings in a row that failed.'),
    last_success_at: z.iso.datetime({ offset: true }).nullable(),
  }),
  error: z.object({
    reason: z.string().describe('timeout, dns, not_found, unauthorized, http_5xx, not_a_calendar …'),
    message: z.string().describe('The same in a sentence, with what to look at.'),
  }),
});

export const syncFailed = declareEvent<{ source: SourceRow }>({
  name: 'ical.sync_failed',
  summary: 'iCal source could not be read (invalid URL, source down, not a calendar)',
  ability: 'properties:read',
  data: FailureData,
  render: ({ source }): z.infer<typeof FailureData> => ({
    ical_source: {
      id: source.id,
      property_id: source.propertyId,
      channel: source.channel.toLowerCase() as 'airbnb',
      url: source.urlShown,
      failures: source.failures,
      last_success_at: source.lastSuccessAt && instant(source.lastSuccessAt),
    },
    error: { reason: source.reason ?? 'network', message: source.message ?? '' },
  }),
  read: 'icalSource',
  subject: ({ source }) => ({ kind: 'ical_source', id: source.id, version: source.version }),
  example: {
    ical_source: {
      id: 5,
      property_id: 12,
      channel: 'airbnb',
      url: 'https://www.airbnb.com/calendar/ical/1234567.ics?s=***',
      failures: 1,
      last_success_at: '2026-07-15T10:08:11+00:00',
    },
    error: {
      reason: 'not_found',
      message:
        'The channel answered 404: there is no calendar at this address. Copy its address from the channel again.',
    },
  } satisfies z.infer<typeof FailureData>,
});
