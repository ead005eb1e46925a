import type { Claimed } from '../../src/relay/claim.ts';
import { newSecret } from '../../src/relay/sign.ts';

/** A delivery to this URL, as a relay has claimed it. */
export function claimedFor(url: string): Claimed {
  return {
    deliveryId: '0198a2f0-5b7c-7cc3-9f6e-0d5f0a4be002',
    agencyId: 1,
    endpointId: 1,
    lease: '0198a2f0-5b7c-7cc3-9f6e-0d5f0a4be003',
    attempt: 1,
    firstAt: new Date(),
    claimedAt: new Date(),
    last: false,
    crashedAt: null,
    eventId: '0198a2f0-5b7c-7cc3-9f6e-0d5f0a4be001',
    eventType: 'booking.confirmed',
    eventName: 'booking.confirmed',
    subject: 'booking:9876',
    subjectSeq: 3,
    test: false,
    rights: ['*'],
    selection: null,
    shaped: null,
    body: '{}',
    url,
    sealedSecrets: [newSecret()],
  };
}
