import { Conflict, NotFound } from '../../core/errors.ts';
import type { Transaction } from '../../database/index.ts';
import { parseId } from '../../graph/ids.ts';
import type { CleaningTaskRow } from './types.ts';

/** The task, held until the transaction ends, so that two steps of one task come one after the other. */
export async function lock(tx: Transaction, id: string): Promise<CleaningTaskRow> {
  const number = parseId(id) ?? -1;
  await tx.$queryRaw`select id from cleaning_task where id = ${number} for update`;
  const task = await tx.cleaningTask.findFirst({ where: { id: number } });
  if (!task) throw new NotFound('cleaning task');
  return task;
}

export const isFinished = ({ status }: CleaningTaskRow): boolean => status === 'COMPLETED' || status === 'SKIPPED';

/** Refuses what can be done only to a task that is neither done nor skipped. */
export function refuseFinished(task: CleaningTaskRow, action: string): void {
  if (!isFinished(task)) return;
  throw new Conflict(
    'INVALID_TRANSITION',
    `A cleaning task that is ${task.status.toLowerCase()} can't be ${action}. Create another one for what is still to be done.`,
  );
}
