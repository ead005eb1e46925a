import type { HeaderObject, ParameterObject, ReferenceObject, ResponseObject, SchemaObject } from 'openapi3-ts/oas31';
import type { Ability } from '../../core/abilities.ts';
import { type ErrorCode, HTTP_STATUS } from '../../core/errors.ts';
import type { Row } from '../../graph/row.ts';

/** What many operations have in common, named once under `components`. */

export const header = (name: keyof typeof SHARED_HEADERS): ReferenceObject => ({
  $ref: `#/components/headers/${name}`,
});
export const parameter = (name: keyof typeof SHARED_PARAMETERS): ReferenceObject => ({
  $ref: `#/components/parameters/${name}`,
});
export const response = (name: keyof typeof SHARED_RESPONSES): ReferenceObject => ({
  $ref: `#/components/responses/${name}`,
});

const integer: SchemaObject = { type: 'integer' };
const string: SchemaObject = { type: 'string' };

export const SHARED_HEADERS = {
  RateLimitLimit: { description: 'Requests a minute for this token.', schema: integer, example: 60 },
  RateLimitRemaining: { description: 'How many of them are left.', schema: integer, example: 59 },
  RateLimitReset: { description: 'When the minute ends, in unix seconds.', schema: integer, example: 1784111081 },
  RetryAfter: { description: 'Seconds to wait.', schema: integer, example: 42 },
  RequestId: { description: 'Name it when you ask us about a request.', schema: { type: 'string', format: 'uuid' } },
  ETag: { description: 'Changes whenever the body does. For `If-None-Match` and `If-Match`.', schema: string },
  Location: {
    description: 'Where it can be read, when it can be read by itself.',
    schema: { type: 'string', format: 'uri' },
  },
  Link: { description: 'For a page of CSV or NDJSON: where the next one is, as `rel="next"`.', schema: string },
} satisfies Record<string, HeaderObject>;

export const SHARED_PARAMETERS = {
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description:
      'Makes a repetition harmless for 24 hours: the same request gets the same answer again, marked `Idempotent-Replayed: true`.',
    schema: { type: 'string', minLength: 1, maxLength: 255 },
  },
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    description:
      'The `ETag` that was read. If the resource has changed since, nothing is written. What changes by itself doesn’t count: an endpoint’s health, when a token was last used.',
    schema: string,
  },
  IfNoneMatch: {
    name: 'If-None-Match',
    in: 'header',
    description: 'The `ETag` that was read. If the resource has not changed since, the answer is 304.',
    schema: string,
  },
} satisfies Record<string, ParameterObject>;

const nullableText: SchemaObject = { type: ['string', 'null'] };
const nullableInteger: SchemaObject = { type: ['integer', 'null'] };

function record(properties: Record<string, SchemaObject | ReferenceObject>, optional: string[] = []): SchemaObject {
  return { type: 'object', required: Object.keys(properties).filter((key) => !optional.includes(key)), properties };
}

export const SHARED_SCHEMAS: Record<string, SchemaObject> = {
  Error: record(
    {
      message: { type: 'string', description: 'For a person.' },
      code: {
        type: 'string',
        description: `For a program: ${Object.keys(HTTP_STATUS).join(', ')}. More may come.`,
      },
      request_id: { type: 'string', format: 'uuid' },
      hint: { type: 'string', description: 'What else there is to say.' },
      needs: { type: 'array', items: string, description: 'The abilities that the token lacks.' },
      errors: {
        type: 'object',
        additionalProperties: { type: 'array', items: string },
        description: 'What is wrong with which field, by its dotted path.',
      },
    },
    ['hint', 'needs', 'errors'],
  ),
  PageLinks: record({ first: nullableText, last: nullableText, prev: nullableText, next: nullableText }),
  PageMeta: record({
    current_page: integer,
    from: nullableInteger,
    last_page: integer,
    links: { type: 'array', items: record({ url: nullableText, label: string, active: { type: 'boolean' } }) },
    path: string,
    per_page: integer,
    to: nullableInteger,
    total: integer,
  }),
  CursorMeta: record({ path: string, per_page: integer, next_cursor: nullableText, prev_cursor: nullableText }),
};

