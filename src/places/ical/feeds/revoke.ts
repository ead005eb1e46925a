import { clock } from '../../../core/clock.ts';
import { NotFound } from '../../../core/errors.ts';
import type { Viewer } from '../../../core/viewer.ts';
import { builder } from '../../../graph/builder.ts';
import { parseId } from '../../../graph/ids.ts';
import { IcalFeed } from './types.ts';

/** From the next reading on there is nothing at its address. Revoking twice changes nothing. */
export function revokeIcalFeed(viewer: Viewer, { id }: { id: string }) {
  return viewer.write(async (tx, _emit, audit) => {
    const { count } = await tx.icalFeed.updateMany({
      where: { id: parseId(id) ?? -1, revokedAt: null },
      data: { revokedAt: clock.now() },
    });
    const feed = await tx.icalFeed.findFirst({ where: { id: parseId(id) ?? -1 } });
    if (!feed) throw new NotFound('calendar feed');
    if (count > 0) audit('ical_feed.revoked', `ical_feed:${feed.id}`, { revokedAt: feed.revokedAt }, 'WARNING');
    return feed;
  });
}

builder.mutationField('revokeIcalFeed', (t) =>
  t.field({
    type: IcalFeed,
    description:
      'Ends a calendar feed: there is nothing at its address any more. The feed itself can still be looked up.',
    ability: 'properties:write',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { viewer }) => revokeIcalFeed(viewer, { id }),
  }),
);
