/** How an attempt ended, by where it ended: a status of the receiver's, or a step on the way to it. */
export type Outcome =
  | 'ok'
  | 'redirect'
  | 'client_error'
  | 'throttled'
  | 'gone'
  | 'server_error'
  | 'timeout'
  | 'network'
  | 'dns'
  | 'tls'
  | 'blocked'
  | 'forbidden'
  | 'internal'
  | 'crashed';

/** What follows from it. */
export type Consequence = 'delivered' | 'retry' | 'failed' | 'disable';

/**
 * A receiver that could not answer is asked again, and so is one that says "not now". Everything else is an answer:
 * asking again would get it again. A 404 in the middle of a bad release is therefore final too; it can be replayed.
 */
export const CONSEQUENCE: Record<Outcome, Consequence> = {
  ok: 'delivered',
  redirect: 'failed',
  client_error: 'failed',
  throttled: 'retry',
  gone: 'disable',
  server_error: 'retry',
  timeout: 'retry',
  network: 'retry',
  dns: 'retry',
  tls: 'retry',
  // Only the operator can open an address, so time alone won't.
  blocked: 'failed',
  // Only the endpoint's owner can give the right back, and then has it replayed.
  forbidden: 'failed',
  // Our own fault, and tried again without an attempt (see prepare.ts) until there is no time left.
  internal: 'failed',
  crashed: 'retry',
};

export function outcomeOfStatus(status: number): Outcome {
  if (status >= 200 && status < 300) return 'ok';
  if (status >= 300 && status < 400) return 'redirect';
  if (status === 410) return 'gone';
  if (status === 408 || status === 425 || status === 429) return 'throttled';
  if (status >= 500 && status < 600) return 'server_error';
  return 'client_error';
}

/** An attempt that got no answer, by the code of its error. */
export function outcomeOfError(error: unknown): Outcome {
  const code = codeOf(error);
  if (code === 'EBLOCKED') return 'blocked';
  if (/TIMEOUT|TIMEDOUT/.test(code)) return 'timeout';
  if (/^(ENOTFOUND|EAI_|ENODATA|ESERVFAIL)/.test(code)) return 'dns';
  if (/CERT|_TLS_|SSL|^UNABLE_TO|^EPROTO$/.test(code)) return 'tls';
  return 'network';
}

/** One sentence for the delivery log; null when all went well. */
export function explain({
  outcome,
  statusCode,
  error,
}: {
  outcome: Outcome;
  statusCode?: number;
  error?: unknown;
}): string | null {
  switch (outcome) {
    case 'ok':
      return null;
    case 'redirect':
      return `The endpoint answered ${statusCode}. Redirects aren't followed: give the final URL.`;
    case 'gone':
      return 'The endpoint answered 410 Gone and has been disabled.';
    case 'client_error':
    case 'throttled':
    case 'server_error':
      return `The endpoint answered ${statusCode}.`;
    case 'timeout':
      return `The endpoint did not answer in time (${detail(error)}).`;
    case 'dns':
      return `The host name could not be resolved (${detail(error)}).`;
    case 'tls':
      return `The secure connection could not be made (${detail(error)}).`;
    case 'network':
      return `The connection failed (${detail(error)}).`;
    case 'blocked':
      return `The endpoint was not called: ${detail(error)}.`;
    case 'forbidden':
      return detail(error);
    case 'internal':
      return `What was to be sent could not be made (${detail(error)}). Look at the endpoint's selection, then replay it.`;
    case 'crashed':
      return error
        ? `The call could not be made (${detail(error)}).`
        : 'The relay stopped during this attempt; whether it arrived is not known.';
  }
}

function detail(error: unknown): string {
  return (error instanceof Error && error.message) || codeOf(error) || 'no details';
}

/** An `AggregateError` is what Node throws when each of several addresses failed; the first says it well enough. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const code = (error as NodeJS.ErrnoException).code;
  if (code) return code;
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return error.cause ? codeOf(error.cause) : '';
}
