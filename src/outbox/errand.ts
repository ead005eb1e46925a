import { v7 as uuid } from 'uuid';
import { clock } from '../core/clock.ts';
import { traceOf } from '../core/trace.ts';
import type { Viewer } from '../core/viewer.ts';
import type { Transaction } from '../database/index.ts';

/**
 * Something that the product has to do itself once a fact is committed: make a cleaning task because a guest has checked
 * out, hand a message to its provider. An errand is to the inside what a delivery is to the outside: the relay claims it
 * by a lease, counts its attempts, and tries it again on the schedule of the webhooks.
 */
export interface ErrandDeclaration {
  /** "cleaning.after_check_out" */
  kind: string;
  /** The events of which each makes one. Without any, operations ask for errands themselves, with `askFor`. */
  on?: string[];
  /**
   * Does it. It may be called again for the same key after it was done, because a relay can die before that is written
   * down; so doing it twice must come to the same. Throws what went wrong, `GiveUp` where trying again is no use.
   */
  run(viewer: Viewer, errand: ErrandCall): Promise<void>;
  /** Called once no attempt is left, for what has to be said then. */
  failed?(viewer: Viewer, errand: ErrandCall, error: string): Promise<void>;
}

export interface ErrandCall {
  /** The id of the event, or what `askFor` was given. */
  key: string;
  /** 1 is the first. */
  attempt: number;
  /** The body of the event that made it, as webhooks carry it. */
  // biome-ignore lint/suspicious/noExplicitAny: whoever declares an errand knows its events
  event?: { id: string; event: string; created_at: string; data: any };
}

/** What no further attempt would change. */
export class GiveUp extends Error {}

/** What should be tried again no sooner than the other side has said. */
export class TryLater extends Error {
  constructor(
    message: string,
    readonly afterMs: number,
  ) {
    super(message);
  }
}

const declared = new Map<string, ErrandDeclaration>();

export function declareErrand(errand: ErrandDeclaration): ErrandDeclaration {
  if (declared.has(errand.kind)) throw new Error(`The errand ${errand.kind} is declared twice.`);
  declared.set(errand.kind, errand);
  return errand;
}

export function errandOf(kind: string): ErrandDeclaration | undefined {
  return declared.get(kind);
}

/** All kinds that this process knows how to do. */
export const errandKinds = (): string[] => [...declared.keys()];

/** The kinds of errand that an event makes. */
export function errandsAfter(event: string): string[] {
  return [...declared.values()].filter(({ on }) => on?.includes(event)).map(({ kind }) => kind);
}

/** Asks for an errand in the transaction of the fact that it follows from. Asking twice with one key does it once. */
export async function askFor(
  tx: Transaction,
  { agencyId, errand, key, at }: { agencyId: number; errand: ErrandDeclaration; key: string; at?: Date },
): Promise<void> {
  await tx.errand.createMany({
    data: [
      {
        ...{ id: uuid(), agencyId, kind: errand.kind, key, dueAt: at ?? clock.now(), createdAt: clock.now() },
        traceparent: traceOf(tx),
      },
    ],
    skipDuplicates: true,
  });
}
