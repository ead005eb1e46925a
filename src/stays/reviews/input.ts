import { clock } from '../../core/clock.ts';
import { textProblem } from '../../core/text.ts';
import { builder } from '../../graph/builder.ts';
import { ratingProblems, usualScale } from './rating.ts';

/** A review as a caller tells it. Told again, what isn't said stays as it is, and null empties it. */
export interface ReviewInput {
  propertyId: string;
  bookingId?: string | null;
  source: string;
  externalId?: string | null;
  rating: number;
  ratingScale?: number | null;
  guestName?: string | null;
  comment?: string | null;
  reviewedAt?: Date | null;
}

/** Texts as they are kept: trimmed, and null where nothing is left of them. */
export function tidy(input: ReviewInput): ReviewInput {
  return {
    ...input,
    source: text(input.source)?.toLowerCase() ?? '',
    externalId: input.externalId == null ? input.externalId : (text(input.externalId) ?? ''),
    guestName: text(input.guestName),
    comment: text(input.comment),
  };
}

/** Half an emoji, as tools leave it that cut texts by length, would be refused by the database. */
function text(given: string | null | undefined): string | null | undefined {
  if (given == null) return given;
  return Buffer.from(given.trim()).toString() || null;
}

export const scaleOf = ({ source, ratingScale }: ReviewInput): number => ratingScale ?? usualScale(source);

const DAY_MS = 86_400_000;

/** What can't be true of a review, whatever the agency has. */
export function reviewProblems(input: ReviewInput) {
  return {
    source: textProblem(input.source, { most: 50, required: true }) ?? nul(input.source),
    externalId: textProblem(input.externalId, { required: true }) ?? nul(input.externalId),
    ...ratingProblems(input.rating, scaleOf(input)),
    guestName: textProblem(input.guestName) ?? nul(input.guestName),
    comment: textProblem(input.comment, { most: 10_000 }) ?? nul(input.comment),
    reviewedAt:
      input.reviewedAt &&
      input.reviewedAt.getTime() > clock.now().getTime() + DAY_MS && // The source's clock may be a little ahead of ours.
      'must not lie in the future',
  };
}

const nul = (given: string | null | undefined) => given?.includes('\0') && 'must not contain the NUL character';

export const ReviewInputType = builder.inputType('ReviewInput', {
  description: 'What a guest has said, as a person or a channel tells it.',
  fields: (t) => ({
    propertyId: t.id({ required: true }),
    bookingId: t.id({ description: 'The stay that it is about; one of this property.' }),
    source: t.string({ required: true, description: 'Where it was given: airbnb, booking, google, manual …' }),
    externalId: t.string({
      description:
        'What the source calls it. Sent again with the same, it is the same review; without, each is a new one.',
    }),
    rating: t.float({ required: true, description: 'As the guest gave it. Kept to hundredths.' }),
    ratingScale: t.float({
      description: 'The best rating that could be given. When not said, 10 for Booking.com and its like, otherwise 5.',
    }),
    guestName: t.string({ description: 'As the source shows it.' }),
    comment: t.string({ description: 'In the guest’s own words.' }),
    reviewedAt: t.field({ type: 'DateTime', description: 'When the guest gave it.' }),
  }),
});
