import { Invalid, refuse } from '../../core/errors.ts';
import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { parseId } from '../../graph/ids.ts';
import { changesBetween, effectiveNights } from './effective.ts';
import { propertyRateChanged } from './events.ts';
import { holdProperties, numberWrite, refuseArchived } from './hold.ts';
import { type RateTerms, rateColumns, rateFields, rateProblems } from './input.ts';
import { Rate } from './types.ts';

/** Adds a rate to a property. It stands above those of the same priority that cover its nights already. */
export function createRate(viewer: Viewer, input: RateTerms & { propertyId: string }) {
  const { id: agencyId, currency } = viewer.agency;
  refuse(rateProblems(input, currency));
  return viewer.write(async (tx, emit) => {
    const held = await holdProperties(tx, [parseId(input.propertyId) ?? -1]);
    if (!held[0]) throw new Invalid({ propertyId: ['is not a property of this agency'] });
    refuseArchived(held[0]);
    const { from, to } = input;
    const spans = [{ propertyId: held[0].id, from, to }];
    const before = await effectiveNights(viewer, tx, spans);
    const [property] = await numberWrite(tx, held);
    const { id: propertyId, version: rank } = property!;
    const rate = await tx.rate.create({ data: { ...rateColumns(input, currency), agencyId, propertyId, rank } });
    const after = await effectiveNights(viewer, tx, spans);
    const runs = changesBetween(before.get(propertyId)!, after.get(propertyId)!);
    await emit(
      propertyRateChanged,
      { property: property!, currency, rate, kind: 'added', from, to, runs },
      { rate: rate.id, from, to, priceMinor: rate.priceMinor },
    );
    return rate;
  });
}

const CreateRateInput = builder.inputType('CreateRateInput', {
  fields: (t) => ({
    propertyId: t.id({ required: true }),
    ...rateFields(t),
  }),
});

builder.mutationField('createRate', (t) =>
  t.field({
    type: Rate,
    description: 'Adds a rate to a property. Among rates of the same priority it wins, being written last.',
    ability: 'rates:write',
    args: { input: t.arg({ type: CreateRateInput, required: true }) },
    resolve: (_root, { input }, { viewer }) => createRate(viewer, input),
  }),
);
