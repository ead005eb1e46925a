import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { DomainError } from '../core/errors.ts';
import type { Services } from '../core/viewer.ts';
import { readBody } from './body.ts';
import { deadline } from './deadline.ts';
import { type Limits, limitHeaders } from './limits.ts';
import { toDomainError } from './mask.ts';
import { observed } from './observe.ts';
import { type Answer, refusal } from './rest/answer.ts';
import { etagOf, isKnown } from './rest/etag.ts';
import { namesIn, readSearch } from './rest/parameters.ts';

/**
 * A way in for somebody who holds no token: a calendar that shows a key, a provider that signs what it says. Each proves
 * itself to `serve`, which answers who can't as if there were nothing here.
 */
export interface Door {
  method: 'GET' | 'POST';
  /** `/inbound/whatsapp/{agency}` */
  path: string;
  /** What the OpenAPI document says of it. */
  about: DoorFacts;
  /** Whether its answers carry the ETag of their body, and who has that body already is told so with 304. */
  revalidates?: boolean;
  serve(call: Call, services: Services): Promise<Answer>;
}

export interface DoorFacts {
  operationId: string;
  tag: string;
  summary: string;
  description: string;
  /** Required parameters of the query string, and what each is. */
  query?: Record<string, string>;
  /** Required headers, and what each is. */
  headers?: Record<string, string>;
  /** The media type of the body that it takes. */
  body?: string;
  /** Its good answers by status, with the media type and an example of those that have a body. */
  answers: Record<number, { description: string; type?: string; example?: unknown }>;
}

export interface Call {
  /** What stood for each `{name}` of the path, in its order. */
  path: string[];
  query: ReadonlyMap<string, string[]>;
  headers: IncomingHttpHeaders;
  /** The bytes as they came: a signature is over them. Empty for a GET. */
  body: Buffer;
  ip: string | undefined;
  requestId: string;
  /** The place in a trace that the call has. */
  traceparent: string | undefined;
  /**
   * Counts a call that proved nothing against its path, whoever made it, and refuses it past the limit. To be asked before
   * anything is written of such a call: somebody who can't get in must not be able to fill what is kept about them either.
   * Calls that are believed are never counted, so nobody can use up a provider's share.
   */
  distrust(): Promise<void>;
}

/** The server of a request's door, or undefined when its path belongs to none. */
export function doorServer(doors: Door[], services: Services & { log: Logger; limits: Limits }) {
  const compiled = doors.map((door) => ({ ...door, pattern: patternOf(door.path) }));

  return (path: string): ((req: IncomingMessage, res: ServerResponse) => Promise<void>) | undefined => {
    const here = compiled.filter(({ pattern }) => pattern.test(path));
    if (here.length === 0) return undefined;
    return async (req, res) => {
      const known = observed(req);
      const { requestId, ip, traceparent } = known;
      const method = req.method === 'HEAD' ? 'GET' : req.method;
      let answer: Answer;
      try {
        const door = here.find((one) => one.method === method) ?? refuseMethod(method, here);
        known.route = door.path;
        const [, ...values] = door.pattern.exec(path)!;
        const call: Call = {
          path: values,
          query: readSearch(req.url!.split('?', 2)[1] ?? ''),
          headers: req.headers,
          body: method === 'GET' ? Buffer.alloc(0) : await readBody(req),
          ip,
          requestId,
          traceparent,
          distrust: () => distrust(services.limits, door, values),
        };
        answer = await deadline(door.serve(call, services));
        if (door.revalidates) answer = revalidated(answer, req.headers['if-none-match']);
      } catch (error) {
        answer = refusal(toDomainError(error, services.log, requestId), requestId);
      }
      const bytes = answer.body === undefined ? undefined : Buffer.from(answer.body);
      res.writeHead(answer.status, {
        ...answer.headers,
        'x-request-id': requestId,
        ...(bytes && { 'content-length': bytes.length }),
      });
      res.end(req.method === 'HEAD' ? undefined : bytes);
    };
  };
}

async function distrust(limits: Limits, { path }: Door, values: string[]): Promise<void> {
  const verdict = await limits.take(`door ${path} ${values.join(' ').slice(0, 100)}`);
  if (!verdict.allowed) throw new DomainError('RATE_LIMITED', 'Too Many Attempts.', undefined, limitHeaders(verdict));
}

function revalidated({ status, headers, body = '' }: Answer, known: string | undefined): Answer {
  const { 'content-type': type, ...kept } = { ...headers, etag: etagOf(body) } as Record<string, string>;
  if (known !== undefined && isKnown(known, kept.etag!)) return { status: 304, headers: kept };
  return { status, headers: { ...kept, ...(type && { 'content-type': type }) }, body };
}

/** What stands for a name is one segment; the dots of `calendar.ics` are dots. */
function patternOf(path: string): RegExp {
  const text = namesIn(path).reduce((all, name) => all.replace(`{${name}}`, '([^/]+)'), path.replaceAll('.', '\\.'));
  return new RegExp(`^${text}$`);
}

function refuseMethod(method: string | undefined, here: Door[]): never {
  const allow = here.map((door) => door.method).join(', ');
  throw new DomainError('METHOD_NOT_ALLOWED', `The ${method} method is not supported here. Use ${allow}.`, undefined, {
    allow,
  });
}
