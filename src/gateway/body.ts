import type { IncomingMessage } from 'node:http';
import { DomainError } from '../core/errors.ts';

/** A body may be this large: a year of rates for a hundred properties is 2.5 MB. */
export const BODY_LIMIT = 4 * 1024 * 1024;

/** The whole body. One that is too large is refused as soon as that is known, and not read on. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const tooLarge = () =>
    new DomainError('PAYLOAD_TOO_LARGE', 'The body is larger than 4 MiB. Send less in one request.', undefined, {
      connection: 'close',
    });
  if (Number(request.headers['content-length'] ?? 0) > BODY_LIMIT) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw tooLarge();
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The body as text. A byte that isn't UTF-8 is refused rather than replaced: a guest's name must not be spoilt quietly. */
export function decode(body: Buffer): string {
  try {
    return utf8.decode(body);
  } catch {
    throw new DomainError('BAD_REQUEST', 'The body is not valid UTF-8. Send it encoded as UTF-8.');
  }
}
