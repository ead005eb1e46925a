import type { Agent, Dispatcher } from 'undici';
import { VERSION } from '../core/version.ts';
import type { Claimed } from './claim.ts';
import { explain, type Outcome, outcomeOfError, outcomeOfStatus } from './outcome.ts';
import { readRetryAfter } from './schedule.ts';
import { signatures } from './sign.ts';

/** What came of one attempt. */
export interface Answer {
  outcome: Outcome;
  statusCode?: number;
  /** A sentence, where there is more to say than "delivered". */
  error: string | null;
  /** What the receiver asked for, if it did. */
  retryAfterMs?: number;
  /** Until the request could be written, until the first byte of the answer, until the end. */
  connectMs?: number;
  firstByteMs?: number;
  totalMs: number;
  /** The first 16 KiB. */
  responseBody?: string;
}

interface DeliverOptions {
  timeoutMs: number;
  unseal: (sealed: string) => string;
  /** Receivers refuse what was signed more than five minutes before or after: the best clock there is, in milliseconds. */
  now?: () => number;
}

/** Signs a delivery and makes the call. Never throws: whatever goes wrong is the answer. */
export async function deliver(
  agent: Agent,
  delivery: Claimed,
  { timeoutMs, unseal, now = Date.now }: DeliverOptions,
): Promise<Answer> {
  try {
    const secrets = delivery.sealedSecrets.map(unseal);
    return await post(agent, {
      url: delivery.url,
      headers: headersOf(delivery, secrets, now()),
      body: delivery.body,
      timeoutMs,
    });
  } catch (error) {
    // Nothing was sent: a secret that APP_KEY doesn't open, a header that HTTP can't carry.
    return { outcome: 'crashed', error: explain({ outcome: 'crashed', error }), totalMs: 0 };
  }
}

function headersOf(delivery: Claimed, secrets: string[], now: number): Record<string, string> {
  return {
    'Content-Type': 'application/json; charset=utf-8',
    'User-Agent': `Bellhop/${VERSION}`,
    ...signatures({
      id: delivery.eventId,
      timestamp: Math.floor(now / 1000),
      body: delivery.body,
      secrets,
    }),
    'X-Event': plain(delivery.eventName),
    'X-Delivery-Id': delivery.deliveryId,
    'X-Attempt': String(delivery.attempt),
    'X-Subject': plain(delivery.subject),
    'X-Sequence': String(delivery.subjectSeq),
    ...(delivery.traceparent && { traceparent: plain(delivery.traceparent) }),
  };
}

/**
 * A text as a header can carry it: whatever could end the header, or is no visible ASCII, is a question mark. The names of our
 * own events and subjects have none of that; what stands in the database is not to be trusted with more than it needs.
 */
const plain = (text: string): string => text.slice(0, MOST_IN_HEADER).replace(/[^\x21-\x7e]/g, '?');
const MOST_IN_HEADER = 256;

const MOST_BYTES_READ = 16 * 1024;

/**
 * One POST within `timeoutMs` from the first packet to the last byte read: undici's own timeouts start anew with every
 * byte, so an endpoint that drips could hold a slot for ever. Redirects aren't followed; `dispatch` doesn't know how.
 */
function post(
  agent: Agent,
  { url, headers, body, timeoutMs }: { url: string; headers: Record<string, string>; body: string; timeoutMs: number },
): Promise<Answer> {
  const { origin, pathname, search } = new URL(url);
  const begun = performance.now();
  const elapsed = () => Math.round(performance.now() - begun);

  return new Promise((resolve) => {
    const answer: Partial<Answer> = {};
    const read: Buffer[] = [];
    let bytes = 0;
    let exchange: Dispatcher.DispatchController | undefined;
    let ended = false;

    const end = (outcome: Outcome, error?: unknown) => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      resolve({
        ...answer,
        outcome,
        error: explain({ outcome, statusCode: answer.statusCode, error }),
        totalMs: elapsed(),
        responseBody: answer.statusCode === undefined ? undefined : Buffer.concat(read).toString('utf8'),
      });
    };
    /** Also where the answer isn't complete. */
    const cut = (outcome: Outcome, error?: unknown) => {
      end(outcome, error);
      exchange?.abort(new Error('The attempt is over.'));
    };
    const timer = setTimeout(() => cut('timeout', new Error(`${timeoutMs / 1000} s have passed`)), timeoutMs);

    agent.dispatch(
      { origin, path: pathname + search, method: 'POST', headers, body, headersTimeout: 0, bodyTimeout: 0 },
      {
        onRequestStart(controller) {
          exchange = controller;
          if (ended) controller.abort(new Error('The attempt is over.'));
          answer.connectMs = elapsed();
        },
        onResponseStart(_controller, statusCode, headers) {
          if (statusCode < 200) return; // 103 Early Hints: the answer is still to come.
          answer.statusCode = statusCode;
          answer.firstByteMs = elapsed();
          answer.retryAfterMs = readRetryAfter(headers['retry-after']?.toString());
        },
        onResponseData(_controller, chunk) {
          read.push(chunk.subarray(0, MOST_BYTES_READ - bytes));
          bytes += chunk.length;
          if (bytes >= MOST_BYTES_READ) cut(outcomeOfStatus(answer.statusCode!));
        },
        onResponseEnd() {
          end(outcomeOfStatus(answer.statusCode!));
        },
        onResponseError(_controller, error) {
          // The answer is whole, and only its length was wrong: a 204 that announces a body, for one.
          const isWhole = (error as NodeJS.ErrnoException).code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH';
          if (isWhole && answer.statusCode) end(outcomeOfStatus(answer.statusCode));
          else end(outcomeOfError(error), error);
        },
      },
    );
  });
}
