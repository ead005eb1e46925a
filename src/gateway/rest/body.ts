import type { IncomingHttpHeaders } from 'node:http';
import { DomainError, Invalid } from '../../core/errors.ts';
import { decode } from '../body.ts';

/** The JSON object in a body. No body at all is an empty object. */
export function parseBody(headers: IncomingHttpHeaders, bytes: Buffer): Record<string, unknown> {
  if (bytes.length === 0) return {};
  requireJson(headers);
  const value = parse(decode(bytes));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Invalid({ body: ['must be a JSON object'] });
  }
  return value as Record<string, unknown>;
}

function requireJson(headers: IncomingHttpHeaders): void {
  const [type, ...parameters] = (headers['content-type'] ?? '').toLowerCase().split(/\s*;\s*/);
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.slice('charset='.length);
  const isJson = /^application\/([\w.-]+\+)?json$/.test(type!) && /^"?utf-?8"?$/.test(charset ?? 'utf-8');
  if (!isJson) {
    throw new DomainError(
      'UNSUPPORTED_MEDIA_TYPE',
      'Send the body as JSON in UTF-8, with Content-Type: application/json.',
    );
  }
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw new DomainError('UNSUPPORTED_MEDIA_TYPE', 'Send the body uncompressed.');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DomainError('BAD_REQUEST', `The body is not valid JSON: ${(error as Error).message}.`);
  }
}
