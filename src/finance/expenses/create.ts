import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { expenseColumns } from './input.ts';
import { Expense } from './types.ts';

interface NewExpense {
  propertyId: string;
  date: string;
  label: string;
  amount: string;
}

/** Writes down what a property has cost. A statement that is made already doesn't change by it; the next run makes another revision. */
export function createExpense(viewer: Viewer, input: NewExpense) {
  const { id: agencyId, currency } = viewer.agency;
  return viewer.write(async (tx, _emit, audit) => {
    const { propertyId, date, label, amountMinor } = await expenseColumns(tx, input, currency);
    const expense = await tx.expense.create({
      data: { agencyId, currency, propertyId: propertyId!, date: date!, label: label!, amountMinor: amountMinor! },
    });
    audit('expense.created', `expense:${expense.id}`);
    return expense;
  });
}

const CreateExpenseInput = builder.inputType('CreateExpenseInput', {
  fields: (t) => ({
    propertyId: t.id({ required: true }),
    date: t.field({ type: 'LocalDate', required: true, description: 'The day whose month it is taken off.' }),
    label: t.string({ required: true, description: 'What it was for, as the owner reads it.' }),
    amount: t.field({ type: 'Money', required: true, description: "In the agency's currency, 0 or more." }),
  }),
});

builder.mutationField('createExpense', (t) =>
  t.field({
    type: Expense,
    description: 'Writes down what a property has cost its owner. It stands in the next statement of its month.',
    ability: 'statements:write',
    args: { input: t.arg({ type: CreateExpenseInput, required: true }) },
    resolve: (_root, { input }, { viewer }) => createExpense(viewer, input),
  }),
);
