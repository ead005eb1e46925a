import { outcomeOfError, outcomeOfStatus } from '../../../relay/outcome.ts';
import { readRetryAfter } from '../../../relay/schedule.ts';
import { FeedFailure } from './failure.ts';

/** A status that brings no calendar. */
export function answeredBadly(statusCode: number, host: string, retryAfter?: string): FeedFailure {
  const answered = `${host} answered ${statusCode}`;
  const copy = 'Copy the address of the calendar from the channel again.';
  if (statusCode === 401 || statusCode === 403)
    return new FeedFailure('unauthorized', `${answered}: it won't show us the calendar. ${copy}`, { statusCode });
  if (statusCode === 404)
    return new FeedFailure('not_found', `${answered}: there is no calendar at this address. ${copy}`, { statusCode });
  switch (outcomeOfStatus(statusCode)) {
    case 'gone':
      return new FeedFailure('gone', `${answered}: the calendar has been taken down for good. ${copy}`, { statusCode });
    case 'throttled': {
      const retryAfterMs = readRetryAfter(retryAfter);
      const until =
        retryAfterMs === undefined ? '' : ` It wants us to come back in ${Math.ceil(retryAfterMs / 1000)} s.`;
      return new FeedFailure('throttled', `${answered}: not now.${until}`, {
        statusCode,
        retryable: true,
        retryAfterMs,
      });
    }
    case 'server_error': {
      const retryAfterMs = readRetryAfter(retryAfter);
      return new FeedFailure('http_5xx', `${answered}: it has a problem of its own.`, {
        statusCode,
        retryable: true,
        retryAfterMs,
      });
    }
    case 'redirect':
      // A 304 that nobody asked for, a redirect to nowhere: the server's mistake, though it doesn't say so.
      return new FeedFailure('http_5xx', `${answered}, and no calendar with it.`, { statusCode, retryable: true });
    default:
      return new FeedFailure('http_4xx', `${answered}, and no calendar with it.`, { statusCode });
  }
}

/** An exchange that came to no end. Names no more than the host, and what the system calls the error. */
export function broken(
  error: unknown,
  { host, timedOut, timeoutMs }: { host: string; timedOut: boolean; timeoutMs: number },
): FeedFailure {
  const outcome = timedOut ? 'timeout' : outcomeOfError(error);
  const code = codeOf(error);
  const because = code ? ` (${code})` : '';
  switch (outcome) {
    case 'blocked':
      return new FeedFailure('blocked', `${host} was not asked: ${(error as Error).message}.`);
    case 'timeout':
      return new FeedFailure('timeout', `${host} did not send the calendar within ${timeoutMs / 1000} s.`, {
        retryable: true,
      });
    case 'dns':
      return new FeedFailure('dns', `The name ${host} could not be resolved${because}.`, { retryable: true });
    case 'tls':
      // A certificate doesn't become valid within a second.
      return new FeedFailure('tls', `A secure connection to ${host} could not be made${because}.`);
    default:
      // What has no code may be a mistake of ours, and is kept for the log.
      return new FeedFailure('network', `The connection to ${host} failed${because}.`, {
        retryable: true,
        cause: code ? undefined : error,
      });
  }
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as NodeJS.ErrnoException;
  if (code) return code;
  return error instanceof AggregateError ? codeOf(error.errors[0]) : codeOf(error.cause);
}
