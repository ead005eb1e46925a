/** A header that a receiver gets with each call, as the documents tell it. */
export interface CallHeader {
  name: string;
  description: string;
  schema: { type: 'string'; pattern?: string; enum?: string[]; format?: string };
  example: string;
  /** Not in every call. */
  optional?: boolean;
}

/** The headers of a call: at the first attempt, at later ones, and at a replay. */
export const CALL_HEADERS: CallHeader[] = [
  {
    name: 'X-Signature',
    description: 'Lower-case hex HMAC-SHA256 of the raw body, keyed with the whole secret.',
    schema: { type: 'string', pattern: '^[0-9a-f]{64}$' },
    example: '0c9a2e0d4f8b7c61d2a3e4f5061728394a5b6c7d8e9f00112233445566778899',
  },
  {
    name: 'webhook-id',
    description: 'The event’s id, as Standard Webhooks has it: the same at every attempt and replay.',
    schema: { type: 'string', format: 'uuid' },
    example: '019f6b1c-5b0e-7c3a-9d53-3c1f0a4e7b21',
  },
  {
    name: 'webhook-timestamp',
    description: 'When this attempt was made, in unix seconds. Refuse what is more than five minutes old or new.',
    schema: { type: 'string', pattern: '^[0-9]+$' },
    example: '1784111021',
  },
  {
    name: 'webhook-signature',
    description:
      '`v1,` and the base64 HMAC-SHA256 of `webhook-id.webhook-timestamp.body`, keyed with what the secret’s base64 part decodes to; one for each living secret, separated by spaces.',
    schema: { type: 'string', pattern: '^v1,[A-Za-z0-9+/=]+( v1,[A-Za-z0-9+/=]+)*$' },
    example: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  },
  {
    name: 'X-Event',
    description: 'The event’s name.',
    schema: { type: 'string' },
    example: 'booking.confirmed',
  },
  {
    name: 'X-Delivery-Id',
    description: 'The delivery, as `/v1/webhook-deliveries` has it.',
    schema: { type: 'string', format: 'uuid' },
    example: '019f6b1c-5b6e-7d1c-8a40-5f0e2b9c4d11',
  },
  {
    name: 'X-Attempt',
    description: 'Which attempt at this delivery this is, from 1.',
    schema: { type: 'string', pattern: '^[1-9][0-9]*$' },
    example: '1',
  },
  {
    name: 'X-Subject',
    description: 'What it happened to.',
    schema: { type: 'string' },
    example: 'booking:9876',
  },
  {
    name: 'X-Sequence',
    description: 'Rises with each event of this subject, so that one that comes late can be told.',
    schema: { type: 'string', pattern: '^[0-9]+$' },
    example: '3',
  },
  {
    name: 'traceparent',
    description: 'W3C Trace Context: the trace of the request that this comes from, where it had one.',
    schema: { type: 'string', pattern: '^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$' },
    example: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    optional: true,
  },
];
