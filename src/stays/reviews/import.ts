import { refuse } from '../../core/errors.ts';
import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { type ReviewInput, ReviewInputType, reviewProblems, tidy } from './input.ts';
import { type Written, writeReviews } from './write.ts';

/** What fits into a transaction that nobody has to wait for. */
const MOST = 1_000;

/** How many reviews an import made, changed, and found as they were. */
type Counts = Record<Written['outcome'], number>;

/** Takes many reviews at once, all or none. It can be repeated: what is known already is brought up to date. */
export function importReviews(viewer: Viewer, { reviews }: { reviews: ReviewInput[] }): Promise<Counts> {
  refuse({ reviews: reviews.length > MOST && `must hold at most ${MOST} reviews` });
  const inputs = reviews.map(tidy);
  refuse(problemsOf(inputs));
  return viewer.write(async (tx, _emit, audit) => {
    const written = await writeReviews(viewer, tx, audit, inputs, nameOf);
    const count = (outcome: Written['outcome']) => written.filter((one) => one.outcome === outcome).length;
    return { created: count('created'), updated: count('updated'), unchanged: count('unchanged') };
  });
}

const nameOf = (i: number, field: string): string => `reviews.${i}.${field}`;

/** All that is wrong in any row. A review that is there twice is too: nobody could say which of the two is right. */
function problemsOf(inputs: ReviewInput[]): Parameters<typeof refuse>[0] {
  const first = new Map<string, number>();
  const problems = inputs.flatMap((input, i) => {
    const key = JSON.stringify([input.source, input.externalId]);
    const twin = input.externalId == null ? undefined : first.get(key);
    if (twin === undefined) first.set(key, i);
    const own = reviewProblems(input);
    const externalId = own.externalId || (twin !== undefined && `is the same as that of reviews.${twin}`);
    return Object.entries({ ...own, externalId }).map(([field, problem]) => [nameOf(i, field), problem] as const);
  });
  return Object.fromEntries(problems);
}

const ReviewImport = builder.objectRef<Counts>('ReviewImport').implement({
  description: 'What an import of reviews came to.',
  fields: (t) => ({
    created: t.exposeInt('created', { description: 'Reviews that are new; each is told with review.received.' }),
    updated: t.exposeInt('updated', { description: 'Reviews that were known and said something else.' }),
    unchanged: t.exposeInt('unchanged', { description: 'Reviews that were known and said the same.' }),
  }),
});

builder.mutationField('importReviews', (t) =>
  t.field({
    type: ReviewImport,
    description: `Takes at most ${MOST} reviews at once, all or none. It can be repeated without doubling those with an external id.`,
    ability: 'reviews:write',
    args: { reviews: t.arg({ type: [ReviewInputType], required: true }) },
    resolve: (_root, { reviews }, { viewer }) => importReviews(viewer, { reviews }),
  }),
);
