import { listRow, type Row } from '../../graph/row.ts';
import { reviews } from './types.ts';

const tag = 'Reviews';

const REVIEW = `
  id property_id: propertyId property { id code name } booking_id: bookingId source external_id: externalId
  rating rating_scale: ratingScale score low_rating: lowRating guest_name: guestName comment
  reviewed_at: reviewedAt created_at: createdAt updated_at: updatedAt`;

const example = {
  property_id: 12,
  source: 'booking',
  external_id: '4189022617',
  rating: 5.8,
  guest_name: 'Karim B.',
  comment: 'Lovely house, but the hot water ran out every evening.',
  reviewed_at: '2025-08-21T18:02:00+00:00',
};

export const reviewRoutes: Row[] = [
  listRow({ path: '/v1/reviews', list: reviews, fields: REVIEW, tag, summary: 'List reviews' }),
  {
    method: 'GET',
    path: '/v1/reviews/{id}',
    tag,
    summary: 'Read a review',
    document: `query ($id: ID!) { data: review(id: $id) { ${REVIEW} } }`,
  },
  {
    method: 'POST',
    path: '/v1/reviews',
    status: 201,
    tag,
    summary: 'Take a guest’s review',
    document: `mutation ($input: ReviewInput!) { data: createReview(input: $input) { ${REVIEW} } }`,
    example,
  },
  {
    method: 'POST',
    path: '/v1/reviews/import',
    tag,
    summary: 'Take many reviews at once',
    document: `mutation ($reviews: [ReviewInput!]!) { data: importReviews(reviews: $reviews) { created updated unchanged } }`,
    example: {
      reviews: [
        { ...example, external_id: '4189022618' },
        { ...example, external_id: '4189022619', rating: 9.4, comment: null },
      ],
    },
  },
];