const REQUEST_ID = '019f6b1c-5b0e-7c3a-9d53-3c1f0a4e7b21';

interface Example {
  message: string;
  code: ErrorCode;
  needs?: Ability[];
  errors?: Record<string, string[]>;
}

function refused(
  description: string,
  { message, code, ...more }: Example,
  headers?: ResponseObject['headers'],
): ResponseObject {
  return {
    description,
    headers: { 'X-Request-Id': header('RequestId'), ...headers },
    content: {
      'application/json': {
        schema: { $ref: '#/components/schemas/Error' },
        example: { message, code, request_id: REQUEST_ID, ...more },
      },
    },
  };
}

export const SHARED_RESPONSES = {
  NotModified: { description: 'What you have is what there is.', headers: { ETag: header('ETag') } },
  BadRequest: refused('The request can’t be read.', {
    message: 'The body is not valid UTF-8. Send it encoded as UTF-8.',
    code: 'BAD_REQUEST',
  }),
  Unauthenticated: refused('No token, or one that is not valid any more.', {
    message: 'Unauthenticated.',
    code: 'UNAUTHENTICATED',
  }),
  Forbidden: refused('The token lacks an ability, or the agency’s plan has no API.', {
    message: 'Invalid ability provided.',
    code: 'FORBIDDEN',
    needs: ['bookings:read'],
  }),
  NotFound: refused('There is no such thing in this agency.', { message: 'Not found.', code: 'NOT_FOUND' }),
  Conflict: refused('The facts don’t allow it.', {
    message: 'These dates are not free any more. Choose others.',
    code: 'DATES_TAKEN',
  }),
  PreconditionFailed: refused('It has changed since it was read.', {
    message: 'It has changed since you read it. Read it again, and decide with what it says now.',
    code: 'PRECONDITION_FAILED',
  }),
  PayloadTooLarge: refused('The body is larger than 4 MiB.', {
    message: 'The body is larger than 4 MiB. Send less in one request.',
    code: 'PAYLOAD_TOO_LARGE',
  }),
  UnsupportedMediaType: refused('The body is not JSON.', {
    message: 'Send the body as JSON in UTF-8, with Content-Type: application/json.',
    code: 'UNSUPPORTED_MEDIA_TYPE',
  }),
  Unprocessable: refused('A value can’t be used. All that is wrong is named at once.', {
    message: 'check_out must be after the check-in.',
    code: 'VALIDATION',
    errors: { check_out: ['must be after the check-in'] },
  }),
  TooManyRequests: refused(
    'The minute’s requests are used up.',
    { message: 'Too Many Attempts.', code: 'RATE_LIMITED' },
    { 'Retry-After': header('RetryAfter'), 'X-RateLimit-Reset': header('RateLimitReset') },
  ),
  ServerError: refused('Our mistake.', { message: 'Server Error', code: 'INTERNAL' }),
  Unavailable: refused(
    'The database can’t be reached just now.',
    { message: 'The database can’t be reached just now. Try again in a few seconds.', code: 'UNAVAILABLE' },
    { 'Retry-After': header('RetryAfter') },
  ),
  Timeout: refused('It took too long.', {
    message: 'This took too long and was given up. Ask for less: fewer rows, or a narrower filter.',
    code: 'TIMEOUT',
  }),
} satisfies Record<string, ResponseObject>;

/** The refusals that a row can meet. What has no id in its path may still not be there: an agency has one account or none. */
export function refusals({ method, path }: Row, { nullable }: { nullable: boolean }): Record<string, ReferenceObject> {
  const writes = method !== 'GET';
  const named = path.includes('{');
  return {
    ...(writes && { 400: response('BadRequest') }),
    401: response('Unauthenticated'),
    403: response('Forbidden'),
    ...((named || nullable || method === 'DELETE') && { 404: response('NotFound') }),
    ...(writes && { 409: response('Conflict') }),
    ...(writes && named && { 412: response('PreconditionFailed') }),
    ...(writes && { 413: response('PayloadTooLarge'), 415: response('UnsupportedMediaType') }),
    422: response('Unprocessable'),
    429: response('TooManyRequests'),
    500: response('ServerError'),
    503: response('Unavailable'),
    504: response('Timeout'),
  };
}
