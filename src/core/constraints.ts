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

/** What PostgreSQL itself has said, its SQLSTATE and its words, or what became of the connection to it, under whatever Prisma has made of it. */
export function saidByPostgres(error: unknown): { kind?: string; originalCode?: string; originalMessage?: string } {
  const { meta } = error as { meta?: { driverAdapterError?: { cause?: object } } };
  return meta?.driverAdapterError?.cause ?? {};
}
