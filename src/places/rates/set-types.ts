import { builder } from '../../graph/builder.ts';
import { RateInput } from './input.ts';
import { MOST_NIGHTS, MOST_PROPERTIES, MOST_RATES } from './push.ts';

/** What a call that sets many rates did to one property. */
export interface PropertyRatesFacts {
  propertyId: number;
  rates: number;
  nights: number;
  changedNights: number;
}

export const PropertyRates = builder.objectRef<PropertyRatesFacts>('PropertyRates').implement({
  description: 'What was set for one property.',
  fields: (t) => ({
    propertyId: t.exposeID('propertyId'),
    rates: t.exposeInt('rates', { description: 'How many rates were written.' }),
    nights: t.exposeInt('nights', { description: 'How many nights they name.' }),
    changedNights: t.exposeInt('changedNights', {
      description: 'How many of them now cost or ask for something else. With none, nobody is told.',
    }),
  }),
});

export const SetRates = builder.objectRef<PropertyRatesFacts[]>('SetRates').implement({
  description: 'What was set for many properties: the sums, and each by itself in the order of the call.',
  fields: (t) => ({
    rates: t.int({ description: 'How many rates were written.', resolve: (all) => sum(all, 'rates') }),
    nights: t.int({ description: 'How many nights they name.', resolve: (all) => sum(all, 'nights') }),
    changedNights: t.int({
      description: 'How many of them now cost or ask for something else.',
      resolve: (all) => sum(all, 'changedNights'),
    }),
    properties: t.field({ type: [PropertyRates], description: 'A line a property.', resolve: (all) => all }),
  }),
});

export const SetPropertyRatesInput = builder.inputType('SetPropertyRatesInput', {
  description: 'The rates of one property among many.',
  fields: (t) => ({
    propertyId: t.id({ required: true, description: 'Each property once.' }),
    rates: t.field({
      type: [RateInput],
      required: true,
      description: `In one call at most ${MOST_RATES} rates, ${MOST_NIGHTS} nights and ${MOST_PROPERTIES} properties.`,
    }),
  }),
});

const sum = (all: PropertyRatesFacts[], what: 'rates' | 'nights' | 'changedNights'): number =>
  all.reduce((total, one) => total + one[what], 0);
