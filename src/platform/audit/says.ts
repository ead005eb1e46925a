/** What the columns of an entry are, said once for both lists. */
export const SAYS = {
  id: 'A UUID that rises with time.',
  occurredAt: 'When it was done.',
  severity: 'How much it matters.',
  actor: '`token:7`, `cli`, `relay`, `timer` …',
  tokenName: 'What the token was called then.',
  ip: 'The address that asked.',
  requestId: 'The `X-Request-Id` of the answer.',
  action: '`booking.updated`: the noun and what was done to it.',
  subject: '`booking:9876`: what it was done to.',
  changes:
    'By name, the value that is true now, or `{from, to}`. `{sha256}` stands for personal data; secrets aren’t kept.',
} as const;
