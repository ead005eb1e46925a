import { toDay } from '../../core/dates.ts';
import { NotFound, refuse, refuseNulls } from '../../core/errors.ts';
import { toDecimal } from '../../core/money.ts';
import { saysAlready } from '../../core/same.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import { builder } from '../../graph/builder.ts';
import { parseId } from '../../graph/ids.ts';
import { changed } from '../../outbox/audit.ts';
import { changesBetween, effectiveNights } from './effective.ts';
import { propertyRateChanged } from './events.ts';
import { holdProperties, numberWrite, refuseArchived } from './hold.ts';
import { type RateTerms, rateColumns, rateProblems } from './input.ts';
import { Rate, type RateRow, Weekday } from './types.ts';

type RateChange = { [Field in keyof RateTerms]?: RateTerms[Field] | null };

/** Changes a rate, which then is the one written last. Another property is another rate. */
export function updateRate(viewer: Viewer, { id, input }: { id: string; input: RateChange }) {
  refuseNulls(input, ['from', 'to', 'price', 'minStay', 'closedToArrival', 'closedToDeparture', 'priority']);
  const { currency } = viewer.agency;
  return viewer.write(async (tx, emit) => {
    const { rate: old, property: held } = await holdRate(tx, id);
    const terms = merged(old, input, currency);
    refuse(rateProblems(terms, currency));
    const columns = rateColumns(terms, currency);
    if (isAsBefore(old, columns)) return old; // A retry has nothing new to tell anyone.
    refuseArchived(held);
    const spans = [spanOf(old), { propertyId: held.id, from: terms.from, to: terms.to }];
    const before = await effectiveNights(viewer, tx, spans);
    const [property] = await numberWrite(tx, [held]);
    const rate = await tx.rate.update({ where: { id: old.id }, data: { ...columns, rank: property!.version } });
    const after = await effectiveNights(viewer, tx, spans);
    await emit(
      propertyRateChanged,
      {
        ...{ property: property!, currency, rate, kind: 'modified' },
        from: spans[0]!.from < terms.from ? spans[0]!.from : terms.from,
        to: spans[0]!.to > terms.to ? spans[0]!.to : terms.to,
        runs: changesBetween(before.get(held.id)!, after.get(held.id)!),
      },
      { rate: rate.id, ...changed(old, rate) },
    );
    return rate;
  });
}

/**
 * A rate and its property, both held. The property comes first, as in every write of rates, and a rate never moves to
 * another; so it is looked up, its property held, and read again: somebody may have removed it meanwhile.
 */
export async function holdRate(tx: Transaction, id: string) {
  const where = { id: parseId(id) ?? -1 };
  const found = await tx.rate.findFirst({ where, select: { propertyId: true } });
  const [property] = found ? await holdProperties(tx, [found.propertyId]) : [];
  const rate = property && (await tx.rate.findFirst({ where }));
  if (!rate) throw new NotFound('rate');
  return { rate, property };
}

export const spanOf = ({ propertyId, from, to }: RateRow) => ({ propertyId, from: toDay(from), to: toDay(to) });

function merged(old: RateRow, input: RateChange, currency: string): RateTerms {
  return {
    name: input.name === undefined ? old.name : input.name,
    from: input.from ?? toDay(old.from),
    to: input.to ?? toDay(old.to),
    weekdays: input.weekdays === undefined ? old.weekdays : input.weekdays,
    price: input.price ?? String(toDecimal(old.priceMinor, currency)),
    minStay: input.minStay ?? old.minStay,
    closedToArrival: input.closedToArrival ?? old.closedToArrival,
    closedToDeparture: input.closedToDeparture ?? old.closedToDeparture,
    priority: input.priority ?? old.priority,
  };
}

function isAsBefore(old: RateRow, columns: ReturnType<typeof rateColumns>): boolean {
  const weekdays = (row: Pick<RateRow, 'weekdays'>) => [...row.weekdays].sort();
  return saysAlready({ ...old, weekdays: weekdays(old) }, { ...columns, weekdays: weekdays(columns) });
}

const UpdateRateInput = builder.inputType('UpdateRateInput', {
  fields: (t) => ({
    from: t.field({ type: 'LocalDate', description: 'The first night.' }),
    to: t.field({ type: 'LocalDate', description: 'The last night, itself included.' }),
    price: t.field({ type: 'Money', description: "Of one night, in the agency's currency." }),
    name: t.string({ description: 'What the agency calls the season; null for nothing.' }),
    weekdays: t.field({
      type: [Weekday],
      description: 'The nights of the week that it is for; null or empty for all.',
    }),
    minStay: t.int({ description: 'The fewest nights of a stay that arrives on one of its nights.' }),
    closedToArrival: t.boolean({ description: 'No stay begins on one of its nights.' }),
    closedToDeparture: t.boolean({ description: 'No stay ends on one of its days.' }),
    priority: t.int({ description: 'The highest wins, among equals the rate written last.' }),
  }),
});

builder.mutationField('updateRate', (t) =>
  t.field({
    type: Rate,
    description:
      'Changes the fields that are given and leaves the others as they are. Then it is the rate written last.',
    ability: 'rates:write',
    args: { id: t.arg.id({ required: true }), input: t.arg({ type: UpdateRateInput, required: true }) },
    resolve: (_root, { id, input }, { viewer }) => updateRate(viewer, { id, input }),
  }),
);
