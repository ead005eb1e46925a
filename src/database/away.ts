import { saidByPostgres } from '../core/constraints.ts';

/**
 * Whether the database can't be asked just now, and may be in a few seconds: nobody listens there, a server that starts, stops or has
 * no connection left, a connection that broke. In the words of Prisma, of pg, of PostgreSQL and of the system.
 */
export function isAway(error: Error): boolean {
  const { kind = '', originalCode = '' } = saidByPostgres(error);
  const { code = '' } = error as NodeJS.ErrnoException;
  return [code, kind, originalCode].some((one) => CODES.test(one)) || WORDS.test(error.message);
}

const CODES = new RegExp(
  [
    ...['^(P2024|P2028|DatabaseNotReachable|ConnectionClosed|SocketTimeout|TooManyConnections)$'],
    ...['^(ECONNREFUSED|ECONNRESET|EPIPE|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|ENOTFOUND|EAI_AGAIN)$'],
    ...['^(57P0[123]|53300|08\\w{3})$'],
  ].join('|'),
);

/** What is said without a code. */
const WORDS =
  /ECONNREFUSED|ECONNRESET|Connection terminated|connection error and is not queryable|timeout exceeded when trying to connect/;
