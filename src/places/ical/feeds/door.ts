import { clock } from '../../../core/clock.ts';
import { NotFound } from '../../../core/errors.ts';
import type { Services, Viewer } from '../../../core/viewer.ts';
import type { Call, Door } from '../../../gateway/doors.ts';
import { parseId } from '../../../graph/ids.ts';
import { agencyViewer } from '../../../platform/agency-viewer.ts';
import { closedFor, type FeedFacts } from './closed.ts';
import { keyHash } from './make.ts';
import { EXAMPLE, printCalendar } from './print.ts';
import { together } from './together.ts';

/** A property's calendar, for a channel that shows the feed's key. */
const calendar: Door = {
  method: 'GET',
  path: '/v1/properties/{id}/calendar.ics',
  about: {
    operationId: 'readCalendarFeed',
    tag: 'iCal feeds',
    summary: 'Read a property’s calendar',
    description:
      'The nights that are taken, from yesterday to two years ahead, for the channel that the feed was made for. What came from there is left out, and nothing is said of who stays. It needs no token: the key is in the address that the feed’s creation answered with. A key that is wrong or revoked is answered as if there were nothing here.',
    query: { key: 'The feed’s secret.' },
    answers: { 200: { description: 'The calendar, as RFC 5545 has it.', type: 'text/calendar', example: EXAMPLE } },
  },
  revalidates: true,
  async serve(call, services) {
    const found = await find(call, services);
    const body = await inTurn(found.keyHash, () => print(found, call, services));
    return {
      status: 200,
      headers: { 'content-type': 'text/calendar; charset=utf-8', 'cache-control': 'private, no-cache' },
      body,
    };
  },
};

export const calendarDoors: Door[] = [calendar];

/** Channels ask when they like, and some ask from many machines at once. */
const inTurn = together<string>();

interface Found {
  keyHash: string;
  id: number;
  agencyId: number;
}

/** The living feed of a key, which must be of the property in the path. Whatever is wrong, the answer is the same. */
async function find({ path, query }: Call, { database }: Services): Promise<Found> {
  const keys = query.get('key') ?? [];
  const hash = keyHash(keys.length === 1 ? keys[0]! : '');
  const { rows } = await database.system.query<Omit<Found, 'keyHash'>>(
    `select id, agency_id as "agencyId" from ical_feed
     where key_hash = $1 and property_id = $2 and revoked_at is null`,
    [hash, parseId(path[0]!) ?? -1],
  );
  if (!rows[0]) throw new NotFound('calendar');
  return { ...rows[0], keyHash: hash };
}

/** The calendar as it is now. Archived or not, a property's guests stay, so its calendar does too. */
async function print(
  { id, agencyId }: Found,
  { ip, requestId, traceparent }: Call,
  services: Services,
): Promise<string> {
  const viewer = await agencyViewer(services, agencyId, `ical_feed:${id}`, { ip, requestId, traceparent });
  const feed = viewer && (await factsOf(viewer, id));
  if (!feed) throw new NotFound('calendar'); // It was deleted a moment ago.
  const body = printCalendar(feed.name, await closedFor(viewer, feed));
  if (feed.isStale) await noteReading(viewer, id);
  return body;
}

async function factsOf(
  viewer: Viewer,
  id: number,
): Promise<(FeedFacts & { name: string; isStale: boolean }) | undefined> {
  const { rows } = await viewer.read(
    `select f.property_id, p.units, f.channel::text, p.name, ${OWN_SOURCES},
       f.last_read_at is null or f.last_read_at <= $2::timestamptz - interval '1 minute'
     from ical_feed f join property p on p.agency_id = f.agency_id and p.id = f.property_id
     where f.id = $1::int`,
    [id, clock.now()],
  );
  const [row] = rows;
  if (!row) return undefined;
  const [propertyId, units, channel, name, ownSourceIds, isStale] = row as [
    number,
    number,
    FeedFacts['channel'],
    string,
    number[],
    boolean,
  ];
  return { id, propertyId, units, channel, ownSourceIds, name, isStale };
}

/** The feed's source; where none is named, all of the same channel, because a channel must never be told its own blocks. */
const OWN_SOURCES = `array(
  select s.id from ical_source s
  where s.agency_id = f.agency_id and s.property_id = f.property_id
    and case when f.source_id is null then s.channel = f.channel and f.channel <> 'OTHER' else s.id = f.source_id end)`;

/** At most once a minute, whoever reads how often. It is no change of the feed: `updated_at` stays, and nobody is told. */
async function noteReading(viewer: Viewer, id: number): Promise<void> {
  await viewer.db.$executeRaw`update ical_feed set last_read_at = ${clock.now()} where id = ${id}`;
}
