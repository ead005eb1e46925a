import { Conflict, refuse } from '../../core/errors.ts';
import { textProblem } from '../../core/text.ts';
import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { refuseOwnWord } from './operator.ts';
import { settle } from './settle.ts';
import { lockPayment, Payment } from './types.ts';

interface Ending {
  id: string;
  reason?: string | null;
  providerReference?: string | null;
}

/** The money has come. A payment that had failed succeeds too: the guest tried again. */
export function succeedPayment(viewer: Viewer, { id, providerReference }: Ending) {
  refuse({ providerReference: textProblem(providerReference) });
  return viewer.write(async (tx, emit, audit) => {
    const before = await lockPayment(tx, id);
    refuseOwnWord(viewer, before.purpose);
    return settle(tx, { emit, audit }, before, {
      status: 'SUCCEEDED',
      providerReference: providerReference ?? undefined,
    });
  });
}

/** The money will not come. What has come can't fail any more. */
export function failPayment(viewer: Viewer, { id, reason }: Ending) {
  refuse({ reason: textProblem(reason, { most: 1_000 }) });
  return viewer.write(async (tx, emit, audit) => {
    const before = await lockPayment(tx, id);
    refuseOwnWord(viewer, before.purpose);
    if (before.status === 'SUCCEEDED') {
      const hint = 'The money has come; a refund is a payment of its own, outside Bellhop.';
      throw new Conflict('INVALID_TRANSITION', `A payment that has succeeded can't fail. ${hint}`);
    }
    return settle(tx, { emit, audit }, before, { status: 'FAILED', failureReason: reason });
  });
}

builder.mutationField('succeedPayment', (t) =>
  t.field({
    type: Payment,
    description: 'Says that the money of a pending or failed payment has come.',
    ability: 'payments:write',
    args: {
      id: t.arg.id({ required: true }),
      providerReference: t.arg.string({ description: 'What the provider calls the transaction.' }),
    },
    resolve: (_root, args, { viewer }) => succeedPayment(viewer, args),
  }),
);

builder.mutationField('failPayment', (t) =>
  t.field({
    type: Payment,
    description: 'Says that a pending payment came to nothing.',
    ability: 'payments:write',
    args: { id: t.arg.id({ required: true }), reason: t.arg.string({ description: 'Why, in a sentence.' }) },
    resolve: (_root, args, { viewer }) => failPayment(viewer, args),
  }),
);
