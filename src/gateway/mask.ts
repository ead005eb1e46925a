import { GraphQLError } from 'graphql';
import type { Logger } from 'pino';
import { DomainError, Invalid } from '../core/errors.ts';

/**
 * The error that the caller is told. What the code foresaw passes; anything else is our mistake: it is logged once, with
 * the request's id, and the caller learns only that id.
 */
export function toDomainError(error: unknown, log: Logger, requestId: string): DomainError {
  const cause = error instanceof GraphQLError && error.originalError ? error.originalError : error;
  if (cause instanceof DomainError) return cause;
  const known = fromDatabase(cause);
  if (known) return known;
  log.error({ err: cause, requestId }, 'a request failed');
  return new DomainError('INTERNAL', 'Server Error');
}

/** What the database refuses or can't do just now, where the caller can act on it. */
function fromDatabase(cause: unknown): DomainError | undefined {
  const text = cause instanceof Error ? `${cause.message} ${JSON.stringify('meta' in cause ? cause.meta : '')}` : '';
  if (/22021|invalid byte sequence/.test(text)) return new Invalid({ text: ['must not contain the NUL character'] });
  if (/57014|statement timeout/.test(text)) {
    return new DomainError(
      'TIMEOUT',
      'This took too long and was given up. Ask for less: fewer rows, or a narrower filter.',
    );
  }
  if (/P2024|P2028|ECONNREFUSED|Connection terminated|timeout exceeded when trying to connect|57P0[123]/.test(text)) {
    return new DomainError(
      'UNAVAILABLE',
      'The database can’t be reached just now. Try again in a few seconds.',
      undefined,
      { 'retry-after': '2' },
    );
  }
  return undefined;
}
