import { type DestinationStream, type Logger, pino } from 'pino';

/**
 * The log, as JSON lines. It tells of requests, deliveries and errands by their ids and never of people: what says who
 * somebody is, proves who somebody is or was sent by somebody is left out, whoever logs it and however deep it lies.
 */
export function openLog(level: string, destination: DestinationStream): Logger {
  return pino(
    {
      name: 'bellhop',
      level,
      redact: { paths: everywhere(PRIVATE), censor: '[redacted]' },
      serializers: { err: errorFacts, error: errorFacts, reason: scrub, msg: scrub },
    },
    destination,
  );
}

/** What none of our lines has, in case one does one day. */
const PRIVATE = [
  ...['authorization', 'cookie', 'token', 'secret', 'password', 'appKey', 'headers', 'body', 'variables', 'parameters'],
  ...['guestName', 'guest_name', 'guestEmail', 'guest_email', 'guestPhone', 'guest_phone', 'email', 'phone', 'iban'],
];

/** A name at the top and in whatever stands one or two levels below it. */
const everywhere = (names: string[]): string[] => names.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/**
 * An error without what it carries along. PostgreSQL's have the row that was refused in `detail`, Prisma's the arguments in
 * `meta`; both are guests' data. What is left says what went wrong and where.
 */
function errorFacts(error: unknown): unknown {
  if (!(error instanceof Error)) return typeof error === 'string' ? scrub(error) : error;
  const { code } = error as { code?: unknown };
  return {
    type: error.name === 'Error' ? error.constructor.name : error.name,
    message: messageOf(error),
    ...(typeof code === 'string' && { code }),
    stack: error.stack?.match(/^ {4}at .*$/gm)?.join('\n'),
    ...(error.cause instanceof Error && { cause: errorFacts(error.cause) }),
  };
}

/** PostgreSQL quotes the value that it could not take, by which codes of the classes 22 and 23 can be told. */
function messageOf(error: Error): unknown {
  const { code } = error as { code?: unknown };
  const ofValue = REFUSED_VALUE.test(String(code)) || REFUSED_VALUE.test(error.message);
  return scrub(ofValue ? error.message.replace(/"[^"]*"/g, '"…"') : error.message);
}

const REFUSED_VALUE = /\b2[23][0-9A-Z]{3}\b/;

/** A text without tokens, secrets, addresses of people and what stands behind the host of a URL. */
function scrub(text: unknown): unknown {
  if (typeof text !== 'string') return text;
  return text
    .replace(/(\bhttps?:\/\/)(?:[^\s/"'?#@]*@)?([^\s/"'?#]+)[/?#][^\s"']*/gi, '$1$2/…')
    .replace(/\b\d+\|[A-Za-z0-9]{20,}/g, '[token]')
    .replace(/whsec_[\w+/=-]+/g, '[secret]')
    .replace(/\b(Bearer|Basic)\s+\S+/gi, '$1 [token]')
    .replace(/[^\s@"'<>()]+@[^\s@"'<>()]+\.[^\s@"'<>()]+/g, '[email]')
    .replace(/\+\d[\d ()-]{7,}\d|\b0\d{9}\b/g, '[phone]');
}
