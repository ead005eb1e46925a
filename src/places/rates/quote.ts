import { nightsBetween } from '../../core/dates.ts';
import { Invalid, refuse } from '../../core/errors.ts';
import { toDecimal } from '../../core/money.ts';
import type { Viewer } from '../../core/viewer.ts';
import { builder } from '../../graph/builder.ts';
import { parseId } from '../../graph/ids.ts';
import { stayProblems } from '../../stays/bookings/create.ts';
import { datesTaken } from '../inventory.ts';
import { type StayProblem, type StayTerms, stayTerms } from './stay.ts';

interface Stay {
  propertyId: string;
  checkIn: string;
  checkOut: string;
  guestsCount?: number | null;
}

type QuoteFacts = Stay & StayTerms & { problems: StayProblem[] };

/**
 * What a stay would cost if it were booked now, and why it could not be. It holds nothing: the price is what the booking
 * will cost for as long as nobody writes a rate, and the nights are free for as long as nobody else takes them.
 */
export async function quote(viewer: Viewer, stay: Stay): Promise<QuoteFacts> {
  const { checkIn, checkOut, guestsCount } = stay;
  refuse(stayProblems(nightsBetween(checkIn, checkOut), { guestsCount: guestsCount ?? undefined }));
  const terms = await stayTerms(viewer, { propertyId: parseId(stay.propertyId) ?? -1, checkIn, checkOut });
  if (!terms) throw new Invalid({ propertyId: ['is not a property of this agency'] });
  const problems = [...terms.restrictions];
  if (terms.full.length > 0) problems.push({ code: 'DATES_TAKEN', message: datesTaken(terms.full).message });
  if (terms.archived)
    problems.push({ code: 'PROPERTY_ARCHIVED', message: 'This property is archived and takes no bookings.' });
  return { ...stay, ...terms, problems };
}

const QuoteProblemCode = builder.enumType('QuoteProblemCode', {
  description: 'Why a stay can’t be booked as it was asked for.',
  values: ['MIN_STAY', 'CLOSED_TO_ARRIVAL', 'CLOSED_TO_DEPARTURE', 'DATES_TAKEN', 'PROPERTY_ARCHIVED'] as const,
});

const QuoteProblem = builder.objectRef<StayProblem>('QuoteProblem').implement({
  description: 'A reason why the stay can’t be booked.',
  fields: (t) => ({
    code: t.expose('code', { type: QuoteProblemCode, description: 'Which one it is; it never changes.' }),
    message: t.exposeString('message', { description: 'In a sentence, with the date.' }),
  }),
});

const QuoteNight = builder.objectRef<StayTerms['nights'][number]>('QuoteNight').implement({
  description: 'A night of the stay.',
  fields: (t) => ({
    date: t.expose('date', { type: 'LocalDate', description: 'The day on which it begins.' }),
    price: t.field({
      type: 'Money',
      description: 'What this night costs.',
      resolve: ({ priceMinor }, _args, { viewer }) => toDecimal(priceMinor, viewer.agency.currency),
    }),
    rateId: t.exposeID('rateId', { nullable: true, description: 'The rate that says so; null for the base price.' }),
  }),
});

const Quote = builder.objectRef<QuoteFacts>('Quote').implement({
  description: 'What a stay would cost, and whether it can be booked.',
  fields: (t) => ({
    propertyId: t.exposeID('propertyId'),
    checkIn: t.expose('checkIn', { type: 'LocalDate' }),
    checkOut: t.expose('checkOut', { type: 'LocalDate' }),
    nights: t.field({ type: [QuoteNight], description: 'Each night with its price.', resolve: ({ nights }) => nights }),
    nightsCount: t.int({ description: 'How many nights the stay has.', resolve: ({ nights }) => nights.length }),
    grossAmount: t.field({
      type: 'Money',
      description: 'The sum of the nights: what a booking costs that names no amount.',
      resolve: ({ grossMinor }, _args, { viewer }) => toDecimal(grossMinor, viewer.agency.currency),
    }),
    averagePrice: t.field({
      type: 'Money',
      description: 'Of a night, rounded to what the currency has.',
      resolve: ({ grossMinor, nights }, _args, { viewer }) =>
        toDecimal(Math.round(grossMinor / nights.length), viewer.agency.currency),
    }),
    currency: t.field({
      type: 'Currency',
      description: "The agency's.",
      resolve: (_quote, _args, { viewer }) => viewer.agency.currency,
    }),
    available: t.boolean({ description: 'A unit is free each night.', resolve: ({ full }) => full.length === 0 }),
    bookable: t.boolean({
      description: 'It could be booked now at this price: there are no problems.',
      resolve: ({ problems }) => problems.length === 0,
    }),
    problems: t.field({
      type: [QuoteProblem],
      description: 'All that stands in its way; empty for a stay that can be booked.',
      resolve: ({ problems }) => problems,
    }),
  }),
});

builder.queryField('quote', (t) =>
  t.field({
    type: Quote,
    description: 'What a stay would cost if it were booked now. It holds nothing.',
    ability: 'calendar:read',
    args: {
      propertyId: t.arg.id({ required: true, description: 'The property that is asked about.' }),
      checkIn: t.arg({ type: 'LocalDate', required: true, description: 'The first night.' }),
      checkOut: t.arg({ type: 'LocalDate', required: true, description: 'The day of departure.' }),
      guestsCount: t.arg.int({ description: 'How many guests; no price depends on it yet.' }),
    },
    resolve: (_root, stay, { viewer }) => quote(viewer, stay),
  }),
);
