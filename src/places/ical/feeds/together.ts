/**
 * Answers callers who come at once with one piece of work for each key. Nobody gets work that began before they came, so
 * what they read is no older than their question: who comes while one runs waits for the next, with all the others. Only an
 * optimisation: a burst of any size costs two runs.
 */
export function together<T>(): (key: string, work: () => Promise<T>) => Promise<T> {
  const running = new Map<string, Turn<T>>();

  function begin(key: string, work: () => Promise<T>): Promise<T> {
    const turn: Turn<T> = { now: work() };
    running.set(key, turn);
    const end = () => void (turn.next || running.delete(key));
    turn.now.then(end, end);
    return turn.now;
  }

  return (key, work) => {
    const turn = running.get(key);
    if (!turn) return begin(key, work);
    const next = () => begin(key, work);
    turn.next ??= turn.now.then(next, next);
    return turn.next;
  };
}

interface Turn<T> {
  now: Promise<T>;
  /** Begins when `now` has ended. */
  next?: Promise<T>;
}
