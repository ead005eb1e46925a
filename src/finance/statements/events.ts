import { z } from 'zod';
import { instant, toDay } from '../../core/dates.ts';
import { toDecimal } from '../../core/money.ts';
import { declareEvent } from '../../outbox/event.ts';
import type { StatementRow } from './types.ts';

/** A statement with the name of whom it is for. */
export type TellableStatement = Omit<StatementRow, 'sourcesHash' | 'createdAt' | 'updatedAt'> & { ownerName: string };

const StatementData = z.object({
  statement: z.object({
    id: z.int(),
    owner_id: z.int(),
    owner_name: z.string(),
    from: z.iso.date().describe('The first day of the month.'),
    to: z.iso.date().describe('The last day of the month.'),
    revision: z.int().describe('Above 1, it stands in place of the one before.'),
    currency: z.string().length(3),
    revenue: z.number(),
    commission: z.number(),
    expenses: z.number(),
    net: z.number().describe('What the owner is paid: revenue less commission less expenses.'),
    generated_at: z.iso.datetime({ offset: true }),
  }),
});

const example: z.infer<typeof StatementData> = {
  statement: {
    id: 310,
    owner_id: 5,
    owner_name: 'Leïla Bennani',
    from: '2026-07-01',
    to: '2026-07-31',
    revision: 1,
    currency: 'MAD',
    revenue: 42350,
    commission: 5293.75,
    expenses: 870.5,
    net: 36185.75,
    generated_at: '2026-08-01T00:12:09+00:00',
  },
};

export const statementReady = declareEvent<{ statement: TellableStatement }>({
  name: 'owner.statement_ready',
  summary: 'Monthly statement available (1st of the next month)',
  ability: 'statements:read',
  data: StatementData,
  render: ({ statement }): z.infer<typeof StatementData> => ({
    statement: {
      id: statement.id,
      owner_id: statement.ownerId,
      owner_name: statement.ownerName,
      from: toDay(statement.from),
      to: toDay(statement.to),
      revision: statement.revision,
      currency: statement.currency,
      revenue: toDecimal(statement.revenueMinor, statement.currency),
      commission: toDecimal(statement.commissionMinor, statement.currency),
      expenses: toDecimal(statement.expensesMinor, statement.currency),
      net: toDecimal(statement.netMinor, statement.currency),
      generated_at: instant(statement.generatedAt),
    },
  }),
  // Each revision is a statement of its own, of which there is one thing to tell.
  read: 'statement',
  subject: ({ statement }) => ({ kind: 'statement', id: statement.id, version: statement.revision }),
  example,
});
