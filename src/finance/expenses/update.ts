import { NotFound, refuseNulls } from '../../core/errors.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import { builder } from '../../graph/builder.ts';
import { parseId } from '../../graph/ids.ts';
import { changed } from '../../outbox/audit.ts';
import { type ExpenseInput, expenseColumns } from './input.ts';
import { Expense, type ExpenseRow } from './types.ts';

/** Corrects an expense. A statement that was made with it stays as it is; the next run makes another revision. */
export function updateExpense(viewer: Viewer, { id, input }: { id: string; input: ExpenseInput }) {
  refuseNulls(input, ['propertyId', 'date', 'label', 'amount']);
  return viewer.write(async (tx, _emit, audit) => {
    const before = await lock(tx, id);
    const data = await expenseColumns(tx, input, before.currency);
    const expense = await tx.expense.update({ where: { id: before.id }, data });
    audit('expense.updated', `expense:${expense.id}`, changed(before, expense));
    return expense;
  });
}

/** The expense, held until the transaction ends, so that two changes of one come one after the other. */
export async function lock(tx: Transaction, id: string): Promise<ExpenseRow> {
  const number = parseId(id) ?? -1;
  await tx.$queryRaw`select id from expense where id = ${number} for update`;
  const expense = await tx.expense.findFirst({ where: { id: number } });
  if (!expense) throw new NotFound('expense');
  return expense;
}

const UpdateExpenseInput = builder.inputType('UpdateExpenseInput', {
  fields: (t) => ({
    propertyId: t.id(),
    date: t.field({ type: 'LocalDate', description: 'The day whose month it is taken off.' }),
    label: t.string({ description: 'What it was for, as the owner reads it.' }),
    amount: t.field({ type: 'Money', description: "In the expense's currency, 0 or more." }),
  }),
});

builder.mutationField('updateExpense', (t) =>
  t.field({
    type: Expense,
    description: 'Changes the fields that are given and leaves the others as they are.',
    ability: 'statements:write',
    args: { id: t.arg.id({ required: true }), input: t.arg({ type: UpdateExpenseInput, required: true }) },
    resolve: (_root, { id, input }, { viewer }) => updateExpense(viewer, { id, input }),
  }),
);
