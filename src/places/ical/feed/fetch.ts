import { setTimeout as sleep } from 'node:timers/promises';
import pRetry from 'p-retry';
import { type Agent, type Dispatcher, request } from 'undici';
import { VERSION } from '../../../core/version.ts';
import { ANYWHERE, checkUrl, isReachable } from '../../../relay/address.ts';
import { readBody } from './body.ts';
import { FeedFailure } from './failure.ts';
import { answeredBadly, broken } from './outcome.ts';
import type { Fetched } from './types.ts';

export { FeedFailure } from './failure.ts';

export interface HowToFetch {
  /** From openAgent: it judges the address of every connection, those of redirects among them. */
  agent: Agent;
  /** As the last reading answered them. */
  etag?: string | null;
  lastModified?: string | null;
  /** For one attempt, from its first packet to its last byte, redirects included. */
  timeoutMs: number;
  /** How many more attempts there are after one that failed for a reason that may pass. */
  retries: number;
  /** The pause before the second attempt; each further one is twice as long. */
  pauseMs?: number;
  /** Ends the exchange with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Reads a calendar over HTTP, if it has changed. Throws FeedFailure. What was read may still be a login page: that is for
 * parseFeed to say.
 */
export function fetchFeed(url: string, how: HowToFetch): Promise<Fetched> {
  return pRetry(() => attempt(url, how), {
    retries: how.retries,
    minTimeout: how.pauseMs ?? PAUSE_MS,
    randomize: true, // All calendars of a channel that was down would come back at once otherwise.
    signal: how.signal,
    async shouldRetry({ error }) {
      if (!(error instanceof FeedFailure) || !error.retryable) return false;
      const { retryAfterMs = 0 } = error;
      if (retryAfterMs > LONGEST_PAUSE_MS) return false; // The next reading is soon enough.
      await sleep(retryAfterMs, undefined, { signal: how.signal });
      return true;
    },
  });
}

/** What is wrong with an address that somebody wants a calendar read from, or null. */
export function checkFeedUrl(text: string, allowed: string[]): string | null {
  const url = overHttp(text);
  if (url.length <= 2048) {
    if (!URL.canParse(url)) return 'must be the address of a calendar, like https://example.com/calendar.ics';
    if (!/^https?:$/.test(new URL(url).protocol)) return 'must begin with https://, http:// or webcal://';
  }
  return checkUrl(url, allowed);
}

const PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5_000;
const MOST_REDIRECTS = 5;

/** undici's own timeouts start anew with every byte, so a server that drips could hold a slot for ever. */
async function attempt(url: string, how: HowToFetch): Promise<Fetched> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), how.timeoutMs);
  const signal = how.signal ? AbortSignal.any([timeout.signal, how.signal]) : timeout.signal;
  const at = { host: hostOf(url) };
  try {
    return await follow(url, { ...how, signal }, at);
  } catch (error) {
    how.signal?.throwIfAborted();
    if (error instanceof FeedFailure) throw error;
    throw broken(error, { host: at.host, timedOut: timeout.signal.aborted, timeoutMs: how.timeoutMs });
  } finally {
    clearTimeout(timer);
  }
}

/** Redirects are followed here, one request each, so that the agent and the rules for addresses judge every step. */
async function follow(
  first: string,
  how: HowToFetch & { signal: AbortSignal },
  at: { host: string },
): Promise<Fetched> {
  let url = overHttp(first);
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    checkStep(url, redirects);
    at.host = hostOf(url);
    const answer = await request(url, {
      dispatcher: how.agent,
      headers: headersOf(how),
      signal: how.signal,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const { statusCode: status } = answer;
    if (status >= 200 && status < 300) {
      const bytes = await readBody(answer, at.host);
      return { status: 'fetched', bytes, ...validatorsOf(answer) };
    }
    discard(answer);
    const asked = how.etag || how.lastModified;
    if (status === 304 && asked) {
      const { etag, lastModified } = validatorsOf(answer);
      return {
        status: 'unchanged',
        etag: etag ?? how.etag ?? null,
        lastModified: lastModified ?? how.lastModified ?? null,
      };
    }
    const location = headerOf(answer, 'location');
    if (!REDIRECTS.has(status) || !location) throw answeredBadly(status, at.host, headerOf(answer, 'retry-after'));
    url = next(location, url);
  }
  throw new FeedFailure(
    'too_many_redirects',
    `${at.host} sent us on more than ${MOST_REDIRECTS} times, and no calendar came.`,
  );
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

function headersOf({ etag, lastModified }: HowToFetch): Record<string, string> {
  return {
    Accept: 'text/calendar, text/plain;q=0.5, */*;q=0.1',
    'Accept-Encoding': 'gzip, br',
    'User-Agent': `Bellhop/${VERSION}`,
    ...(etag ? { 'If-None-Match': etag } : {}),
    ...(lastModified ? { 'If-Modified-Since': lastModified } : {}),
  };
}

/** The agent alone decides which addresses are open, so none is allowed or refused for its network here. */
function checkStep(url: string, redirects: number): void {
  const problem = checkFeedUrl(url, ANYWHERE);
  if (!problem) return;
  const what = redirects === 0 ? 'The address of the calendar' : 'The address that we were sent on to';
  const isClosed = problem.startsWith('is not reachable'); // A port that is another protocol's.
  throw new FeedFailure(isClosed ? 'blocked' : 'invalid_url', `${what} ${problem}.`);
}

function next(location: string, from: string): string {
  const url = overHttp(location);
  if (URL.canParse(url, from)) return new URL(url, from).href;
  throw new FeedFailure('invalid_url', `${hostOf(from)} sent us on to something that is not an address.`);
}

/**
 * webcal:// says "subscribe to this" and is fetched over HTTPS. In a private network, where it would seldom have a
 * certificate, over HTTP.
 */
function overHttp(text: string): string {
  const url = text.trim();
  const [scheme] = /^webcals?:\/\//i.exec(url) ?? [];
  if (!scheme) return url;
  const rest = url.slice(scheme.length);
  const https = `https://${rest}`;
  if (!URL.canParse(https)) return https;
  const host = new URL(https).hostname.replace(/^\[|\]$/g, '');
  const isPrivate = /(^|\.)localhost\.?$/.test(host) || (/^[\d.]+$|:/.test(host) && !isReachable(host, []));
  return isPrivate ? `http://${rest}` : https;
}

/** All of an address that a message may hold: what comes after the host is the key to the calendar. */
function hostOf(url: string): string {
  const http = overHttp(url);
  return (URL.canParse(http) && new URL(http).host) || 'The server';
}

function headerOf({ headers }: Dispatcher.ResponseData, name: string): string | undefined {
  return [headers[name]].flat()[0];
}

/** Longer ones are nobody's, and would be sent along with every reading. */
function validatorsOf(answer: Dispatcher.ResponseData): { etag: string | null; lastModified: string | null } {
  const short = (text: string | undefined) =>
    text && text.length <= 200 && /^[\x21-\x7e ]+$/.test(text) ? text : null;
  return { etag: short(headerOf(answer, 'etag')), lastModified: short(headerOf(answer, 'last-modified')) };
}

/** Of an answer without a calendar we want no more. The error is only that of having hung up. */
function discard({ body }: Dispatcher.ResponseData): void {
  body.on('error', () => {}).destroy();
}
