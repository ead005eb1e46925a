import { createHash } from 'node:crypto';
import type { IcalChannel as Channel } from '../../../prisma/generated/client/enums.ts';
import { clock } from '../../core/clock.ts';
import { onTaken } from '../../core/constraints.ts';
import { Conflict, NotFound, refuse } from '../../core/errors.ts';
import { seal } from '../../core/secrets.ts';
import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { parseId } from '../../graph/ids.ts';
import { IcalChannel } from './channel.ts';
import { checkFeedUrl } from './feed/fetch.ts';
import { makeFeed } from './feeds/make.ts';
import { IcalSource } from './types.ts';

interface NewSource {
  channel: Channel;
  url: string;
}

/**
 * Has a channel's calendar read from now on, and makes the calendar that the channel reads in return: its address is in this
 * answer and nowhere else. The channel's address is kept sealed, because whoever has it can read the calendar.
 */
export function createIcalSource(viewer: Viewer, { propertyId, input }: { propertyId: string; input: NewSource }) {
  const url = input.url.trim();
  refuse({ url: checkFeedUrl(url, viewer.config.webhookAllowedNetworks) });
  return viewer.write(async (tx, _emit, audit) => {
    const property = await tx.property.findFirst({ where: { id: parseId(propertyId) ?? -1 } });
    if (!property) throw new NotFound('property');
    if (property.archivedAt)
      throw new Conflict(
        'PROPERTY_ARCHIVED',
        'This property is archived and takes no bookings, so no calendar either.',
      );
    const source = await tx.icalSource
      .create({
        data: {
          agencyId: viewer.agency.id,
          propertyId: property.id,
          channel: input.channel,
          urlSealed: seal(viewer.config.appKey, url),
          urlHash: hashOf(url),
          urlShown: shownOf(url),
          nextSyncAt: clock.now(),
        },
      })
      .catch(
        onTaken(
          () => new Conflict('SOURCE_TAKEN', 'This property reads that calendar already. Sync it, or delete it first.'),
        ),
      );
    const { url: exportUrl } = await makeFeed(viewer, tx, {
      propertyId: property.id,
      channel: source.channel,
      sourceId: source.id,
    });
    audit('ical_source.created', `ical_source:${source.id}`, { channel: source.channel, url: source.urlShown });
    return { ...source, exportUrl };
  });
}

/** The same for the same calendar: `webcal:` is how a browser is told that `https:` leads to one. */
const hashOf = (url: string): string =>
  createHash('sha256')
    .update(new URL(url.replace(/^webcals?:/i, 'https:')).href)
    .digest('hex');

/**
 * The address for people. What makes it secret stands in its query, where most channels put their tokens, or is a name in
 * its path that nobody would type: `/icalendar/0a1b…9f.ics` at Vrbo, `/private-0a1b…9f/basic.ics` at Google.
 */
export function shownOf(url: string): string {
  const { protocol, host, pathname, search } = new URL(url);
  const path = pathname.replace(/[\w-]{24,}/g, (name) => (/\d/.test(name) ? '***' : name));
  const query = search
    .slice(1)
    .replace(/[^&]+/g, (pair) => (pair.includes('=') ? pair.replace(/=.*/s, '=***') : '***'));
  return `${protocol}//${host}${path}${query && `?${query}`}`;
}

const CreateIcalSourceInput = builder.inputType('CreateIcalSourceInput', {
  fields: (t) => ({
    channel: t.field({ type: IcalChannel, required: true }),
    url: t.field({
      type: 'URL',
      required: true,
      description: 'The calendar’s address, as the channel’s page for exporting shows it: https or webcal.',
    }),
  }),
});

builder.mutationField('createIcalSource', (t) =>
  t.field({
    type: IcalSource,
    description:
      'Has a channel’s calendar read from now on: its reservations become confirmed bookings whose amounts are 0, because a calendar tells none, and its closures become blocks. Its `exportUrl` is in this answer only: give it to the channel.',
    ability: 'properties:write',
    args: {
      propertyId: t.arg.id({ required: true, description: 'Whose nights the calendar tells of.' }),
      input: t.arg({ type: CreateIcalSourceInput, required: true }),
    },
    resolve: (_root, { propertyId, input }, { viewer }) => createIcalSource(viewer, { propertyId, input }),
  }),
);
