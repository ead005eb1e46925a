import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { changeNights } from '../inventory-many.ts';
import { firstRoomType } from './known.ts';
import { lockSource } from './source.ts';
import { IcalSource } from './types.ts';
import { nightChanges } from './units.ts';

/**
 * Stops reading a calendar. Its bookings stay, those to come too: the guests have booked, whoever tells us of it. The nights
 * that it only blocked are free again, and the calendar that the channel reads in return is gone.
 */
export function deleteIcalSource(viewer: Viewer, { id }: { id: string }) {
  return viewer.write(async (tx, _emit, audit) => {
    const source = await lockSource(tx, id);
    const blocks = await tx.$queryRaw<{ checkIn: string; checkOut: string }[]>`
      select check_in::text as "checkIn", check_out::text as "checkOut" from ical_event
      where source_id = ${source.id} and state = 'BLOCKED'`;
    const roomTypeId = await firstRoomType(tx, source.propertyId);
    await changeNights(tx, nightChanges(blocks.map((block) => ({ roomTypeId, ...block, sold: 0, blocked: -1 }))));
    await tx.icalSource.delete({ where: { id: source.id } });
    audit('ical_source.deleted', `ical_source:${source.id}`, { url: source.urlShown, blocks: blocks.length });
    return source;
  });
}

builder.mutationField('deleteIcalSource', (t) =>
  t.field({
    type: IcalSource,
    description:
      'Stops reading a calendar. Its bookings stay, future ones too; its blocks are freed, its conflicts are forgotten, and the calendar that the channel read in return is gone.',
    ability: 'properties:write',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { viewer }) => deleteIcalSource(viewer, { id }),
  }),
);
