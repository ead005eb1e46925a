import { clock } from '../../core/clock.ts';
import { NotFound, refuse } from '../../core/errors.ts';
import { textProblem } from '../../core/text.ts';
import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { parseId } from '../../graph/ids.ts';
import { IcalConflict } from './types.ts';

/**
 * Says that a conflict is settled. The event stays in the channel's calendar and holds nothing here; the same conflict isn't
 * told of again.
 */
export function resolveIcalConflict(viewer: Viewer, { id, note }: { id: string; note?: string | null }) {
  refuse({ note: textProblem(note, { most: 1_000 }) });
  return viewer.write(async (tx, _emit, audit) => {
    const { count } = await tx.icalConflict.updateMany({
      where: { id: parseId(id) ?? -1, resolvedAt: null },
      data: { resolution: 'MANUAL', resolvedAt: clock.now(), note: note ?? null },
    });
    const conflict = await tx.icalConflict.findFirst({ where: { id: parseId(id) ?? -1 } });
    if (!conflict) throw new NotFound('conflict');
    const { resolution, note: told } = conflict;
    if (count > 0) audit('ical_conflict.resolved', `ical_conflict:${conflict.id}`, { resolution, note: told });
    return conflict; // A retry finds it resolved.
  });
}

builder.mutationField('resolveIcalConflict', (t) =>
  t.field({
    type: IcalConflict,
    description: 'Says that a conflict is settled. It isn’t told of again while the same two claim the same nights.',
    ability: 'properties:write',
    args: {
      id: t.arg.id({ required: true }),
      note: t.arg.string({ description: 'How it was settled; kept with the conflict.' }),
    },
    resolve: (_root, { id, note }, { viewer }) => resolveIcalConflict(viewer, { id, note }),
  }),
);
