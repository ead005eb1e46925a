import type { Transaction } from './index.ts';

/** A Prisma transaction as something that runs a text with numbered parameters, for statements that the relay runs too. */
export function queryable(tx: Transaction) {
  return {
    async query(text: string, values: unknown[]) {
      return { rows: await tx.$queryRawUnsafe<Record<string, unknown>[]>(text, ...values) };
    },
  };
}
