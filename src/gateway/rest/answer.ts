import { type DomainError, HTTP_STATUS, MissingAbility } from '../../core/errors.ts';

/** What is written back. No body and no stream mean none: 204 and 304. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body?: string | Uint8Array;
  /** A body that is too long to be held, in parts. It is read as fast as the client reads, and no further. */
  stream?: AsyncIterable<string>;
}

export const JSON_TYPE = 'application/json';

/** What is read is one token's own, and is asked for again each time. */
export const PRIVATE = { 'cache-control': 'private, no-cache', vary: 'Authorization, Accept' };

/** The sentences that the contract fixes to the letter. What else there is to say goes into `hint`. */
const FIXED: Partial<Record<DomainError['code'], string>> = {
  UNAUTHENTICATED: 'Unauthenticated.',
  FORBIDDEN: 'Invalid ability provided.',
  NOT_FOUND: 'Not found.',
  RATE_LIMITED: 'Too Many Attempts.',
  INTERNAL: 'Server Error',
};

/** A refusal in Laravel's shape, always JSON. */
export function refusal(error: DomainError, requestId: string): Answer {
  const { code, fields } = error;
  const message = FIXED[code] ?? error.message;
  const body = {
    message,
    code,
    request_id: requestId,
    ...(message !== error.message && { hint: error.message }),
    ...(error instanceof MissingAbility && { needs: error.needs }),
    ...(fields && { errors: fields }),
  };
  return {
    status: HTTP_STATUS[code],
    headers: { 'content-type': JSON_TYPE, ...error.headers },
    body: JSON.stringify(body),
  };
}
