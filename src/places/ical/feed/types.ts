/** One stay or closure that a channel's calendar tells of. */
export interface FeedEvent {
  /** The same from one reading to the next, at most 500 characters, and once in a feed. */
  uid: string;
  /** The channel's confirmation code. */
  code: string | null;
  /** As the channel wrote it, at most 500 characters. */
  summary: string | null;
  /** Where the channel says one. */
  guestName: string | null;
  kind: 'RESERVATION' | 'BLOCK';
  /**
   * True for what is surely a guest of this channel. False for a block, and where the channel doesn't tell a reservation
   * from a closure (Booking.com): it may be the echo of a stay that we told the channel about.
   */
  certain: boolean;
  /** A plain date at the property. */
  checkIn: string;
  /** A plain date after checkIn; not a night. */
  checkOut: string;
  /** The channel says so itself (STATUS:CANCELLED), instead of leaving the event out. */
  cancelled: boolean;
}

export interface Feed {
  /** In the order of the feed. */
  events: FeedEvent[];
  /** What was wrong with single events, in sentences. The rest of the feed is still good. */
  warnings: string[];
  /** The UIDs of events that stand in the feed and whose dates can't be read. What is there has not gone. */
  unread: string[];
}

export type Channel = 'AIRBNB' | 'BOOKING' | 'VRBO' | 'OTHER';

/** What is needed to read a calendar. */
export interface HowToRead {
  channel: Channel;
  /** The property's, by its IANA name: instants and floating times become its dates. */
  timezone: string;
  /** The property's date: stays that are long over are left out. */
  today: string;
}

/** What an exchange with a channel came to. */
export interface Fetched {
  /** `unchanged`: the channel says that what we read last time still holds (304). */
  status: 'fetched' | 'unchanged';
  /** Of a feed that was fetched: the calendar, decompressed. */
  bytes?: Buffer;
  /** To send along the next time. */
  etag: string | null;
  lastModified: string | null;
}

export type FailureReason =
  | 'invalid_url'
  | 'blocked'
  | 'dns'
  | 'tls'
  | 'timeout'
  | 'network'
  | 'unauthorized'
  | 'not_found'
  | 'gone'
  | 'http_4xx'
  | 'http_5xx'
  | 'too_many_redirects'
  | 'too_large'
  | 'not_a_calendar'
  | 'throttled';
