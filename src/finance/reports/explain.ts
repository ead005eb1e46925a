import type { Explanation } from './objects.ts';
import type { Report } from './report.ts';

/** What the one report says and the other doesn't. */
interface Words {
  formulas: [name: string, formula: string][];
  /** How nights in several currencies go together. */
  currencies: string;
  /** Whether nights in another currency are in the figures, and so aren't left out. */
  everyCurrency: boolean;
}

/** Says where a report's figures come from, and counts what is in none of them. */
export function explain(report: Report, { formulas, currencies, everyCurrency }: Words): Explanation {
  const { ask } = report;
  return {
    basis: [
      `The nights from ${ask.from} to ${ask.to}, both included; a stay has no night on its day of departure.`,
      'A night counts while its booking is confirmed, checked in or checked out. Pending, cancelled and no-show bookings have none that count.',
      'A stay of the source "owner" is the owner’s own: it is not sold and earns nothing.',
      'A unit is on the market from the active_from of its property to its active_to, and until the day on which the property was archived. How many units a property has is what it has today.',
      currencies,
      ask.asOf
        ? `As it was known at the end of ${ask.asOf}: bookings made and confirmed by then and not cancelled until later, with the dates and amounts that they have today. A no-show counts until the day of arrival. Properties and blocked nights are those of today.`
        : 'As it is known now.',
      'Quotients are rounded once, half up, and null where there is nothing to divide by.',
    ],
    formulas: [...formulas, ...STAYS].map(([name, formula]) => ({ name, formula })),
    async leftOut() {
      const { leftOut } = await report.want('leftOut');
      return (leftOut ?? []).filter(({ reason }) => !(everyCurrency && reason === 'other_currency'));
    },
  };
}

const STAYS: [string, string][] = [
  ['average_length_of_stay', 'nights of the stays that arrive in the range and count, by their number'],
  [
    'average_lead_time',
    'days from the day of booking to the day of arrival, summed over the same stays, by their number',
  ],
  ['cancellation_rate', 'cancelled bookings by all bookings that were to arrive in the range'],
];
