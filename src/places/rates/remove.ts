import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { whole } from '../../outbox/audit.ts';
import { changesBetween, effectiveNights } from './effective.ts';
import { propertyRateChanged } from './events.ts';
import { numberWrite } from './hold.ts';
import { Rate } from './types.ts';
import { holdRate, spanOf } from './update.ts';

/** Removes a rate; its nights fall to the next rate that covers them, or to the base price. An archived property's too. */
export function deleteRate(viewer: Viewer, { id }: { id: string }) {
  const { currency } = viewer.agency;
  return viewer.write(async (tx, emit) => {
    const { rate, property: held } = await holdRate(tx, id);
    const span = spanOf(rate);
    const before = await effectiveNights(viewer, tx, [span]);
    const [property] = await numberWrite(tx, [held]);
    await tx.rate.delete({ where: { id: rate.id } });
    const after = await effectiveNights(viewer, tx, [span]);
    const runs = changesBetween(before.get(held.id)!, after.get(held.id)!);
    const { from, to } = span;
    await emit(
      propertyRateChanged,
      { property: property!, currency, rate, kind: 'removed', from, to, runs },
      { rate: rate.id, ...whole(rate) },
    );
    return rate;
  });
}

builder.mutationField('deleteRate', (t) =>
  t.field({
    type: Rate,
    description: 'Removes a rate. Its nights fall to the next rate that covers them, or to the base price.',
    ability: 'rates:write',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { viewer }) => deleteRate(viewer, { id }),
  }),
);
