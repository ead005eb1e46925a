import { z } from 'zod';
import { instant } from '../../core/dates.ts';
import { declareEvent } from '../../outbox/event.ts';
import type { ReviewRow } from './types.ts';

const ReviewData = z.object({
  review: z.object({
    id: z.int(),
    property_id: z.int(),
    booking_id: z.int().nullable(),
    source: z.string().describe('airbnb, booking, google, manual …'),
    external_id: z.string().nullable().describe('What the source calls it.'),
    rating: z.number().describe('As the guest gave it.'),
    rating_scale: z.number().describe('The best rating that could be given.'),
    score: z.number().describe('The rating out of 5, to hundredths.'),
    low_rating: z.boolean().describe('A score of 3 or less.'),
    guest_name: z.string().nullable(),
    comment: z.string().nullable(),
    reviewed_at: z.iso.datetime({ offset: true }).nullable().describe('When the guest gave it.'),
    created_at: z.iso.datetime({ offset: true }),
  }),
});

const example: z.infer<typeof ReviewData> = {
  review: {
    id: 512,
    property_id: 12,
    booking_id: 9876,
    source: 'booking',
    external_id: '4189022617',
    rating: 5.8,
    rating_scale: 10,
    score: 2.9,
    low_rating: true,
    guest_name: 'Karim B.',
    comment: 'Lovely house, but the hot water ran out every evening.',
    reviewed_at: '2026-08-21T18:02:00+00:00',
    created_at: '2026-08-22T06:00:03+00:00',
  },
};

export const reviewReceived = declareEvent<{ review: ReviewRow }>({
  name: 'review.received',
  summary: 'New guest review (reputation management, low-rating alert)',
  ability: 'reviews:read',
  data: ReviewData,
  render: ({ review }): z.infer<typeof ReviewData> => ({
    review: {
      id: review.id,
      property_id: review.propertyId,
      booking_id: review.bookingId,
      source: review.source,
      external_id: review.externalId,
      rating: review.ratingHundredths / 100,
      rating_scale: review.ratingScaleHundredths / 100,
      score: review.scoreHundredths / 100,
      low_rating: review.lowRating,
      guest_name: review.guestName,
      comment: review.comment,
      reviewed_at: review.reviewedAt && instant(review.reviewedAt),
      created_at: instant(review.createdAt),
    },
  }),
  read: 'review',
  subject: ({ review }) => ({ kind: 'review', id: review.id, version: review.version }),
  example,
});
