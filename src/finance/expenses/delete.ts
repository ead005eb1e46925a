import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { whole } from '../../outbox/audit.ts';
import { Expense } from './types.ts';
import { lock } from './update.ts';

/** Takes an expense back. Statements that were made with it keep their line; the next run makes another revision. */
export function deleteExpense(viewer: Viewer, { id }: { id: string }) {
  return viewer.write(async (tx, _emit, audit) => {
    const expense = await lock(tx, id);
    await tx.expense.delete({ where: { id: expense.id } });
    audit('expense.deleted', `expense:${expense.id}`, whole(expense));
    return expense;
  });
}

builder.mutationField('deleteExpense', (t) =>
  t.field({
    type: Expense,
    description: 'Takes an expense back. Statements that were made with it keep their line.',
    ability: 'statements:write',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { viewer }) => deleteExpense(viewer, { id }),
  }),
);
