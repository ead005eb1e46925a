import type { FailureReason } from './types.ts';

/** A calendar that could not be fetched. The message is a sentence, and never says more of the address than its host. */
export class FeedFailure extends Error {
  override readonly name = 'FeedFailure';
  readonly statusCode?: number;
  /** True where the same call may go well a little later. */
  readonly retryable: boolean;
  /** How long the channel asked us to stay away. */
  readonly retryAfterMs?: number;

  constructor(
    readonly reason: FailureReason,
    message: string,
    more: { statusCode?: number; retryable?: boolean; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, more.cause ? { cause: more.cause } : undefined);
    this.statusCode = more.statusCode;
    this.retryable = more.retryable ?? false;
    this.retryAfterMs = more.retryAfterMs;
  }
}

/**
 * What was read isn't a calendar, or not a whole one. Nothing follows from what is missing in it: a login page names no
 * stay, and to take that for "all are cancelled" would empty a house.
 */
export class NotACalendar extends Error {
  override readonly name = 'NotACalendar';

  constructor(
    readonly reason: 'empty' | 'html' | 'json' | 'unknown' | 'truncated' | 'too_many_events',
    message: string,
  ) {
    super(message);
  }
}
