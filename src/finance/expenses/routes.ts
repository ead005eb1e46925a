import { listRow, type Row } from '../../graph/row.ts';
import { expenses } from './types.ts';

const tag = 'Expenses';

const EXPENSE = `
  id property_id: propertyId property { id code name } date label amount currency
  created_at: createdAt updated_at: updatedAt`;

export const expenseRoutes: Row[] = [
  listRow({ path: '/v1/expenses', list: expenses, fields: EXPENSE, tag, summary: 'List expenses' }),
  {
    method: 'GET',
    path: '/v1/expenses/{id}',
    tag,
    summary: 'Read an expense',
    document: `query ($id: ID!) { data: expense(id: $id) { ${EXPENSE} } }`,
  },
  {
    method: 'POST',
    path: '/v1/expenses',
    status: 201,
    tag,
    summary: 'Write down an expense',
    document: `mutation ($input: CreateExpenseInput!) { data: createExpense(input: $input) { ${EXPENSE} } }`,
    example: { property_id: 12, date: '2026-07-14', label: 'Pool chemicals', amount: 420.5 },
  },
  {
    method: 'PATCH',
    path: '/v1/expenses/{id}',
    tag,
    summary: 'Correct an expense',
    document: `mutation ($id: ID!, $input: UpdateExpenseInput!) {
      data: updateExpense(id: $id, input: $input) { ${EXPENSE} }
    }`,
    example: { amount: 405 },
  },
  {
    method: 'DELETE',
    path: '/v1/expenses/{id}',
    status: 204,
    tag,
    summary: 'Take an expense back',
    document: 'mutation ($id: ID!) { data: deleteExpense(id: $id) { id } }',
  },
];
