import { builder } from '../../graph/builder.ts';
import type { Failure } from './calendar.ts';
import type { Decision } from './decide.ts';
import { SyncStatus } from './types.ts';
import { ACTIONS, type Action } from './work.ts';

/** How a reading ended, and what it did. */
export interface Result {
  status: 'OK' | 'HELD' | 'FAILED';
  reason: string | null;
  message: string | null;
  created: number;
  updated: number;
  cancelled: number;
  blocked: number;
  unblocked: number;
  conflicts: number;
  warnings: string[];
  dryRun: boolean;
  changes: {
    action: Action;
    uid: string;
    summary: string | null;
    checkIn: string;
    checkOut: string;
    bookingId: number | null;
  }[];
}

export function resultOf({ hold, changes, conflicts, warnings }: Decision, { dryRun }: { dryRun: boolean }): Result {
  const count = (action: Action) => changes.filter((change) => change.action === action).length;
  return {
    status: hold ? 'HELD' : 'OK',
    reason: hold?.reason ?? null,
    message: hold?.message ?? null,
    created: count('CREATE'),
    updated: count('UPDATE'),
    cancelled: count('CANCEL'),
    blocked: count('BLOCK'),
    unblocked: count('UNBLOCK'),
    conflicts: conflicts.open,
    warnings: hold ? [hold.message, ...warnings] : warnings,
    dryRun,
    changes: changes.map(({ action, entry: { next }, checkIn, checkOut }) => ({
      ...{ action, uid: next.uid, summary: next.summary, checkIn, checkOut, bookingId: next.bookingId },
    })),
  };
}

/** Of a calendar that could not be read. Nothing was changed. */
export function failed(
  { reason, message }: Failure,
  { status, conflicts, dryRun }: Pick<Result, 'status' | 'conflicts' | 'dryRun'>,
): Result {
  const nothing = { created: 0, updated: 0, cancelled: 0, blocked: 0, unblocked: 0, changes: [] };
  return { status, reason, message, conflicts, warnings: [message], dryRun, ...nothing };
}

const SyncAction = builder.enumType('IcalSyncAction', {
  description: 'What a reading did with an event of a calendar.',
  values: Object.fromEntries(
    Object.entries(ACTIONS).map(([action, description]) => [action, { value: action as Action, description }]),
  ) as Record<Action, { value: Action; description: string }>,
});

const SyncChange = builder.objectRef<Result['changes'][number]>('IcalSyncChange').implement({
  description: 'What a reading did, or would do, with one event of a calendar.',
  fields: (t) => ({
    action: t.field({ type: SyncAction, resolve: ({ action }) => action }),
    uid: t.exposeString('uid', { description: 'What the calendar calls the event.' }),
    summary: t.exposeString('summary', { nullable: true, description: 'As the calendar wrote it.' }),
    checkIn: t.expose('checkIn', { type: 'LocalDate' }),
    checkOut: t.expose('checkOut', { type: 'LocalDate' }),
    bookingId: t.exposeID('bookingId', {
      nullable: true,
      description: 'The booking that it is; null for a block, and for one that a dry run would make.',
    }),
  }),
});

export const SyncResult = builder.objectRef<Result>('IcalSyncResult').implement({
  description: 'How the reading of a calendar ended, and what it did.',
  fields: (t) => ({
    status: t.field({ type: SyncStatus, resolve: ({ status }) => status }),
    reason: t.exposeString('reason', {
      nullable: true,
      description: 'Why it was held or failed, as a class: empty, shrunk, timeout, not_found, not_a_calendar …',
    }),
    message: t.exposeString('message', { nullable: true, description: 'The same in a sentence, with what to do.' }),
    created: t.exposeInt('created', { description: 'Bookings that were made.' }),
    updated: t.exposeInt('updated', { description: 'Bookings whose dates followed the calendar.' }),
    cancelled: t.exposeInt('cancelled', { description: 'Bookings that were cancelled.' }),
    blocked: t.exposeInt('blocked', { description: 'Closures whose nights were blocked, or that moved.' }),
    unblocked: t.exposeInt('unblocked', { description: 'Closures whose nights are free again.' }),
    conflicts: t.exposeInt('conflicts', { description: 'Conflicts of this calendar that are open after the reading.' }),
    warnings: t.exposeStringList('warnings', { description: 'What somebody should know, in sentences.' }),
    dryRun: t.exposeBoolean('dryRun', { description: 'Whether nothing was done, because only that was asked.' }),
    changes: t.field({
      type: [SyncChange],
      description: 'Event by event; those for which there was nothing to do are left out.',
      resolve: ({ changes }) => changes,
    }),
  }),
});
