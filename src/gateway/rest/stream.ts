import type { ServerResponse } from 'node:http';

/** A client that takes nothing for so long has forgotten us. Longer than a page of a list may take to be read. */
const STALLED_MS = 60_000;

/**
 * Writes texts as fast as the client reads them, and ends the answer: the next one is asked for when the one before it has
 * left. When the client goes away no more of them are asked for. An error of theirs is the caller's, who has to break the
 * connection: only so does the client learn of it.
 */
export async function writeStream(response: ServerResponse, texts: AsyncIterable<string>): Promise<void> {
  let goOn = () => {};
  response.setTimeout(STALLED_MS);
  response.once('close', () => goOn());
  response.on('error', () => goOn()); // A write to a connection that is gone, which is seen below.
  for await (const text of texts) {
    if (response.destroyed) return;
    await new Promise<void>((resolve) => {
      goOn = resolve;
      response.write(text, () => resolve());
    });
  }
  response.end();
}
