import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { FeedFailure } from './failure.ts';

/**
 * An answer's body, decompressed, if it is no larger than a calendar can be. It is counted as it comes out of the
 * decompressor, 16 KiB at a time, so that ten kilobytes that unfold to ten gigabytes never lie in memory.
 */
export async function readBody({ headers, body }: Dispatcher.ResponseData, host: string): Promise<Buffer> {
  body.on('error', () => {}); // Whoever reads below is told; hanging up early tells only this.
  const length = Number([headers['content-length']].flat()[0] ?? 0);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    if (length > MOST_BYTES) throw tooLarge(host);
    for await (const chunk of unpacked(body, [headers['content-encoding'] ?? []].flat().join(','), host)) {
      bytes += chunk.length;
      if (bytes > MOST_BYTES) throw tooLarge(host);
      chunks.push(chunk);
    }
  } catch (error) {
    if (!/^(Z_|ERR__?ZLIB|ERR_BROTLI|ERR_.*BROTLI)/.test((error as NodeJS.ErrnoException).code ?? '')) throw error;
    throw new FeedFailure('network', `What ${host} sent could not be decompressed.`, { retryable: true });
  } finally {
    body.destroy(); // Does nothing to one that was read to its end.
  }
  return Buffer.concat(chunks, bytes);
}

/** 2,000 stays of Airbnb are 0.6 MB. */
const MOST_BYTES = 10 * 1024 * 1024;

function unpacked(body: Readable, encodings: string, host: string): Readable {
  let stream = body;
  for (const encoding of encodings.toLowerCase().split(',').reverse()) {
    const name = encoding.trim();
    if (name === '' || NOT_PACKED.test(name)) continue;
    const open = UNPACK[name];
    // Packed twice is packed to hide something.
    if (!open || stream !== body)
      throw new FeedFailure('not_a_calendar', `${host} sent the calendar in an encoding that wasn't asked for.`);
    stream = pipeline(body, open(), () => {}) as unknown as Readable;
  }
  return stream;
}

/** Some servers, after a line of PHP that many have copied, name the charset here, and pack nothing. */
const NOT_PACKED = /^(identity|none|binary|[78]bit|utf-?8|us-ascii|iso-8859-\d+|windows-\d+)$/;

const UNPACK: Record<string, () => NodeJS.ReadWriteStream> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

function tooLarge(host: string): FeedFailure {
  return new FeedFailure(
    'too_large',
    `What ${host} sent is larger than ${MOST_BYTES / 1024 / 1024} MB, so it was not read.`,
  );
}
