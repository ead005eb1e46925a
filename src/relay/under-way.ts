/** Work that has begun and not ended. */
export interface UnderWay {
  readonly count: number;
  /** Counts `work` until it ends. */
  add(work: Promise<void>): void;
  /** Resolves when there is none. */
  none(): Promise<void>;
}

/**
 * A count and not a Set of promises: one that is added to and taken from hundreds of times a second is copied again and again,
 * and each copy holds the next, so the garbage collector keeps all that ever was in it for the old generation.
 */
export function openUnderWay(): UnderWay {
  let count = 0;
  let waiting: (() => void)[] = [];
  return {
    get count() {
      return count;
    },
    add(work) {
      count++;
      void work.finally(() => {
        count--;
        if (count > 0) return;
        for (const resolve of waiting) resolve();
        waiting = [];
      });
    },
    none: () => (count === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  };
}
