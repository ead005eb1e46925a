import type { Logger } from 'pino';
import { attemptSeconds, attempts, callsInFlight } from '../core/metrics.ts';
import { beginSpan } from '../core/trace.ts';
import type { Claimed } from './claim.ts';
import type { Answer } from './deliver.ts';

/**
 * Counts, times, logs and traces a call. It is told which place in the trace to name to the receiver: the call's own where
 * calls are recorded, else that of the request that made the event. What went well is told only to `debug`: the delivery
 * log has it, and the addresses and answers of receivers stand there and not here.
 */
export async function observeCall(
  delivery: Claimed,
  log: Logger,
  call: (delivery: Claimed) => Promise<Answer>,
): Promise<Answer> {
  const { deliveryId, endpointId, agencyId, eventId, eventType, attempt, traceparent } = delivery;
  const span = traceparent
    ? beginSpan(`attempt ${eventType}`, {
        kind: 'client',
        parent: traceparent,
        facts: { 'bellhop.delivery_id': deliveryId, 'bellhop.endpoint_id': endpointId, 'bellhop.attempt': attempt },
      })
    : undefined;
  callsInFlight.inc();
  const answer = await call({ ...delivery, traceparent: span?.traceparent ?? traceparent }); // It never throws.
  callsInFlight.dec();
  const { outcome, statusCode, totalMs } = answer;
  attempts.inc({ outcome });
  attemptSeconds.observe(totalMs / 1_000);
  const failure = outcome === 'ok' ? undefined : outcome;
  span?.end({ 'http.response.status_code': statusCode, 'bellhop.outcome': outcome }, failure);
  log[failure ? 'info' : 'debug'](
    {
      delivery: deliveryId,
      event: eventId,
      endpoint: endpointId,
      agencyId,
      attempt,
      outcome,
      status: statusCode,
      ms: totalMs,
    },
    'a webhook was called',
  );
  return answer;
}
