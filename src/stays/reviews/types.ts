import type { Review as ReviewRow } from '../../../prisma/generated/client/client.ts';
import { builder } from '../../graph/builder.ts';
import { declareList } from '../../graph/list.ts';
import { declareRead } from '../../graph/read.ts';

export type { ReviewRow };

export const Review = builder.prismaObject('Review', {
  description: 'What a guest said of a stay, at whichever channel.',
  fields: (t) => ({
    id: t.exposeID('id'),
    propertyId: t.exposeID('propertyId'),
    property: t.relation('property', { abilityBeyondName: 'properties:read' }),
    bookingId: t.exposeID('bookingId', {
      nullable: true,
      description: 'The stay that it is about, where that is known.',
    }),
    booking: t.relation('booking', {
      nullable: true,
      ability: 'bookings:read',
      description: 'The stay that it is about, where that is known.',
    }),
    source: t.exposeString('source', { description: 'Where it was given: airbnb, booking, google, manual …' }),
    externalId: t.exposeString('externalId', { nullable: true, description: 'What the source calls it.' }),
    rating: t.float({
      description: 'As the guest gave it.',
      resolve: ({ ratingHundredths }) => ratingHundredths / 100,
      sql: (r) => hundredths(`${r}.rating_hundredths`),
    }),
    ratingScale: t.float({
      description: 'The best rating that could be given: 5 at Airbnb, 10 at Booking.com.',
      resolve: ({ ratingScaleHundredths }) => ratingScaleHundredths / 100,
      sql: (r) => hundredths(`${r}.rating_scale_hundredths`),
    }),
    score: t.float({
      description: 'The rating out of 5, to hundredths, so that ratings of all sources compare.',
      resolve: ({ scoreHundredths }) => scoreHundredths / 100,
      sql: (r) => hundredths(`${r}.score_hundredths`),
    }),
    lowRating: t.exposeBoolean('lowRating', { description: 'Whether somebody should look: a score of 3 or less.' }),
    guestName: t.exposeString('guestName', { nullable: true, description: 'As the source shows it.' }),
    comment: t.exposeString('comment', { nullable: true, description: 'In the guest’s own words.' }),
    reviewedAt: t.expose('reviewedAt', { type: 'DateTime', nullable: true, description: 'When the guest gave it.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
  }),
});

/** The same division of the same doubles as the resolvers make. */
const hundredths = (column: string): string => `(${column} / 100::float8)`;

export const reviews = declareList({
  field: 'reviews',
  type: 'Review',
  model: 'review',
  ability: 'reviews:read',
  description: 'What guests have said.',
  filters: {
    propertyId: { column: 'propertyId', op: 'equals', type: 'ID', description: 'Of this property.' },
    bookingId: { column: 'bookingId', op: 'equals', type: 'ID', description: 'Of this stay.' },
    source: { column: 'source', op: 'in', type: 'String', description: 'From any of these sources.' },
    lowRating: {
      column: 'lowRating',
      op: 'equals',
      type: 'Boolean',
      description: 'With a score of 3 or less, or above.',
    },
    reviewedFrom: { column: 'reviewedAt', op: 'gte', type: 'DateTime', description: 'Given at this instant or later.' },
    reviewedTo: { column: 'reviewedAt', op: 'lte', type: 'DateTime', description: 'Given at this instant or earlier.' },
  },
  orders: {
    ID: { column: 'id', kind: 'int' },
    SCORE: { column: 'scoreHundredths', kind: 'int' },
    UPDATED_AT: { column: 'updatedAt', kind: 'instant' },
  },
  defaultOrder: 'ID_DESC', // Not `logged`: a review that is brought up to date is told nobody.
});

declareRead({ field: 'review', noun: 'review', list: reviews });
