import { GraphQLError } from 'graphql';
import type { Logger } from 'pino';
import { saidByPostgres } from '../core/constraints.ts';
import { DomainError, Invalid } from '../core/errors.ts';
import { isAway } from '../database/away.ts';

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
  if (!(cause instanceof Error)) return undefined;
  const { originalCode, originalMessage } = saidByPostgres(cause);
  const text = [(cause as { code?: string }).code, originalCode, cause.message, originalMessage].join(' ');
  if (/22021|invalid byte sequence/.test(text)) return new Invalid({ text: ['must not contain the NUL character'] });
  if (/57014|statement timeout/.test(text)) {
    return new DomainError(
      'TIMEOUT',
      'This took too long and was given up. Ask for less: fewer rows, or a narrower filter.',
    );
  }
  if (isAway(cause)) {
    return new DomainError(
      'UNAVAILABLE',
      'The database can’t be reached just now. Try again in a few seconds.',
      undefined,
      { 'retry-after': '2' },
    );
  }
  return undefined;
}
