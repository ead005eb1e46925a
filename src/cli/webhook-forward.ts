import { request } from 'undici';

/** What came of handing a call on. */
export interface Forwarded {
  /** Null when nothing answered. */
  status: number | null;
  milliseconds: number;
  /** Why nothing answered. */
  error?: string;
  /** What was answered, for whoever called us. */
  answer: Buffer;
}

/** As `Node` gives them: name, value, name, value, with their spelling. */
export type RawHeaders = string[];

const TIMEOUT_MS = 15_000;

/** What belongs to one connection and not to the call; the next one gets its own. */
const OF_THE_CONNECTION = new Set([
  'host',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'expect',
]);

/** POSTs the same headers and the same bytes to another address. Never throws, and follows no redirect: Bellhop doesn't. */
export async function forward(url: string, rawHeaders: RawHeaders, body: Buffer): Promise<Forwarded> {
  const begun = performance.now();
  const milliseconds = () => Math.round(performance.now() - begun);
  const headers = rawHeaders.flatMap((name, place) =>
    place % 2 === 0 && !OF_THE_CONNECTION.has(name.toLowerCase()) ? [name, rawHeaders[place + 1]!] : [],
  );
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await request(url, { method: 'POST', headers, body, signal });
    const answer = Buffer.from(await response.body.arrayBuffer());
    return { status: response.statusCode, milliseconds: milliseconds(), answer };
  } catch (error) {
    const { message, name } = error as Error;
    const why = name === 'TimeoutError' ? `no answer within ${TIMEOUT_MS / 1_000} s` : message;
    return { status: null, milliseconds: milliseconds(), error: why, answer: Buffer.from(`${why}\n`) };
  }
}
