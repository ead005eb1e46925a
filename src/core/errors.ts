/**
 * Something the caller can act on: a code that never changes and a sentence that says what to do next. Anything that is
 * thrown and isn't one of these is our own mistake, and the caller is told only the request's id.
 */
export class DomainError extends Error {
  override readonly name = 'DomainError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    /** What is wrong with which field, by its GraphQL path ("input.checkIn" or "checkIn"). */
    readonly fields?: Record<string, string[]>,
    /** Headers that the answer carries, such as Retry-After. */
    readonly headers?: Record<string, string>,
  ) {
    super(message);
  }
}

/** Every code and the HTTP status that carries it. */
export const HTTP_STATUS = {
  BAD_REQUEST: 400,
  COST_EXCEEDED: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  PLAN_REQUIRED: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  CONFLICT: 409,
  DATES_TAKEN: 409,
  BOOKING_STARTED: 409,
  INVALID_TRANSITION: 409,
  CODE_TAKEN: 409,
  REFERENCE_TAKEN: 409,
  ORDER_TAKEN: 409,
  UNITS_SOLD: 409,
  STAY_RESTRICTED: 409,
  SOURCE_TAKEN: 409,
  SYNC_RUNNING: 409,
  TEMPLATE_TAKEN: 409,
  ACCOUNT_MISSING: 409,
  PROPERTY_ARCHIVED: 409,
  TARIFF_ENDED: 409,
  AMOUNT_TOO_LARGE: 409,
  ENDPOINT_DISABLED: 409,
  IDEMPOTENCY_IN_PROGRESS: 409,
  IDEMPOTENCY_ANSWER_LOST: 409,
  PRECONDITION_FAILED: 412,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  VALIDATION: 422,
  IDEMPOTENCY_KEY_REUSED: 422,
  RATE_LIMITED: 429,
  INTERNAL: 500,
  UNAVAILABLE: 503,
  TIMEOUT: 504,
} as const;

export type ErrorCode = keyof typeof HTTP_STATUS;

/** Also what another agency's row is answered with: to us it doesn't exist. */
export class NotFound extends DomainError {
  constructor(noun: string) {
    super('NOT_FOUND', `There is no such ${noun}. Check the id, and that it belongs to the token's agency.`);
  }
}

/** Laravel Sanctum's words, and which abilities would have helped. */
export class MissingAbility extends DomainError {
  constructor(
    readonly needs: string[],
    why = `This needs a token with ${needs.join(' and ')}.`,
  ) {
    super('FORBIDDEN', `Invalid ability provided. ${why}`);
  }
}

/** The request is well-formed and the facts don't allow it. */
export class Conflict extends DomainError {}

/** `new Invalid({ checkOut: ['must be after checkIn'] })` */
export class Invalid extends DomainError {
  constructor(fields: Record<string, string[]>) {
    super('VALIDATION', sentence(fields), fields);
  }
}

/** Laravel's way: the first message, and how many more there are. */
function sentence(fields: Record<string, string[]>): string {
  const [first, ...more] = Object.entries(fields).flatMap(([field, messages]) => messages.map((m) => `${field} ${m}`));
  if (more.length === 0) return `${first}.`;
  return `${first} (and ${more.length} more ${more.length === 1 ? 'error' : 'errors'}).`;
}

/**
 * Throws one `Invalid` for all that is wrong at once: `refuse({ units: units < 1 && 'must be at least 1' })`. A field
 * that is fine is falsy.
 */
export function refuse(problems: Record<string, string | false | null | undefined>): void {
  const wrong = Object.entries(problems).filter(([, problem]) => problem);
  if (wrong.length > 0)
    throw new Invalid(Object.fromEntries(wrong.map(([field, problem]) => [field, [problem as string]])));
}

/** For a change: a field that must have a value can be left out, and can't be emptied. */
export function refuseNulls<T extends object>(input: T, fields: (keyof T & string)[]): void {
  refuse(
    Object.fromEntries(
      fields.map((field) => [field, input[field] === null && "can't be null; leave it out to keep it"]),
    ),
  );
}
