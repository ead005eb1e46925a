import type { IcalChannel as Channel } from '../../../../prisma/generated/client/enums.ts';
import { Invalid, NotFound } from '../../../core/errors.ts';
import type { Viewer } from '../../../core/viewer.ts';
import type { Transaction } from '../../../database/index.ts';
import { builder } from '../../../graph/builder.ts';
import { parseId } from '../../../graph/ids.ts';
import { IcalChannel } from '../channel.ts';
import { makeFeed } from './make.ts';
import { IcalFeed } from './types.ts';

interface FeedAsked {
  propertyId: string;
  channel?: Channel | null;
  sourceId?: string | null;
}

/** Makes a calendar of a property for a channel to read. Its address is in this answer and nowhere else. */
export function createIcalFeed(viewer: Viewer, { propertyId, channel, sourceId }: FeedAsked) {
  return viewer.write(async (tx, _emit, audit) => {
    const property = await tx.property.findFirst({ where: { id: parseId(propertyId) ?? -1 }, select: { id: true } });
    if (!property) throw new NotFound('property');
    const source = sourceId == null ? undefined : await sourceOf(tx, property.id, sourceId);
    if (source && channel && channel !== source.channel)
      throw new Invalid({ channel: [`must be ${source.channel.toLowerCase()}, as the source's is; leave it out`] });
    const feed = await makeFeed(viewer, tx, {
      propertyId: property.id,
      channel: source?.channel ?? channel ?? 'OTHER',
      sourceId: source?.id,
    });
    audit('ical_feed.created', `ical_feed:${feed.id}`, { property_id: property.id, channel: feed.channel });
    return feed;
  });
}

async function sourceOf(tx: Transaction, propertyId: number, id: string) {
  const source = await tx.icalSource.findFirst({
    where: { id: parseId(id) ?? -1, propertyId },
    select: { id: true, channel: true },
  });
  if (!source) throw new Invalid({ sourceId: ['is not an iCal source of this property'] });
  return source;
}

builder.mutationField('createIcalFeed', (t) =>
  t.field({
    type: IcalFeed,
    description: 'Makes a calendar of a property for a channel to read. Its address is in this answer only.',
    ability: 'properties:write',
    args: {
      propertyId: t.arg.id({ required: true, description: 'Which property.' }),
      channel: t.arg({
        type: IcalChannel,
        description:
          'Who will read it: stays that came from there are left out. The source’s, or else OTHER, when not said.',
      }),
      sourceId: t.arg.id({ description: 'The iCal source that brings in the same channel’s stays.' }),
    },
    resolve: (_root, args, { viewer }) => createIcalFeed(viewer, args),
  }),
);
