import { open } from '../../core/secrets.ts';
import type { Viewer } from '../../core/viewer.ts';
import { openAgent } from '../../relay/address.ts';
import { FeedFailure, fetchFeed } from './feed/fetch.ts';
import { NotACalendar, parseFeed } from './feed/parse.ts';
import type { Feed, Fetched } from './feed/types.ts';
import type { SourceRow } from './types.ts';

/** A calendar as the channel answered it. */
export interface Calendar {
  /** Undefined when the channel says that nothing has changed. */
  feed: Feed | undefined;
  etag: string | null;
  lastModified: string | null;
}

/** Why a calendar could not be read: a class and a sentence. */
export interface Failure {
  reason: string;
  message: string;
}

/** How patient a reading is with a channel. */
export interface Patience {
  /** Attempts after the first, where what went wrong may pass. */
  retries: number;
  /** For each attempt. */
  timeoutMs: number;
  /** Gives the reading up. It is thrown then, and nothing is noted. */
  signal?: AbortSignal;
}

/** A request is given up after 15 seconds; two attempts must fit, and what is read must still be written. */
export const whileSomebodyWaits = ({ config }: Viewer): Patience => ({
  retries: 1,
  timeoutMs: Math.min(config.webhookTimeoutSeconds, 6) * 1_000,
});

/** More attempts would only keep other calendars waiting: this one is tried again by itself. */
export const whileNobodyWaits = ({ config }: Viewer): Patience => ({
  retries: 1,
  timeoutMs: config.webhookTimeoutSeconds * 1_000,
});

/** Asks the channel for its calendar. Talks to the network, so it must be outside of any transaction. Never throws for the channel's faults. */
export async function readCalendar(
  viewer: Viewer,
  source: SourceRow,
  { whole, retries, timeoutMs, signal }: Patience & { whole: boolean },
): Promise<Calendar | Failure> {
  const allowed = viewer.config.webhookAllowedNetworks;
  const agent = openAgent({ allowed, timeoutMs });
  let fetched: Fetched;
  try {
    const known = whole ? { etag: null, lastModified: null } : source;
    fetched = await fetchFeed(open(viewer.config.appKey, source.urlSealed), {
      ...{ agent, retries, timeoutMs, signal },
      ...{ etag: known.etag, lastModified: known.lastModified },
    });
  } catch (error) {
    if (error instanceof FeedFailure) return { reason: error.reason, message: error.message };
    throw error;
  } finally {
    await agent.destroy(); // Each calendar is at another host; a socket that stays open is of use to nobody.
  }
  const { etag, lastModified } = fetched;
  if (fetched.status === 'unchanged') return { feed: undefined, etag, lastModified };
  try {
    const { timezone } = viewer.agency;
    const feed = parseFeed(fetched.bytes!, { channel: source.channel, timezone, today: viewer.today });
    return { feed, etag, lastModified };
  } catch (error) {
    if (error instanceof NotACalendar) return { reason: 'not_a_calendar', message: error.message };
    throw error;
  }
}
