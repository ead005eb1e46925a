/**
 * Turns a unique constraint's refusal into the caller's error: `.catch(onTaken(() => new Conflict(…)))`. Asking the
 * constraint rather than looking first is what holds when two clients come at once.
 */
export function onTaken(say: () => Error): (error: unknown) => never {
  return (error) => {
    throw isTaken(error) ? say() : error;
  };
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'P2002';
}
