import { refuse } from '../../core/errors.ts';
import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { type ReviewInput, ReviewInputType, reviewProblems, tidy } from './input.ts';
import { Review } from './types.ts';
import { writeReviews } from './write.ts';

/**
 * Takes a guest's review. One that the source has told before, by its external id, is the same review: its content is brought
 * up to date, and nobody is told of it again.
 */
export function createReview(viewer: Viewer, given: ReviewInput) {
  const input = tidy(given);
  refuse(reviewProblems(input));
  return viewer.write(async (tx, _emit, audit) => {
    const [written] = await writeReviews(viewer, tx, audit, [input], (_i, field) => field);
    return written!.review;
  });
}

builder.mutationField('createReview', (t) =>
  t.field({
    type: Review,
    description:
      'Takes a guest’s review. One that has been taken already, by its source and external id, is brought up to date instead.',
    ability: 'reviews:write',
    args: { input: t.arg({ type: ReviewInputType, required: true }) },
    resolve: (_root, { input }, { viewer }) => createReview(viewer, input),
  }),
);
